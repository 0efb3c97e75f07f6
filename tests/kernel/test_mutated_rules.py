"""Every rule of the kernel is broken once, and a small named check notices.

A check returns what it found wrong: nothing with the kernel as it is, something with each of its mutants.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from llrsym.kernel import (
    activations,
    decoding,
    documents,
    domains,
    elimination,
    formal,
    polynomials,
    residues,
    rules,
    run,
    supports,
    tower,
)
from llrsym.kernel.activations import Activation, activation_named
from llrsym.kernel.domains import ListDomain, Rationals
from llrsym.kernel.formal import Ring
from llrsym.kernel.polynomials import Poly
from llrsym.kernel.program import Equation, Program, size
from llrsym.kernel.residues import Residues, Setting
from llrsym.kernel.roots import square_root
from llrsym.kernel.rules import UpperCertificate
from llrsym.kernel.tower import Weights
from tests.kernel.checks import (
    adjoints,
    closed_forms,
    conditions,
    eliminations,
    false_identities,
    false_theorems,
    formal_rings,
    loose_documents,
    slopes,
    sources,
    values,
)
from tests.kernel.scenarios import PRIME
from tests.kernel.test_forgeries import per_row

Patch = pytest.MonkeyPatch
Check = Callable[[], list[str]]


CHECKS: list[Check] = [
    false_theorems,
    false_identities,
    adjoints,
    formal_rings,
    values,
    slopes,
    closed_forms,
    sources,
    eliminations,
    conditions,
    loose_documents,
]


@pytest.mark.parametrize("law", CHECKS, ids=lambda law: law.__name__)
def test_the_kernel_passes_every_check(law: Check) -> None:
    assert law() == []


# The mutants


def skip_sign(rule: Callable[..., Sequence[tuple[int, object]]], primitive: str) -> Callable[..., object]:
    """A derivative rule that forgets the sign of the second share of one primitive."""

    def mutant(program: object, domain: ListDomain[object], equation: Equation, *rest: object) -> object:
        shares = list(rule(program, domain, equation, *rest))
        if equation.primitive == primitive:
            shares[1] = (shares[1][0], domain.negate(shares[1][1]))  # type: ignore[arg-type]  # a list domain
        return shares

    return mutant


def first_share(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: rule(*arguments)[:1]


def shifted_scatter(
    self: ListDomain[object],
    a: list[object],
    index: Sequence[int],
    shapes: Sequence[tuple[int, ...]],
    shape: object,
) -> list[list[object]]:
    total = sum(size(s) for s in shapes)
    moved = [k if k < 0 else (k + 1) % max(1, total) for k in index]
    return SCATTER(self, a, moved, shapes, shape)


SCATTER: Callable[..., list[list[object]]] = ListDomain.scatter


def wrong_parity(name: str) -> Activation:
    found = activation_named(name)
    return replace(found, parity=(1, 0, 0)) if found.parity == (-1, 0, 0) else found


def wrong_i(a: formal.Monomial, b: formal.Monomial) -> tuple[formal.Monomial, int]:
    return PRODUCT(a, b)[0], 1


PRODUCT = polynomials.multiply_monomials


def no_exponent_rule(self: Activation, polynomial: activations.Polynomial) -> activations.Polynomial:
    return SLOPE(replace(self, exponent=()), polynomial)


SLOPE = Activation.slope


def negative_slopes(self: Residues, name: str, register: int, z: list[int]) -> tuple[list[int], list[int]]:
    value, slope = ACTIVATE(self, name, register, z)
    return value, [-s % self.prime for s in slope]


ACTIVATE = Residues.activate


def half_bound(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    return program.parameter_count - 2 * len(certificate.relations)


def one_output(program: Program, weights: Weights | None, certificate: UpperCertificate) -> int:
    return AMBIENT(program, weights, certificate) - 1


AMBIENT = rules.bound_by_ambient_space


def opaque_as_polynomial(self: supports.Monomials, name: str, register: int, index: int, z: object) -> object:
    return z, z


def last_for_zero(
    self: ListDomain[object], parts: list[list[object]], index: Sequence[int], shapes: object, shape: object
) -> list[object]:
    flat = [entry for part in parts for entry in part]
    return [flat[k] for k in index]


def wrong_einsum(specification: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[list[int], list[int], int]:
    left, right, count = PAIRS(specification, shapes)
    return left, right[::-1], count


PAIRS = domains.einsum_pairs


def plus_product(domain: object, a: object, b: object) -> object:
    return a if b is None else b


def per_pair_only(net: tower.Tower, setting: Setting, pairs: int) -> list[residues.Constants]:
    return [residues.draw_constants(net, setting, f"pair/{k}") for k in range(pairs)]


def split_by_parity(self: Ring, poly: Poly, root: int) -> tuple[Poly, Poly]:
    parts: tuple[Poly, Poly] = ({}, {})
    for degree, part in formal._by_power(poly, root).items():
        polynomials.add_to(parts[degree % 2], part)
    return parts


SPLIT = Ring._split
IS_RELATION, EXPONENT, POWER = rules.is_relation, formal.exponent_of, formal.power

MUTANTS: dict[str, tuple[Check, Callable[[Patch], None]]] = {
    "the premise is skipped": (
        false_theorems,
        lambda m: m.setattr(rules, "check_premise", lambda *a: []),
    ),
    "constants are not compared": (
        false_theorems,
        lambda m: m.setattr(rules, "constant_columns", lambda net: 0),
    ),
    "rewritings are believed": (
        false_theorems,
        lambda m: m.setattr(Ring, "is_zero", lambda self, poly: True),
    ),
    "constants per row": (
        false_theorems,
        lambda m: m.setattr(residues, "evaluation_rows", per_row(lambda k: 1, True)),
    ),
    "sign of i per row": (
        false_theorems,
        lambda m: m.setattr(residues, "evaluation_rows", per_row(lambda k: (-1) ** k, False)),
    ),
    "roots are believed": (false_theorems, lambda m: m.setattr(rules, "check_roots", lambda *a: None)),
    "every witness is one": (false_theorems, lambda m: m.setattr(rules, "is_square", lambda value, p: False)),
    "earlier roots are not tested": (
        false_theorems,
        lambda m: m.setattr(Residues, "root", lambda self, value: square_root(value, PRIME) or 1),
    ),
    "logarithms are not counted": (
        false_theorems,
        lambda m: m.setattr(rules, "premise_columns", lambda net: len(net.bases)),
    ),
    "values for derivatives": (
        false_theorems,
        lambda m: m.setattr(
            residues,
            "derivative_row",
            lambda domain, trace, direction: [*domain.base_values(trace), *domain.sample.logarithms],
        ),
    ),
    "arctan without i": (false_theorems, lambda m: m.setattr(Residues, "unit", lambda self, name: 1)),
    "primitives forget parity": (
        false_theorems,
        lambda m: m.setattr(
            Residues, "logarithm", lambda self, known, z: self.sample.logarithms[known.index]
        ),
    ),
    "numbers are independent": (
        false_theorems,
        lambda m: m.setattr(rules, "_constant_logarithm", lambda net: []),
    ),
    "exponents are rounded": (
        false_theorems,
        lambda m: m.setattr(
            tower, "_integral", lambda powers, q: tuple((k, int(c)) for k, c in powers.items())
        ),
    ),
    "no common denominator": (false_theorems, lambda m: m.setattr(tower, "_extend", lambda q, c: None)),
    "any unit": (false_theorems, lambda m: m.setattr(Setting, "__post_init__", lambda self: None)),
    "zero has an inverse": (
        false_theorems,
        lambda m: m.setattr(Residues, "over", lambda self, a, b: a * pow(b, PRIME - 2, PRIME) % PRIME),
    ),
    "full rank": (false_theorems, lambda m: m.setattr(residues, "rank_modulo", lambda r, width, p: width)),
    "relations may depend": (
        false_theorems,
        lambda m: m.setattr(rules, "check_independent", lambda *a: None),
    ),
    "relations count twice": (
        false_theorems,
        lambda m: m.setitem(rules._UPPER_RULES, "relations", half_bound),
    ),
    "relations are believed": (
        false_theorems,
        lambda m: m.setattr(rules, "is_relation", lambda *a: True),
    ),
    "every tangent is plainly zero": (
        false_theorems,
        lambda m: m.setattr(Ring, "is_plainly_zero", lambda self, poly: True),
    ),
    "relation indices are not checked": (
        false_theorems,
        lambda m: (
            m.setattr(rules, "check_relation_indices", lambda *a: None),
            m.setattr(rules, "is_relation", lambda *a: True),
        )[0],
    ),
    "entries are shifted": (
        false_theorems,
        lambda m: m.setattr(
            rules,
            "is_relation",
            lambda p, r, t, vector, table: IS_RELATION(
                p, r, t, tuple((max(0, k - 1), c) for k, c in vector), table
            ),
        ),
    ),
    "odd functions are even": (
        false_theorems,
        lambda m: m.setattr(formal, "activation_named", wrong_parity),
    ),
    "one monomial less": (false_theorems, lambda m: m.setitem(rules._UPPER_RULES, "ambient", one_output)),
    "everything is a polynomial": (
        false_theorems,
        lambda m: m.setattr(supports.Monomials, "activate_entry", opaque_as_polynomial),
    ),
    "s^2 = 1": (false_identities, lambda m: m.setattr(Ring, "_split", split_by_parity)),
    "odd powers of roots are forgotten": (
        false_identities,
        lambda m: m.setattr(Ring, "_split", lambda self, poly, root: (SPLIT(self, poly, root)[0], {})),
    ),
    "i^2 = 1 formally": (formal_rings, lambda m: m.setattr(polynomials, "multiply_monomials", wrong_i)),
    "i^2 = 1 in identities": (
        false_identities,
        lambda m: m.setattr(polynomials, "multiply_monomials", wrong_i),
    ),
    "i^2 = 1 modulo p": (
        false_identities,
        lambda m: m.setattr(Setting, "imaginary_unit", lambda self, sign: 1),
    ),
    "denominators are forgotten": (
        false_identities,
        lambda m: m.setattr(Ring, "inverse", lambda self, poly: {(): Fraction(1)}),
    ),
    "denominators are cleared in one term only": (
        false_identities,
        lambda m: m.setattr(formal, "power", lambda base, n: {(): Fraction(1)} if n == 1 else POWER(base, n)),
    ),
    "constants leave the exponents": (
        false_identities,
        lambda m: m.setattr(
            formal, "exponent_of", lambda a, z: {k: v for k, v in EXPONENT(a, z).items() if k}
        ),
    ),
    "sign of the quotient rule, backwards": (
        adjoints,
        lambda m: m.setattr(run, "_pull_back", skip_sign(run._pull_back, "divide")),
    ),
    "sign of a product, backwards": (
        adjoints,
        lambda m: m.setattr(run, "_pull_back", skip_sign(run._pull_back, "multiply")),
    ),
    "sign of a sum, backwards": (
        adjoints,
        lambda m: m.setattr(run, "_pull_back", skip_sign(run._pull_back, "add")),
    ),
    "half a contraction, backwards": (
        adjoints,
        lambda m: m.setattr(run, "_pull_back_einsum", first_share(run._pull_back_einsum)),
    ),
    "half a sum, forwards": (adjoints, lambda m: m.setattr(run, "_sum", plus_product)),
    "scatter is shifted": (adjoints, lambda m: m.setattr(ListDomain, "scatter", shifted_scatter)),
    "index -1 is the last entry": (values, lambda m: m.setattr(ListDomain, "gather", last_for_zero)),
    "contractions in another order": (values, lambda m: m.setattr(domains, "einsum_pairs", wrong_einsum)),
    "quotients are products": (values, lambda m: m.setattr(Rationals, "over", lambda self, a, b: a * b)),
    "the exponential has no derivative": (slopes, lambda m: m.setattr(Activation, "slope", no_exponent_rule)),
    "derivatives have the wrong sign": (slopes, lambda m: m.setattr(Residues, "activate", negative_slopes)),
    "tanh z is tanh 2z": (
        closed_forms,
        lambda m: m.setitem(
            activations._TABLE, "tanh", replace(activation_named("tanh"), exponent=(Fraction(4),))
        ),
    ),
    "sin has another sign": (
        closed_forms,
        lambda m: m.setitem(
            activations._TABLE,
            "sin",
            replace(
                activation_named("sin"),
                numerator=tuple((-c, *rest) for c, *rest in activation_named("sin").numerator),  # type: ignore[misc]
            ),
        ),
    ),
    "sources forget parity": (sources, lambda m: m.setattr(Residues, "_atom", plain_source)),
    "entries are not reduced": (
        eliminations,
        lambda m: m.setattr(elimination, "_scaled", lambda packed, slots, entry, prime: packed),
    ),
    "pivots are forgotten": (
        eliminations,
        lambda m: m.setattr(elimination, "rank_modulo", lambda rows, width, p: min(len(rows), width)),
    ),
    "conjectures are theorems": (
        conditions,
        lambda m: m.setattr(tower.Tower, "needs_schanuel", property(lambda self: False)),
    ),
    "kappa is no constant": (
        conditions,
        lambda m: m.setattr(tower.Tower, "uses_kappa", property(lambda self: False)),
    ),
    "duplicate keys": (loose_documents, lambda m: m.setattr(decoding, "_unique", dict)),
    "floats": (
        loose_documents,
        lambda m: (
            m.setattr(decoding, "_no_float", float),
            m.setattr(documents, "read_count", lambda n, place: int(n)),
        )[0],
    ),
    "any integer": (loose_documents, lambda m: m.setattr(documents, "read_count", lambda n, place: n)),
    "any number": (loose_documents, lambda m: m.setattr(documents, "read_rational", Fraction)),
    "any key": (loose_documents, lambda m: m.setattr(documents, "read_object", lambda d, place, keys: d)),
}


def plain_source(self: Residues, atom: int, trace: run.Trace[list[int]]) -> int:
    source = self.tower.sources[atom]
    return trace.values[source.register][source.entry]


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_noticed(name: str, monkeypatch: Patch) -> None:
    law, mutate = MUTANTS[name]
    mutate(monkeypatch)
    activation_named.cache_clear()
    try:
        assert law() != []
    finally:
        monkeypatch.undo()
        activation_named.cache_clear()
