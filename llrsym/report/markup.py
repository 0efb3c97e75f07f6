"""Text with ``$formula$`` parts, written in one of several markups."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from llrsym.bounds.formula import Expression, Formula
from llrsym.bounds.notation import HTML, LATEX, PLAIN, Style
from llrsym.errors import BadInput

_LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def escape_latex(text: str) -> str:
    r"""Return LaTeX that prints exactly this text.

    >>> escape_latex("50% of {a_1} & more")
    '50\\% of \\{a\\_1\\} \\& more'
    """
    return "".join(_LATEX_SPECIAL.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    r"""Return Markdown that shows exactly this text in one cell of a table.

    >>> escape_markdown("a|b*c")
    'a\\|b\\*c'
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", text.replace("\n", " "))


@dataclass(frozen=True)
class Markup:
    """How text is escaped, how mathematics is written, and what stands around it."""

    escape: Callable[[str], str]
    style: Style
    delimiter: str

    def formula(self, formula: Expression) -> str:
        """Return a formula with its delimiters."""
        return f"{self.delimiter}{formula.write(self.style)}{self.delimiter}"

    def text(self, text: str) -> str:
        r"""Return text; what stands between dollar signs and is a formula is mathematics.

        >>> LATEX_MARKUP.text("$k*d$ of 5$")
        '$k d$ of 5\\$'
        """
        parts: list[str] = []
        position = 0
        for found in re.finditer(r"\$([^$]+)\$", text):
            formula = _formula(found[1])
            if formula is not None:
                parts += [self.escape(text[position : found.start()]), self.formula(formula)]
                position = found.end()
        return "".join([*parts, self.escape(text[position:])])


def _formula(text: str) -> Formula | None:
    try:
        return Formula(text)
    except BadInput:
        return None


LATEX_MARKUP = Markup(escape_latex, LATEX, "$")
MARKDOWN_MARKUP = Markup(escape_markdown, LATEX, "$")
HTML_MARKUP = Markup(escape, HTML, "")
PLAIN_MARKUP = Markup(str, PLAIN, "")
