"""Solutions of differential equations: enclosures against mpmath, existence, names, refusals."""

import random
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llrsym.kernel import differential_equations, taylor_steps
from llrsym.kernel.activations import OPAQUE, activation_named
from llrsym.kernel.differential_equations import pieces_towards, value_and_slope
from llrsym.kernel.domains import Rationals
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.polynomial_systems import check_exists_everywhere, has_root, read_system
from llrsym.kernel.taylor_steps import State, Step, attempt, taylor_series
from llrsym.kernel.tower import derive_tower
from llrsym.networks.builders import mlp

EXP, LOGISTIC, TANH = "ode:y1@1", "ode:y1-y1^2@1/2", "ode:1-y1^2@0"
SINE, ARCTAN, DAWSON = "ode:y2@0;-y1@1", "ode:y2@0;-2*z*y2^2@1", "ode:1-2*z*y1@0"
AIRY, ERF, BLOW_UP = "ode:y2@1;z*y1@0", "ode:y2@0;-2*z*y2@1", "ode:1+y1^2@0"
STIFF, SILU = "ode:-1000*y1+1000*z@0", "ode:y2+y1-y1*y2@0;y2-y2^2@1/2"


def dawson(z):
    return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-z * z) * mpmath.erfi(z)


def airy(z):
    """The solution of y'' = z y with y(0) = 1 and y'(0) = 0."""
    return (mpmath.airyai(z) / mpmath.airyai(0) + mpmath.airybi(z) / mpmath.airybi(0)) / 2


FUNCTIONS = {
    EXP: (mpmath.exp, mpmath.exp),
    LOGISTIC: (
        lambda z: 1 / (1 + mpmath.exp(-z)),
        lambda z: 1 / (2 + mpmath.exp(z) + mpmath.exp(-z)),
    ),
    TANH: (mpmath.tanh, lambda z: mpmath.sech(z) ** 2),
    SINE: (mpmath.sin, mpmath.cos),
    ARCTAN: (mpmath.atan, lambda z: 1 / (1 + z * z)),
    DAWSON: (dawson, lambda z: 1 - 2 * z * dawson(z)),
    AIRY: (
        airy,
        lambda z: (
            (
                mpmath.airyai(z, derivative=1) / mpmath.airyai(0)
                + mpmath.airybi(z, derivative=1) / mpmath.airybi(0)
            )
            / 2
        ),
    ),
    ERF: (lambda z: mpmath.sqrt(mpmath.pi) / 2 * mpmath.erf(z), lambda z: mpmath.exp(-z * z)),
    STIFF: (
        lambda z: z - (1 - mpmath.exp(-1000 * z)) / 1000,
        lambda z: 1 - mpmath.exp(-1000 * z),
    ),
}


def contains(ball, value, precision):
    return abs(mpmath.ldexp(value, precision) - ball[0]) <= ball[1]


def check_ball(name, middle, radius, precision):
    """The enclosures on a ball contain the values at its ends, its middle and points between."""
    enclosures = value_and_slope(name, (middle, radius), precision)
    points = {middle, middle - radius, middle + radius, middle - radius // 3, middle + 2 * radius // 3}
    with mpmath.workprec(precision + 200 + 6 * abs(middle + radius >> precision) ** 2):
        for point in points:
            z = mpmath.ldexp(mpmath.mpf(point), -precision)
            for ball, function in zip(enclosures, FUNCTIONS[name], strict=True):
                assert contains(ball, function(z), precision), (name, point)
    return enclosures


@pytest.mark.parametrize("precision", [20, 53, 200])
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != STIFF])
def test_enclosures_contain_the_solution(name, precision):
    draw = random.Random(f"{name} {precision}")
    middles = [0, 1, -1, 1 << precision, -(1 << precision), 10 << precision, (-3 << precision) + 1]
    middles += [draw.randrange(-8 << precision, 8 << precision) for _ in range(12)]
    for middle in middles:
        for radius in (0, draw.randrange(1, 40), draw.randrange(1 << precision - 8)):
            check_ball(name, middle, radius, precision)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_wide_balls_are_enclosed_by_the_steps(name):
    precision = 60
    balls = [(0, 1 << precision), (2 << precision, 3 << precision)]
    for middle, radius in balls if name != STIFF else [(1 << precision - 1, 1 << precision - 1)]:
        check_ball(name, middle, radius, precision)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_exact_numbers_have_values_to_the_last_bits(name):
    precision = 150
    for middle in (0, 1, 12345 << precision - 14, 2 << precision):
        value, slope = check_ball(name, middle, 0, precision)
        assert value[1] <= 2
        assert slope[1] <= 3 * 2000 if name == STIFF else slope[1] <= 8


def test_a_stiff_equation_keeps_its_precision():
    for middle in (1 << 100, 1 << 101, 3 << 98):
        value, _ = check_ball(STIFF, middle, 0, 100)
        assert value[1] <= 2


def test_two_spellings_of_one_function_agree():
    for middle in range(-5 << 80, 5 << 80, (1 << 80) - 12345):
        value, slope = value_and_slope(SILU, (middle, 0), 80)
        with mpmath.workprec(300):
            z = mpmath.ldexp(mpmath.mpf(middle), -80)
            s = 1 / (1 + mpmath.exp(-z))
            assert contains(value, z * s, 80)
            assert abs(slope[1]) <= 8


MATRIX = st.lists(st.integers(-3, 3), min_size=4, max_size=4)


@settings(max_examples=40)
@given(MATRIX, st.fractions(-4, 4, max_denominator=64), st.integers(0, 3), st.integers(-3, 3))
def test_linear_systems_are_exponentials_of_matrices(entries, z, start, other):
    a, b, c, d = entries
    name = canonical(f"{a}*y1+{b}*y2@{start}", f"{c}*y1+{d}*y2@{other}")
    precision = 90
    middle = z.numerator * (1 << precision) // z.denominator
    value, slope = value_and_slope(name, (middle, 0), precision)
    with mpmath.workprec(400):
        matrix = mpmath.matrix([[a, b], [c, d]])
        flow = mpmath.expm(matrix * mpmath.ldexp(mpmath.mpf(middle), -precision), method="taylor")
        solution = flow * mpmath.matrix([start, other])
        assert contains(value, solution[0], precision)
        assert contains(slope, (matrix * solution)[0], precision)
    assert value[1] <= 2


def canonical(*equations):
    from llrsym.networks.systems import canonical_ode

    return canonical_ode("ode:" + ";".join(equations))


@pytest.fixture
def poor_steps(monkeypatch):
    """Steps that are far too long for their order: what is proved about them must hold all the same."""
    caches = (differential_equations._path, differential_equations._solution)
    for module in (taylor_steps, differential_equations):
        monkeypatch.setattr(module, "order_of", lambda bits, window: 6 + window)
    monkeypatch.setattr(taylor_steps, "NEGLIGIBLE", 1 << 110)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != STIFF])
def test_poor_steps_have_poor_but_true_bounds(name, poor_steps):
    bits = 128
    widths = []
    for middle in (1 << bits - 2, -(3 << bits - 2), 3 << bits):
        try:
            (value, *_) = differential_equations._at_point(name, middle, bits)
        except Rejected:
            continue
        with mpmath.workprec(400):
            z = mpmath.ldexp(mpmath.mpf(middle), -bits)
            assert contains(value, FUNCTIONS[name][0](z), bits)
            off = abs(mpmath.ldexp(FUNCTIONS[name][0](z), bits) - value[0])
        widths.append(float(off / value[1]))
    assert widths
    assert max(widths) > 1e-9


@pytest.mark.parametrize("start", [3, 0.37])
def test_errors_of_products_are_bounded(start):
    """y1^4 = (y1^2)^2 is far from its series on a long step, and close to it on a short one."""
    bits, name = 60, "ode:y1^4@1"
    recipe = taylor_steps.recipe_of(name)
    for halvings in (0, 2, 12):
        nodes, _ = taylor_series(name, bits, State(0, (int(start * 2**bits),), 0), 1, halvings)
        errors = taylor_steps._errors_of_nodes(recipe, nodes, bits)
        for u in (Fraction(1, 3), Fraction(1)):
            exact = [
                sum((Fraction(c, 2**bits) * u**k for k, c in enumerate(nodes[n])), Fraction(0))
                for n in (0, 1)
            ]
            for left, right in recipe.products:
                exact.append(exact[left] * exact[right])
            for n, series in enumerate(nodes):
                written = sum((c * u**k for k, c in enumerate(series)), Fraction(0))
                assert abs(exact[n] * 2**bits - written) <= errors[n]


@pytest.mark.parametrize("name", [EXP, LOGISTIC, TANH, DAWSON, ARCTAN, "ode:1/3*y1^2*y2-z^2*y2@1/7;1/7*y1@1"])
@pytest.mark.parametrize("side", [1, -1])
def test_the_defect_is_bounded(name, side):
    """T' - h P(z + hu, T) in exact arithmetic, at points of [0, 1]."""
    bits, halvings = 90, 4
    system = read_system(name)
    start = State(side * 3 << bits - 3, tuple(int(v * 2**bits) for v in system.initial), 0)
    nodes, last = taylor_series(name, bits, start, side, halvings)
    bound = taylor_steps._defect(taylor_steps.recipe_of(name), nodes, last, bits, halvings)
    step = Fraction(side, 2**halvings)
    solution = [[Fraction(c, 2**bits) for c in series] for series in nodes[1 : 1 + len(system.initial)]]
    for u in (Fraction(0), Fraction(1, 3), Fraction(7, 8), Fraction(1)):
        at = [Fraction(start.z, 2**bits) + step * u]
        at += [sum((c * u**k for k, c in enumerate(series)), Fraction(0)) for series in solution]
        for series, side_of in zip(solution, system.derivatives, strict=True):
            slope = sum((k * c * u ** (k - 1) for k, c in enumerate(series) if k), Fraction(0))
            right = Fraction(0)
            for c, powers in side_of:
                for value, e in zip(at, powers, strict=True):
                    c *= value**e
                right += c
            assert abs(slope - step * right) * 2**bits <= bound


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("name", "direction"),
    [
        (EXP, (1,)),
        ("ode:-y1@1", (1,)),
        ("ode:y2@1;y1@1", (1, 1)),
        ("ode:-y2@1;-y1@1", (1, -1)),
        (SINE, (1, 1)),
    ],
)
def test_what_starts_in_a_ball_ends_in_the_ball_of_the_step(name, direction, side):
    """Of linear systems: a difference of two solutions is moved by the exponential of the matrix."""
    bits, halvings = 128, 2
    system = read_system(name)
    n = len(direction)
    radius = 1 << 100
    start = State(0, tuple(int(v) << bits for v in system.initial), radius)
    step = attempt(name, bits, start, side, halvings)
    assert isinstance(step, Step)
    matrix = mpmath.zeros(n, n)
    for row, terms in enumerate(system.derivatives):
        for c, powers in terms:
            matrix[row, powers.index(1) - 1] = int(c)
    moved = mpmath.expm(matrix * side / 2**halvings) * mpmath.matrix(direction) * radius
    largest = max(abs(v) for v in moved)
    assert largest <= step.end.radius <= 1.5 * radius
    assert max(largest, radius) <= step.radius
    if (name, side) in ((EXP, -1), ("ode:-y1@1", 1)):
        assert step.end.radius < 0.81 * radius


def test_up_to_a_pole_there_are_values_and_beyond_it_none():
    precision = 100
    near = 157 * (1 << precision) // 100
    value, slope = value_and_slope(BLOW_UP, (near, 0), precision)
    with mpmath.workprec(300):
        z = mpmath.ldexp(mpmath.mpf(near), -precision)
        assert contains(value, mpmath.tan(z), precision)
        assert contains(slope, 1 + mpmath.tan(z) ** 2, precision)
    assert value[1] < 1 << 20
    for beyond in ((158 * (1 << precision) // 100, 0), (near, 1 << precision - 6), (5 << precision, 0)):
        with pytest.raises(Rejected, match="not proved to have a solution up to this argument"):
            value_and_slope(BLOW_UP, beyond, precision)
    assert value_and_slope("ode:y1^2@1", (-9 << 40, 0), 40)[0][0] == pytest.approx((1 << 40) / 10, abs=2)
    with pytest.raises(Rejected, match="not proved"):
        value_and_slope("ode:y1^2@1", (1 << 40, 0), 40)


def test_limits_are_refusals():
    with pytest.raises(Rejected, match="more than 8192 bits"):
        value_and_slope(TANH, (0, 0), 9000)
    with pytest.raises(Rejected, match="more than 2000 steps"):
        value_and_slope("ode:z@0", (5000 << 20, 0), 20)
    with pytest.raises(Rejected, match="limit: a differential equation takes"):
        value_and_slope(SINE, (1 << 60, 0), 20)


def test_pieces_end_where_the_solution_does():
    pieces = pieces_towards(BLOW_UP, 1, 2 << 100, 100)
    ends = [z / 2**100 + 2.0**-h for z, h, _ in pieces]
    assert 1.57 < ends[-1] <= 1.5707963267948966
    assert len(pieces_towards(BLOW_UP, 1, 1 << 99, 100)) < len(pieces)


@pytest.mark.parametrize(
    "name",
    [
        *FUNCTIONS,
        SILU,
        "ode:0@1/2",
        "ode:2-y1^2@0",
        "ode:y1^2-y1^4@1/2",
        "ode:-z*y1^3@1",
        "ode:z^2*y1-z^2*y1^2@1/3",
        "ode:y2^3@1;1-y2^2@0",
        "ode:y2-y1^2*y2@0;z@0",
        "ode:y3@0;y1*y3@1;z@1",
    ],
)
def test_solutions_for_all_real_z(name):
    check_exists_everywhere(read_system(name))
    activation = activation_named(name)
    assert (activation.kind, activation.parity) == (OPAQUE, None)


@pytest.mark.parametrize(
    "name",
    [
        BLOW_UP,
        "ode:y1^2@1",
        "ode:-y1^2@1",
        "ode:-y1^3@1",
        "ode:y1-y1^2@2",
        "ode:y1^2-y1^3@-1",
        "ode:z*y1^2@1",
        "ode:-2*z*y1^2@-1",
        "ode:-z^2*y1^3@1",
        "ode:y2^2@1;y1@0",
        "ode:y2@0;1+y2^2@0",
        "ode:y2@1;6*y1^2@0",
    ],
)
def test_solutions_that_may_end(name):
    with pytest.raises(Malformed, match="is not proved to have a solution for all real z"):
        activation_named(name)


@pytest.mark.parametrize(
    "name",
    [
        "ode:",
        "ode:y1",
        "ode:y1@",
        "ode:@1",
        "ode:y1@1;",
        "ode:y1@1.5",
        "ode:y1@2/4",
        "ode:y1@1/0",
        "ode:1*y1@1",
        "ode:y1*1@1",
        "ode:+y1@1",
        "ode:--y1@1",
        "ode:y1+0@1",
        "ode:y1+y1@1",
        "ode:y1*z@1",
        "ode:y1^1@1",
        "ode:y1^17@1",
        "ode:y1^99999@1",
        "ode:y2@1",
        "ode:y0@1",
        "ode:x@1",
        "ode: y1@1",
        "ode:y1@1\n",
        "ode:y1-1@1",
        "ode:y1@\u0661",
        "ode:2/4*y1@1",
        "ode:1e3*y1@1",
        "ode:" + "9" * 61 + "@0",
        "ode:" + ";".join(["1@0"] * 9),
        "ode:" + "+".join(f"{k}" for k in range(2000)),
        "ODE:y1@1",
        "tanh",
    ],
)
def test_other_texts_are_malformed(name):
    with pytest.raises(Malformed):
        read_system(name)
    if name != "tanh":
        with pytest.raises(Malformed):
            activation_named(name)


def test_canonical_names_are_read_back():
    system = read_system("ode:1/2-3*z^2*y1*y2^3@-1/3;z@0")
    assert system.initial == (Fraction(-1, 3), 0)
    assert system.derivatives[0] == ((Fraction(1, 2), (0, 0, 0)), (Fraction(-3), (2, 1, 3)))
    assert system.degree == 6


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=4), st.fractions(-5, 5, max_denominator=8))
def test_roots_on_a_side_are_found(roots, start):
    polynomial = (Fraction(1),)
    for root in roots:
        shifted = (Fraction(0), *polynomial)
        polynomial = tuple(a - root * b for a, b in zip(shifted, (*polynomial, Fraction(0)), strict=True))
    assert has_root(polynomial, start, 1) == any(root >= start for root in roots)
    assert has_root(polynomial, start, -1) == any(root <= start for root in roots)
    squared = (Fraction(1), Fraction(0), Fraction(1))
    assert not has_root(squared, start, 1)


def test_exact_engines_refuse_an_opaque_function():
    program = mlp(1, 2, 1, activation=DAWSON).program
    with pytest.raises(Rejected, match="has no exact engine"):
        derive_tower(program, None)
    with pytest.raises(Rejected, match="no rational values"):
        Rationals().activate_entry(DAWSON, 0, 0, Fraction(0))
    assert not activation_named(DAWSON).is_affine
    assert not activation_named("ode:1@0").is_polynomial
