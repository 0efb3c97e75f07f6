"""What may be tested: a declaration, a network, a function of sizes or to be traced, a name in a file."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.sources import variables_of
from llrsym.testing.architecture import Architecture

_SOURCE = re.compile(r"(?P<file>.*\.py):(?P<name>[^:]+)", re.DOTALL)


def architecture_of(
    value: object, *, name: str = "", variables: Mapping[str, Any] | None = None
) -> Architecture:
    """Return the declaration that a value stands for.

    Besides an ``Architecture`` it may be a network, the text of a builder call, what ``from_onnx`` or
    ``from_torch`` returned, a function of sizes with defaults, or a NumPy function ``forward(p, x)`` with
    shapes beside it. Raises ``BadInput`` for anything else.

    >>> def net(d=2, k=3):
    ...     return f"mlp({d}, {k}, 1)"
    >>> dict(architecture_of(net).sizes)
    {'d': (2,), 'k': (3,)}
    """
    if isinstance(value, Architecture):
        return replace(value, name=name) if name else value
    if isinstance(value, Network | str | tuple):
        return Architecture(value, name=name)
    if not callable(value) or isinstance(value, type):
        what = name or shown(value)
        kind = type(value).__name__
        raise BadInput(f"check: {what} is of type {kind}; make it an Architecture, a network or a function")
    shapes = getattr(value, "shapes", None)
    own = _defaults(value)
    if shapes is None and own is None:
        beside = (variables or {}).get("shapes")
        shapes = beside if isinstance(beside, Mapping) else None
    if shapes is not None:
        return Architecture(forward=value, shapes=shapes, name=name)
    if own is None:
        title = name or getattr(value, "__name__", "the function")
        raise BadInput(
            f"check: {title} has sizes without values; declare Architecture({title.rpartition(':')[2]}, "
            'sizes={"d": [1, 2, 3]}), or give its arguments integers as defaults'
        )
    return Architecture(value, sizes=own, name=name)


def _defaults(function: Any) -> dict[str, tuple[int, ...]] | None:
    """The default of every argument as the value of a size, None where one has none."""
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    known: dict[str, tuple[int, ...]] = {a.name: (a.default,) for a in arguments if type(a.default) is int}
    return known if len(known) == len(arguments) else None


def architecture_in(text: str) -> Architecture:
    """Return what ``FILE.py:NAME`` declares; the file is run, it is the user's own code.

    Raises ``BadInput`` for a file that cannot be run, and for a name that is not in it.
    """
    found = _SOURCE.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"check: {shown(text)} names no architecture; write FILE.py:NAME")
    variables = variables_of(Path(found["file"]))
    name = found["name"].strip()
    if name not in variables:
        known = [key for key, value in variables.items() if key[0] != "_" and is_source(value)]
        listed = ", ".join(known[:12]) or "no architecture"
        raise BadInput(f"check: {found['file']} has no {shown(name)}; it has {listed}")
    return architecture_of(variables[name], name=text.strip(), variables=variables)


def architectures_in(path: Path) -> dict[str, Architecture]:
    """Return the declarations of a file by their names: every ``Architecture`` and every network in it."""
    variables = variables_of(path)
    return {
        name: architecture_of(value, name=f"{path}:{name}")
        for name, value in variables.items()
        if name[0] != "_" and isinstance(value, Architecture | Network)
    }


def is_source(value: object) -> bool:
    """Whether a variable of a file can be tested."""
    if isinstance(value, Architecture | Network):
        return True
    if isinstance(value, tuple) and len(value) == 2:
        return isinstance(value[0], Network)
    return inspect.isfunction(value) and (_defaults(value) is not None or hasattr(value, "shapes"))
