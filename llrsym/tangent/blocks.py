"""Symmetries of dense blocks, written down as relations that the kernel can check.

A dense block is z = W h (+ b), y = sigma(z), followed by V y. Each symmetry gives vectors c with
sum c_n d_n f = 0, at the given weights or, with the weights as variables, at almost every weight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations

from llrsym.kernel.local import Gauge
from llrsym.kernel.program import Equation, Program, size
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.tower import Weights


@dataclass(frozen=True, slots=True)
class NamedRelation:
    """A relation with the reason for it."""

    name: str
    description: str
    relation: Relation
    gauge: Gauge = ()


@dataclass(frozen=True, slots=True)
class DenseBlock:
    """Parameter numbers of W, b, V and the bias of V, and the register of y."""

    activation: str
    incoming: int
    bias: int | None
    outgoing: int
    next_bias: int | None
    values: int


def dense_blocks(program: Program) -> list[DenseBlock]:
    """Return the dense blocks of a program whose hidden values are used once."""
    blocks = []
    for offset, equation in enumerate(program.equations):
        if equation.primitive != "activation":
            continue
        affine = _affine(program, equation.arguments[0])
        outer = _only_use(program, program.first_equation + offset)
        if affine is None or outer is None or _uses(program, equation.arguments[0]) != 1:
            continue
        follower = program.equations[outer - program.first_equation]
        if follower.data == "ij,j->i" and _is_parameter(program, follower.arguments[0]):
            next_bias = _added_bias(program, outer)
            blocks.append(
                DenseBlock(
                    str(equation.data),
                    affine[0],
                    affine[1],
                    follower.arguments[0] - 1,
                    next_bias,
                    program.first_equation + offset,
                )
            )
    return blocks


def find_symmetries(program: Program, weights: Weights | None) -> Iterator[NamedRelation]:
    """Yield the relations that the symmetries of the activations give; candidates for the kernel."""
    scalars = _Scalars(program, weights)
    for block in dense_blocks(program):
        yield from _block_symmetries(scalars, block)
    for equation in program.equations:
        if equation.data == "ik,kj->ij" and all(_is_parameter(program, r) for r in equation.arguments):
            yield from _product_symmetries(scalars, *(r - 1 for r in equation.arguments))


class _Scalars:
    """Entries of weights, as numbers or as variables, and their flat indices."""

    def __init__(self, program: Program, weights: Weights | None) -> None:
        self.program, self.weights = program, weights
        self.starts = [
            sum(size(p.shape) for p in program.parameters[:k]) for k in range(len(program.parameters))
        ]

    def shape(self, parameter: int) -> tuple[int, ...]:
        return self.program.parameters[parameter].shape

    def entry(self, parameter: int, *index: int) -> int:
        shape = self.shape(parameter)
        flat = 0
        for k, n in zip(index, shape, strict=True):
            flat = flat * n + k
        return self.starts[parameter] + flat

    def value(self, entry: int, factor: int = 1) -> list[Coefficient]:
        """``factor`` times the weight at a flat index."""
        if self.weights is None:
            return [Coefficient(Fraction(factor), theta=((entry, 1),))]
        parameter = max(k for k, start in enumerate(self.starts) if start <= entry and size(self.shape(k)))
        number = factor * self.weights[parameter][entry - self.starts[parameter]]
        return [Coefficient(number)] if number else []

    def product(self, a: int, b: int, factor: int) -> list[Coefficient]:
        """``factor`` times the product of two weights."""
        if self.weights is None:
            powers = ((a, 2),) if a == b else tuple(sorted(((a, 1), (b, 1))))
            return [Coefficient(Fraction(factor), theta=powers)]
        return [Coefficient(u.rational * v.rational * factor) for u in self.value(a) for v in self.value(b)]


def _relation(entries: Sequence[tuple[int, list[Coefficient]]]) -> Relation:
    total: dict[int, list[Coefficient]] = {}
    for entry, terms in entries:
        total.setdefault(entry, []).extend(terms)
    return tuple((entry, tuple(terms)) for entry, terms in sorted(total.items()) if terms)


def _block_symmetries(scalars: _Scalars, block: DenseBlock) -> Iterator[NamedRelation]:
    width, fan_in = scalars.shape(block.incoming)
    outputs = scalars.shape(block.outgoing)[0]
    kind, _, degree = block.activation.partition(":")
    neurons = range(width)

    def incoming(target: int, source: int, factor: int = 1) -> list[tuple[int, list[Coefficient]]]:
        """Entries that move neuron ``target`` by ``factor`` times the preactivation of ``source``."""
        moves = [
            (
                scalars.entry(block.incoming, target, j),
                scalars.value(scalars.entry(block.incoming, source, j), factor),
            )
            for j in range(fan_in)
        ]
        if block.bias is not None:
            moves.append(
                (scalars.entry(block.bias, target), scalars.value(scalars.entry(block.bias, source), factor))
            )
        return moves

    def outgoing(target: int, source: int, factor: int) -> list[tuple[int, list[Coefficient]]]:
        """Entries that add ``factor`` times the outgoing weights of ``source`` to those of ``target``."""
        return [
            (
                scalars.entry(block.outgoing, i, target),
                scalars.value(scalars.entry(block.outgoing, i, source), factor),
            )
            for i in range(outputs)
        ]

    if kind == "power":
        z = scalars.program.equations[block.values - scalars.program.first_equation].arguments[0]
        for k in neurons:
            moves = incoming(k, k) + outgoing(k, k, -int(degree))
            text = f"w.d_w = {degree} a.d_a of neuron {k}"
            yield NamedRelation("homogeneity", text, _relation(moves), ((z, ((k, k, Fraction(1)),)),))
    if kind == "identity":
        for k, other in permutations(neurons, 2):
            moves = incoming(k, other) + outgoing(other, k, -1)
            yield NamedRelation(
                "GL of a factorisation", f"mixes linear units {k} and {other}", _relation(moves)
            )
        for k in neurons:
            yield NamedRelation(
                "GL of a factorisation",
                f"scales linear unit {k}",
                _relation(incoming(k, k) + outgoing(k, k, -1)),
            )
    if kind == "exp" and block.bias is not None:
        for k in neurons:
            one = [(scalars.entry(block.bias, k), [Coefficient(Fraction(1))])]
            yield NamedRelation(
                "scale of exp", f"a d_a = d_b of neuron {k}", _relation(one + outgoing(k, k, -1))
            )
    if kind == "identity" and block.bias is not None and block.next_bias is not None:
        for k in neurons:
            moves = [(scalars.entry(block.bias, k), [Coefficient(Fraction(1))])]
            moves += [
                (scalars.entry(block.next_bias, i), scalars.value(scalars.entry(block.outgoing, i, k), -1))
                for i in range(outputs)
            ]
            yield NamedRelation("bias of a linear unit", f"unit {k} shifts the next biases", _relation(moves))
    if (block.activation == "power:2") and outputs == 1:
        yield from _rotations(scalars, block, width, fan_in)


def _rotations(scalars: _Scalars, block: DenseBlock, width: int, fan_in: int) -> Iterator[NamedRelation]:
    """sum a_k z_k^2 is unchanged to first order by dz_k = a_l z_l, dz_l = -a_k z_k."""
    for k, other in combinations(range(width), 2):
        moves = []
        for target, source, factor in ((k, other, 1), (other, k, -1)):
            a = scalars.entry(block.outgoing, 0, source)
            sources: list[tuple[int, tuple[int, ...], tuple[int, ...]]]
            sources = [(block.incoming, (source, j), (target, j)) for j in range(fan_in)]
            sources += [(block.bias, (source,), (target,))] if block.bias is not None else []
            for tensor, origin, goal in sources:
                moves.append(
                    (scalars.entry(tensor, *goal), scalars.product(a, scalars.entry(tensor, *origin), factor))
                )
        yield NamedRelation(
            "rotation of squares", f"orthogonal mixing of neurons {k} and {other}", _relation(moves)
        )


def _product_symmetries(scalars: _Scalars, a: int, b: int) -> Iterator[NamedRelation]:
    """A B = (A G)(G^-1 B): A gains column k in column l, B loses row l in row k."""
    (rows, inner), cols = scalars.shape(a), scalars.shape(b)[1]
    for k in range(inner):
        for other in range(inner):
            moves = [(scalars.entry(a, i, other), scalars.value(scalars.entry(a, i, k))) for i in range(rows)]
            moves += [
                (scalars.entry(b, k, j), scalars.value(scalars.entry(b, other, j), -1)) for j in range(cols)
            ]
            yield NamedRelation(
                "GL of a factorisation", f"generator ({k}, {other}) of GL({inner})", _relation(moves)
            )


def _affine(program: Program, register: int) -> tuple[int, int | None] | None:
    """Return (W, b) when the register is W h or W h + b with parameters W and b."""
    equation = _equation(program, register)
    if equation is None:
        return None
    if equation.primitive == "add" and _is_parameter(program, equation.arguments[1]):
        inner = _affine(program, equation.arguments[0])
        return (
            (inner[0], equation.arguments[1] - 1)
            if inner and _uses(program, equation.arguments[0]) == 1
            else None
        )
    if equation.data == "ij,j->i" and _is_parameter(program, equation.arguments[0]):
        return equation.arguments[0] - 1, None
    return None


def _added_bias(program: Program, register: int) -> int | None:
    use = _only_use(program, register)
    equation = None if use is None else _equation(program, use)
    if equation is not None and equation.primitive == "add" and _is_parameter(program, equation.arguments[1]):
        return equation.arguments[1] - 1
    return None


def _equation(program: Program, register: int) -> Equation | None:
    offset = register - program.first_equation
    return program.equations[offset] if offset >= 0 else None


def _is_parameter(program: Program, register: int) -> bool:
    return 1 <= register <= len(program.parameters) and _uses(program, register) == 1


def _uses(program: Program, register: int) -> int:
    return sum(e.arguments.count(register) for e in program.equations) + (register == program.output)


def _only_use(program: Program, register: int) -> int | None:
    users = [program.first_equation + n for n, e in enumerate(program.equations) if register in e.arguments]
    return users[0] if len(users) == 1 and _uses(program, register) == 1 else None
