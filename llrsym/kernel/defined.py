"""A real point at which a network with square roots is defined.

The tower of a network is a ring of formal functions. They are functions on an open set as soon as all
radicands are positive, and all divisors different from zero, at one real point (see
docs/theory/roots-and-logarithms). Without such a point there is nothing to be independent. The kernel tries a
fixed list of rational points.
"""

from fractions import Fraction
from hashlib import shake_256
from struct import unpack

from .balls import Balls
from .errors import Rejected
from .program import Program, Shape, size
from .run import forward
from .tower import Weights

ATTEMPTS, PRECISION = 64, 192
SCALES = (Fraction(1), Fraction(4), Fraction(1, 4), Fraction(16))


def check_defined_somewhere(program: Program, weights: Weights | None) -> None:
    """Prove that the network has a value at some real input (and, without ``weights``, at some weights)."""
    domain = Balls(PRECISION)
    for attempt in range(ATTEMPTS):
        point = _numbers(f"point/{attempt}", program.input_shape, attempt)
        shapes = [p.shape for p in program.parameters]
        drawn = weights or tuple(_numbers(f"{k}/{attempt}", s, attempt) for k, s in enumerate(shapes))
        tensors = [[domain.from_rational(v) for v in tensor] for tensor in drawn]
        try:
            forward(program, domain, [domain.from_rational(v) for v in point], tensors)
        except Rejected:
            continue
        return
    raise Rejected("roots: no real point was found at which every radicand is positive")


def _numbers(label: str, shape: Shape, attempt: int) -> tuple[Fraction, ...]:
    """Numbers of a fixed list: between -1 and 1, times a scale that changes with the attempt."""
    count, scale = size(shape), SCALES[attempt % len(SCALES)]
    raw = unpack(f"<{count}h", shake_256(label.encode()).digest(2 * count))
    return tuple(Fraction(number, 1 << 15) * scale for number in raw)
