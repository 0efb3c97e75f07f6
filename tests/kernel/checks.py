"""Small checks of the kernel: each returns what it finds wrong."""

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import flint
import mpmath

from llrsym.kernel import elimination, polynomials
from llrsym.kernel.activations import PRIMITIVE, ROOT, Activation, Polynomial, activation_named
from llrsym.kernel.check import check
from llrsym.kernel.domains import Rationals
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.formal import Formal, Ring
from llrsym.kernel.polynomials import Poly
from llrsym.kernel.program import Equation, Program
from llrsym.kernel.relations import Coefficient
from llrsym.kernel.residues import Residues, Setting, draw_sample, evaluation_rows
from llrsym.kernel.roots import is_square
from llrsym.kernel.rules import UpperCertificate
from llrsym.kernel.run import forward, gradient
from llrsym.kernel.tower import Weights, derive_tower
from llrsym.networks.assembly import Assembly
from tests.kernel.laws import (
    EXACT,
    TOWER,
    all_primitives,
    formal_equal,
    rational_weights,
    residue_adjoint_violations,
    residues,
    ring_violations,
)
from tests.kernel.scenarios import (
    PRIME,
    check_rank_of,
    check_relations,
    documents,
    family,
    minor,
    network_values,
    points_of,
    real,
    relation,
    relations,
    with_points,
)
from tests.kernel.test_forged_relations import HOMOGENEITY, product_model
from tests.kernel.test_forgeries import square_rewrite
from tests.kernel.test_laws import IDENTITIES, NO_IDENTITIES

Check = Callable[[], list[str]]


# The checks


def false_theorems() -> list[str]:
    """Names of the false theorems that are accepted."""
    x2 = family("x", "2*x", "exp(x)")
    once, odd = relation(_0=2, _1=-1), family("tanh(x)", "tanh(-x)")
    ambient = UpperCertificate("ambient")
    squares = ["cos(x)", "exp(sin(x)^2)", "exp(-cos(x)^2)"]
    zero = Setting(PRIME, 2, "a").numbers("matrix/0", 1)[0] % PRIME
    claims: dict[str, Callable[[], object]] = {
        "dependent exponents": lambda: check_rank_of(squares[1:], 2),
        "false rewriting": lambda: check_rank_of(squares, 3, rewrites=(square_rewrite(x=Fraction(1)),)),
        "two powers of e": lambda: check_rank_of(["exp(x)", "exp(x+1)"], 2),
        "addition formula": lambda: check_rank_of(["cos(x)", "sin(x)", "cos(x+1)"], 3),
        "half exponents": lambda: check_rank_of(["exp(x)", "exp(x/2)^2"], 2),
        "third exponents": lambda: check_rank_of(["exp(x/3)^3 + x", "exp(x) + x"], 2),
        "unit zero": lambda: check_rank_of(["x", "x + x^2*(1 - exp(x)*exp(-x))"], 2, unit=0),
        "a zero divisor": lambda: check_rank_of(["1", f"(x - {zero})/(x - {zero})"], 2),
        "dependent functions": lambda: check_rank_of(["x", "exp(x)", "x + exp(x)"], 3),
        "dependent constants": lambda: check_rank_of(["exp(tanh(2)*(1 + tanh(1)^2))", "exp(2*tanh(1))*x"], 2),
        "a relation twice": lambda: check_relations(*x2, relations(once, once)),
        "zero relation": lambda: check_relations(*x2, relations(once, ())),
        "half a rank": lambda: check(*documents(*x2, (0, 1), None, relations(once))),
        "no relation": lambda: check_relations(*x2, relations(relation(_0=1, _2=-1))),
        "next entry": lambda: check_relations(*x2, relations(relation(_1=2, _2=-1))),
        "wrong sign": lambda: check_relations(*odd, relations(relation(_0=1, _1=-1))),
        "wrong weight": lambda: check_relations(product_model(), None, relations(relation(_0=1, _1=-1))),
        "generic twice": lambda: check_relations(product_model(), None, relations(HOMOGENEITY, HOMOGENEITY)),
        "weights as variables": lambda: check_relations(
            product_model(), ((Fraction(1),), (Fraction(2),)), relations(HOMOGENEITY)
        ),
        "i as a number": lambda: check_relations(
            *family("x", "x^2"), relations(relation(_0=Coefficient(Fraction(1), i=1), _1=-1))
        ),
        "root of a square": lambda: check_rank_of(["sqrt(x^2)/x", "1"], 2),
        "root of a product": lambda: check_rank_of(["1", "sqrt(x)*sqrt(y)/sqrt(x*y)"], 2, seed="b"),
        "roots of one register": check_roots_of_one_register,
        "exponential of softplus": lambda: check_rank_of(["exp(softplus(x))", "1 + exp(x)"], 2),
        "addition formula of arctan": lambda: check_rank_of(["arctan(x)", "arctan(2*x/(1 - x^2))", "1"], 3),
        "sine of arctan": lambda: check_rank_of(["sin(arctan(x))^2*(1 + x^2)", "x^2"], 2),
        "mirrored softplus": lambda: check_rank_of(["softplus(x) - softplus(-x) - x"], 1),
        "mirrored arctan": lambda: check_rank_of(["arctan(x) + arctan(-x)"], 1),
        "logarithms of numbers": lambda: check_rank_of(["x", "arctan(1/2) + arctan(1/3) - arctan(1)"], 2),
        "logarithm and power of e": lambda: check_rank_of(["exp(x)", "exp(x + softplus(0)) - 2*exp(x)"], 2),
        "monomials of one output": lambda: check(*documents(*family("x", "x^2"), (0, 1), None, ambient)),
        "monomials of exp": lambda: check(*documents(*family("exp(x)", "x"), (0, 1), None, ambient)),
    }
    return [name for name, claim in claims.items() if is_accepted(claim)]


def check_roots_of_one_register() -> None:
    """Check that 1 and sqrt(x) sqrt(y) sqrt(x y) / (x y) have rank 2, with a false witness for sqrt(x y)."""
    program, weights = roots_of_one_register()
    certificate = with_points(program, weights, minor(2, seed="a"))
    tower_, setting = derive_tower(program, weights), Setting(PRIME, 2, "a")

    def side(number: int, name: str) -> tuple[int, ...]:
        """Nonces at which the radicand is a square, on side b none, and earlier ones are squares."""
        for n in range(1, 200):
            x, y = draw_sample(tower_, setting, f"root/{number}/{name}", (n, n)).inputs
            classes = [is_square(value, PRIME) for value in (x, y, x * y)]
            believed = number == 2  # nothing is known about the radicands before sqrt(x y)
            if classes[number] == (name == "a") and (believed or all(classes[:number])):
                return n, n
        raise ValueError("no nonces")

    witnesses = tuple((side(number, "a"), side(number, "b")) for number in range(3))
    certificate = replace(certificate, points=replace(certificate.points, witnesses=witnesses))
    check(*documents(program, weights, (2, 2), certificate))


def roots_of_one_register() -> tuple[Program, Weights]:
    """The model a_0 + a_1 s_0 s_1 s_2 / (x y), s = sqrt(x, y, x y)."""
    net = Assembly((2,), {"a": (2,)})
    x, y = (net.gather([net.input], [k], ()) for k in (0, 1))
    product = net.multiply(x, y)
    roots = net.activation("sqrt", net.gather([x, y, product], [0, 1, 2], (3,)))
    top = net.constant([1], ())
    for entry in range(3):
        top = net.multiply(top, net.gather([roots], [entry], ()))
    functions = net.gather([net.constant([1], ()), net.divide(top, product)], [0, 1], (2,))
    return net.finish(net.einsum("i,i->", functions, net.parameter("a"))), ((Fraction(0),) * 2,)


def is_accepted(claim: Callable[[], object]) -> bool:
    try:
        claim()
    except (Malformed, Rejected):
        return False
    return True


def false_identities() -> list[str]:
    """Identities that the formal ring or the residues miss, and others that one of them sees."""
    found = []
    for functions, true in [*((f, True) for f in IDENTITIES), *((f, False) for f in NO_IDENTITIES)]:
        if is_formal_identity(functions) is not true:
            found.append(f"formally: {functions}")
        tower_, setting = derive_tower(*family(*functions)), Setting(PRIME, 5, "i")
        try:
            points = points_of(tower_, setting, 1, 2)
            rows = evaluation_rows(tower_, setting, [(0, 0), (1, 0)], [0, 1], points)
        except Rejected as error:
            found.append(str(error))
            continue
        if all(a == b for a, b in rows) is not true:
            found.append(f"modulo p: {functions}")
    return found


def is_formal_identity(functions: tuple[str, str]) -> bool | None:
    program, weights = family(*functions)
    ring = Ring()
    domain = Formal(ring)
    tensors = [domain.constant(w, p.shape) for w, p in zip(weights, program.parameters, strict=True)]
    trace = forward(program, domain, domain.inputs(program.input_shape), tensors)
    one: Poly = {(): Fraction(1)}
    tangents = gradient(program, domain, trace, [one])[0]
    try:
        return tangents is not None and formal_equal(ring)(tangents[0], tangents[1])
    except Rejected:
        return None


def adjoints() -> list[str]:
    """Programs whose backward and forward derivatives differ."""
    program = all_primitives("silu")
    return residue_adjoint_violations(program, rational_weights(program))


def formal_rings() -> list[str]:
    """Broken laws of the ring of formal polynomials."""
    ring = Ring()
    x, y = ring.variable("x", 0), ring.variable("x", 1)
    i: Poly = {((0, 1),): Fraction(1)}
    domain = Formal(ring)
    found = ring_violations(
        domain, [x, domain.plus(x, i), domain.plus(y, {(): Fraction(2)})], formal_equal(ring)
    )
    square = domain.times(i, i)
    return found if square == {(): -1} else [*found, "i^2 = -1"]


def values() -> list[str]:
    """Registers of a rational program that differ from a plain evaluation."""
    program = all_primitives("rational:1,2/3,0,1")
    weights, point = rational_weights(program, 11), [Fraction(1, 2), Fraction(-2, 3)]
    got = forward(program, Rationals(), point, [list(w) for w in weights]).values[-1]
    with mpmath.workdps(40):
        tensors = [[real(v) for v in w] for w in (*weights, point)]
        expected = network_values(program, tensors[:-1], tensors[-1])
        return [
            f"output {k}"
            for k, (a, b) in enumerate(zip(got, expected, strict=True))
            if abs(real(a) - b) > mpmath.mpf(10) ** -30
        ]


def slopes() -> list[str]:
    """Activations whose derivative modulo p is not that of dual numbers z + t, E + u'(z) E t."""
    found = []
    for name in TOWER:
        activation = activation_named(name)
        net = Assembly((1,), {"a": (1,)})
        program = net.finish(net.multiply(net.parameter("a"), net.activation(name, net.input)))
        weights = ((Fraction(1),),)
        domain = residues(program, weights)
        register, z = program.first_equation, 12321
        (value,), (slope,) = domain.activate(name, register, [z])
        row = domain.tower.exponentials.get(register, ())
        if activation.kind == ROOT:
            right = value * value % PRIME == z and 2 * value * slope % PRIME == 1
        else:
            quotient, derivative = dual_value(activation, domain, z, domain.exponential(row[0]) if row else 1)
            right = [slope] == quotient if activation.kind == PRIMITIVE else [slope] == derivative
            right = right and (activation.kind == PRIMITIVE or [value] == quotient)
        found += [] if right else [name]
    return found


def dual_value(activation: Activation, domain: Residues, z: int, e: int) -> tuple[list[int], list[int]]:
    """N / D and its derivative with pairs (value, derivative) modulo p."""
    p, constants = PRIME, domain.constants
    unit = {"1": 1, "i": constants.imaginary, "kappa": constants.kappa}[activation.unit]
    speed = sum(domain.setting.residue(u) * (n + 1) * z**n for n, u in enumerate(activation.exponent)) * unit

    def at(polynomial: Polynomial) -> tuple[int, int]:
        value = slope = 0
        for c, i, kappa, m, n in polynomial:
            factor = domain.setting.residue(c) * constants.imaginary**i * constants.kappa**kappa
            value += factor * z**m * e**n
            slope += factor * (m * z ** max(0, m - 1) * e**n + z**m * n * e**n * speed)
        return value % p, slope % p

    (top, d_top), (bottom, d_bottom) = at(activation.numerator), at(activation.denominator)
    inverse = pow(bottom, -1, p)
    return [top * inverse % p], [(d_top * bottom - top * d_bottom) * inverse * inverse % p]


def closed_forms() -> list[str]:
    """Entries of the table of activations that are not the function of their name, by values in mpmath."""
    found = []
    with mpmath.workdps(40):
        kappa, z = mpmath.sqrt(2 / mpmath.pi), mpmath.mpf(3) / 7
        for name in EXACT:
            data = activation_named(name)
            unit = {"1": 1, "i": mpmath.mpc(0, 1), "kappa": kappa}[data.unit]
            e = mpmath.exp(unit * sum(real(u) * z ** (n + 1) for n, u in enumerate(data.exponent)))
            top, bottom = (
                sum(real(c) * mpmath.mpc(0, 1) ** i * kappa**k * z**m * e**n for c, i, k, m, n in polynomial)
                for polynomial in (data.numerator, data.denominator)
            )
            one = Program((), (), (Equation("activation", (0,), (), name),), 1)
            expected = network_values(one, [], [z])
            if abs(top / bottom - expected[0]) > mpmath.mpf(10) ** -30:
                found.append(name)
    return found


def sources() -> list[str]:
    """Base exponents whose residue is not that of the symbol: silu(x), first met as silu(-x)."""
    found = []
    for name in ("silu", "sigmoid", "tanh"):
        program, weights = family(f"exp({name}(-x))", f"{name}(x)")
        domain = residues(program, weights)
        trace, ring = domain.run(), domain.tower.ring
        register = max(
            k for k in trace.slopes if equation_name(program.equations[k - program.first_equation]) == name
        )
        number = ring.find(("value", name, polynomials.freeze(ring.variable("x", 0))))
        if number is None or domain.monomial(((number, 1),), trace) != trace.values[register][0]:
            found.append(name)
    return found


def equation_name(equation: Equation) -> str:
    return str(equation.data)


def eliminations() -> list[str]:
    """Matrices whose rank differs from that of FLINT."""
    draw, found = random.Random(2), []
    for height, width, rank in ((3, 3, 3), (4, 6, 2), (7, 5, 4), (1, 4, 1), (30, 30, 17)):
        left = [[draw.randrange(PRIME) for _ in range(rank)] for _ in range(height)]
        right = [[draw.randrange(PRIME) for _ in range(width)] for _ in range(rank)]
        rows = [
            [
                sum(a * b for a, b in zip(row, column, strict=True)) % PRIME
                for column in zip(*right, strict=True)
            ]
            for row in left
        ]
        if elimination.rank_modulo(rows, width, PRIME) != flint.nmod_mat(rows, PRIME).rank():
            found.append(f"{height} x {width}")
    return found


def conditions() -> list[str]:
    """Conjectures that are not named."""
    conjectural = [["exp(x + tanh(1))", "x"], ["gelu_tanh(x)", "exp(x+1)"], ["gelu_tanh(x+1)", "x"]]
    return [functions[0] for functions in conjectural if not check_rank_of(functions, 2).is_conditional]


def loose_documents() -> list[str]:
    """Malformed texts that are accepted."""
    claim, certificate = documents(*family("x"), (0, 1), None)
    texts = {
        "duplicate key": claim.replace('"upper": 1', '"upper": 0, "upper": 1'),
        "truth value": claim.replace('"upper": 1', '"upper": true'),
        "number": claim.replace('[["0"]]', '[["1e3"]]'),
        "unknown key": claim.replace('"upper": 1', '"upper": 1, "assume": 1'),
        "float": claim.replace('"lower": 0', '"lower": 0.0'),
    }
    return [name for name, text in texts.items() if is_accepted(lambda text=text: check(text, certificate))]  # type: ignore[misc]  # a default binds the text
