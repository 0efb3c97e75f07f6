"""General compatible embeddings: every wide unit is a multiple of a narrow one, or constant.

Reference: Zhang et al., arXiv:2111.15527, Definition 5.2 and Theorem 5.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from llrsym.embedding.forms import Form, number, product, total
from llrsym.embedding.maps import Embedding, joined
from llrsym.embedding.moves import Move, Number, exact, value_and_slope
from llrsym.errors import BadInput
from llrsym.kernel.layered_embeddings import Unit, Units
from llrsym.kernel.models import Layered

Index = Sequence[int | None]
Matrix = Sequence[Sequence[Number]]


@dataclass(frozen=True)
class Compatible(Move):
    """Map an mlp into a wider one by an index map and a matrix of multipliers.

    ``index[l-1][i]`` is the narrow unit of which unit i of hidden layer l is a copy, or None (a null unit).
    ``alpha[l-1]`` has the shape of the wide W_l: entry (i, j) multiplies the narrow weight between the two
    narrow units, and is the weight itself where i or j is null. ``null_biases[l-1]`` are the arguments of the
    null units of hidden layer l, in order (default 0). Function-preserving iff for every i and every narrow k
    the sum of alpha_ij over the copies j of k is 1 (0 for null i); the biases absorb the values of null
    units, which have to be rational.

    Keeps the tangent functions if there are numbers beta_i (``beta``, derived if None; 1 for outputs, 0 for
    null units) with sum of beta_i alpha_ij over the copies i of k equal to beta_j, for every k and j.
    """

    index: tuple[Index, ...]
    alpha: tuple[Matrix, ...]
    null_biases: tuple[Sequence[Number], ...] = ()
    beta: tuple[Sequence[Number], ...] | None = None

    def apply(self, embedding: Embedding) -> Embedding:
        """Return the map into the wider network; raises ``BadInput`` where f would change."""
        model = embedding.wide
        if not isinstance(model, Layered):
            raise BadInput("compatible: the move is defined for mlp; use split and null for other networks")
        return _Builder(self, embedding, model).build()


def threefold(model: Layered) -> Compatible:
    """Return the embedding into the net with every hidden width tripled: three copies, the last one negated.

    W_1 is stacked three times, the W_l between are block-diagonal, and W_L becomes (W, W, -W).

    Reference: Zhang et al., arXiv:2111.15527, Section 5 (three-fold global splitting).
    """
    hidden = model.widths[1:-1]
    if not hidden:
        raise BadInput("threefold: the network has no hidden layer; use an mlp with one")
    index = tuple(tuple(range(width)) * 3 for width in hidden)
    first = ((1,) * model.widths[0],) * (3 * hidden[0])
    middle = tuple(
        tuple(tuple(int(i // n == j // m) for j in range(3 * m)) for i in range(3 * n))
        for m, n in pairwise(hidden)
    )
    last = ((1,) * (2 * hidden[-1]) + (-1,) * hidden[-1],) * model.widths[-1]
    return Compatible(index, (first, *middle, last))


class _Builder:
    """The wide tensors layer by layer; layer 0 are the inputs."""

    def __init__(self, move: Compatible, embedding: Embedding, model: Layered) -> None:
        self.move, self.embedding, self.model = move, embedding, model
        depth = len(model.widths) - 1
        if len(move.index) != depth - 1 or len(move.alpha) != depth:
            raise BadInput(
                f"compatible: expected {depth - 1} index maps and {depth} matrices, "
                f"got {len(move.index)} and {len(move.alpha)}"
            )
        ends = tuple(range(model.widths[0])), tuple(range(model.widths[-1]))
        self.index: list[Index] = [ends[0], *move.index, ends[1]]
        for layer, (units, width) in enumerate(zip(self.index, model.widths, strict=True)):
            if not all(k is None or (type(k) is int and 0 <= k < width) for k in units):
                raise BadInput(f"compatible: index[{layer - 1}] names a unit beyond 0 to {width - 1}")
        self.alpha = [self._matrix(layer) for layer in range(depth)]

    def _matrix(self, layer: int) -> list[list[Fraction]]:
        rows = [[exact(v, "compatible") for v in row] for row in self.move.alpha[layer]]
        shape = len(self.index[layer + 1]), len(self.index[layer])
        if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
            raise BadInput(f"compatible: alpha[{layer}] has another shape than {shape}; give a full matrix")
        return rows

    def build(self) -> Embedding:
        """Return the map, with an obstacle where the backward condition fails."""
        tensors: dict[str, tuple[Form, ...]] = {}
        values = [Fraction(0)] * len(self.index[0])
        for layer, rows in enumerate(self.alpha):
            self._check_forward(layer)
            constants = [
                sum((a * v for a, v in zip(row, values, strict=True) if v), Fraction(0)) for row in rows
            ]
            tensors[f"W{layer + 1}"] = joined(
                [self._weight(layer, i, j) for j in range(len(row))] for i, row in enumerate(rows)
            )
            if self.model.biases[layer]:
                tensors[f"b{layer + 1}"], constants = self._biases(layer, constants)
            elif any(c for c, unit in zip(constants, self.index[layer + 1], strict=True) if unit is not None):
                raise BadInput(f"compatible: layer {layer + 1} has no biases that absorb null units")
            if layer + 1 < len(self.alpha):
                values = self._values(layer, constants)
        wide = replace(self.model, widths=tuple(len(units) for units in self.index))
        units, obstacles = self._units()
        return replace(
            self.embedding,
            wide=wide,
            tensors=tensors,
            units=units,
            obstacles=(*self.embedding.obstacles, *obstacles),
        )

    def _check_forward(self, layer: int) -> None:
        """The multipliers of all copies of one narrow unit add up to 1, or to 0 into a null unit."""
        for i, (row, unit) in enumerate(zip(self.alpha[layer], self.index[layer + 1], strict=True)):
            sums = self._sums(layer, row)
            wanted = 0 if unit is None else 1
            if any(value != wanted for value in sums):
                raise BadInput(
                    f"compatible: the forward condition fails in row {i} of alpha[{layer}]; the multipliers "
                    f"of the copies of a unit must add up to {wanted}"
                )

    def _sums(self, layer: int, row: Sequence[Fraction]) -> list[Fraction]:
        sums = [Fraction(0)] * self.model.widths[layer]
        for value, unit in zip(row, self.index[layer], strict=True):
            if unit is not None:
                sums[unit] += value
        return sums

    def _weight(self, layer: int, i: int, j: int) -> Form:
        row, column = self.index[layer + 1][i], self.index[layer][j]
        factor = number(self.alpha[layer][i][j])
        if row is None or column is None:
            return factor
        narrow = self.embedding.tensors[f"W{layer + 1}"][row * self.model.widths[layer] + column]
        return product(factor, narrow)

    def _biases(self, layer: int, constants: Sequence[Fraction]) -> tuple[tuple[Form, ...], list[Fraction]]:
        """The wide biases, and the arguments of the null units."""
        units = self.index[layer + 1]
        given = list(self.move.null_biases[layer]) if layer < len(self.move.null_biases) else []
        nulls = [exact(v, "compatible") for v in given] or [Fraction(0)] * sum(u is None for u in units)
        if len(nulls) != sum(unit is None for unit in units):
            raise BadInput(f"compatible: null_biases[{layer}] needs one number for every null unit")
        own = self.embedding.tensors[f"b{layer + 1}"]
        queue, biases, arguments = iter(nulls), [], []
        for unit, constant in zip(units, constants, strict=True):
            argument = next(queue) if unit is None else Fraction(0)
            base = number(argument) if unit is None else own[unit]
            biases.append(total(base, number(-constant)))
            arguments.append(argument)
        return tuple(biases), arguments

    def _values(self, layer: int, arguments: Sequence[Fraction]) -> list[Fraction]:
        """sigma at the null units; it must be rational where a weight leads on."""
        values = []
        for j, (unit, argument) in enumerate(zip(self.index[layer + 1], arguments, strict=True)):
            used = unit is None and any(row[j] for row in self.alpha[layer + 1])
            value = value_and_slope(self.model.activation, number(argument))[0] if used else {}
            if not set(value) <= {()}:
                raise BadInput(f"compatible: the value of null unit {j} of layer {layer + 1} is not rational")
            values.append(value.get((), Fraction(0)))
        return values

    def _units(self) -> tuple[tuple[Units, ...] | None, list[str]]:
        """The copies with their multipliers beta, and the backward conditions that fail."""
        betas, failures = self._betas()
        old = self.embedding.units
        if old is None:
            return None, failures
        layers = []
        for layer, units in enumerate(self.index[1:-1]):
            new = [self._unit(old[layer], k, beta) for k, beta in zip(units, betas[layer], strict=True)]
            layers.append(tuple(new))
        return tuple(layers), failures

    def _unit(self, old: Units, index: int | None, beta: Fraction) -> Unit | None:
        unit = None if index is None else old[index]
        return None if unit is None else replace(unit, multiplier=product(number(beta), unit.multiplier))

    def _betas(self) -> tuple[list[list[Fraction]], list[str]]:
        betas: list[list[Fraction]] = [[Fraction(1)] * len(self.index[-1])]
        failures = []
        for layer in range(len(self.alpha) - 1, 0, -1):
            own = []
            for j, unit in enumerate(self.index[layer]):
                sums = self._backward_sums(layer, j, betas[0])
                if len(set(sums)) > 1 or (unit is None and any(sums)):
                    failures.append(f"compatible: the backward condition fails at unit {j} of layer {layer}")
                own.append(Fraction(0) if unit is None else sums[0])
            betas.insert(0, own)
        given = self.move.beta
        if given is not None:
            betas[:-1] = [[exact(v, "compatible") for v in row] for row in given]
            if [len(row) for row in betas] != [len(units) for units in self.index[1:]]:
                raise BadInput("compatible: beta needs one number for every hidden unit of the wide network")
        return betas[:-1], failures

    def _backward_sums(self, layer: int, j: int, betas: Sequence[Fraction]) -> list[Fraction]:
        sums = [Fraction(0)] * self.model.widths[layer + 1]
        for row, unit, beta in zip(self.alpha[layer], self.index[layer + 1], betas, strict=True):
            if unit is not None:
                sums[unit] += beta * row[j]
        return sums
