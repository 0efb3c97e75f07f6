"""How long a check by residues may take, estimated before it is begun.

A short document can describe a long computation: contractions of long axes, many rows of a large network. A
unit is one operation on one number, about a seventh of a microsecond. A false estimate could only refuse a
proof, never accept one. Balls count their own work, see ``ball_work``.
"""

from .ball_ranks import BallCertificate
from .errors import Rejected
from .guarantees import GuaranteeCertificate, GuaranteeClaim
from .program import Equation, Program, Shape, size, split_einsum
from .residues import Arithmetic
from .rules import LowerCertificate, UpperCertificate

MAX_RUN = 10_000_000
"""Operations of one evaluation of a network."""
MAX_EFFORT = 500_000_000
"""Operations of all evaluations and gradients for one lower bound."""
MANY_AT_ONCE = 50
"""How many times more an arithmetic outside of the standard library may take, which does many at a time."""
PARAMETERS = "parameters"
"""The upper rule that evaluates nothing."""
_CALL, _ACTIVATION = 20, 30


def check_lower_effort(
    program: Program, lower: LowerCertificate | BallCertificate | None, arithmetic: Arithmetic
) -> None:
    """Refuse a lower bound that takes too long."""
    if isinstance(lower, LowerCertificate):
        run = run_effort(program)
        samples = len({sample for sample, _ in lower.rows}) + 2 * lower.pairs
        gradients = len(lower.rows) * (2 * run + program.parameter_count + program.output_count)
        _check(samples * run + gradients, arithmetic)


def check_upper_effort(program: Program, upper: UpperCertificate) -> None:
    """Refuse an upper bound whose rule evaluates a network that is too large."""
    if upper.rule != PARAMETERS:
        run_effort(program)


def check_guarantee_effort(
    claim: GuaranteeClaim, certificate: GuaranteeCertificate, arithmetic: Arithmetic
) -> None:
    """Refuse a claim about samples that takes too long."""
    run, outputs = run_effort(claim.program), claim.program.output_count
    if isinstance(certificate.lower, LowerCertificate) and certificate.upper is not None:
        stacked = len(claim.points) * run
        if stacked > MAX_RUN:
            raise Rejected(f"limit: the network at all points takes more than {MAX_RUN} operations")
        _check(len(certificate.lower.rows) * 3 * stacked + len(claim.points) * outputs, arithmetic)
    elif certificate.deficiency is not None:
        check_lower_effort(claim.program, certificate.lower, arithmetic)
        points = sum(len({point for point, _, _ in r}) for r in certificate.deficiency.relations)
        _check(3 * points * run, arithmetic)


def _check(effort: int, arithmetic: Arithmetic) -> None:
    limit = MAX_EFFORT * (MANY_AT_ONCE if arithmetic.trusted else 1)
    if effort > limit:
        raise Rejected(f"limit: the evaluations take more than {limit} operations")


def run_effort(program: Program) -> int:
    """Return the operations of one evaluation; raises ``Rejected`` when these are too many."""
    shapes = program.shapes
    effort = sum(size(shape) for shape in shapes)
    effort += sum(_products(e, [shapes[r] for r in e.arguments]) for e in program.equations)
    longest = max((n for shape in shapes for n in shape), default=0)
    if max(effort, longest) > MAX_RUN:
        raise Rejected(f"limit: one evaluation of the network takes more than {MAX_RUN} operations")
    return effort


def _products(equation: Equation, shapes: list[Shape]) -> int:
    """The operations of one equation beyond one for every entry of its result."""
    if equation.primitive == "activation":
        return _CALL + _ACTIVATION * size(equation.shape)
    if equation.primitive == "gather":
        return _CALL + sum(size(shape) for shape in shapes)
    if equation.primitive != "einsum":
        return _CALL
    left, right, out = split_einsum(str(equation.data))
    lengths = dict(zip(left + right + out, (*shapes[0], *shapes[1], *equation.shape), strict=True))
    return _CALL + size(tuple(lengths.values()))
