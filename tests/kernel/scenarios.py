"""Claims, certificates and independent ranks for the tests of the kernel."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction

import mpmath

from llrsym.kernel.check import Statement, check
from llrsym.kernel.documents import ALMOST_EVERY, GIVEN, Certificate, Claim
from llrsym.kernel.errors import Rejected
from llrsym.kernel.polynomials import Monomial, Poly
from llrsym.kernel.program import Program, size
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.residues import Setting, draw_constants
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import LowerCertificate, UpperCertificate
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.networks.expressions import parse_functions
from llrsym.tangent.documents import certificate_text, claim_text
from llrsym.tangent.root_points import find_nonces, find_pair_nonces, find_sample_nonces, find_witnesses

PRIME = 8388461
PARAMETERS = UpperCertificate("parameters")
Texts = tuple[str, str]


def family(*functions: str) -> tuple[Program, Weights]:
    """The model sum a_k f_k at a = 0: its tangent functions are the functions themselves."""
    program = parse_functions(list(functions)).program
    return program, tuple((Fraction(0),) * size(p.shape) for p in program.parameters)


def minor(rank: int, **changes: object) -> LowerCertificate:
    """The certificate with rows (sample k, output 0) and columns k for k < rank."""
    fields: dict[str, object] = {
        "prime": PRIME,
        "unit": 2,
        "seed": "a",
        "pairs": 12,
        "rows": tuple((k, 0) for k in range(rank)),
        "columns": tuple(range(rank)),
    }
    return LowerCertificate(**(fields | changes))  # type: ignore[arg-type]  # fields of one dataclass


def points_of(tower: Tower, setting: Setting, pairs: int, samples: int) -> Points:
    """Points at which radicands are squares, as they are found; false witnesses where there are no others."""
    try:
        witnesses = find_witnesses(tower, setting)
    except Rejected:
        labels = [f"root/{number}/{side}" for number in range(len(tower.roots)) for side in "ab"]
        squares = find_nonces(tower, setting, [draw_constants(tower, setting, "matrix")], labels)
        witnesses = tuple(zip(squares[0::2], squares[1::2], strict=True))
    return Points(
        find_sample_nonces(tower, setting, samples), find_pair_nonces(tower, setting, pairs), witnesses
    )


def with_points(program: Program, weights: Weights | None, certificate: LowerCertificate) -> LowerCertificate:
    """The certificate with points for the square roots of the program."""
    tower = derive_tower(program, weights, certificate.rewrites)
    setting = Setting(certificate.prime, certificate.unit, certificate.seed)
    samples = 1 + max(sample for sample, _ in certificate.rows)
    return replace(certificate, points=points_of(tower, setting, certificate.pairs, samples))


def relations(*vectors: Relation, rewrites: Sequence[tuple[Monomial, Poly]] = ()) -> UpperCertificate:
    """The certificate that these vectors are independent relations."""
    return UpperCertificate("relations", vectors, PRIME, "a", tuple(rewrites))


def relation(**entries: Coefficient | int) -> Relation:
    """The vector with these entries, such as ``_0=1, _2=Coefficient(...)``."""
    found = {
        int(key[1:]): v if isinstance(v, Coefficient) else Coefficient(Fraction(v))
        for key, v in entries.items()
    }
    return tuple((entry, (term,)) for entry, term in sorted(found.items()))


def documents(
    program: Program,
    weights: Weights | None,
    bounds: tuple[int, int],
    lower: LowerCertificate | None,
    upper: UpperCertificate = PARAMETERS,
) -> Texts:
    """Claim and certificate as text."""
    at = ALMOST_EVERY if weights is None else GIVEN
    claim = Claim("model_rank", "a test", at, *bounds, program, weights)
    return claim_text(claim), certificate_text(Certificate(lower, upper))


def check_rank_of(functions: Sequence[str], rank: int, **changes: object) -> Statement:
    """Check that functions of a family span at least ``rank`` dimensions, by a minor."""
    program, weights = family(*functions)
    certificate = minor(rank, **changes)
    if "points" not in changes and any("sqrt" in function for function in functions):
        certificate = with_points(program, weights, certificate)
    return check(*documents(program, weights, (rank, len(functions)), certificate))


def check_relations(program: Program, weights: Weights | None, upper: UpperCertificate) -> Statement:
    """Check the bound M - K that relations give."""
    bound = max(0, program.parameter_count - len(upper.relations))
    return check(*documents(program, weights, (0, bound), None, upper))


def atom_number(program: Program, weights: Weights | None, *start: object) -> int:
    """The number of the first formal symbol that begins with these data."""
    atoms = derive_tower(program, weights).ring.atoms
    return next(k for k, atom in enumerate(atoms) if atom[: len(start)] == start)


class TooSlow(BaseException):
    """Not an ``Exception``, which the kernel would turn into a rejection."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TooSlow`` in the block when it takes longer; no limit where there is no timer (Windows)."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Ranks found without the kernel: the program is evaluated in mpmath and differentiated numerically.

DIGITS, STEP, DRAWS = 100, 30, 30
_SIGMA = {
    "identity": lambda z: z,
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "exp": mpmath.exp,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "sech": mpmath.sech,
    "gaussian": lambda z: mpmath.exp(-z * z),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "quick_gelu": lambda z: z / (1 + mpmath.exp(-z * 1702 / 1000)),
    "gelu_tanh": lambda z: (
        z / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (z + z**3 * 44715 / 1000000)))
    ),
    "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "gelu": lambda z: z / 2 * (1 + mpmath.erf(z / mpmath.sqrt(2))),
    "arctan": mpmath.atan,
    "sqrt": lambda z: _root(z),
    "erf": mpmath.erf,
}
Vector = list[mpmath.mpf]


def _root(z: mpmath.mpf) -> mpmath.mpf:
    if z <= 0:
        raise ArithmeticError("the square root is analytic for positive numbers only")
    return mpmath.sqrt(z)


def real(value: Fraction) -> mpmath.mpf:
    """A rational number at the current precision."""
    return mpmath.mpf(value.numerator) / value.denominator


def _sigma(name: str, z: mpmath.mpf) -> mpmath.mpf:
    if name in _SIGMA:
        return _SIGMA[name](z)
    kind, _, data = name.partition(":")
    if kind == "power":
        return z ** int(data)
    top, _, bottom = data.partition("/")

    def at(text: str) -> mpmath.mpf:
        values = (Fraction(*map(int, c.split("|"))) for c in text.split(","))
        return sum(real(v) * z**n for n, v in enumerate(values))

    return at(top) / at(bottom or "1")


def network_values(program: Program, weights: Sequence[Vector], point: Vector) -> Vector:
    """The outputs of a program in mpmath, by an interpreter of its own."""
    registers: list[Vector] = [point, *weights]
    for equation in program.equations:
        shapes = [program.shapes[r] for r in equation.arguments]
        arguments = [registers[r] for r in equation.arguments]
        match equation.primitive:
            case "constant":
                result = [real(Fraction(v)) for v in equation.data]
            case "gather":
                flat = [v for argument in arguments for v in argument]
                result = [flat[int(k)] if int(k) >= 0 else mpmath.mpf(0) for k in equation.data]
            case "activation":
                result = [_sigma(str(equation.data), z) for z in arguments[0]]
            case "einsum":
                result = _einsum(str(equation.data), arguments, (*shapes, equation.shape))
            case operation:
                pairs = zip(*arguments, strict=True)
                result = [_combined(operation, a, b) for a, b in pairs]
        registers.append(result)
    return registers[program.output]


def _combined(operation: str, a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
    return {"add": lambda: a + b, "multiply": lambda: a * b, "divide": lambda: a / b}[operation]()


def _einsum(specification: str, arguments: list[Vector], shapes: Sequence[tuple[int, ...]]) -> Vector:
    words = specification.replace("->", ",").split(",")
    lengths = {
        k: n for word, shape in zip(words, shapes, strict=True) for k, n in zip(word, shape, strict=True)
    }
    result = [mpmath.mpf(0)] * size(shapes[2])
    positions: list[dict[str, int]] = [{}]
    for letter, length in lengths.items():
        positions = [{**position, letter: k} for position in positions for k in range(length)]
    for position in positions:
        a, b, out = (_offset(word, position, lengths) for word in words)
        result[out] += arguments[0][a] * arguments[1][b]
    return result


def _offset(word: str, position: dict[str, int], lengths: dict[str, int]) -> int:
    offset = 0
    for letter in word:
        offset = offset * lengths[letter] + position[letter]
    return offset


def numerical_rank(program: Program, weights: Weights | None, seed: int = 0, spare: int = 2) -> int:
    """The rank of central differences at random points, with 100 digits; random weights if none are given.

    Points at which a radicand is not positive are drawn again. Raises ``ArithmeticError`` or ``ValueError``
    where the network is not defined at the points.
    """
    draw = random.Random(seed)

    def number() -> mpmath.mpf:
        return mpmath.mpf(draw.getrandbits(200)) / mpmath.mpf(2) ** 199 - 1

    with mpmath.workdps(DIGITS):
        tensors = (
            [[number() for _ in range(size(p.shape))] for p in program.parameters]
            if weights is None
            else [[real(v) for v in w] for w in weights]
        )
        rows: list[Vector] = []
        samples = -(-program.parameter_count // max(1, program.output_count)) + spare
        if program.output_count > 1:
            samples = program.parameter_count + spare
        for sample in range(samples):
            for _ in range(DRAWS):
                point = [3 * number() / 2 for _ in range(size(program.input_shape))]
                with suppress(ArithmeticError):
                    rows += _difference_rows(program, tensors, point)
                    break
            else:
                raise ArithmeticError(f"sample {sample}: no point of the domain is found")
        return _rank(rows)


def _difference_rows(program: Program, tensors: list[Vector], point: Vector) -> list[Vector]:
    step = mpmath.mpf(10) ** -STEP
    columns = []
    for tensor in tensors:
        for k, value in enumerate(tensor):
            tensor[k] = value + step
            above = network_values(program, tensors, point)
            tensor[k] = value - step
            below = network_values(program, tensors, point)
            tensor[k] = value
            columns.append([(a - b) / (2 * step) for a, b in zip(above, below, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _rank(rows: list[Vector]) -> int:
    """Elimination with complete pivoting; central differences leave about 50 true digits.

    Raises ``ArithmeticError`` unless the pivots that count and those that do not are far apart.
    """
    tallest = [max((abs(v) for v in row), default=mpmath.mpf(0)) for row in rows]
    noise, doubt = mpmath.mpf(10) ** -42, mpmath.mpf(10) ** -28
    rows = [[v / top for v in row] for row, top in zip(rows, tallest, strict=True) if top > noise]
    rank, smallest = 0, mpmath.mpf(1)
    while rows and rows[0]:
        pivot, i, j = max((abs(v), i, j) for i, row in enumerate(rows) for j, v in enumerate(row))
        if pivot < noise:
            break
        if pivot < doubt:
            raise ArithmeticError(f"a pivot of {mpmath.nstr(pivot, 3)} after {mpmath.nstr(smallest, 3)}")
        rank, smallest = rank + 1, pivot
        chosen = rows.pop(i)
        rows = [
            [a - row[j] / chosen[j] * b for k, (a, b) in enumerate(zip(row, chosen, strict=True)) if k != j]
            for row in rows
        ]
    return rank
