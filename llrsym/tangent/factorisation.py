"""Factorisations f(x; theta) = g(x; phi(theta)) for upper bounds: which registers to cut.

A cut is worth trying when it does not raise the number of parameters, and right as long as the rank of g,
seen modulo a prime at random weights, is the lower bound that f has already. What is found is proved by the
kernel.

# The choice of algorithm
# 1. Every register is tried as a polynomial in the input and in an earlier register, or in two factors.
# 2. The cut that saves the most parameters goes first, as long as it does not raise the rank; then again. One
#    that saves none is made where weights that are used elsewhere enter as well: it makes the rest linear.
# 3. Last, one cut may cost parameters: products of matrices have many relations.
# Invariant: a bad choice costs time, or misses a bound; it proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from llrsym.kernel.cuts import Coefficients, Cut, coefficients
from llrsym.kernel.errors import Rejected
from llrsym.kernel.factorisations import kept_registers, rebuilt
from llrsym.kernel.program import Program, size, split_einsum
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.nullspace import Tick

STAGES = ((False, 2_000), (True, 1_000), (False, 20_000), (True, 10_000))
"""Whether a cut may be tied, and the products of terms that it may take."""
MAX_REGISTERS, MAX_PARAMETERS, MAX_TRIALS, MAX_GROWTH = 60, 500, 24, 2


@dataclass(frozen=True, slots=True)
class Factored:
    """The cuts, and the network after them."""

    cuts: tuple[Cut, ...]
    program: Program


@dataclass(frozen=True, slots=True)
class _Step:
    """A cut, the network after it, and how many parameters it saves."""

    cut: Cut
    program: Program
    saved: int


def find_factorisations(
    program: Program, rank: int, seed: str, tick: Tick, *, early: bool = False
) -> Iterator[Factored]:
    """Yield cuts after which the network has fewer or freer parameters and still, it seems, this rank.

    With ``early`` only those that are found quickly.
    """
    if program.parameter_count > MAX_PARAMETERS or len(program.equations) > MAX_REGISTERS:
        return
    found, original = Factored((), program), frozenset(p.name for p in program.parameters)
    for tied, work in STAGES[:1] if early else STAGES:
        if tied and not _shares_weights(found.program):
            continue
        longer = _Search(rank, seed, tick, original, tied, work).extended(found, 0)
        if longer.cuts != found.cuts:
            yield longer
        found = longer
    if early:
        return
    grown = _Search(rank, seed, tick, original, False, STAGES[0][1]).extended(
        Factored((), program), MAX_GROWTH
    )
    if grown.cuts != found.cuts and grown.cuts:
        yield grown


@dataclass(frozen=True, slots=True)
class _Search:
    rank: int
    seed: str
    tick: Tick
    original: frozenset[str]
    tied: bool
    work: int

    def extended(self, found: Factored, growth: int) -> Factored:
        """Cut as long as that saves parameters; first one cut may cost so many times the parameters."""
        while step := self._best_step(found.program, growth * found.program.parameter_count):
            found, growth = Factored((*found.cuts, step.cut), step.program), 0
        return found

    def _best_step(self, program: Program, cost: int) -> _Step | None:
        steps = sorted(self._steps(program, cost), key=lambda step: -step.saved)
        for step in steps[:MAX_TRIALS]:
            self.tick()
            if step.program.parameter_count < self.rank:
                continue
            if find_lower_bound(step.program, None, self.rank + 1, self.seed).rank == self.rank:
                return step
        return None

    def _steps(self, program: Program, cost: int) -> Iterator[_Step]:
        """Yield the cuts that save parameters, or cost no more than so many."""
        weighted = _weighted(program)
        for register in sorted(weighted):
            for bases in _base_choices(program, register, weighted):
                self.tick()
                step = self._step(program, Cut(register, bases, self.tied), cost)
                if step is not None:
                    yield step

    def _step(self, program: Program, cut: Cut, cost: int) -> _Step | None:
        kept = kept_registers(program, cut)
        replaced = _ancestors(program, cut.register, frozenset({0, *cut.bases}))
        moved = [r for r in replaced if 1 <= r < program.first_equation]
        freed = [r for r in moved if r not in kept]
        if cut.register not in kept or not freed:
            return None
        try:
            table = coefficients(program, cut, self.work)
            saved = sum(size(program.shapes[r]) for r in freed) - table.count
            again = freed == moved or not self.original & {program.parameters[r - 1].name for r in freed}
            if saved < -cost or (saved == 0 and again) or (saved < 0 and _is_affine(table)):
                return None
            return _Step(cut, rebuilt(program, cut, table), saved)
        except Rejected:
            return None


def _is_affine(table: Coefficients) -> bool:
    return all(sum(power for _, power in monomial) < 2 for monomial in table.monomials)


def _shares_weights(program: Program) -> bool:
    """Whether a weight may enter the entries of some register more than once."""
    registers = range(1, program.first_equation)
    for equation in program.equations:
        own = [k for k, argument in enumerate(equation.arguments) if argument in registers]
        if equation.primitive == "einsum" and own:
            words = split_einsum(str(equation.data))
            if any(set(words[2]) - set(words[k]) for k in own):
                return True
        if equation.primitive == "gather" and own:
            used = [index for index in equation.data if index != -1]
            if len(set(used)) < len(used):
                return True
    return any(sum(e.arguments.count(r) for e in program.equations) > 1 for r in registers)


def _base_choices(program: Program, register: int, weighted: set[int]) -> list[tuple[int, ...]]:
    """Return no register, each that this one is computed from, and each two that are factors of a product."""
    choices: list[tuple[int, ...]] = [()]
    for base in weighted.intersection(_ancestors(program, register)):
        arguments = set(program.equations[base - program.first_equation].arguments)
        choices += [(base,)] + (
            [tuple(sorted(arguments))] if len(arguments) == 2 and arguments <= weighted else []
        )
    return sorted(set(choices))


def _weighted(program: Program) -> set[int]:
    """Return the computed registers that depend on the input and on parameters, but for rearrangements."""
    fed, moved = {0}, set(range(1, program.first_equation))
    for register, equation in enumerate(program.equations, start=program.first_equation):
        for known in (fed, moved):
            if known.intersection(equation.arguments):
                known.add(register)
    first = program.first_equation
    found = {register for register in fed & moved if register >= first}
    return {register for register in found if program.equations[register - first].primitive != "gather"}


def _ancestors(program: Program, register: int, stops: frozenset[int] = frozenset()) -> list[int]:
    """Return the registers that this one is computed from, without going beyond some."""
    found, waiting = set[int](), [register]
    while waiting:
        current = waiting.pop()
        if current >= program.first_equation:
            new = set(program.equations[current - program.first_equation].arguments) - found - stops
            found |= new
            waiting += new
    return sorted(found)
