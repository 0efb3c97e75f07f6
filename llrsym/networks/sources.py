"""What the NETWORK argument may be: an expression, a name in a Python file, or an ONNX file."""

from __future__ import annotations

import re
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.text import parse_network

_PYTHON = re.compile(r"(?P<file>.*\.py)(?::(?P<name>.*))?", re.DOTALL)


def resolve(text: str) -> Network:
    """Return the network that a text names.

    ``FILE.py:NAME`` runs that file, which is the user's own code; NAME is a network, the text of a builder
    call, or a NumPy function ``forward(p, x)``, which is traced with the shapes declared beside it:
    ``NAME.shapes`` or a variable ``shapes`` of the file, such as ``{"W": (3, 2), "x": (2,)}``. ``FILE.onnx``
    is read and not executed. Everything else is a builder call, parsed and never evaluated.

    Raises ``BadInput`` for files that cannot be read or run, for names that are no networks, and as
    ``parse_network``, ``trace`` and ``from_onnx`` do.

    >>> resolve("mlp(2, 3, 1)").parameter_count
    13
    """
    source = text.strip()
    if source.lower().endswith(".onnx"):
        from llrsym.networks.onnx_import import from_onnx

        return from_onnx(source)[0]
    python = _PYTHON.fullmatch(source)
    if python is None:
        return parse_network(source)
    if not python["name"]:
        raise BadInput(f"network: {source} is a file; name the network in it, as in {python['file']}:NAME")
    return _from_file(Path(python["file"]), python["name"].strip())


def _from_file(path: Path, name: str) -> Network:
    variables = variables_of(path)
    if name not in variables:
        known = [key for key, value in variables.items() if not key.startswith("_") and _is_source(value)]
        raise BadInput(
            f"network: {path} has no {shown(name)}; it has {', '.join(known[:12]) or 'no network'}"
        )
    value = variables[name]
    if isinstance(value, Network):
        return value
    if isinstance(value, str):
        return parse_network(value)
    if not callable(value):
        kind = type(value).__name__
        raise BadInput(
            f"network: {path}:{name} is of type {kind}; make it a network, a builder call or a function"
        )
    return _traced(path, name, value, variables)


def _is_source(value: object) -> bool:
    return isinstance(value, Network | str) or (callable(value) and not isinstance(value, type))


def _traced(
    path: Path, name: str, forward: Callable[[Any, Any], Any], variables: Mapping[str, Any]
) -> Network:
    from llrsym.networks.trace import trace

    shapes = getattr(forward, "shapes", variables.get("shapes"))
    if shapes is None:
        raise BadInput(
            f"network: {path}:{name} is a function without shapes; write beside it, for example, "
            f'{name}.shapes = {{"W": (3, 2), "x": (2,)}}'
        )
    return trace(forward, shapes=shapes, name=f"{path.name}:{name}")


def variables_of(path: Path) -> dict[str, Any]:
    """Return the variables of a Python file after it was run, with its folder first in the search path."""
    if not path.is_file():
        raise BadInput(f"network: {path} is no file; give the path of a Python file, as in model.py:NAME")
    try:
        with _first_in_path(path.resolve().parent), redirect_stdout(sys.stderr):
            return runpy.run_path(str(path), run_name="llrsym_source")
    except BadInput:
        raise
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        place = f"{path}, line {lines[-1]}" if lines else str(path)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadInput(f"network: {place}: the file raised {reason}; correct it and try again") from error


@contextmanager
def _first_in_path(folder: Path) -> Iterator[None]:
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before
