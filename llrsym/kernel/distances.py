"""The distance of two networks with given weights: the largest |f - g| on a box, over all outputs.

The networks are fully connected, or convolutions with one layer, which are written as such.

Claim: it is at most ``bound``. The box is bisected until the enclosures of f - g prove it on every part:
those of ``layer_differences``, for which the certificate says which neurons belong together, and those of
``centred_forms`` if it asks for them. Or a box along a few directions is bisected, with the enclosures of
``ridges``. The certificate limits the number of parts. A chain goes through a third network, and its two
bounds add up. Proof: docs/theory/distances.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .ball_arithmetic import Ball, between
from .centred_forms import centred_difference
from .decoding import expect, read_count, read_list, read_object, read_pair, read_rational, read_string
from .documents import CERTIFICATE_FORMAT, CLAIM_FORMAT, read_weights
from .errors import Malformed, Rejected
from .layer_differences import Copy, Differences, Row, Unit, Units, layers_of
from .layered_form import Comparable, layered_form
from .model_documents import read_model
from .models import Convolution, Layered, Weights
from .program import size
from .ranges import common
from .ridges import Ridges

QUESTION = "distance"
RULE, RIDGES, CHAIN = "differences", "ridges", "chain"
Box = tuple[tuple[Fraction, Fraction], ...]
"""The least and the largest value of every input."""
MAX_BOXES, MAX_BITS, MIN_BITS = 10_000_000, 10_000, 16


@dataclass(frozen=True, slots=True)
class DistanceClaim:
    """|f - g| <= bound on the box, in every output."""

    network: str
    target: str
    models: tuple[Comparable, Comparable]
    weights: tuple[Weights, Weights]
    box: Box
    bound: Fraction


@dataclass(frozen=True, slots=True)
class DistanceCertificate:
    """The units of every hidden layer, and how to compute: bits, parts of the box, centred forms or not."""

    bits: int
    boxes: int
    centred: bool
    units: tuple[Units, ...]


@dataclass(frozen=True, slots=True)
class RidgeCertificate:
    """The units of the hidden layer, the directions, and how to compute: bits, and parts along them."""

    bits: int
    boxes: int
    units: Units
    directions: tuple[Row, ...]


Direct = DistanceCertificate | RidgeCertificate


@dataclass(frozen=True, slots=True)
class Chain:
    """The distance of f to a third network is at most ``bound``; certificates for f to it and for it to g."""

    model: Comparable
    weights: Weights
    bound: Fraction
    parts: tuple[Direct, Direct]

    def claims(self, claim: DistanceClaim) -> tuple[DistanceClaim, DistanceClaim]:
        """The two claims from which the triangle inequality gives this one."""
        (f, g), (weights_f, weights_g) = claim.models, claim.weights
        if not 0 <= self.bound <= claim.bound:
            raise Rejected("distance: the first part of the chain has a larger bound than the claim")
        first = replace(claim, models=(f, self.model), weights=(weights_f, self.weights), bound=self.bound)
        rest = claim.bound - self.bound
        return first, replace(claim, models=(self.model, g), weights=(self.weights, weights_g), bound=rest)


class Comparison:
    """Two networks, and bounds of their difference on boxes within a given one."""

    def __init__(
        self,
        models: tuple[Layered, Layered],
        weights: tuple[Weights, Weights],
        certificate: DistanceCertificate,
    ) -> None:
        layers = [layers_of(model, tensors) for model, tensors in zip(models, weights, strict=True)]
        self.differences = Differences(models, (layers[0], layers[1]), certificate.units, certificate.bits)
        self.reals, self.centred = self.differences.reals, certificate.centred
        self.networks = tuple([layer.enclosed(self.reals) for layer in own] for own in layers)
        columns = zip(*(row[:-1] for row in layers[1][0].rows), strict=True)
        self.influence = [sum(map(abs, column), Fraction(0)) for column in columns]

    def bound(self, box: Box, enough: int | None = None) -> int:
        """Return an upper bound of |f - g| on the box, in units of 2^-bits.

        Centred forms are left away where the bound without them is at most ``enough``.
        """
        balls = [_ball(low, high, self.reals.precision) for low, high in box]
        outputs = self.differences.outputs(balls)
        if self.centred and (enough is None or _largest(outputs) > enough):
            f, g = self.networks
            centred = centred_difference(self.reals, self.differences.activation, (f, g), balls)
            outputs = [common(a, b) for a, b in zip(outputs, centred, strict=True)]
        return _largest(outputs)

    def halves(self, box: Box) -> tuple[Box, Box]:
        """Cut the box where the narrow network may change most; raises ``Rejected`` for a point."""
        lengths = [(high - low) * (1 + size) for (low, high), size in zip(box, self.influence, strict=True)]
        k = lengths.index(max(lengths))
        low, high = box[k]
        if low == high:
            raise Rejected("distance: the bound fails at a point")
        middle = (low + high) / 2
        return (*box[:k], (low, middle), *box[k + 1 :]), (*box[:k], (middle, high), *box[k + 1 :])


def check_distance(claim: DistanceClaim, certificate: Direct | Chain) -> str:
    """Prove the claim and return it as a sentence; raises ``Rejected``."""
    _check_same_images(claim)
    if isinstance(certificate, Chain):
        for part, proof in zip(certificate.claims(claim), certificate.parts, strict=True):
            _check_direct(part, proof)
    else:
        _check_direct(claim, certificate)
    f, g = claim.models
    where = f"on a box of {len(claim.box)} inputs" if len(claim.box) > 4 else f"on {_text(claim.box)}"
    return f"|f - g| <= {claim.bound} {where}, in every output, for f: {f} and g: {g} at the given weights"


def comparison_of(claim: DistanceClaim, certificate: Direct) -> tuple[Comparison | Ridges, Box]:
    """Return the networks of a claim as the certificate compares them, and the box that is to be cut."""
    (f, weights_f), (g, weights_g) = map(layered_form, claim.models, claim.weights)
    if isinstance(certificate, DistanceCertificate):
        return Comparison((f, g), (weights_f, weights_g), certificate), claim.box
    _check_same_family(f, g)
    layers = layers_of(f, weights_f), layers_of(g, weights_g)
    units, directions = certificate.units, certificate.directions
    ridges = Ridges(f.activation, layers, units, directions, claim.box, certificate.bits)
    return ridges, ridges.whole


def _check_same_family(f: Layered, g: Layered) -> None:
    if (f.widths[0], f.widths[-1], f.activation) != (g.widths[0], g.widths[-1], g.activation):
        raise Rejected("distance: the networks differ in inputs, outputs or activation")


def _check_same_images(claim: DistanceClaim) -> None:
    """Pixels are compared by their row-major numbers, which mean the same in images of one shape only."""
    shapes = [model.input for model in claim.models if isinstance(model, Convolution)]
    if len(set(shapes)) > 1:
        raise Rejected(f"distance: one convolution reads images of shape {shapes[0]}, the other {shapes[1]}")


def _check_direct(claim: DistanceClaim, certificate: Direct) -> None:
    comparison, whole = comparison_of(claim, certificate)
    allowed = (claim.bound.numerator << certificate.bits) // claim.bound.denominator
    stack, count = [whole], 0
    while stack:
        box, count = stack.pop(), count + 1
        if comparison.bound(box, allowed) <= allowed:
            continue
        if count + len(stack) + 2 > certificate.boxes:
            raise Rejected(f"distance: {certificate.boxes} boxes do not prove the bound {claim.bound}")
        stack += comparison.halves(box)


def _text(box: Box) -> str:
    return " x ".join(f"[{low}, {high}]" for low, high in box)


def _ball(low: Fraction, high: Fraction, bits: int) -> Ball:
    below = (low.numerator << bits) // low.denominator
    return between(below, -((-high.numerator << bits) // high.denominator))


def _largest(outputs: Sequence[Ball]) -> int:
    return max(abs(m) + r for m, r in outputs)


# Documents


def read_distance_claim(document: object) -> DistanceClaim:
    """Decode a claim; raises ``Malformed``."""
    names = ("format", "question", "network", "target", "model", "target_model", "weights", "target_weights")
    fields = read_object(document, "claim", (*names, "box", "bound"))
    expect(fields["format"] == CLAIM_FORMAT, "claim: format", CLAIM_FORMAT, fields["format"])
    expect(fields["question"] == QUESTION, "claim: question", QUESTION, fields["question"])
    models = _read_comparable(fields["model"]), _read_comparable(fields["target_model"])
    weights = read_weights(fields["weights"]), read_weights(fields["target_weights"])
    pairs = [read_pair(side, "box") for side in read_list(fields["box"], "box")]
    box = tuple((read_rational(low), read_rational(high)) for low, high in pairs)
    first = models[0]
    inputs = first.widths[0] if isinstance(first, Layered) else size(first.input)
    expect(len(box) == inputs, "claim: box", f"{inputs} pairs", len(box))
    expect(all(low <= high for low, high in box), "claim: box", "pairs low <= high", "low > high")
    bound = read_rational(fields["bound"])
    expect(bound >= 0, "claim: bound", "a number that is not negative", bound)
    network, target = (read_string(fields[key], f"claim: {key}") for key in ("network", "target"))
    return DistanceClaim(network, target, models, weights, box, bound)


def _read_comparable(document: object) -> Comparable:
    model = read_model(document)
    if not isinstance(model, Layered | Convolution):
        raise Malformed("claim: distances are compared for layered networks and convolutions only")
    return model


def read_distance_certificate(document: object) -> Direct | Chain:
    """Decode a certificate; raises ``Malformed``."""
    if not isinstance(document, dict) or document.get("rule") != CHAIN:
        return _read_direct(document)
    keys = ("format", "rule", "model", "weights", "bound", "first", "second")
    fields = read_object(document, "certificate", keys)
    _expect_format(fields["format"])
    model, weights = _read_comparable(fields["model"]), read_weights(fields["weights"])
    parts = _read_direct(fields["first"]), _read_direct(fields["second"])
    return Chain(model, weights, read_rational(fields["bound"]), parts)


def _read_direct(document: object) -> Direct:
    is_along = isinstance(document, dict) and document.get("rule") == RIDGES
    return _read_ridges(document) if is_along else _read_differences(document)


def _read_ridges(document: object) -> RidgeCertificate:
    names = ("format", "rule", "bits", "boxes", "units", "directions")
    fields = read_object(document, "certificate", names)
    _expect_format(fields["format"])
    bits, boxes = _read_effort(fields)
    units = tuple(_read_unit(unit) for unit in read_list(fields["units"], "units"))
    rows = [read_list(row, "directions") for row in read_list(fields["directions"], "directions")]
    return RidgeCertificate(bits, boxes, units, tuple(tuple(map(read_rational, row)) for row in rows))


def _read_effort(fields: Mapping[str, object]) -> tuple[int, int]:
    bits, boxes = read_count(fields["bits"], "bits"), read_count(fields["boxes"], "boxes")
    expect(MIN_BITS <= bits <= MAX_BITS, "certificate: bits", f"{MIN_BITS} to {MAX_BITS}", bits)
    expect(1 <= boxes <= MAX_BOXES, "certificate: boxes", f"1 to {MAX_BOXES}", boxes)
    return bits, boxes


def _expect_format(form: object) -> None:
    expect(form == CERTIFICATE_FORMAT, "certificate: format", CERTIFICATE_FORMAT, form)


def _read_differences(document: object) -> DistanceCertificate:
    fields = read_object(document, "certificate", ("format", "rule", "bits", "boxes", "centred", "units"))
    _expect_format(fields["format"])
    expect(fields["rule"] == RULE, "certificate: rule", RULE, fields["rule"])
    bits, boxes = _read_effort(fields)
    expect(type(fields["centred"]) is bool, "certificate: centred", "true or false", fields["centred"])
    layers = [read_list(layer, "units") for layer in read_list(fields["units"], "units")]
    units = tuple(tuple(_read_unit(unit) for unit in layer) for layer in layers)
    return DistanceCertificate(bits, boxes, fields["centred"] is True, units)


def _read_unit(document: object) -> Unit:
    """A pair [narrow neuron, sign], or a rational number."""
    if isinstance(document, str):
        return read_rational(document)
    index, sign = read_pair(document, "unit")
    expect(type(sign) is int and sign in (1, -1), "unit: sign", "1 or -1", sign)
    return Copy(read_count(index, "unit: index"), 1 if sign == 1 else -1)
