"""Which entries of the parameters of a builder belong to one hidden unit: a channel, a head, a neuron.

Every axis of a parameter has a letter. Axes with the same letter run over the same units. A small letter
marks what a unit owns (its incoming weights, its bias), a capital what it gives to the units after it: if a
unit is cloned, the clones share that, and a unit is silent when it has zeros there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from llrsym.networks.network import Network

Axes = tuple[tuple[str, int], ...]
"""Pairs of a parameter and one of its axes."""
Options = Mapping[str, object]

ATTENTION = {
    "WQ": "hAd",
    "bQ": "hA",
    "WK": "had",
    "bK": "ha",
    "WV": "had",
    "bV": "ha",
    "WO": "HoA",
    "bO": "o",
}
RESIDUAL = {"W": "md", "b": "m", "V": "dM", "c": "d"}
LETTERS: Mapping[str, Mapping[str, str]] = {
    "attention": ATTENTION,
    "residual": RESIDUAL,
    "transformer": ATTENTION | RESIDUAL,
    "recurrent": {"A": "mM", "B": "mi", "b": "m", "C": "oM", "c": "o"},
    "gated": {"W1": "mi", "b1": "m", "W2": "mi", "b2": "m", "W3": "oM", "b3": "o"},
    "tied_autoencoder": {"W": "mi", "b": "m", "c": "i"},
    "mixture_of_experts": {"G": "ei", "c": "e", "W": "emi", "b": "em", "a": "eM"},
}
UNITS = {"h": "heads", "a": "head_dim", "m": "hidden"}
IN_BLOCKS = ("residual", "transformer")
SIZES = ("heads", "head_dim", "hidden", "channels", "blocks")
"""Arguments that may differ when one network is embedded into another."""


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """Interchangeable units: where their own weights are, and where those that lead on.

    ``activation`` is the function between the two, None where the value of a unit without weights is 0
    whatever the activation. Without ``outgoing`` weights of its own a unit cannot be cloned.
    """

    name: str
    own: Axes
    outgoing: Axes
    activation: str | None


def call_of(network: Network) -> tuple[str, dict[str, object]] | None:
    """Return builder and keyword arguments of a network that was built by one, else None.

    >>> from llrsym.networks.builders import recurrent
    >>> call_of(recurrent(inputs=1, hidden=3, steps=4))[1]["hidden"]
    3
    """
    name = network.text.partition("(")[0]
    if name not in LETTERS and name != "conv":
        return None
    call = ast.parse(network.text, mode="eval").body
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return name, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}


def block_of(parameter: str) -> int:
    """Return the number of the block of a residual net or a transformer with this parameter, or 0."""
    return int(re.sub(r"\D", "", parameter) or 0)


def unit_groups(network: Network) -> tuple[UnitGroup, ...]:
    """Return the groups of units of a network made by a builder; none for other networks.

    >>> from llrsym.networks.builders import residual
    >>> [group.name for group in unit_groups(residual(width=2, blocks=2, hidden=3))]
    ['hidden1', 'hidden2']
    """
    call = call_of(network)
    if call is None:
        return ()
    builder, options = call
    if builder == "conv":
        return _channels(network, options)
    axes: dict[tuple[str, str], tuple[list[tuple[str, int]], list[tuple[str, int]]]] = {}
    for parameter in network.parameter_names:
        block = str(block_of(parameter) or "") if builder in IN_BLOCKS else ""
        for axis, letter in enumerate(LETTERS[builder].get(parameter.removesuffix(block), "")):
            if letter.lower() in UNITS:
                own, outgoing = axes.setdefault((letter.lower(), block), ([], []))
                (outgoing if letter.isupper() else own).append((parameter, axis))
    return tuple(
        UnitGroup(UNITS[letter] + block, tuple(own), tuple(outgoing), _between(builder, letter, options))
        for (letter, block), (own, outgoing) in axes.items()
    )


def _between(builder: str, letter: str, options: Options) -> str | None:
    """Heads are linear in their values; a gated unit has a factor without activation."""
    return None if letter != "m" or builder == "gated" else str(options["activation"])


def _channels(network: Network, options: Options) -> tuple[UnitGroup, ...]:
    """The channels of every convolution whose result goes through the activation."""
    ranks = {name: len(shape) for name, shape, _ in network.layers}
    kernels = [name for name in network.parameter_names if name.startswith("K")]
    positions = 0 if options["shared"] else len(network.program.input_shape)
    read_out = ("a", ranks["a"] - 1 - len(network.program.input_shape)) if "a" in ranks else None
    groups = []
    for number, kernel in enumerate(kernels):
        suffix = kernel.removeprefix("K")
        own = tuple((name, 0) for name in (kernel, f"b{suffix}") if name in ranks)
        last = kernel == kernels[-1]
        following = read_out if last else (kernels[number + 1], 1 + positions)
        if following is not None:
            groups.append(UnitGroup(f"channels{suffix}", own, (following,), str(options["activation"])))
    return tuple(groups)
