"""What the author of an architecture declares: how it is built, its sizes, and what should hold."""

from __future__ import annotations

import ast
import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from llrsym.bounds.formula import written
from llrsym.conjectures.expressions import SizeFormula
from llrsym.conjectures.grid import Grid, check_names
from llrsym.errors import BadInput, shown
from llrsym.networks.network import Network
from llrsym.networks.text import parse_network
from llrsym.networks.weights import exact_weights
from llrsym.testing.claims import Claim
from llrsym.testing.values import Flat, written_sizes

Build = Callable[..., Any] | Network | str | tuple[Any, ...]
Maps = Callable[..., Any]


@dataclass(frozen=True)
class Embedding:
    """A declared map of the weights at some sizes to those at larger ones, which keeps the function.

    ``map`` takes a dict of arrays and returns the weights of the larger network in the same form; its other
    arguments are free numbers. ``into`` gives the sizes that change, as formulas of the old ones, such as
    ``{"k": "k + 1"}``. Write it with sums, products and the arrangement of entries, so that it can be proved.

    >>> Embedding(lambda p, r: {"u": p["u"] * r}, into={"k": "k+1"}).free
    ('r',)
    """

    map: Maps
    into: Mapping[str, str | int] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        if not callable(self.map):
            raise BadInput(f"embedding: {shown(self.map)} is no function; give one of a dict of arrays")
        object.__setattr__(self, "into", MappingProxyType({k: str(v) for k, v in self.into.items()}))
        object.__setattr__(self, "name", self.name or getattr(self.map, "__name__", "map"))

    @property
    def free(self) -> tuple[str, ...]:
        """The names of the free numbers."""
        return tuple(inspect.signature(self.map).parameters)[1:]

    def sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return the sizes of the larger network."""
        changed = {name: SizeFormula(str(text)).value(sizes) for name, text in self.into.items()}
        return dict(sizes) | changed


@dataclass(frozen=True)
class Instance:
    """The network of an architecture at some sizes, and the weights that came with it, if any did."""

    sizes: Mapping[str, int]
    network: Network
    given: Flat | None = None

    def __str__(self) -> str:
        where = f" at {written(self.sizes)}" if self.sizes else ""
        return f"{self.network.text}{where}"


@dataclass(frozen=True, repr=False)
class Architecture:
    """An architecture as its author declares it: ten lines in a file that ``llrsym check`` reads.

    ``build`` is a function of the sizes that returns a network, the text of a builder call, or what
    ``from_onnx`` and ``from_torch`` return; or such a text in which sizes are names. Instead, the function
    ``forward(p, x)`` with ``shapes``, a dict or a function of the sizes, is traced. ``sizes`` gives the
    values to test, ``where`` a condition. ``reference`` is another implementation: a function of p and x
    (by default ``forward``), an .onnx file or a torch module. ``symmetries`` are functions that take the
    weights, a dict of arrays, to a direction along which f does not change, or yield several. ``claims``
    are such as ``rank = k*(d+1)``.

    Raises ``BadInput`` for declarations that do not fit together.

    >>> net = Architecture("mlp(d, k, 1, bias=False)", sizes={"d": [1, 2], "k": [3]})
    >>> [instance.network.parameter_count for instance in net.instances]
    [6, 9]
    """

    build: Build | None = None
    _: KW_ONLY
    sizes: Mapping[str, Iterable[int]] = field(default_factory=dict)
    where: str | None = None
    forward: Callable[[Any, Any], Any] | None = None
    shapes: Callable[..., Mapping[str, object]] | Mapping[str, object] | None = None
    reference: Any = None
    symmetries: Sequence[Maps] | Mapping[str, Maps] = ()
    embeddings: Sequence[Embedding] = ()
    claims: Sequence[str] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if (self.build is None) == (self.forward is None):
            raise BadInput("architecture: give either build or forward, the function of the weights and x")
        if self.forward is not None and self.shapes is None:
            raise BadInput('architecture: forward needs shapes, such as {"W": (3, 2), "x": (2,)}')
        set_ = object.__setattr__
        set_(self, "sizes", MappingProxyType(dict(self.grid.sizes) if self.grid else {}))
        set_(self, "embeddings", tuple(self.embeddings))
        set_(self, "claims", tuple([self.claims] if isinstance(self.claims, str) else self.claims))
        set_(self, "reference", self.forward if self.reference is None else self.reference)
        set_(self, "name", self.name or _name_of(self.build if self.forward is None else self.forward))
        if not all(isinstance(embedding, Embedding) for embedding in self.embeddings):
            raise BadInput("architecture: embeddings holds something else than Embedding(map, into=...)")

    def __repr__(self) -> str:
        shown_ = ("sizes", "where", "claims")
        parts = [f"{name}={_plain(getattr(self, name))!r}" for name in shown_ if getattr(self, name)]
        first = repr(self.build) if isinstance(self.build, str) else self.name
        return f"Architecture({', '.join([first, *parts])})"

    @cached_property
    def grid(self) -> Grid | None:
        """The grid of sizes, None without sizes."""
        return Grid.of(self.sizes, self.where) if self.sizes else None

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """The networks of all sizes, small ones first; raises ``BadInput`` naming sizes that fail."""
        points: list[dict[str, int]] = self.grid.points if self.grid else [{}]
        found = [self.instance(point) for point in points]
        return tuple(sorted(found, key=lambda i: (i.network.parameter_count, tuple(i.sizes.values()))))

    @cached_property
    def directions(self) -> tuple[tuple[str, Maps], ...]:
        """The declared symmetries with their names."""
        given = self.symmetries
        named = given.items() if isinstance(given, Mapping) else [(_name_of(f), f) for f in given]
        for name, function in named:
            if not callable(function):
                raise BadInput(
                    f"architecture: the symmetry {name} is no function; give one of a dict of arrays"
                )
        return tuple(named)

    @cached_property
    def parsed_claims(self) -> tuple[Claim, ...]:
        """The declared claims; raises ``BadInput`` for other texts and unknown names."""
        return tuple(Claim.of(text, self.sizes) for text in self.claims)

    def check_declarations(self) -> None:
        """Raise ``BadInput`` for names in formulas that are no sizes, and for sizes that have no network."""
        sizes = dict.fromkeys(self.sizes, 0)
        for embedding in self.embeddings:
            for name, text in embedding.into.items():
                check_names(f"embedding {embedding.name}", SizeFormula(str(text)), sizes)
                check_names(f"embedding {embedding.name}", SizeFormula(name), sizes)
        _ = self.parsed_claims, self.directions, self.instances

    def network(self, **sizes: int) -> Network:
        """Return the network at these sizes."""
        return self.instance(sizes).network

    def __call__(self, **sizes: int) -> Network:
        """Return the network at these sizes: an architecture is what ``conjecture`` takes."""
        return self.network(**sizes)

    def instance(self, sizes: Mapping[str, int]) -> Instance:
        """Return the network at these sizes; raises ``BadInput`` naming them where there is none."""
        place = f"check: {self.name}" + (f" at {written(sizes)}" if sizes else "")
        for function in (self.build, self.shapes):
            if callable(function):
                self._check_call(function, sizes)
        try:
            return _instance(self._built(sizes), sizes, place)
        except BadInput as error:
            reason = str(error).removeprefix(f"{place} ")
            raise error if str(error).startswith(place) else BadInput(f"{place}: {reason}") from error
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            raise BadInput(f"{place} raised {reason} in line {line}; correct it or the sizes") from error

    def _check_call(self, function: Callable[..., Any], sizes: Mapping[str, int]) -> None:
        try:
            inspect.signature(function).bind(**sizes)
        except (TypeError, ValueError) as error:
            given = f"the sizes {', '.join(sizes)}" if sizes else "no sizes"
            raise BadInput(
                f"check: {self.name} cannot be called with {given} ({error}); name the sizes as its arguments"
            ) from error

    def _built(self, sizes: Mapping[str, int]) -> object:
        if self.forward is not None:
            from llrsym.networks.trace import trace

            shapes = self.shapes(**sizes) if callable(self.shapes) else self.shapes or {}
            return trace(self.forward, shapes=shapes, name=f"{self.name}({written_sizes(sizes)})")
        if isinstance(self.build, str):
            return _filled_in(self.build, sizes)
        if not callable(self.build):
            return self.build
        return self.build(**sizes)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _name_of(build: object) -> str:
    if isinstance(build, str | Network):
        return str(build)
    return str(getattr(build, "__name__", type(build).__name__))


def _instance(value: object, sizes: Mapping[str, int], place: str) -> Instance:
    weights = None
    if isinstance(value, tuple) and len(value) == 2:
        value, weights = value
    network = parse_network(value) if isinstance(value, str) else value
    if not isinstance(network, Network):
        raise BadInput(f"{place} is {shown(value)}, which is no network; return for example ll.mlp(d, k, 1)")
    given = None if weights is None else exact_weights(network, weights)
    return Instance(MappingProxyType(dict(sizes)), network, given)


class _Sizes(ast.NodeTransformer):
    """Puts numbers in the place of sizes."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes

    def visit_Call(self, node: ast.Call) -> ast.expr:
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.sizes[node.id]) if node.id in self.sizes else node


def _filled_in(text: str, sizes: Mapping[str, int]) -> str:
    """A builder call with numbers in the place of sizes; what is no call is refused by its parser."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    return ast.unparse(_Sizes(sizes).visit(tree))
