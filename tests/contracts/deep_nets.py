"""Irreducible deep tanh networks with all biases, and moves that keep their function.

A network is irreducible if in every hidden layer no row of weights and no column of outgoing weights is zero,
and no two neurons agree up to sign in weights and bias. Then its tangent functions are independent, and no
network of the same depth with the same function has a smaller rank.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from tests.contracts.rational import Matrix, Row, argument, nonzero, number, opposite

ZERO = Fraction(0)


@dataclass
class Deep:
    """Weights and biases, layer by layer."""

    W: list[Matrix]
    b: list[list[Fraction]]

    @property
    def widths(self) -> list[int]:
        """Inputs, hidden widths, outputs."""
        return [len(self.W[0][0]), *(len(W) for W in self.W)]

    @property
    def count(self) -> int:
        """The number of parameters."""
        return sum(len(W) * (len(W[0]) + 1) for W in self.W)

    def weights(self) -> dict[str, Any]:
        """Return the tensors by name."""
        found: dict[str, Any] = {}
        for k, (W, b) in enumerate(zip(self.W, self.b, strict=True), 1):
            found |= {f"W{k}": W, f"b{k}": b}
        return found

    def is_irreducible(self) -> bool:
        """Whether rows are non-zero and different up to sign, with their biases, and no column is zero."""
        layers = zip(self.W[:-1], self.b[:-1], self.W[1:], strict=True)
        return all(is_clean(W, b) and all(map(any, zip(*after, strict=True))) for W, b, after in layers)


def is_clean(W: Matrix, b: Sequence[Fraction]) -> bool:
    """Whether no row is zero and no two rows with their biases agree up to sign."""
    rows = [(*row, shift) for row, shift in zip(W, b, strict=True)]
    return all(map(any, W)) and len({*rows, *map(opposite, rows)}) == 2 * len(rows)


def irreducible(random: Random) -> Deep:
    """Return an irreducible network with deceptive neurons, two or three hidden layers, up to two outputs."""
    while True:
        depth = random.randint(4, 5)
        net = Deep([], [])
        for previous, width in pairwise(random.randint(1, 2) for _ in range(depth)):
            rows: list[Row] = []
            for _ in range(width):
                rows.append(argument(random, previous, True, rows))
            net.W.append([list(row[:-1]) for row in rows])
            net.b.append([row[-1] for row in rows])
        if net.is_irreducible():
            return net


def add_neuron(
    net: Deep, layer: int, row: Sequence[Fraction], bias: Fraction, out: Sequence[Fraction]
) -> None:
    """Append a neuron to a hidden layer."""
    net.W[layer].append(list(row))
    net.b[layer].append(bias)
    for target, weight in zip(net.W[layer + 1], out, strict=True):
        target.append(weight)


def split(random: Random, net: Deep, layer: int) -> None:
    """Clone a neuron, perhaps with the other sign; both keep a share of all its outgoing weights."""
    k, sign = random.randrange(len(net.W[layer])), random.choice((1, -1))
    share = random.choice((nonzero(random), ZERO))
    out = [row[k] for row in net.W[layer + 1]]
    for row, v in zip(net.W[layer + 1], out, strict=True):
        row[k] = share * v
    incoming = [sign * v for v in net.W[layer][k]]
    add_neuron(net, layer, incoming, sign * net.b[layer][k], [sign * (1 - share) * v for v in out])


def null(random: Random, net: Deep, layer: int) -> None:
    """Add a neuron without inputs and outputs; its bias is any number."""
    add_neuron(net, layer, [ZERO] * len(net.W[layer][0]), number(random), [ZERO] * len(net.W[layer + 1]))


def silent(random: Random, net: Deep, layer: int) -> None:
    """Add a neuron without outputs: it does not enter the function, and may add to the rank."""
    incoming = [number(random) for _ in net.W[layer][0]]
    add_neuron(net, layer, incoming, number(random), [ZERO] * len(net.W[layer + 1]))


def add_constant(random: Random, net: Deep) -> None:
    """Add a neuron without inputs to the first layer: it shifts the next biases by multiples of tanh(b).

    An irreducible network stays irreducible with the shifted biases: tanh(b) is irrational for rational
    b != 0 (Lindemann), so two shifted neurons that agree up to sign would do so before. This is false once
    there are clones in the second layer, which the shifts can separate.
    """
    incoming = [ZERO] * len(net.W[0][0])
    add_neuron(net, 0, incoming, nonzero(random), [nonzero(random) for _ in net.W[1]])


Move = Callable[[Random, Deep, int], None]


def disguised(random: Random, moves: Sequence[Move], constants: bool = False) -> tuple[Deep, int]:
    """Return an irreducible network after some moves, and the number of parameters that it had before."""
    net = irreducible(random)
    count = net.count
    if constants and random.randrange(2):
        add_constant(random, net)
    for _ in range(random.randint(1, 3)):
        random.choice(moves)(random, net, random.randrange(len(net.W) - 1))
    return net, count
