"""Fails unless every main theorem rests on the axioms of Coq's classical real numbers alone.

Run by `make` after the build. It compiles Assumptions.v, reads what Coq prints for each theorem named there,
and searches all sources for commands that leave a proof out or weaken Coq's checks.
"""

import re
import subprocess
import sys
from pathlib import Path

ALLOWED = {
    "Classical_Prop.classic": "excluded middle",
    "FunctionalExtensionality.functional_extensionality_dep": "functions with equal values are equal",
    "ClassicalDedekindReals.sig_forall_dec": "real numbers: limited principle of omniscience",
    "ClassicalDedekindReals.sig_not_dec": "real numbers: weak excluded middle as a decision",
}
FORBIDDEN = re.compile(
    r"\b(Admitted|admit|Axioms?|Parameters?|Conjectures?|Abort|bypass_check|Unset\s+\w+\s+Checking|type-in-type)\b"
)
COMMAND = re.compile(r"^Print Assumptions ([\w.]+)\.$", re.MULTILINE)
CLOSED = "Closed under the global context"


def without_comments(source: str) -> str:
    """The source with its comments, which may be nested, removed."""
    depth, kept = 0, []
    for token in re.split(r"(\(\*|\*\))", source):
        if token == "(*":
            depth += 1
        elif token == "*)":
            depth -= 1
        elif depth == 0:
            kept.append(token)
    return "".join(kept)


def forbidden_commands(folder: Path) -> list[str]:
    """One line for each command in the sources that no finished proof needs."""
    return [
        f"{path.name}: {match.group(1)}"
        for path in sorted(folder.glob("*.v"))
        for match in FORBIDDEN.finditer(without_comments(path.read_text()))
    ]


def unlisted_files(folder: Path) -> list[str]:
    """The sources that the build would leave out."""
    listed = (folder / "_CoqProject").read_text().split()
    names = sorted(path.name for path in folder.glob("*.v"))
    return [name for name in names if name not in listed and name != "Assumptions.v"]


def printed_axioms(output: str) -> list[list[str]]:
    """The axioms of each theorem, in the order of the commands, from what coqc printed.

    Raises ValueError for a line that is neither a heading nor the beginning or continuation of an axiom.
    """
    answers: list[list[str]] = []
    for line in output.splitlines():
        if line == CLOSED or line == "Axioms:":
            answers.append([])
        elif (axiom := re.match(r"([\w.]+)\s*(:|$)", line)) and answers:
            answers[-1].append(axiom.group(1))
        elif not line.startswith(" ") or not answers:
            raise ValueError(f"coqc printed a line that is not understood: {line}")
    return answers


def main() -> int:
    """Print the axioms of every main theorem; 1 if one of them is not allowed or a check fails."""
    folder = Path(__file__).parent
    problems = [f"forbidden command in {found}" for found in forbidden_commands(folder)]
    problems += [f"{name} is not in _CoqProject" for name in unlisted_files(folder)]
    theorems = COMMAND.findall((folder / "Assumptions.v").read_text())
    command = ["coqc", "-q", "-R", ".", "LLR", "Assumptions.v"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stdout, run.stderr, sep="\n")
        return 1
    answers = printed_axioms(run.stdout)
    if len(answers) != len(theorems) or not theorems:
        problems.append(f"{len(theorems)} theorems, but {len(answers)} answers of coqc")
    for theorem, axioms in zip(theorems, answers, strict=False):
        print(f"{theorem}: {', '.join(axioms) or 'no axioms'}")
        problems += [f"{theorem} rests on {axiom}" for axiom in axioms if axiom not in ALLOWED]
    for problem in problems:
        print(f"check_assumptions.py: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
