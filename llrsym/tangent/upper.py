"""Upper bounds: parameter count, ambient space, and relations found and checked exactly."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property

from llrsym.kernel.activations import activation_named
from llrsym.kernel.errors import Rejected
from llrsym.kernel.formal import Formal, Ring, leads_negative
from llrsym.kernel.local import LocalChecks
from llrsym.kernel.polynomials import Monomial, Poly
from llrsym.kernel.program import Program, size
from llrsym.kernel.real_numbers import Numbers
from llrsym.kernel.relation_independence import Echelon
from llrsym.kernel.relations import has_numbers, is_local_relation, is_relation
from llrsym.kernel.residues import PRIMES, Setting
from llrsym.kernel.rules import LOCAL_WORK, UpperCertificate
from llrsym.kernel.run import Trace, gradient
from llrsym.kernel.supports import Monomials, Support, count_monomials
from llrsym.kernel.tower import Weights, formal_trace
from llrsym.tangent.blocks import NamedRelation, find_symmetries
from llrsym.tangent.graded import find_graded_symmetries
from llrsym.tangent.linear_symmetries import find_linear_symmetries
from llrsym.tangent.naming import UNEXPLAINED, named
from llrsym.tangent.nullspace import CLEARED, EXPANDED, SYMBOLS, Tick, find_relations
from llrsym.tangent.numbers import LikelyResidues, NumberTable, find_pivots
from llrsym.tangent.rational import find_rational_relations
from llrsym.tangent.through import UpperBound, find_annihilator_bound, find_factored_bound

Rewrites = Sequence[tuple[Monomial, Poly]]
ANYHOW, LOCAL, UNCHECKED = "anyhow", "one layer at a time", "by the kernel"
FORMAL_COLUMNS, FORMAL_ENTRIES = 20_000, 200_000
"""Sizes of a formal gradient beyond which relations are only sought among the known symmetries."""


def bound_without_relations(program: Program, weights: Weights | None) -> UpperBound:
    """Return the parameter count, or the dimension of the ambient space when that is smaller."""
    count = program.parameter_count
    best = UpperBound(count, UpperCertificate("parameters"), f"there are {count} parameters")
    certificate = UpperCertificate("ambient")
    if not is_polynomial(program):
        return best
    try:
        ambient = count_monomials(program, _FewMonomials(count))
    except Rejected:
        return best
    if ambient >= count:
        return best
    return UpperBound(ambient, certificate, f"f is a polynomial in x with at most {ambient} monomials")


class _FewMonomials(Monomials):
    """Gives up once a polynomial has as many monomials as make the bound useless."""

    def __init__(self, most: int) -> None:
        super().__init__("ambient")
        self.most = most

    def plus(self, a: Support, b: Support) -> Support:
        return self._checked(super().plus(a, b))

    def times(self, a: Support, b: Support) -> Support:
        return self._checked(super().times(a, b))

    def _checked(self, support: Support) -> Support:
        if len(support) >= self.most:
            raise Rejected("limit: a polynomial has as many monomials as the network has parameters")
        return support


def is_polynomial(program: Program) -> bool:
    """Whether a program only adds and multiplies."""
    kinds = {str(e.data) for e in program.equations if e.primitive == "activation"}
    divides = any(equation.primitive == "divide" for equation in program.equations)
    return not divides and all(activation_named(kind).is_polynomial for kind in kinds)


def find_relation_bound(
    program: Program,
    weights: Weights | None,
    lower: int,
    seed: str,
    rewrites: Rewrites,
    tick: Tick,
    *,
    symmetries_only: bool = False,
    linear_symmetries: bool = True,
    careful: bool = False,
    factored: bool = False,
) -> UpperBound | None:
    """Return the upper bound M - K from K independent relations, each an exact identity.

    First the symmetries of the activations, then those that are linear in the weights if
    ``linear_symmetries``. While the bound is above ``lower``: a factorisation through another network, unless
    this is one (``factored``), tried early if that network is much smaller; relations with quadratic
    coefficients; then whatever exact linear algebra over the field of constants finds among the formal
    tangent functions. With ``symmetries_only`` these are left out. Linear symmetries are left for the kernel
    to check unless ``careful``. None when there is no relation.
    """
    search = _Search(program, weights, seed, rewrites, tick)
    search.add_all(find_symmetries(program, weights), lower)
    further = lower > 0 and linear_symmetries and not symmetries_only

    def within(network: Program, quick: bool) -> UpperBound | None:
        return find_relation_bound(
            network, None, lower, seed, (), tick, symmetries_only=quick, careful=True, factored=True
        )

    if linear_symmetries:
        search.add_linear(lower, careful, wide=False)
    if search.bound > lower and further and not factored:
        through = find_factored_bound(program, lower, seed, tick, within, early=True)
        through = through or find_annihilator_bound(program, lower, seed, tick)
        if through is not None:
            return through
    if linear_symmetries:
        search.add_linear(lower, careful, wide=True)
    if search.bound > lower and further:
        through = None if factored else find_factored_bound(program, lower, seed, tick, within, early=False)
        if through is not None:
            return through
        if weights is None:
            wanted = program.parameter_count - lower
            search.add_all(find_graded_symmetries(program, seed, wanted, tick), lower)
    if search.bound > lower and not symmetries_only and not factored:
        search.add_all(search.rational_relations(), lower)
    for form in (SYMBOLS, EXPANDED, CLEARED):
        if search.bound > lower and not symmetries_only and not factored:
            search.add_all(search.dependences(form), lower)
            search.settle_numbers()
    numbers = search.settle_numbers()
    if not search.kept:
        return None
    relations, gauges = tuple(k.relation for k in search.kept), tuple(k.gauge for k in search.kept)
    certificate = UpperCertificate(
        "relations",
        relations,
        search.setting.prime,
        seed,
        tuple(rewrites),
        gauges if any(gauges) else (),
        numbers,
    )
    names = ", ".join(dict.fromkeys(k.name for k in search.kept if k.name != UNEXPLAINED))
    count = len(search.kept)
    reason = f"{count} independent relation{'s, each' if count > 1 else ','} an exact identity"
    reason += f": {names}" if names else ""
    return UpperBound(search.bound, certificate, reason, tuple(search.kept))


class _TickingRing(Ring):
    """A ring that calls ``tick`` while it multiplies, so that a long step can be ended from outside.

    With ``plain`` values at negative numbers are symbols of their own, where the kernel takes 1 - gelu'(b)
    for gelu'(-b): coefficients of one term make short relations.
    """

    def __init__(self, tick: Tick, plain: bool) -> None:
        super().__init__()
        self.tick, self.plain = tick, plain

    def activate(self, name: str, z: Poly) -> tuple[Poly, Poly]:
        """Return sigma(z) and sigma'(z)."""
        activation = activation_named(name)
        simple = self.plain and not activation.is_polynomial and activation.parity is not None
        if simple and leads_negative(z) and self.is_constant(z):
            return self._symbols(name, z)
        return super().activate(name, z)

    def spend(self, products: int) -> None:
        """Count products, after calling ``tick``."""
        self.tick()
        super().spend(products)


class _Search:
    """The relations found so far, kept only when proved and independent of the others."""

    def __init__(
        self, program: Program, weights: Weights | None, seed: str, rewrites: Rewrites, tick: Tick
    ) -> None:
        self.tick = tick
        self.program, self.weights = program, weights
        self.ring = _TickingRing(tick, plain=not rewrites)
        self.rewrites = rewrites
        self.local = LocalChecks(program, weights, LOCAL_WORK // 4)
        self.setting = Setting(PRIMES[-1], 1, seed)
        self.kept: list[NamedRelation] = []
        self.numbers = NumberTable(self.ring)

    @cached_property
    def trace(self) -> Trace[list[Poly]]:
        """The whole network over formal polynomials; raises ``Rejected`` where that takes too much work."""
        trace = formal_trace(self.program, self.weights, self.ring)
        for monomial, replacement in self.rewrites:
            self.ring.add_rewrite(monomial, replacement)
        return trace

    @property
    def bound(self) -> int:
        """M minus the number of relations."""
        return self.program.parameter_count - len(self.kept)

    def add_all(self, candidates: Iterable[NamedRelation], lower: int, check: str = ANYHOW) -> None:
        """Keep the candidates that are identities and independent, until the bound meets ``lower``.

        ``check`` says how identities are tested: anyhow, one layer at a time only, or later by the kernel.
        """
        found = [candidate for candidate in candidates if candidate.relation]
        # One homomorphism has to serve all vectors that are compared, so it is chosen anew for each batch.
        evaluate = LikelyResidues(self.setting, [n.relation for n in (*self.kept, *found)])
        echelon = Echelon(self.setting.prime)
        for known in self.kept:
            echelon.insert(evaluate.vector(known.relation))
        for candidate in found:
            if self.bound <= lower:
                return
            self.tick()
            vector = evaluate.vector(candidate.relation)
            if self._is_identity(candidate, check) and echelon.insert(vector):
                self.kept.append(candidate)

    def add_linear(self, lower: int, careful: bool, *, wide: bool) -> None:
        """Add symmetries that are linear in the weights, left for the kernel to check unless ``careful``."""
        if self.bound <= lower:
            return
        for batch in find_linear_symmetries(
            self.program, self.weights, self.setting.seed, self.tick, wide=wide, repeat=careful
        ):
            self.add_all(batch, lower, LOCAL if careful else UNCHECKED)
            if self.bound <= lower:
                return

    def settle_numbers(self) -> Numbers:
        """Return what proves the relations independent; drop those that seem to depend on others."""
        while True:
            numbers, left = find_pivots([known.relation for known in self.kept], self.numbers.listed)
            if not left:
                return numbers
            self.kept = [known for n, known in enumerate(self.kept) if n not in left]

    def _is_identity(self, candidate: NamedRelation, check: str) -> bool:
        relation = candidate.relation
        if check == UNCHECKED or (
            not has_numbers(relation) and is_local_relation(self.local, relation, candidate.gauge)
        ):
            return True
        if check == LOCAL:
            return False
        try:
            return is_relation(self.program, self.ring, self.trace, relation, self.numbers.listed)
        except Rejected:
            return False

    def rational_relations(self) -> list[NamedRelation]:
        """Return the relations of a polynomial network at given weights."""
        if self.weights is None:
            return []
        found = find_rational_relations(self.program, self.weights, self.tick)
        return [named(self.program, self.ring, self.trace, relation) for relation in found] if found else []

    def dependences(self, form: str) -> list[NamedRelation]:
        """Return the linear dependences of the formal tangent functions, named where possible."""
        if self.program.parameter_count > FORMAL_COLUMNS:
            return []
        try:
            functions = formal_tangent_functions(self.program, self.ring, self.trace)
            vectors = find_relations(self.ring, functions, self.tick, form)
        except Rejected:
            return []
        relations = [self.numbers.relation(vector) for vector in vectors]
        return [
            named(self.program, self.ring, self.trace, r)
            for r in sorted((r for r in relations if r), key=len)
        ]


def formal_tangent_functions(program: Program, ring: Ring, trace: Trace[list[Poly]]) -> list[list[Poly]]:
    """Return d_i f_o as formal polynomials: one list over the outputs o for every parameter entry i."""
    domain = Formal(ring)
    columns: list[list[Poly]] = [[] for _ in range(program.parameter_count)]
    for output in range(program.output_count):
        cotangent: list[Poly] = [
            {(): Fraction(1)} if k == output else {} for k in range(program.output_count)
        ]
        tensors = gradient(program, domain, trace, cotangent)
        flat: list[Poly] = []
        for tensor, parameter in zip(tensors, program.parameters, strict=True):
            flat += tensor if tensor is not None else [{} for _ in range(size(parameter.shape))]
        for column, entry in zip(columns, flat, strict=True):
            column.append(entry)
        if sum(len(part) for column in columns for part in column) > FORMAL_ENTRIES:
            raise Rejected("limit: the formal tangent functions are too long")
    return columns
