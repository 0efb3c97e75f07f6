"""The proved distance of a network and a condensed one on a box: bisection, then claim and certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heappop, heappush
from math import comb

from llrsym.embedding.documents import model_document
from llrsym.errors import BadInput
from llrsym.kernel.distances import (
    CHAIN,
    QUESTION,
    RULE,
    Box,
    Chain,
    Comparison,
    DistanceCertificate,
    DistanceClaim,
)
from llrsym.kernel.documents import CERTIFICATE_FORMAT, CLAIM_FORMAT
from llrsym.kernel.errors import Rejected
from llrsym.kernel.layer_differences import Copy, Unit, Units
from llrsym.kernel.models import Layered, Weights, parameter_count
from llrsym.networks.network import Network
from llrsym.recovery.condense_net import Stratum
from llrsym.tangent.documents import dump, points_document

BITS, DIGITS = 64, 3
WORK, MOST_BOXES, NEURON = 8_000_000, 500, 400
"""Multiplications in all, and as many as the activation of one neuron costs."""
MOST_SPLIT_INPUTS, MOST_CENTRED_INPUTS = 6, 3
"""Boxes of more inputs are not cut, or not expanded at their middles: it takes too many parts."""
NO_PROOF = DistanceCertificate(BITS, 1, False, ())


@dataclass(frozen=True)
class Distance:
    """max |f - g| on the box is at most ``bound``, as claim and certificate prove."""

    bound: Fraction
    claim: DistanceClaim
    certificate: DistanceCertificate | Chain

    @property
    def documents(self) -> tuple[str, str]:
        """Claim and certificate as JSON text; ``kernel.distances`` reads them back."""
        return _claim_text(self.claim), _certificate_text(self.certificate)


@dataclass(frozen=True)
class Problem:
    """A network with exact weights, and the box on which it is approximated.

    ``effort`` multiplies the number of parts into which the box may be cut.
    """

    network: Network
    model: Layered
    weights: Weights
    box: Box
    effort: int = 1

    def distance(
        self, stratum: Stratum, title: str, enough: float, middle: Stratum | None = None
    ) -> Distance:
        """Return a proved upper bound of the distance, found with limited work; ``enough`` ends it early.

        With a finer stratum in the ``middle`` that is close to the network, the work is less: most of it is
        done for the two narrow networks. Raises ``BadInput`` where the values have no enclosure.
        """
        models, weights = (self.model, stratum.net.model), (self.weights, stratum.weights)
        claim = DistanceClaim(self.network.text, title, models, weights, self.box, Fraction(0))
        try:
            if middle is None:
                bound, certificate = self._direct(claim, stratum.units, enough, self.is_centred)
                return Distance(bound, replace(claim, bound=bound), certificate)
            return self._through(claim, stratum, middle, enough)
        except Rejected as refusal:
            raise BadInput(
                f"condense: the distance has no bound on this box ({refusal}); use a smaller box"
            ) from refusal

    @property
    def is_centred(self) -> bool:
        """Whether boxes are expanded at their middles."""
        return len(self.box) <= MOST_CENTRED_INPUTS

    def _direct(
        self, claim: DistanceClaim, units: tuple[Units, ...], enough: float, centred: bool
    ) -> tuple[Fraction, DistanceCertificate]:
        certificate = DistanceCertificate(BITS, 1, centred, units)
        comparison = Comparison(claim.models, claim.weights, certificate)
        least, boxes = _bisected(comparison, self.box, self._allowance(claim.models, centred), enough)
        return rounded_up(Fraction(least, 1 << BITS)), replace(certificate, boxes=boxes)

    def _through(self, claim: DistanceClaim, stratum: Stratum, middle: Stratum, enough: float) -> Distance:
        """The sum of two distances."""
        draft = Chain(middle.net.model, middle.weights, Fraction(0), (NO_PROOF, NO_PROOF))
        to_middle, from_middle = draft.claims(claim)
        near, first = self._direct(to_middle, middle.units, enough / 20, False)
        units = tuple(map(_relative, middle.units, stratum.units, middle.net.model.widths[1:-1]))
        rest, second = self._direct(from_middle, units, max(0.0, enough - float(near)), self.is_centred)
        chain, bound = replace(draft, bound=near, parts=(first, second)), rounded_up(near + rest)
        return Distance(bound, replace(claim, bound=bound), chain)

    def _allowance(self, models: tuple[Layered, Layered], centred: bool) -> int:
        """How many boxes the work is enough for."""
        inputs = len(self.box)
        if inputs > MOST_SPLIT_INPUTS:
            return 1
        derivatives = comb(inputs + 3, 3) if centred else 1
        neurons = sum(sum(model.widths[1:-1]) for model in models)
        cost = NEURON * neurons + derivatives * sum(map(parameter_count, models))
        return max(1, self.effort * min(MOST_BOXES, WORK // cost))


def _relative(middle: Units, narrow: Units, width: int) -> Units:
    """What the neurons of a stratum have become in a coarser one; each was merged from one with its sign."""
    units: list[Unit] = [Fraction(0)] * width
    for own, other in zip(middle, narrow, strict=True):
        if isinstance(own, Copy) and own.sign == 1:
            units[own.index] = other
    return tuple(units)


def _bisected(comparison: Comparison, box: Box, most: int, enough: float) -> tuple[int, int]:
    """Cut the worst box until the bound is good enough; return the bound and the number of all boxes."""
    wanted = int(enough * 2**53) << BITS - 53
    heap = [(-comparison.bound(box, wanted), 0, box)]
    count = 1
    while -heap[0][0] > wanted and count + 2 <= most and any(low < high for low, high in heap[0][2]):
        for half in comparison.halves(heappop(heap)[2]):
            heappush(heap, (-comparison.bound(half, wanted), count, half))
            count += 1
    return -heap[0][0], count


def rounded_up(value: Fraction) -> Fraction:
    """Return the least decimal number of three digits that is not smaller.

    >>> rounded_up(Fraction(1, 3)), rounded_up(Fraction(0))
    (Fraction(167, 500), Fraction(0, 1))
    """
    if not value:
        return value
    exponent = 0
    while value * Fraction(10) ** exponent < 10 ** (DIGITS - 1):
        exponent += 1
    while value * Fraction(10) ** exponent >= 10**DIGITS:
        exponent -= 1
    scale = Fraction(10) ** exponent
    return -((-value * scale) // 1) / scale


def _claim_text(claim: DistanceClaim) -> str:
    return dump(
        {
            "format": CLAIM_FORMAT,
            "question": QUESTION,
            "network": claim.network,
            "target": claim.target,
            "model": model_document(claim.models[0]),
            "target_model": model_document(claim.models[1]),
            "weights": points_document(claim.weights[0]),
            "target_weights": points_document(claim.weights[1]),
            "box": [[str(low), str(high)] for low, high in claim.box],
            "bound": str(claim.bound),
        }
    )


def _certificate_text(certificate: DistanceCertificate | Chain) -> str:
    return dump(
        _differences(certificate) if isinstance(certificate, DistanceCertificate) else _chain(certificate)
    )


def _chain(chain: Chain) -> dict[str, object]:
    first, second = (_differences(part) for part in chain.parts)
    return {
        "format": CERTIFICATE_FORMAT,
        "rule": CHAIN,
        "model": model_document(chain.model),
        "weights": points_document(chain.weights),
        "bound": str(chain.bound),
        "first": first,
        "second": second,
    }


def _differences(certificate: DistanceCertificate) -> dict[str, object]:
    return {
        "format": CERTIFICATE_FORMAT,
        "rule": RULE,
        "bits": certificate.bits,
        "boxes": certificate.boxes,
        "centred": certificate.centred,
        "units": [[_unit(unit) for unit in layer] for layer in certificate.units],
    }


def _unit(unit: Unit) -> object:
    return [unit.index, unit.sign] if isinstance(unit, Copy) else str(unit)
