"""The moves: how a network gets one more unit without changing its function.

Every move keeps f; one that does not is refused. Under the condition in its docstring a move also keeps the
space of tangent functions, and then it takes critical points to critical points. Otherwise it records the
condition that fails. The theorems are in docs/theory/embeddings.

A number is an integer, a fraction, ``"p/q"``, or a name: a free number of the map, such as ``"alpha"``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from llrsym.embedding.forms import ONE, ZERO, Form, negative, number, product, total
from llrsym.embedding.maps import Embedding, Hidden, hidden_layer, with_hidden
from llrsym.errors import BadInput, shown
from llrsym.kernel.activations import activation_named
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Ring
from llrsym.kernel.layered_embeddings import Unit, unit_value
from llrsym.networks.rationals import exact_rational

Number = int | str | Fraction
HALF = Fraction(1, 2)


class Move(ABC):
    """A way to widen a network; its text is the call that makes it."""

    @abstractmethod
    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network; raises ``BadInput`` where f would change."""

    def __str__(self) -> str:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()
        given = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]  # type: ignore[arg-type]
        arguments = [f"{key}={_literal(value)}" for key, value, default in given if value != default]
        return f"{name}({', '.join(arguments)})"


def _literal(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    return repr(str(value)) if isinstance(value, Fraction) else repr(value)


@dataclass(frozen=True)
class Split(Move):
    """Clone a unit: of every outgoing weight v, alpha v stays and the clone takes (1 - alpha) v.

    With ``sign`` -1 the clone has the incoming weights and bias negated and takes what the parity
    sigma(-z) = a sigma(z) + c asks for; for c other than 0 the next biases absorb the difference. ``alpha``
    may be a tuple with one ratio per outgoing weight. Keeps the tangent functions if the ratios are equal
    and c = 0 or the next layer has biases.

    Reference: Zhang et al., arXiv:2111.15527, Definition 4.4 (one-step splitting embedding).
    """

    layer: int
    unit: int
    alpha: Number | tuple[Number, ...] = HALF
    sign: int = 1

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network; raises ``BadInput`` where f would change."""
        hidden = hidden_layer(embedding, self.layer)
        _check_unit(hidden, self.layer, self.unit)
        if self.sign not in (1, -1):
            raise BadInput(f"split: sign is {shown(self.sign)}; use 1 or -1")
        given = self.alpha if isinstance(self.alpha, tuple) else (self.alpha,) * len(hidden.targets)
        if len(given) != len(hidden.targets):
            raise BadInput(f"split: {len(given)} ratios are given; give one, or {len(hidden.targets)}")
        ratios = []
        for ratio in given:
            embedding, form = form_of(embedding, ratio, "split")
            ratios.append(form)
        rest = [total(ONE, negative(ratio)) for ratio in ratios]
        even = all(ratio == ratios[0] for ratio in ratios)
        if self.sign == 1:
            return self._plain(embedding, hidden, ratios, rest, even)
        return self._mirrored(embedding, hidden, ratios, rest, even)

    def _plain(
        self, embedding: Embedding, hidden: Hidden, ratios: list[Form], rest: list[Form], even: bool
    ) -> Embedding:
        outgoing = hidden.outgoing[self.unit]
        hidden = _with_outgoing(hidden, self.unit, _each(ratios, outgoing))
        incoming, bias = hidden.incoming[self.unit], hidden.biases[self.unit]
        wider = _grown(embedding, self.layer, hidden, incoming, bias, _each(rest, outgoing))
        wider = _cloned(wider, self.layer, self.unit, ratios[0], rest[0], 1)
        return wider if even else _blocked(wider, f"split: the parts of unit {self.unit} have unequal ratios")

    def _mirrored(
        self, embedding: Embedding, hidden: Hidden, ratios: list[Form], rest: list[Form], even: bool
    ) -> Embedding:
        silent = not any(rest)
        parity = activation_named(hidden.activation).parity
        a, b, c = parity if parity is not None else (1, 1, 0)
        if not silent and (b or (c and hidden.next_bias is None)):
            reason = "has no parity that undoes it" if b else "needs biases in the next layer for it"
            raise BadInput(
                f"split: a change of sign would change f, since {hidden.activation} {reason}; use alpha=1"
            )
        outgoing = hidden.outgoing[self.unit]
        hidden = _with_outgoing(hidden, self.unit, _each(ratios, outgoing))
        moved = _each(rest, outgoing)
        hidden = _absorbed(hidden, [product(number(-a * c), v) for v in moved])
        incoming = tuple(map(negative, hidden.incoming[self.unit]))
        bias = tuple(map(negative, hidden.biases[self.unit]))
        clone = [product(number(a), v) for v in moved]
        wider = _grown(embedding, self.layer, hidden, incoming, bias, clone)
        if b:
            wider = replace(wider, units=None)
            return _blocked(wider, f"split: {hidden.activation} has no parity that undoes a change of sign")
        wider = _cloned(wider, self.layer, self.unit, ratios[0], rest[0], -1)
        if c and hidden.next_bias is None:
            return _blocked(wider, f"split: sigma(-z) = {c} - sigma(z) needs biases in the next layer")
        return wider if even else _blocked(wider, f"split: the parts of unit {self.unit} have unequal ratios")


@dataclass(frozen=True)
class SplitEvenly(Move):
    """Replace a unit by ``copies`` clones with equal shares of its outgoing weights.

    Keeps the tangent functions.
    """

    layer: int
    unit: int
    copies: int

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network."""
        hidden = hidden_layer(embedding, self.layer)
        _check_unit(hidden, self.layer, self.unit)
        check_count("split_evenly", self.copies)
        extra, share = self.copies - 1, number(Fraction(1, self.copies))
        part = tuple(product(share, v) for v in hidden.outgoing[self.unit])
        hidden = _with_outgoing(hidden, self.unit, part)
        hidden = replace(
            hidden,
            incoming=hidden.incoming + (hidden.incoming[self.unit],) * extra,
            biases=hidden.biases + (hidden.biases[self.unit],) * extra,
            outgoing=hidden.outgoing + (part,) * extra,
        )
        wider = with_hidden(embedding, self.layer, hidden)
        if embedding.units is None:
            return wider
        units = list(embedding.units[self.layer - 1])
        old = units[self.unit]
        units[self.unit] = old and replace(old, multiplier=product(share, old.multiplier))
        return _with_units(wider, self.layer, [*units, *[units[self.unit]] * extra])


@dataclass(frozen=True)
class Null(Move):
    """Add ``count`` units without incoming and outgoing weights, whose biases have the value ``bias``.

    Keeps the tangent functions if sigma(bias) = 0 or the next layer has biases.

    Reference: Zhang et al., arXiv:2111.15527, Definition 4.3 (one-step null embedding).
    """

    layer: int
    bias: Number = 0
    count: int = 1

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network."""
        hidden = hidden_layer(embedding, self.layer)
        check_count("null", self.count)
        embedding, bias = form_of(embedding, self.bias, "null")
        _check_bias("null", hidden, bias)
        own = (bias,) * len(hidden.biases[0])
        more = self.count
        wide = replace(
            hidden,
            incoming=hidden.incoming + ((ZERO,) * len(hidden.incoming[0]),) * more,
            biases=hidden.biases + (own,) * more,
            outgoing=hidden.outgoing + ((ZERO,) * len(hidden.targets),) * more,
        )
        wider = with_hidden(embedding, self.layer, wide)
        if embedding.units is not None:
            wider = _with_units(wider, self.layer, [*embedding.units[self.layer - 1], *[None] * more])
        if hidden.next_bias is None and value_and_slope(hidden.activation, bias)[0] != ZERO:
            known = "is not 0" if activation_named(hidden.activation).exact else "is not known to be 0"
            return _blocked(wider, f"null: sigma(bias) {known}, and the next layer has no biases")
        return wider


@dataclass(frozen=True)
class Constant(Move):
    """Add a unit without incoming weights, with any outgoing weights; the next biases absorb its value.

    The value sigma(bias) has to be rational. Keeps the tangent functions if sigma'(bias) = 0 and the next
    layer has biases.
    """

    layer: int
    outgoing: tuple[Number, ...]
    bias: Number = 0

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network; raises ``BadInput`` where f would change."""
        hidden = hidden_layer(embedding, self.layer)
        embedding, bias = form_of(embedding, self.bias, "constant")
        _check_bias("constant", hidden, bias)
        embedding, outgoing = _vector(embedding, self.outgoing, len(hidden.targets), "constant: outgoing")
        value, slope = value_and_slope(hidden.activation, bias)
        if not set(value) <= {()}:
            raise BadInput(
                f"constant: sigma({self.bias}) is not known to be rational; choose a bias where it is"
            )
        if value and any(outgoing) and hidden.next_bias is None:
            raise BadInput("constant: sigma(bias) is not 0 and no next bias absorbs it; f would change")
        hidden = _absorbed(hidden, [negative(product(value, v)) for v in outgoing])
        incoming = (ZERO,) * len(hidden.incoming[0])
        wider = _grown(embedding, self.layer, hidden, incoming, (bias,) * len(hidden.biases[0]), outgoing)
        if embedding.units is not None:
            wider = _with_units(wider, self.layer, [*embedding.units[self.layer - 1], None])
        if value and hidden.next_bias is None:
            return _blocked(wider, "constant: sigma(bias) is not 0, and the next layer has no biases")
        if any(outgoing) and slope != ZERO:
            return _blocked(wider, "constant: sigma'(bias) is not 0, so its incoming derivatives are new")
        return wider


@dataclass(frozen=True)
class ZeroOut(Move):
    """Add a unit with any incoming weights and bias, but no outgoing weights.

    Its values are new functions among the derivatives by its outgoing weights.
    """

    layer: int
    incoming: tuple[Number, ...]
    bias: Number = 0

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network."""
        hidden = hidden_layer(embedding, self.layer)
        embedding, bias = form_of(embedding, self.bias, "zero_out")
        _check_bias("zero_out", hidden, bias)
        fan_in = len(hidden.incoming[0])
        embedding, incoming = _vector(embedding, self.incoming, fan_in, "zero_out: incoming")
        if not any(incoming):
            raise BadInput("zero_out: all incoming weights are 0; use null")
        own = (bias,) * len(hidden.biases[0])
        wider = _grown(embedding, self.layer, hidden, incoming, own, (ZERO,) * len(hidden.targets))
        reason = "zero_out: the values of the new unit are new functions in its outgoing derivatives"
        return _blocked(replace(wider, units=None), reason)


# Parts of moves


def _each(ratios: Sequence[Form], weights: Sequence[Form]) -> tuple[Form, ...]:
    return tuple(product(ratio, weight) for ratio, weight in zip(ratios, weights, strict=True))


def _with_outgoing(hidden: Hidden, unit: int, outgoing: tuple[Form, ...]) -> Hidden:
    changed = (*hidden.outgoing[:unit], outgoing, *hidden.outgoing[unit + 1 :])
    return replace(hidden, outgoing=changed)


def _absorbed(hidden: Hidden, constants: Sequence[Form]) -> Hidden:
    """Add constants, one for every outgoing position, to the next biases."""
    if hidden.next_bias is None or not any(constants):
        return hidden
    biases = list(hidden.next_bias)
    for target, constant in zip(hidden.targets, constants, strict=True):
        biases[target] = total(biases[target], constant)
    return replace(hidden, next_bias=tuple(biases))


def _grown(
    embedding: Embedding,
    layer: int,
    hidden: Hidden,
    incoming: tuple[Form, ...],
    bias: tuple[Form, ...],
    outgoing: Sequence[Form],
) -> Embedding:
    grown = replace(
        hidden,
        incoming=(*hidden.incoming, incoming),
        biases=(*hidden.biases, bias),
        outgoing=(*hidden.outgoing, tuple(outgoing)),
    )
    return with_hidden(embedding, layer, grown)


def _cloned(embedding: Embedding, layer: int, unit: int, ratio: Form, rest: Form, sign: int) -> Embedding:
    """Record a clone: the sensitivities of the two parts are ratio and sign rest times that of the unit."""
    if embedding.units is None:
        return embedding
    units = list(embedding.units[layer - 1])
    old = units[unit]
    if old is None:
        return _with_units(embedding, layer, [*units, None])
    units[unit] = replace(old, multiplier=product(ratio, old.multiplier))
    share = product(rest if sign == 1 else negative(rest), old.multiplier)
    return _with_units(embedding, layer, [*units, Unit(old.index, sign * old.sign, share)])


def _with_units(embedding: Embedding, layer: int, units: Sequence[Unit | None]) -> Embedding:
    layers = embedding.units or ()
    return replace(embedding, units=(*layers[: layer - 1], tuple(units), *layers[layer:]))


def _blocked(embedding: Embedding, reason: str) -> Embedding:
    return replace(embedding, obstacles=(*embedding.obstacles, reason))


def exact(value: Number, move: str) -> Fraction:
    """Return a number as a fraction; raises ``BadInput`` for anything else."""
    try:
        return exact_rational(value)
    except ValueError as error:
        raise BadInput(f"{move}: {shown(value)} is no number; give an integer, 'p/q' or a name") from error


def form_of(embedding: Embedding, value: Number, move: str) -> tuple[Embedding, Form]:
    """Return a number as a form; a name stands for a free number."""
    if isinstance(value, str) and value.isidentifier():
        return embedding.with_free(value)
    return embedding, number(exact(value, move))


def _vector(
    embedding: Embedding, values: Sequence[Number], length: int, place: str
) -> tuple[Embedding, tuple[Form, ...]]:
    if not isinstance(values, tuple | list) or len(values) != length:
        raise BadInput(f"{place} is {shown(values)}; give a list of {length} numbers")
    forms = []
    for value in values:
        embedding, form = form_of(embedding, value, place)
        forms.append(form)
    return embedding, tuple(forms)


def value_and_slope(activation: str, bias: Form) -> tuple[Form, Form]:
    """Return sigma and sigma' at a bias, as symbols where they are not known to be rational."""
    ring = Ring()
    for variable in range(max((atom for monomial in bias for atom, _ in monomial), default=0)):
        ring.variable("theta", variable)
    try:
        return unit_value(ring, activation_named(activation), bias)
    except Rejected as error:
        raise BadInput(f"embed: {activation} has no value at this bias; choose another") from error


def _check_unit(hidden: Hidden, layer: int, unit: int) -> None:
    if type(unit) is not int or not 0 <= unit < hidden.width:
        raise BadInput(
            f"embed: hidden layer {layer} has the units 0 to {hidden.width - 1}, not {shown(unit)}"
        )


def check_count(move: str, count: int) -> None:
    """Raise ``BadInput`` unless a positive number of units was asked for."""
    if type(count) is not int or count < 1:
        raise BadInput(f"{move}: {shown(count)} units were asked for; give a positive integer")


def _check_bias(move: str, hidden: Hidden, bias: Form) -> None:
    if bias and not hidden.biases[0]:
        raise BadInput(f"{move}: the layer has no biases; leave the bias out")
