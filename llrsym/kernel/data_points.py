"""A network at given points, as a function of its parameters alone, and on an affine subspace of inputs.

The evaluation matrix of f at points x_1, .., x_n is the Jacobian of theta -> (f(x_1), .., f(x_n)). This map
is itself a network, without inputs, so every rule about ranks is a rule about evaluation matrices
(docs/theory/guarantees).
"""

from collections.abc import Sequence
from fractions import Fraction

from .errors import Rejected
from .program import Draft, Program, size

Point = tuple[Fraction, ...]


def at_points(program: Program, points: Sequence[Point]) -> Program:
    """Return the network theta -> (f(x_1; theta), .., f(x_n; theta)) without inputs."""
    draft = Draft((0,), program.parameters, [])
    outputs = []
    for point in points:
        x = draft.append("constant", (), program.input_shape, point)
        outputs.append(_copied(draft, program, x))
    count = len(points) * program.output_count
    output = draft.append("gather", tuple(outputs), (count,), tuple(range(count)))
    return Program(draft.input_shape, draft.parameters, tuple(draft.equations), output)


def on_subspace(program: Program, directions: Sequence[Point], offset: Point) -> Program:
    """Return the network t -> f(offset + sum_k t_k direction_k; theta)."""
    inputs, count = size(program.input_shape), len(directions)
    draft = Draft((count,), program.parameters, [])
    entries = tuple(direction[n] for n in range(inputs) for direction in directions)
    matrix = draft.append("constant", (), (inputs, count), entries)
    combined = draft.append("einsum", (matrix, 0), (inputs,), "ij,j->i")
    start = draft.append("constant", (), (inputs,), offset)
    moved = draft.append("add", (combined, start), (inputs,))
    x = draft.append("gather", (moved,), program.input_shape, tuple(range(inputs)))
    output = _copied(draft, program, x)
    return Program(draft.input_shape, draft.parameters, tuple(draft.equations), output)


def _copied(draft: Draft, program: Program, x: int) -> int:
    """Add the equations of the program with its input read from register x; return the output's register."""
    places: list[int] = [x, *range(1, program.first_equation)]
    for equation in program.equations:
        arguments = tuple(places[register] for register in equation.arguments)
        places.append(draft.append(equation.primitive, arguments, equation.shape, equation.data))
    return places[program.output]


def check_on_subspace(points: Sequence[Point], directions: Sequence[Point], offset: Point) -> None:
    """Prove that every point is offset + sum_k t_k direction_k with rational t; raises ``Rejected``.

    Each direction is 1 in a coordinate, its pivot, where the others and the offset are 0: so t_k is the
    point's own coordinate there.
    """
    pivots = [_pivot(k, directions, offset) for k in range(len(directions))]
    for number, point in enumerate(points):
        for n, value in enumerate(point):
            moved = sum((point[p] * d[n] for p, d in zip(pivots, directions, strict=True)), offset[n])
            if value != moved:
                raise Rejected(f"subspace: point {number} is not on it")


def _pivot(number: int, directions: Sequence[Point], offset: Point) -> int:
    for n, value in enumerate(offset):
        column = [direction[n] for direction in directions]
        if value == 0 and column[number] == 1 and not any(column[:number] + column[number + 1 :]):
            return n
    raise Rejected(f"subspace: direction {number} has no pivot")
