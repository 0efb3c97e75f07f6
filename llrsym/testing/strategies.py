"""Hypothesis strategies: networks, weights, inputs, embeddings and declared architectures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import strategies as st

from llrsym.embedding.embed import embed
from llrsym.embedding.result import Embedded
from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.text import parse_network
from llrsym.testing.architecture import Architecture
from llrsym.testing.profile import PROFILE
from llrsym.testing.values import Flat, as_nested

__all__ = ["PROFILE", "architectures", "embeddings", "inputs", "networks", "weights"]
ACTIVATIONS = ("tanh", "sigmoid", "exp", "sin", "power:2", "power:3", "silu", "softplus", "gelu", "arctan")
SMOOTH = ("tanh", "sigmoid", "sin", "power:2")
FAMILIES: dict[str, tuple[str, Sequence[str]]] = {
    "mlp": ("mlp({a}, {b}, 1, activation={f!r}, bias={bias})", ACTIVATIONS),
    "deep mlp": ("mlp({a}, {b}, {c}, {a}, activation={f!r}, bias={bias})", SMOOTH),
    "conv": ("conv(input=({s},), kernel=({a},), channels=({b},), activation={f!r})", ACTIVATIONS),
    "matrix_factorization": ("matrix_factorization(rows={a}, inner={b}, cols={c})", ("",)),
    "diagonal": ("diagonal({a}, depth={s})", ("",)),
    "gated": ("gated(inputs={a}, hidden={b}, activation={f!r}, bias={bias})", ACTIVATIONS),
    "tied_autoencoder": ("tied_autoencoder(inputs={a}, hidden={b}, activation={f!r})", SMOOTH),
    "mixture_of_experts": ("mixture_of_experts(inputs={a}, experts=2, hidden=1)", ("",)),
    "residual": ("residual(width={a}, blocks={b}, hidden={c}, activation={f!r})", SMOOTH),
    "recurrent": ("recurrent(inputs=1, hidden={a}, steps={s}, activation={f!r})", SMOOTH),
    "attention": ("attention(tokens={s}, dim={a}, head_dim={b}, kind='linear')", ("",)),
}
"""A builder call of each family; its sizes a, b, c are 1 to 3, and s is 2 to 4."""
ARCHITECTURES = (
    ("mlp(d, k, 1, activation='tanh', bias=False)", "rank = k*(d+1)"),
    ("mlp(d, k, 1, activation='tanh')", "rank = k*(d+2)+1"),
    ("mlp(d, k, 1, activation='sigmoid', bias='hidden')", "rank = k*(d+2)"),
    ("matrix_factorization(rows=d, inner=k, cols=2)", "rank <= k*(d+2)"),
    ("diagonal(d, depth=k)", "rank = d"),
)
"""Builder calls of sizes d and k, and what is true of each."""
MOST_ENTRIES = 300
"""Of so many weights each is drawn by itself; more are drawn from one seed, which shrinks faster."""


def networks(
    *, max_parameters: int = 30, families: Sequence[str] | None = None
) -> st.SearchStrategy[Network]:
    """Return a strategy for small networks of the builders; a network prints as the call that builds it.

    ``families`` are keys of ``FAMILIES``, by default all.

    Raises ``BadInput`` for an unknown family.

    >>> networks(families=["mlp"], max_parameters=8).filter(lambda net: net.inputs == 1) is None
    False
    """
    for family in families or ():
        if family not in FAMILIES:
            raise BadInput(f"networks: there is no family {shown(family)}; use {', '.join(FAMILIES)}")
    chosen = tuple(families or FAMILIES)
    return _networks(chosen).filter(lambda network: network.parameter_count <= max_parameters)


@st.composite
def _networks(draw: Callable[[st.SearchStrategy[Any]], Any], families: Sequence[str]) -> Network:
    text, activations = FAMILIES[draw(st.sampled_from(families))]
    sizes: dict[str, int] = {letter: draw(st.integers(1, 3)) for letter in "abc" if f"{{{letter}}}" in text}
    if "{s}" in text:
        sizes["s"] = draw(st.integers(max(2, sizes.get("a", 1)), 4))
    f, bias = draw(st.sampled_from(activations)), draw(st.booleans())
    return parse_network(text.format(**sizes, f=f, bias=bias))


@st.composite
def architectures(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Architecture:
    """Return a strategy for declared architectures whose claims are true."""
    text, claim = draw(st.sampled_from(ARCHITECTURES))
    sizes = {name: tuple(range(1, 1 + draw(st.integers(1, 2)))) for name in "dk"}
    return Architecture(text, sizes=sizes, claims=(claim,))


def numbers(exact: bool = True) -> st.SearchStrategy[Any]:
    """Return a strategy for weights: small fractions, or doubles."""
    return _FRACTIONS if exact else _DOUBLES


def _simple_fractions() -> list[Fraction]:
    """Fractions up to 4 with denominators up to 8, those with small numbers first."""
    found = {Fraction(n, d) for d in range(1, 9) for n in range(-4 * d, 4 * d + 1)}
    return sorted(found, key=lambda v: (v.denominator, abs(v), v < 0))


_FRACTIONS: st.SearchStrategy[Any] = st.sampled_from(_simple_fractions())
_DOUBLES: st.SearchStrategy[Any] = st.floats(-4, 4, allow_nan=False, allow_subnormal=False, width=64)


def weights(network: Network, exact: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for weights of a network, as nested lists by the names of the parameters.

    Entries are fractions, or doubles if not ``exact``. ``model_rank(network, at=...)`` takes them.

    >>> from llrsym.networks.builders import mlp
    >>> from hypothesis import find, settings
    >>> find(weights(mlp(1, 1, 1, bias=False)), lambda w: True, settings=settings(database=None))
    {'W1': [[Fraction(0, 1)]], 'W2': [[Fraction(0, 1)]]}
    """
    return flat_weights(network, exact).map(lambda flat: as_nested(network, flat))


def flat_weights(network: Network, exact: bool = True) -> st.SearchStrategy[Flat]:
    """Return a strategy for weights as flat tuples, one for each parameter."""
    if network.parameter_count > MOST_ENTRIES:
        return st.integers(0, 2**32 - 1).map(lambda seed: _seeded(network, seed, exact))
    return st.tuples(
        *(st.lists(numbers(exact), min_size=n, max_size=n).map(tuple) for _, _, n in network.layers)
    )


def _seeded(network: Network, seed: int, exact: bool) -> Flat:
    random = Random(seed)
    number = (lambda: Fraction(random.randint(-32, 32), 8)) if exact else (lambda: random.uniform(-4, 4))
    return tuple(tuple(number() for _ in range(n)) for _, _, n in network.layers)  # type: ignore[misc]


def inputs(network: Network, exact: bool = True) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for one input of a network: a flat tuple of fractions, or of doubles."""
    return st.tuples(*(numbers(exact) for _ in range(network.inputs)))


EMBEDDINGS = (
    ("mlp({a}, {b}, 1, activation={f!r}, bias={bias})", "split(1, {unit}, 'r')"),
    ("mlp({a}, {b}, 1, activation={f!r}, bias={bias})", "split_evenly(1, {unit}, 2)"),
    ("mlp({a}, 2, {b}, 1, activation={f!r}, bias={bias})", "split(2, {unit}, '1/3')"),
    ("matrix_factorization(rows=2, inner={b}, cols={a})", "split(1, {unit}, 'r')"),
    ("recurrent(inputs=1, hidden={b}, steps=2, activation={f!r})", "split_unit('hidden', {unit})"),
)
"""A builder call with a hidden width b, and a move that adds one unit to it."""


@st.composite
def embeddings(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Embedded:
    """Return a strategy for embeddings of a network into one with one more unit, as ``embed`` answers.

    Each is proved to keep the function and the tangent functions; it prints as the call of ``embed``.
    """
    text, move = draw(st.sampled_from(EMBEDDINGS))
    a, b = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    options = {"a": a, "f": draw(st.sampled_from(SMOOTH)), "bias": draw(st.booleans())}
    unit = draw(st.integers(0, b - 1))
    narrow, wide = (parse_network(text.format(b=width, **options)) for width in (b, b + 1))
    return embed(wide, target=narrow, moves=[move.format(unit=unit)])
