"""Functions of named sizes that return a network."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llrsym.bounds.formula import written
from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.sources import variables_of
from llrsym.networks.text import parse_network

_SOURCE = re.compile(r"(?P<file>.*\.py):(?P<name>[^:]+)", re.DOTALL)


@dataclass(frozen=True)
class Family:
    """A function of named sizes that returns a network or the text of a builder call, and its name."""

    function: Callable[..., Any]
    name: str

    def check_names(self, sizes: Mapping[str, object]) -> None:
        """Raise ``BadInput`` unless the function can be called with these sizes."""
        try:
            signature = inspect.signature(self.function)
            signature.bind(**sizes)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"conjecture: {self.name} cannot be called with the sizes {', '.join(sizes)} ({error}); "
                "name the sizes as its arguments"
            ) from error

    def network(self, sizes: Mapping[str, int]) -> Network:
        """Return the network of these sizes; raises ``BadInput`` naming them when there is none."""
        place = f"conjecture: {self.name} at {written(sizes)}"
        try:
            value = self.function(**sizes)
            network = parse_network(value) if isinstance(value, str) else value
        except BadInput as error:
            raise BadInput(f"{place}: {error}") from error
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            raise BadInput(f"{place} raised {reason} in line {line}; correct it or the sizes") from error
        if not isinstance(network, Network):
            raise BadInput(
                f"{place} returned {shown(value)}, which is no network; return for example ll.mlp(d, k, 1)"
            )
        return network


def family_of(function: Callable[..., Any]) -> Family:
    """Return the family of a Python function; raises ``BadInput`` if it is none."""
    if not callable(function):
        raise BadInput(f"conjecture: {shown(function)} is no function; give one of named sizes")
    return Family(function, getattr(function, "__name__", type(function).__name__))


def family_in(text: str) -> Family:
    """Return the family that ``FILE.py:NAME`` names; the file is run, it is the user's own code.

    Raises ``BadInput`` for a file that cannot be run and a name that is no function in it.
    """
    found = _SOURCE.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"conjecture: {shown(text)} names no function; write FILE.py:NAME")
    variables = variables_of(Path(found["file"]))
    name = found["name"].strip()
    if name not in variables:
        known = [key for key, value in variables.items() if inspect.isfunction(value) and key[0] != "_"]
        raise BadInput(
            f"conjecture: {found['file']} has no {shown(name)}; "
            f"it has {', '.join(known[:12]) or 'no function'}"
        )
    if not callable(variables[name]):
        kind = type(variables[name]).__name__
        raise BadInput(
            f"conjecture: {text.strip()} is of type {kind}; make it a function that returns a network"
        )
    return Family(variables[name], text.strip())
