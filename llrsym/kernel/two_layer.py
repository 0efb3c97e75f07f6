"""Targets of two-layer networks with one output: f = kappa + sum over P of c_P sigma(w_P . x + b_P).

The neurons P are those that are needed: w_P is not zero, no two agree up to sign, no c_P is zero. For tanh,
sigmoid and exp(-z^2) they are determined by the function (docs/theory/target-sets), and so is the minimal
model rank over all parameters of a wide network with that function.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from .constants import Constant, exp_of, is_zero, logistic_of, tanh_of
from .errors import Rejected
from .models import Convolution, Layered, Weights, tensors_of
from .program import Shape, size

Pixels = tuple[tuple[Shape, Fraction], ...]
"""The non-zero entries of a weight vector: (index, value), in row-major order."""
TANH, SIGMOID, GAUSSIAN = "tanh", "sigmoid", "gaussian"
MAX_FLIPPED = 32
MAX_NEURONS, MAX_OFFSETS, MAX_SUBSET_BITS = 1_000_000, 16, 1 << 32


class Inexpressible(Rejected):
    """The wide network has no parameters with the target function."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Needed neurons that are translates of one another: extent of their support, and its places."""

    extent: Shape
    places: frozenset[Shape]


@dataclass(frozen=True, slots=True)
class TwoLayerTarget:
    """What the minimal rank depends on.

    ``constant`` says whether kappa is not zero. For the sigmoid it says whether kappa stays non-zero in every
    orientation of the neurons, because sigma(-z) = 1 - sigma(z).
    """

    patterns: tuple[Pattern, ...]
    has_biases: bool
    constant: bool

    @property
    def neurons(self) -> int:
        """The number of needed neurons."""
        return sum(len(pattern.places) for pattern in self.patterns)


def target_of(model: Layered | Convolution, weights: Weights | None, grid: Shape) -> TwoLayerTarget:
    """Return the target with given weights, or for almost every weight; inputs are arranged as ``grid``."""
    if weights is None:
        return _generic(model, grid)
    neurons: dict[tuple[Pixels, Fraction], Fraction] = {}
    kappa = Constant()
    for pixels, bias, a in _units(model, weights, grid):
        if not pixels:
            kappa += _value(model.activation, bias).times(a)
            continue
        sign = 1 if pixels[0][1] > 0 else -1
        key = (tuple((place, sign * v) for place, v in pixels), sign * bias)
        mirrored = a if sign > 0 or model.activation == GAUSSIAN else -a
        if sign < 0 and model.activation == SIGMOID:
            kappa += Constant.rational(a)
        neurons[key] = neurons.get(key, Fraction(0)) + mirrored
    if _has_output_bias(model):
        kappa += Constant.rational(weights[-1][0])
    needed = {key: c for key, c in neurons.items() if c}
    constant = _is_constant_needed(model.activation, kappa, list(needed.values()))
    return TwoLayerTarget(_patterns(needed), any(bias for _, bias in needed), constant)


def _generic(model: Layered | Convolution, grid: Shape) -> TwoLayerTarget:
    """Almost every weight: kernels without zeros, no two neurons alike, no zero read-out weight."""
    neurons = model.widths[1] if isinstance(model, Layered) else model.channels * size(model.positions)
    if neurons > MAX_NEURONS:
        raise Rejected(f"limit: a target with more than {MAX_NEURONS} neurons")
    if isinstance(model, Layered):
        whole = Pattern(grid, frozenset({(0,) * len(grid)}))
        return TwoLayerTarget((whole,) * model.widths[1], model.biases[0], model.biases[1])
    places = frozenset(product(*map(range, model.positions)))
    groups = [places] if model.shared else [frozenset({place}) for place in places]
    patterns = tuple(Pattern(model.kernel, group) for group in groups) * model.channels
    return TwoLayerTarget(patterns, model.hidden_bias, model.output_bias)


def _has_output_bias(model: Layered | Convolution) -> bool:
    return model.biases[1] if isinstance(model, Layered) else model.output_bias


def _value(activation: str, bias: Fraction) -> Constant:
    """sigma(b) of a neuron without incoming weights."""
    if activation == GAUSSIAN:
        return exp_of(-bias * bias)
    return (logistic_of if activation == SIGMOID else tanh_of)(Constant.rational(bias))


def _units(
    model: Layered | Convolution, weights: Weights, grid: Shape
) -> Iterator[tuple[Pixels, Fraction, Fraction]]:
    """Yield incoming weights, bias and outgoing weight of every hidden neuron."""
    tensors = tensors_of(model, weights)
    if isinstance(model, Layered):
        places = list(product(*map(range, grid)))
        first, second = tensors["W1"], tensors["W2"]
        zero = (Fraction(0),) * model.widths[1]
        for j, (bias, a) in enumerate(zip(tensors.get("b1", zero), second, strict=True)):
            row = first[j * len(places) : (j + 1) * len(places)]
            yield tuple((place, v) for place, v in zip(places, row, strict=True) if v), bias, a
        return
    positions, pixels = list(product(*map(range, model.positions))), list(product(*map(range, model.kernel)))
    kernels, read_out = tensors["K"], tensors["a"]
    biases = tensors.get("b", (Fraction(0),) * len(kernels))
    for n, a in enumerate(read_out):
        channel, place = divmod(n, len(positions))
        own = channel if model.shared else n
        kernel = kernels[own * len(pixels) : (own + 1) * len(pixels)]
        shifted = [
            (tuple(p + s for p, s in zip(positions[place], pixel, strict=True)), v)
            for pixel, v in zip(pixels, kernel, strict=True)
        ]
        yield tuple((index, v) for index, v in shifted if v), biases[own], a


def _patterns(needed: dict[tuple[Pixels, Fraction], Fraction]) -> tuple[Pattern, ...]:
    """Group neurons whose weights are translates of one another and whose biases agree."""
    groups: dict[tuple[Pixels, Fraction], set[Shape]] = {}
    for pixels, bias in needed:
        corner = tuple(map(min, zip(*(place for place, _ in pixels), strict=True)))
        moved = tuple((tuple(p - o for p, o in zip(place, corner, strict=True)), v) for place, v in pixels)
        groups.setdefault((moved, bias), set()).add(corner)
    return tuple(
        Pattern(
            tuple(1 + max(n) for n in zip(*(place for place, _ in pixels), strict=True)), frozenset(places)
        )
        for (pixels, _), places in groups.items()
    )


def _is_constant_needed(activation: str, kappa: Constant, coefficients: Sequence[Fraction]) -> bool:
    zero = is_zero(kappa)
    if zero is None:
        raise Rejected(f"it is not known whether the constant part {kappa} of the target is zero")
    rational = kappa.as_rational
    if zero or activation != SIGMOID or rational is None:
        return not zero
    return not has_subset_with_sum(coefficients, -rational)


def has_subset_with_sum(numbers: Sequence[Fraction], total: Fraction) -> bool:
    """Whether some of the numbers add up to ``total``, decided exactly from the sums of the two halves."""
    if len(numbers) > MAX_FLIPPED:
        raise Rejected(f"limit: orientations of more than {MAX_FLIPPED} sigmoid neurons are not searched")
    half = len(numbers) // 2
    left, right = _subset_sums(numbers[:half]), _subset_sums(numbers[half:])
    return any(total - value in right for value in left)


def _subset_sums(numbers: Sequence[Fraction]) -> set[Fraction]:
    sums = {Fraction(0)}
    for number in numbers:
        sums |= {value + number for value in sums}
    return sums


# Minimal ranks in wide networks


def minimal_rank_fully_connected(target: TwoLayerTarget, wide: Layered) -> int:
    """Return the minimal rank over the parameters of a fully-connected net (docs/theory/target-sets)."""
    inputs, width, _ = wide.widths
    hidden_bias, output_bias = wide.biases
    _check_biases(target, hidden_bias)
    spare = target.constant and not output_bias
    if spare and wide.activation == TANH and not hidden_bias:
        raise Inexpressible("the target has a constant part, and the network has no biases")
    count = target.neurons
    if count + spare > width:
        raise Inexpressible(f"the target needs {count + spare} hidden neurons, the network has {width}")
    rank = count * (1 + inputs + hidden_bias) + output_bias
    if not spare:
        # Without anything else a neuron still has d f / d a = sigma(z), which only for tanh can be zero.
        return rank if rank or wide.activation == TANH else 1
    splits = wide.activation == SIGMOID and count > 0
    return rank + (1 if splits or wide.activation == GAUSSIAN else 1 + inputs)


def minimal_rank_convolution(target: TwoLayerTarget, wide: Convolution) -> int:
    """Return the minimal rank over the parameters of a tanh CNN (docs/theory/convolution-targets)."""
    _check_biases(target, wide.hidden_bias)
    pixels = size(wide.kernel)
    if size(wide.positions) > MAX_NEURONS:
        raise Rejected(f"limit: a kernel with more than {MAX_NEURONS} positions")
    spare = target.constant and not wide.output_bias
    if spare and not wide.hidden_bias:
        raise Inexpressible("the target has a constant part, and the network has no biases")
    for pattern in target.patterns:
        if any(e > s for e, s in zip(pattern.extent, wide.kernel, strict=True)):
            raise Inexpressible(
                f"a neuron of the target extends over {pattern.extent}, the kernel is {wide.kernel}"
            )
    fixed = wide.output_bias + (pixels + 1 if spare else 0)
    if not wide.shared:
        _check_placement(target, wide, spare)
        return target.neurons * (1 + pixels + wide.hidden_bias) + fixed
    covers = {pattern: _covers(pattern, wide) for pattern in dict.fromkeys(target.patterns)}
    return _cheapest([covers[pattern] for pattern in target.patterns], wide.channels - spare) + fixed


def _check_biases(target: TwoLayerTarget, hidden_bias: bool) -> None:
    if target.has_biases and not hidden_bias:
        raise Inexpressible("neurons of the target have biases, and those of the network have none")


def _slack(pattern: Pattern, wide: Convolution) -> Shape:
    """Return the shape of the places within the kernel at which the pattern fits."""
    return tuple(s - e + 1 for s, e in zip(wide.kernel, pattern.extent, strict=True))


def _covers(pattern: Pattern, wide: Convolution) -> dict[int, int]:
    """Return by number of kernels the smallest rank with which they produce a pattern at all its places.

    A kernel that holds the pattern at offset t produces it in the window t + positions. The rank is the
    number of places produced, plus S (+ 1 with a bias) for every kernel. Only numbers of kernels are listed
    that are cheaper than every smaller one.
    """
    own = size(wide.kernel) + wide.hidden_bias
    ways = size(_slack(pattern, wide))
    if ways > MAX_OFFSETS or size(wide.positions) << ways > MAX_SUBSET_BITS:
        raise Rejected(f"limit: a pattern fits into the kernel in {ways} ways, too many for so many places")
    index = {place: n for n, place in enumerate(_all_places(pattern, wide))}
    needed = _bits([index[place] for place in pattern.places], len(index))
    positions = list(product(*map(range, wide.positions)))
    masks = [
        _bits(
            [index[tuple(t + p for t, p in zip(offset, place, strict=True))] for place in positions],
            len(index),
        )
        for offset in product(*map(range, _slack(pattern, wide)))
    ]
    best: dict[int, int] = {}
    for chosen in sorted(range(1, 1 << len(masks)), key=int.bit_count):
        union = 0
        for n, mask in enumerate(masks):
            union |= mask if chosen >> n & 1 else 0
        count = chosen.bit_count()
        rank = union.bit_count() + own * count
        if needed & ~union == 0 and all(rank < known for known in best.values()):
            best[count] = rank
    return best


def _bits(chosen: Iterable[int], count: int) -> int:
    """Return the number with these of its ``count`` binary digits set, in linear time."""
    digits = bytearray(b"0") * count
    for n in chosen:
        digits[n] = ord("1")
    return int(digits, 2)


def _all_places(pattern: Pattern, wide: Convolution) -> Iterator[Shape]:
    return product(*(range(n + 1 - e) for n, e in zip(wide.input, pattern.extent, strict=True)))


def _cheapest(options: Sequence[dict[int, int]], channels: int) -> int:
    """Choose one cover for every pattern, with at most ``channels`` kernels in all, of least total rank."""
    totals = {0: 0}
    for covers in options:
        step: dict[int, int] = {}
        for used, rank in totals.items():
            for count, extra in covers.items():
                if used + count <= channels:
                    step[used + count] = min(step.get(used + count, rank + extra), rank + extra)
        totals = step
    if not totals or channels < 0:
        raise Inexpressible(f"the target needs more than the {max(channels, 0)} kernels that are available")
    return min(totals.values())


def _check_placement(target: TwoLayerTarget, wide: Convolution, spare: bool) -> None:
    """Without sharing, every needed neuron gets a kernel of its own at a position whose window holds it."""
    room = dict.fromkeys(product(*map(range, wide.positions)), wide.channels)
    if target.neurons + spare > sum(room.values()):
        raise Inexpressible(f"the target needs {target.neurons + spare} neurons, the network has fewer")
    if (
        sum(len(pattern.places) * size(_slack(pattern, wide)) for pattern in target.patterns)
        > 4 * MAX_NEURONS
    ):
        raise Rejected("limit: the neurons of the target fit into too many windows")
    holders: dict[Shape, list[tuple[Shape, list[Shape]]]] = {place: [] for place in room}
    for pattern in target.patterns:
        for corner in pattern.places:
            fitting = [
                place
                for place in product(
                    *(
                        range(o + e - s, o + 1)
                        for o, e, s in zip(corner, pattern.extent, wide.kernel, strict=True)
                    )
                )
                if place in room
            ]
            _place((corner, fitting), holders, room)


def _place(
    neuron: tuple[Shape, list[Shape]],
    holders: dict[Shape, list[tuple[Shape, list[Shape]]]],
    room: dict[Shape, int],
) -> None:
    """Add a neuron to a placement, moving others along an augmenting path if need be."""
    reached: dict[Shape, tuple[Shape, tuple[Shape, list[Shape]]] | None] = dict.fromkeys(neuron[1])
    queue = list(reached)
    for place in queue:
        if room[place]:
            _shift(neuron, place, reached, holders, room)
            return
        for held in holders[place]:
            for other in held[1]:
                if other not in reached:
                    reached[other] = (place, held)
                    queue.append(other)
    raise Inexpressible("the neurons of the target do not fit into the windows of the network")


def _shift(
    neuron: tuple[Shape, list[Shape]],
    place: Shape,
    reached: dict[Shape, tuple[Shape, tuple[Shape, list[Shape]]] | None],
    holders: dict[Shape, list[tuple[Shape, list[Shape]]]],
    room: dict[Shape, int],
) -> None:
    room[place] -= 1
    step = reached[place]
    while step is not None:
        origin, moved = step
        holders[origin].remove(moved)
        holders[place].append(moved)
        place, step = origin, reached[origin]
    holders[place].append(neuron)
