"""The proved distance of a network and a condensed one on a box: bisection, then claim and certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heappop, heappush
from math import comb, inf
from time import monotonic

from llrsym.errors import BadInput
from llrsym.kernel.distances import (
    Box,
    Chain,
    Comparison,
    Direct,
    DistanceCertificate,
    DistanceClaim,
    RidgeCertificate,
    comparison_of,
)
from llrsym.kernel.errors import Rejected
from llrsym.kernel.layer_differences import Copy, Unit, Units
from llrsym.kernel.layered_form import Comparable
from llrsym.kernel.models import Layered, Weights, parameter_count
from llrsym.kernel.program import size
from llrsym.kernel.ridges import Ridges
from llrsym.networks.network import Network
from llrsym.recovery.condense_documents import certificate_text, claim_text
from llrsym.recovery.condense_net import FloatNet, Stratum
from llrsym.recovery.condense_ridges import MOST_DIRECTIONS, directions_of, is_possible, near_copies

BITS, DIGITS = 64, 3
WORK, MOST_BOXES, MOST_CELLS, NEURON = 8_000_000, 500, 400, 400
"""Multiplications in all, and as many as the activation of one neuron costs."""
MOST_SPLIT_INPUTS, MOST_CENTRED_INPUTS = 6, 3
"""Boxes of more inputs are not cut, or not expanded at their middles: it takes too many parts. With one
hidden layer and more than the second number of inputs they are cut along directions instead."""
ATTEMPT, MIDDLE_SHARE = 8, 5
"""Shares of the cells: for an attempt, and for the way to a network in the middle."""
NO_PROOF = DistanceCertificate(BITS, 1, False, ())


@dataclass(frozen=True)
class Distance:
    """max |f - g| on the box is at most ``bound``, as claim and certificate prove."""

    bound: Fraction
    claim: DistanceClaim
    certificate: Direct | Chain

    @property
    def documents(self) -> tuple[str, str]:
        """Claim and certificate as JSON text; ``kernel.distances`` reads them back."""
        return claim_text(self.claim), certificate_text(self.certificate)


@dataclass(frozen=True)
class Problem:
    """A network with exact weights, and the box on which it is approximated.

    ``effort`` multiplies the number of parts into which the box may be cut, which ends at the ``deadline``.
    """

    network: Network
    model: Comparable
    weights: Weights
    box: Box
    effort: int = 1
    deadline: float = inf

    def distance(
        self, stratum: Stratum, title: str, enough: float, middle: Stratum | None = None
    ) -> Distance:
        """Return a proved upper bound of the distance, found with limited work; ``enough`` ends it early.

        With a finer stratum in the ``middle`` that is close to the network, the work is less: most of it is
        done for the two narrow networks. Raises ``BadInput`` where the values have no enclosure.
        """
        models, weights = (self.model, stratum.model), (self.weights, stratum.weights)
        claim = DistanceClaim(self.network.text, title, models, weights, self.box, Fraction(0))
        try:
            if middle is None or not self.is_centred:
                best = self._claimed(claim, *self._direct(claim, stratum.units, enough, self.is_centred))
                return best if self.is_centred else self._along(claim, stratum, middle, enough, best)
            return self._through(claim, stratum, middle, enough)
        except Rejected as refusal:
            raise BadInput(
                f"condense: the distance has no bound on this box ({refusal}); use a smaller box"
            ) from refusal

    @property
    def is_centred(self) -> bool:
        """Whether boxes are expanded at their middles."""
        return len(self.box) <= MOST_CENTRED_INPUTS

    @staticmethod
    def _claimed(claim: DistanceClaim, bound: Fraction, certificate: Direct | Chain) -> Distance:
        return Distance(bound, replace(claim, bound=bound), certificate)

    def _direct(
        self, claim: DistanceClaim, units: tuple[Units, ...], enough: float, centred: bool
    ) -> tuple[Fraction, DistanceCertificate]:
        certificate = DistanceCertificate(BITS, 1, centred, units)
        comparison, box = comparison_of(claim, certificate)
        bound, boxes = self._bisected(comparison, box, self._allowance(claim.models, centred), enough)
        return bound, replace(certificate, boxes=boxes)

    def _through(self, claim: DistanceClaim, stratum: Stratum, middle: Stratum, enough: float) -> Distance:
        """The sum of two distances."""
        draft = Chain(middle.model, middle.weights, Fraction(0), (NO_PROOF, NO_PROOF))
        to_middle, from_middle = draft.claims(claim)
        near, first = self._direct(to_middle, middle.units, enough / 20, False)
        units = relative_units(middle, stratum)
        rest, second = self._direct(from_middle, units, max(0.0, enough - float(near)), self.is_centred)
        chain, bound = replace(draft, bound=near, parts=(first, second)), rounded_up(near + rest)
        return self._claimed(claim, bound, chain)

    # Along directions of the inputs

    def _along(
        self, claim: DistanceClaim, stratum: Stratum, middle: Stratum | None, enough: float, best: Distance
    ) -> Distance:
        """The better one of a distance and of what directions of the inputs give."""
        wide = FloatNet.of(self.model, self.weights)
        if best.bound <= enough or not is_possible(wide, stratum.net, len(self.box)):
            return best
        try:
            if middle is None:
                found = self._claimed(
                    claim, *self._ridges(claim, wide, stratum.net, stratum.units[0], enough)
                )
            else:
                found = self._along_through(claim, wide, stratum, middle, enough)
        except Rejected:  # the cells of y contain more than the box, and sigma may be undefined there
            return best
        return found if found.bound < best.bound else best

    def _along_through(
        self, claim: DistanceClaim, wide: FloatNet, stratum: Stratum, middle: Stratum, enough: float
    ) -> Distance:
        draft = Chain(middle.model, middle.weights, Fraction(0), (NO_PROOF, NO_PROOF))
        to_middle, from_middle = draft.claims(claim)
        near, first = self._ridges(to_middle, wide, middle.net, middle.units[0], enough / 20, MIDDLE_SHARE)
        (units,), left = relative_units(middle, stratum), max(0.0, enough - float(near))
        rest, second = self._ridges(from_middle, middle.net, stratum.net, units, left)
        chain, bound = replace(draft, bound=near, parts=(first, second)), rounded_up(near + rest)
        return self._claimed(claim, bound, chain)

    def _ridges(
        self, claim: DistanceClaim, f: FloatNet, g: FloatNet, units: Units, enough: float, share: int = 1
    ) -> tuple[Fraction, RidgeCertificate]:
        """The better one of two ways to expand far copies, as a short attempt shows."""
        directions = directions_of(f, g)
        drafts = [
            RidgeCertificate(BITS, 1, own, directions) for own in (units, near_copies(f, g, units, self.box))
        ]
        comparisons = [comparison_of(claim, draft) for draft in dict.fromkeys(drafts)]
        cells = self._cells(f, g) // share + 1
        attempts = [self._bisected(*pair, cells // ATTEMPT + 1, enough)[0] for pair in comparisons]
        k = attempts.index(min(attempts))
        bound, boxes = self._bisected(*comparisons[k], cells, enough)
        return bound, replace(drafts[k], boxes=boxes)

    def _bisected(
        self, comparison: Comparison | Ridges, box: Box, most: int, enough: float
    ) -> tuple[Fraction, int]:
        """Cut the worst box until the bound is good enough; return the bound and the number of all boxes."""
        wanted = int(enough * 2**53) << BITS - 53
        heap = [(-comparison.bound(box, wanted), 0, box)]
        count = 1
        while -heap[0][0] > wanted and count + 2 <= most and any(low < high for low, high in heap[0][2]):
            if monotonic() > self.deadline:
                break
            for half in comparison.halves(heappop(heap)[2]):
                heappush(heap, (-comparison.bound(half, wanted), count, half))
                count += 1
        return rounded_up(Fraction(-heap[0][0], 1 << BITS)), count

    def _cells(self, f: FloatNet, g: FloatNet) -> int:
        neurons, inputs = len(f.biases[0]) + 2 * len(g.biases[0]), len(self.box) + MOST_DIRECTIONS
        cost = 2 * NEURON * neurons + len(f.biases[1]) * inputs**2 * neurons
        return max(1, self.effort * min(MOST_CELLS, WORK // cost))

    def _allowance(self, models: tuple[Comparable, Comparable], centred: bool) -> int:
        """How many boxes the work is enough for."""
        inputs = len(self.box)
        if inputs > MOST_SPLIT_INPUTS or (not centred and all(map(_has_one_layer, models))):
            return 1
        derivatives = comb(inputs + 3, 3) if centred else 1
        cost = sum(NEURON * hidden + derivatives * weights for hidden, weights in map(_sizes, models))
        return max(1, self.effort * min(MOST_BOXES, WORK // cost))


def _has_one_layer(model: Comparable) -> bool:
    return not isinstance(model, Layered) or len(model.widths) == 3


def _sizes(model: Comparable) -> tuple[int, int]:
    """Hidden neurons, and weights with their repetitions."""
    if isinstance(model, Layered):
        return sum(model.widths[1:-1]), parameter_count(model)
    hidden = model.channels * size(model.positions)
    return hidden, hidden * size(model.input)


def relative_units(middle: Stratum, narrow: Stratum) -> tuple[Units, ...]:
    """Return what the neurons of a stratum have become in a coarser one."""
    widths = middle.net.model.widths[1:-1]
    return tuple(map(_relative, middle.units, narrow.units, widths))


def _relative(middle: Units, narrow: Units, width: int) -> Units:
    """Every neuron of the middle was merged from one with its sign."""
    units: list[Unit] = [Fraction(0)] * width
    for own, other in zip(middle, narrow, strict=True):
        if isinstance(own, Copy) and own.sign == 1:
            units[own.index] = other
    return tuple(units)


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
