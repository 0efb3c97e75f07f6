"""The types of strata of a two-layer tanh target set: enumeration, multiplicity, dimension and rank.

# The choice of algorithm
# Strata are never listed one by one: which neuron has which role, and with which sign, is only counted. A
# type says how many neurons have each role, so it is a few integer partitions. The number of types depends on
# the excess m - k only, as long as that is at most k.
# Numbers: docs/theory/strata, Theorems 1 (dimension and rank) and 2 (multiplicity).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial, prod

Sizes = tuple[int, ...]
NONE, NULL, BIASED, ACTIVE = "none", "null", "biased", "active"
"""What the neurons with w = 0 do: there are none; they add nothing to the tangent space; all a = 0 but the
constant function is added; some a is not zero."""


@dataclass(frozen=True, slots=True)
class TargetSet:
    """The parameters of mlp(inputs, width, 1) whose function has k = ``intrinsic`` neurons.

    f* = sum over j of a_j tanh(w_j . x + b_j) + C with all a_j and w_j non-zero and no two (w_j, b_j) equal
    up to sign. ``constant_part``: C is not zero and only neurons with w = 0 can provide it, as there is no
    output bias.
    """

    inputs: int
    width: int
    intrinsic: int
    hidden_bias: bool
    output_bias: bool
    constant_part: bool

    @property
    def incoming(self) -> int:
        """The number D of incoming parameters of a neuron."""
        return self.inputs + self.hidden_bias

    @property
    def hidden_bias_alone(self) -> bool:
        """Whether hidden biases have no output bias that absorbs the constants of neurons with w = 0."""
        return self.hidden_bias and not self.output_bias

    @property
    def parameters(self) -> int:
        """The number M of parameters."""
        return self.width * (self.incoming + 1) + self.output_bias


@dataclass(frozen=True, slots=True)
class StratumType:
    """Strata that differ only in which neuron has which role and sign; sizes are in decreasing order.

    ``groups`` are the neurons that equal an intrinsic one up to sign; ``silent`` and ``active`` the clusters
    of other neurons with w != 0, all a = 0 or some a != 0; ``constants`` neurons have w = 0, and ``mode``
    says what they do.
    """

    groups: Sizes
    silent: Sizes
    active: Sizes
    constants: int
    mode: str

    def multiplicity(self) -> int:
        """Return the number of strata of this type, for labelled neurons and labelled intrinsic neurons."""
        blocks = [*self.groups, *self.silent, *self.active, self.constants]
        arrangements = factorial(sum(blocks)) // prod(map(factorial, blocks))
        owners = factorial(len(self.groups)) // _repetitions(self.groups)
        alike = _repetitions(self.silent) * _repetitions(self.active)
        free_signs = sum(self.groups) + sum(size - 1 for size in (*self.silent, *self.active))
        return (arrangements * owners << free_signs) // alike

    def dimension(self, target_set: TargetSet) -> int:
        """Return the dimension of each of these strata."""
        clusters = len(self.silent) + len(self.active)
        free_outgoing = sum(size - 1 for size in (*self.groups, *self.active))
        return target_set.incoming * clusters + free_outgoing + _constants(target_set, self)[0]

    def rank(self, target_set: TargetSet) -> int:
        """Return the model rank at every point of each of these strata."""
        full = len(self.groups) + len(self.active)
        own = full * (target_set.incoming + 1) + len(self.silent) + target_set.output_bias
        return own + _constants(target_set, self)[1]


def derive_types(target_set: TargetSet) -> Iterator[StratumType]:
    """Yield every type of stratum once; none if the target set is empty."""
    excess = target_set.width - target_set.intrinsic
    for extra in range(excess + 1):
        for groups in _groups(target_set.intrinsic, extra):
            yield from _completions(target_set, groups, excess - extra)


def _groups(intrinsic: int, extra: int) -> Iterator[Sizes]:
    """The sizes of the target groups with ``extra`` neurons more than there are groups."""
    for sizes in partitions(extra, most=intrinsic):
        yield tuple(1 + size for size in sizes) + (1,) * (intrinsic - len(sizes))


def _completions(target_set: TargetSet, groups: Sizes, left: int) -> Iterator[StratumType]:
    for constants in range(left + 1):
        for in_silent in range(left - constants + 1):
            for silent in partitions(in_silent):
                for active in partitions(left - constants - in_silent, smallest=2):
                    for mode in _modes(target_set, constants):
                        yield StratumType(groups, silent, active, constants, mode)


def _modes(target_set: TargetSet, constants: int) -> tuple[str, ...]:
    if constants == 0:
        return () if target_set.constant_part else (NONE,)
    if target_set.constant_part:
        return (ACTIVE,)
    return (NULL, BIASED, ACTIVE) if target_set.hidden_bias_alone else (NULL, ACTIVE)


def _constants(target_set: TargetSet, kind: StratumType) -> tuple[int, int]:
    """Dimension and rank of the neurons with w = 0; the output bias is counted elsewhere."""
    count = kind.constants
    if kind.mode == NONE:
        return 0, 0
    if kind.mode == BIASED:
        return count, 1
    if kind.mode == NULL:
        return (count if target_set.output_bias and target_set.hidden_bias else 0), 0
    # One equation, sum of a tanh b = C, where no output bias can absorb the sum.
    equations = int(target_set.hidden_bias_alone)
    return (1 + target_set.hidden_bias) * count - equations, target_set.inputs + equations


def partitions(total: int, *, smallest: int = 1, most: int | None = None) -> Iterator[Sizes]:
    """Yield the partitions of ``total`` into at most ``most`` parts of size ``smallest`` or more, decreasing.

    >>> list(partitions(4, smallest=2)), list(partitions(0))
    ([(4,), (2, 2)], [()])
    """
    yield from _bounded(total, total, smallest, total if most is None else most)


def _bounded(total: int, largest: int, smallest: int, most: int) -> Iterator[Sizes]:
    if total == 0:
        yield ()
    elif most > 0:
        for first in range(min(total, largest), smallest - 1, -1):
            for rest in _bounded(total - first, first, smallest, most - 1):
                yield (first, *rest)


def _repetitions(sizes: Sizes) -> int:
    """The number of permutations of the blocks that keep all sizes."""
    return prod(map(factorial, Counter(sizes).values()))
