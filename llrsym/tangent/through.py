"""Upper bounds through another network, or through conditions on the coefficients of a polynomial."""

from collections.abc import Callable
from dataclasses import dataclass

from llrsym.kernel.program import Program
from llrsym.kernel.rules import UpperCertificate
from llrsym.tangent.annihilators import find_annihilators
from llrsym.tangent.blocks import NamedRelation
from llrsym.tangent.factorisation import Factored, find_factorisations
from llrsym.tangent.nullspace import Tick


@dataclass(frozen=True, slots=True)
class UpperBound:
    """A proved upper bound with its certificate and the relations it uses."""

    rank: int
    certificate: UpperCertificate
    reason: str
    relations: tuple[NamedRelation, ...] = ()


RelationBound = Callable[[Program, bool], UpperBound | None]
"""The bound of a network by relations at almost every weight; True: by those that are found quickly."""


def find_factored_bound(
    program: Program, lower: int, seed: str, tick: Tick, within: RelationBound, *, early: bool
) -> UpperBound | None:
    """Return the upper bound ``lower`` from f(x; theta) = g(x; phi(theta)), or None.

    The rank of g is bounded by its parameters or its relations, the quick ones first. With ``early`` only the
    first g is tried, if it has at most three quarters of the parameters.
    """
    tried: list[Factored] = []
    for found in find_factorisations(program, lower, seed, tick, early=early):
        if early and 4 * found.program.parameter_count > 3 * program.parameter_count:
            return None
        through = _bound_through(found, lower, within, quick=True)
        if through is not None or early:
            return through
        tried.append(found)
    for found in reversed(tried):
        through = _bound_through(found, lower, within, quick=False)
        if through is not None:
            return through
    return None


def _bound_through(found: Factored, lower: int, within: RelationBound, *, quick: bool) -> UpperBound | None:
    count = found.program.parameter_count
    inner: UpperBound | None = UpperBound(count, UpperCertificate("parameters"), "")
    if count > lower:
        inner = within(found.program, quick)
    if inner is None or inner.rank > lower:
        return None
    certificate = UpperCertificate("factorisation", cuts=found.cuts, inner=inner.certificate)
    reason = f"f depends on the weights through {count} polynomials in them, the weights of a network"
    return UpperBound(lower, certificate, "; there, ".join(text for text in (reason, inner.reason) if text))


def find_annihilator_bound(program: Program, lower: int, seed: str, tick: Tick) -> UpperBound | None:
    """Return the upper bound ``lower`` from functionals that vanish on all tangent functions, or None."""
    certificate = find_annihilators(program, lower, seed, tick)
    if certificate is None:
        return None
    count = len(certificate.functionals)
    reason = f"{count} linear condition{'s' * (count > 1)} on the coefficients of the tangent functions"
    return UpperBound(
        lower, certificate, f"{reason}: products of forms that vanish at the weights of all neurons"
    )
