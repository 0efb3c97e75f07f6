"""Relations between tangent functions: vectors c in parameter space for which sum c_n d_n f = 0 is proved.

Theorems and proofs: docs/theory/upper-bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .errors import Rejected
from .formal import Formal, Ring
from .local import Gauge, LocalChecks
from .polynomials import IMAGINARY, KAPPA, Poly, add_to, multiply
from .program import Program, size
from .real_numbers import MAX_POWER, Number, check_powers, formal_monomial, formal_numbers
from .run import Trace, directional
from .tower import Weights


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One term c e^a e^(ib) i^j kappa^k prod theta_n^m_n prod nu_k^m_k of an entry of a relation.

    The nu_k are the listed numbers of the certificate.
    """

    rational: Fraction
    e: Fraction = Fraction(0)
    ei: Fraction = Fraction(0)
    i: int = 0
    kappa: int = 0
    theta: tuple[tuple[int, int], ...] = ()
    numbers: tuple[tuple[int, int], ...] = ()


Relation = tuple[tuple[int, tuple[Coefficient, ...]], ...]
"""Non-zero entries of a vector c in parameter space with sum c_n d_n f = 0: (parameter entry, terms)."""


def is_local_relation(local: LocalChecks, relation: Relation, gauge: Gauge = ()) -> bool:
    """Whether the derivative along the relation vanishes as far as can be seen one layer at a time.

    False also for a gauge that does not hold, and where this takes more work than the formal ring allows.
    """
    try:
        return local.vanishes(lambda ring: direction_of(local.program, ring, relation), gauge)
    except Rejected:
        return False


def is_relation(
    program: Program,
    ring: Ring,
    trace: Trace[list[Poly]],
    relation: Relation,
    table: Sequence[Number] = (),
) -> bool:
    """Whether the directional derivative of f along the relation is proved to vanish identically."""
    tangent = directional(program, Formal(ring), trace, direction_of(program, ring, relation, table))
    return tangent is None or all(ring.is_zero(entry) for entry in tangent)


def direction_of(
    program: Program, ring: Ring, relation: Relation, table: Sequence[Number] = ()
) -> dict[int, list[Poly]]:
    """Return a relation as formal tensors by parameter number; ``table`` lists its numbers."""
    numbers = formal_numbers(ring, table) if has_numbers(relation) else []
    direction: dict[int, list[Poly]] = {}
    starts = _starts(program)
    for entry, terms in relation:
        tensor = _tensor_of(starts, entry)
        shape = program.parameters[tensor].shape
        vector = direction.setdefault(tensor, [{} for _ in range(size(shape))])
        vector[entry - starts[tensor]] = formal_coefficient(ring, terms, numbers)
    return direction


def has_numbers(relation: Relation) -> bool:
    """Whether listed numbers occur; they are symbols of the whole network, so no local check knows them."""
    return any(term.numbers for _, terms in relation for term in terms)


def _tensor_of(starts: Sequence[int], entry: int) -> int:
    return max(k for k, start in enumerate(starts) if start <= entry)


def formal_coefficient(ring: Ring, terms: Sequence[Coefficient], numbers: Sequence[Poly]) -> Poly:
    """Return an entry of a relation as a formal polynomial, from the listed numbers as such."""
    total: Poly = {}
    for term in terms:
        powers: list[tuple[int, Fraction | int]] = [(IMAGINARY, term.i), (KAPPA, term.kappa)]
        if term.e:
            powers.append((ring.atom(("exp", ()), True), term.e))
        if term.ei:
            powers.append((ring.atom(("exp", ((IMAGINARY, 1),)), True), term.ei))
        powers += [(ring.atom(("theta", n), False), m) for n, m in term.theta]
        monomial = tuple(sorted((atom, power) for atom, power in powers if power))
        add_to(total, multiply({monomial: term.rational}, formal_monomial(numbers, term.numbers)))
    return total


def _starts(program: Program) -> list[int]:
    starts = [0]
    for parameter in program.parameters:
        starts.append(starts[-1] + size(parameter.shape))
    return [start for start, p in zip(starts, program.parameters, strict=False) if size(p.shape)]


def check_relation_indices(
    program: Program, weights: Weights | None, relations: Sequence[Relation], listed: int
) -> None:
    count = program.parameter_count
    if any(size(p.shape) == 0 for p in program.parameters) and relations:
        raise Rejected("relations: a parameter tensor is empty")
    for number, relation in enumerate(relations):
        entries = [entry for entry, _ in relation]
        if len(set(entries)) != len(entries) or not all(0 <= entry < count for entry in entries):
            raise Rejected(f"relation {number}: an entry is repeated or no parameter below {count}")
        terms = [term for _, part in relation for term in part]
        if not all(t.i in (0, 1) and 0 <= t.kappa <= MAX_POWER for t in terms):
            raise Rejected(f"relation {number}: a power of i or kappa is out of range")
        for term in terms:
            check_powers(term.numbers, listed)
        if weights is not None and any(t.theta for t in terms):
            raise Rejected(f"relation {number}: weights occur as variables although they are given")
        if not all(0 <= n < count and m > 0 for t in terms for n, m in t.theta):
            raise Rejected(f"relation {number}: a power of a weight is out of range")
        if any(len({n for n, _ in t.theta}) != len(t.theta) for t in terms):
            raise Rejected(f"relation {number}: a weight occurs twice in a term")
