"""Relations of networks that are polynomial in x, at rational weights, by exact linear algebra over Q.

The evaluation matrix at integer points is rational; its null space holds every relation once there are
enough points. Candidates only: the kernel expands each of them.
"""

from fractions import Fraction
from math import lcm

import flint
import numpy as np

from llrsym.kernel.activations import activation_named
from llrsym.kernel.domains import Rationals
from llrsym.kernel.program import Program, size
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.run import forward, gradient
from llrsym.kernel.tower import Weights
from llrsym.tangent.nullspace import Tick

SPARE_POINTS, MAX_COLUMNS, RANGE = 5, 300, 9


def is_polynomial(program: Program) -> bool:
    """Whether every primitive of a program is polynomial."""
    return all(
        activation_named(str(e.data)).is_polynomial
        if e.primitive == "activation"
        else e.primitive != "divide"
        for e in program.equations
    )


def find_rational_relations(program: Program, weights: Weights, tick: Tick) -> list[Relation]:
    """Return a basis of the null space of the evaluation matrix at integer points; empty if too large."""
    if program.parameter_count > MAX_COLUMNS or not is_polynomial(program):
        return []
    rows = [row for row in evaluation_matrix(program, weights, tick) if any(row)]
    if not rows:
        return [((entry, (Coefficient(Fraction(1)),)),) for entry in range(program.parameter_count)]
    basis, nullity = flint.fmpz_mat(rows).nullspace()
    table = basis.tolist()
    return [_relation([int(line[k]) for line in table]) for k in range(int(nullity))]


def evaluation_matrix(program: Program, weights: Weights, tick: Tick) -> list[list[int]]:
    """Return the exact derivatives at random integer points, each row scaled to integers."""
    rng = np.random.default_rng(0)
    domain = Rationals()
    tensors = [list(w) for w in weights]
    rows = []
    for _ in range(program.parameter_count + SPARE_POINTS):
        tick()
        entries = rng.integers(-RANGE, RANGE + 1, size(program.input_shape))
        trace = forward(program, domain, [Fraction(int(v)) for v in entries], tensors)
        for output in range(program.output_count):
            cotangent = [Fraction(int(k == output)) for k in range(program.output_count)]
            parts = gradient(program, domain, trace, cotangent)
            row = [
                entry
                for part, parameter in zip(parts, program.parameters, strict=True)
                for entry in (part if part is not None else [Fraction(0)] * size(parameter.shape))
            ]
            scale = lcm(*(entry.denominator for entry in row))
            rows.append([entry.numerator * (scale // entry.denominator) for entry in row])
    return rows


def _relation(vector: list[int]) -> Relation:
    lead = next(value for value in vector if value)
    return tuple((k, (Coefficient(Fraction(value, lead)),)) for k, value in enumerate(vector) if value)
