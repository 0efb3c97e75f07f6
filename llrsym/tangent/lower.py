"""Lower bounds: search for a non-singular minor in the exponential tower modulo a prime.

# Invariants: whatever is returned as ``rank`` was computed by the kernel's rule from the certificate that
# is returned with it; a run that is unlucky only returns a smaller rank.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isqrt

from llrsym.domains.arithmetic import NumpyArithmetic
from llrsym.domains.elimination import Elimination, unwatched
from llrsym.domains.flint_field import FlintProducts
from llrsym.errors import BadInput
from llrsym.kernel.ball_ranks import BallCertificate
from llrsym.kernel.defined import check_defined_somewhere
from llrsym.kernel.errors import Rejected, Undefined
from llrsym.kernel.polynomials import Monomial, Poly
from llrsym.kernel.program import Program
from llrsym.kernel.residues import PRIMES, Setting, constant_columns, premise_columns
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import SCHANUEL, LowerCertificate, check_premise
from llrsym.kernel.tower import Tower, Weights, derive_tower
from llrsym.tangent.exponents import find_rewrites
from llrsym.tangent.root_points import find_pair_nonces, find_sample_nonces, find_witnesses

Rewrites = tuple[tuple[Monomial, Poly], ...]
SPARE_SAMPLES, SPARE_PAIRS = 4, 6
MAX_ENTRIES = 1_000_000_000
"""Entries of the largest evaluation matrix that is tried: 8 GB."""


@dataclass(frozen=True, slots=True)
class LowerBound:
    """A proved lower bound with its certificate, or zero and the reason why there is none."""

    rank: int
    certificate: LowerCertificate | BallCertificate | None
    conditions: tuple[str, ...]
    reason: str

    @property
    def verdict(self) -> str:
        """``proved``, or ``conditional`` when a conjecture is among the conditions."""
        return "conditional" if SCHANUEL in self.conditions else "proved"

    @property
    def trusted(self) -> tuple[str, ...]:
        """What the search trusted; the kernel alone trusts nothing."""
        is_ball = isinstance(self.certificate, BallCertificate)
        return FlintProducts.trusted if is_ball else NumpyArithmetic.trusted


def find_lower_bound(
    program: Program,
    weights: Weights | None,
    target: int,
    seed: str,
    attempt: int = 0,
    samples: int | None = None,
    tick: Callable[[], None] = unwatched,
) -> LowerBound:
    """Return the rank modulo a prime of enough rows of the evaluation matrix, as a lower bound.

    ``target`` is a known upper bound: reaching it ends the search for more samples. With ``samples`` the rows
    are those of so many samples, and no more are sought. ``tick`` is called now and then and may raise.
    """
    arithmetic = NumpyArithmetic(tick)
    prime = PRIMES[attempt % len(PRIMES)]
    setting = Setting(prime, primitive_root(prime), f"{seed}.{attempt}")
    if program.parameter_count * (target + SPARE_SAMPLES) > MAX_ENTRIES:
        return LowerBound(
            0, None, (), f"limit: {program.parameter_count} parameters are too many to evaluate"
        )
    try:
        tower, rewrites, conditions, pairs, points = _independent_tower(program, weights, setting, arithmetic)
        if tower.roots:
            check_defined_somewhere(program, weights)
    except Undefined as error:
        raise BadInput(f"{error}: the network is nowhere defined; change the divisor") from error
    except Rejected as refusal:
        return LowerBound(0, None, (), str(refusal))
    if samples is None:
        found, rows, points = _enough_samples(tower, setting, target, points, arithmetic)
    else:
        found, rows, points = _eliminated(tower, setting, samples, points, arithmetic)
    picked = tuple(rows[k] for k in found.rows)
    columns = tuple(int(column) for column in found.columns)
    used = {sample: points.samples[sample] for sample, _ in picked if sample in points.samples}
    points = replace(points, samples=used)
    certificate = LowerCertificate(
        prime, setting.unit, setting.seed, pairs, picked, columns, rewrites, points
    )
    reason = f"a {found.rank} x {found.rank} evaluation minor is non-zero modulo {prime}"
    generators = [
        f"{count} {noun}{'s' * (count > 1)}"
        for count, noun in ((len(tower.bases), "base exponent"), (len(tower.logarithms), "logarithm"))
        if count
    ]
    if generators:
        reason += f", over {' and '.join(generators)} proved independent"
    if tower.roots:
        reason += f", with {len(tower.roots)} square root{'s' * (len(tower.roots) > 1)} proved new"
    return LowerBound(found.rank, certificate if found.rank else None, tuple(conditions), reason)


def _independent_tower(
    program: Program, weights: Weights | None, setting: Setting, arithmetic: NumpyArithmetic
) -> tuple[Tower, Rewrites, list[str], int, Points]:
    """Return a tower whose premise holds, rewriting dependent exponents when that helps."""
    tower = derive_tower(program, weights)
    pairs, points = _points(tower, setting)
    try:
        return tower, (), check_premise(tower, setting, pairs, points, arithmetic), pairs, points
    except Rejected:
        rewrites = tuple(find_rewrites(tower, setting, pairs, points))
        if not rewrites:
            raise
    tower = derive_tower(program, weights, rewrites)
    pairs, points = _points(tower, setting)
    return tower, rewrites, check_premise(tower, setting, pairs, points, arithmetic), pairs, points


def _points(tower: Tower, setting: Setting) -> tuple[int, Points]:
    """The number of pairs of the premise and, where there are roots, where to find them."""
    pairs = max(premise_columns(tower), constant_columns(tower)) + SPARE_PAIRS
    witnesses = find_witnesses(tower, setting)
    return pairs, Points(pairs=find_pair_nonces(tower, setting, pairs), witnesses=witnesses)


Found = tuple[Elimination, list[tuple[int, int]], Points]


def _enough_samples(
    tower: Tower, setting: Setting, target: int, points: Points, arithmetic: NumpyArithmetic
) -> Found:
    """Eliminate with so many samples that more do not help: for one output, one per unit of rank."""
    outputs = max(1, tower.program.output_count)
    samples = -(-target // outputs) + SPARE_SAMPLES
    found = _eliminated(tower, setting, samples, points, arithmetic)
    while outputs > 1 and found[0].rank < target:
        more = _eliminated(tower, setting, 2 * samples, points, arithmetic)
        if more[0].rank == found[0].rank:
            break
        samples, found = 2 * samples, more
    return found


def _eliminated(
    tower: Tower, setting: Setting, samples: int, points: Points, arithmetic: NumpyArithmetic
) -> Found:
    """Eliminate all rows of these samples at which the network is defined."""
    rows = [(sample, output) for sample in range(samples) for output in range(tower.program.output_count)]
    columns = range(tower.program.parameter_count)
    points = replace(points, samples=find_sample_nonces(tower, setting, samples))
    return *arithmetic.eliminate_defined(tower, setting, rows, columns, points), points


@lru_cache(maxsize=16)
def primitive_root(prime: int) -> int:
    """Return the least primitive root: powers of it reach every unit.

    >>> primitive_root(4194301)
    7
    """
    order, factors = prime - 1, _prime_factors(prime - 1)
    return next(g for g in range(2, prime) if all(pow(g, order // q, prime) != 1 for q in factors))


def _prime_factors(n: int) -> Sequence[int]:
    factors = [q for q in range(2, isqrt(n) + 1) if n % q == 0 and all(q % r for r in range(2, isqrt(q) + 1))]
    rest = n
    for q in factors:
        while rest % q == 0:
            rest //= q
    return [*factors, rest] if rest > 1 else factors
