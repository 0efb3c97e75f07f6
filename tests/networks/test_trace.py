"""Traced NumPy functions are the same functions: against NumPy itself, and against the builders."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llrsym as ll
from llrsym.domains.float64 import approx_trace
from llrsym.errors import BadInput
from llrsym.networks.trace import trace

RNG = np.random.default_rng(5)
SHAPES = {"a": (2, 3), "b": (3,), "c": (3, 2), "d": (2, 3, 4), "s": ()}
MASK = np.array([[True, False, True], [False, True, True]])


def value(network, weights, x):
    """The output of a network in double precision."""
    flat = [np.ravel(w).tolist() for w in weights.values()]
    registers = approx_trace(network.program, flat, np.reshape(x, (1, -1))).values
    return np.asarray(registers[network.program.output])[0]


def check(forward, shapes, x_shape):
    """The traced network agrees with the function that was traced."""
    weights = {name: RNG.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}
    x = RNG.uniform(0.5, 1.5, x_shape)
    network = trace(forward, shapes=shapes, x_shape=x_shape)
    expected = np.asarray(forward(weights, x), dtype=float)
    got = value(network, weights, x)
    assert got.size == expected.size
    np.testing.assert_allclose(got.ravel(), expected.ravel(), rtol=1e-10, atol=1e-12)
    return network


CASES = {
    "operators": lambda p, x: (p["a"] + x - 2) * p["b"] / (x + 3) + 1,
    "reflected operators": lambda p, x: 1 - (2 / (1 + x)) * np.float32(0.5) + np.ones(3) * x,
    "matmul by constants": lambda p, x: np.arange(6.0).reshape(2, 3) @ p["c"] + x[0, 0],
    "powers": lambda p, x: x**2 + p["b"] ** -3 + x**0 + np.square(x) * np.reciprocal(x),
    "several powers": lambda p, x: x ** np.array([2, -1, 0]) + p["b"] ** np.array([[1], [3]]),
    "ufuncs": lambda p, x: np.tanh(x) * np.sin(x) + np.cosh(x) - np.arctan(x) + np.tan(x) + np.expm1(x),
    "sums": lambda p, x: np.sum(p["d"], axis=(0, 2)) + np.mean(x, axis=0) + p["a"].sum(0),
    "keepdims": lambda p, x: x / x.sum(axis=1, keepdims=True) + x.mean(axis=-1, keepdims=True),
    "variance": lambda p, x: x.var(axis=1) + np.var(p["d"]),
    "sum of repeated": lambda p, x: np.broadcast_to(p["b"], (4, 3)).sum(0) + np.ones((5, 3)).sum(0) * x[0],
    "product": lambda p, x: np.prod(x, axis=1) + p["b"].prod(),
    "cumulative": lambda p, x: np.cumsum(x, axis=1) + np.cumsum(p["a"], axis=0),
    "einsum": lambda p, x: np.einsum("ij,jk,kl->il", x, p["c"], p["a"]) + np.einsum("ij->", p["a"]),
    "einsum diagonal": lambda p, x: np.einsum("ii->i", p["c"] @ x) + np.einsum("ij,ij->", x, p["a"]),
    "einsum implicit": lambda p, x: np.einsum("ij,jk", x, p["c"]) + np.einsum("...j,j", x, p["b"])[:, None],
    "einsum ellipsis": lambda p, x: np.einsum("b...k,bj->jk...", p["d"], x),
    "outer": lambda p, x: np.outer(p["b"], x) + np.multiply.outer(p["b"], x.ravel()),
    "dot": lambda p, x: np.dot(x, p["c"]) + np.inner(x, p["a"]) + np.vdot(x, p["a"]) + np.dot(p["b"], p["b"]),
    "tensordot": lambda p, x: np.tensordot(x, p["d"], axes=([0, 1], [0, 1])) + np.tensordot(x, p["a"]),
    "batched matmul": lambda p, x: (
        x[:, None, :] @ p["d"] + p["d"].swapaxes(1, 2)[:, :1, :] @ p["c"][None, :, :1]
    ),
    "vector times matrix": lambda p, x: p["b"] @ p["c"] + x @ p["b"],
    "scalars": lambda p, x: p["s"] * x + p["s"] ** 2,
    "reshape": lambda p, x: p["d"].reshape(4, -1)[:3, :2] @ x + x.reshape((3, 2)) @ x,
    "transpose": lambda p, x: np.transpose(p["d"], (2, 0, 1))[1] + x.T.T + np.moveaxis(p["d"], 0, -1)[:, 0].T,
    "exp of a transpose": lambda p, x: np.exp(p["c"].T) * np.exp(x),
    "slices": lambda p, x: x[::-1, 1:] + x[0, :2] * p["d"][:, -1, ::3],
    "fancy": lambda p, x: p["d"][[0, 1], [2, 0]] + x[np.arange(2) == 1, :1] + p["b"][np.array([[0], [2]])],
    "newaxis": lambda p, x: x[..., None] * p["d"] + np.expand_dims(p["b"], -1),
    "squeeze": lambda p, x: np.squeeze(x[:1]) + p["b"][None].squeeze(0),
    "concatenate": lambda p, x: np.concatenate([x, p["a"], np.ones((1, 3))], axis=0) * p["b"],
    "stack": lambda p, x: np.stack([x, p["a"], MASK * 2.0]) + np.hstack([x, p["a"]])[:, :3],
    "split": lambda p, x: np.split(x, 3, axis=1)[1] * np.array_split(p["d"], 2)[1][0, :2],
    "block": lambda p, x: np.block([[x, p["a"]], [np.zeros((1, 3)), p["b"][None]]]),
    "pad": lambda p, x: np.pad(x, ((0, 1), (1, 0))) + np.pad(x, ((1, 0), (0, 1)), mode="edge"),
    "roll and flip": lambda p, x: np.roll(x, 1, axis=1) + np.flip(p["a"]) + np.tile(p["b"], (2, 1)),
    "repeat and take": lambda p, x: np.repeat(x, 2, axis=0)[:2] + np.take(p["d"], [0, 3, 1], axis=2)[:, 0],
    "where": lambda p, x: np.where(MASK, x, p["a"] * 2) + np.where(MASK, 0, x),
    "masked softmax": lambda p, x: (e := np.exp(np.where(MASK, x, -np.inf))) / e.sum(-1, keepdims=True),
    "additive mask": lambda p, x: (e := np.exp(x + np.where(MASK, 0.0, -np.inf))) / e.sum(-1, keepdims=True),
    "logistic": lambda p, x: 1 / (1 + np.exp(-(p["a"] * x))),
    "softplus": lambda p, x: np.log1p(np.exp(x)) + np.log(1 + np.exp(p["a"])) + np.logaddexp(0, x),
    "logaddexp": lambda p, x: np.logaddexp(x, p["a"]),
    "triangle": lambda p, x: np.tril(p["c"] @ x) + np.triu(p["c"] @ x, 1) / 2 + np.diag(p["b"]),
    "trace of a matrix": lambda p, x: np.trace(p["c"] @ x) * x,
    "sliding window": lambda p, x: np.lib.stride_tricks.sliding_window_view(p["d"], 2, axis=2) @ p["b"][:2],
    "loop": lambda p, x: sum(np.tanh(row @ p["c"]) for row in x),
    "like": lambda p, x: np.zeros_like(x) + x + np.ones_like(p["b"]) + np.full_like(x, 2.5, dtype=int),
    "averages": lambda p, x: np.average(x, 0) + np.concatenate([x, p["a"]], dtype=np.float64)[0],
    "in place": lambda p, x: _in_place(p, x),
    "stored": lambda p, x: _stored(p, x),
    "a constant": lambda p, x: np.arange(3) / 8,
    "the input itself": lambda p, x: x,
    "a parameter transposed": lambda p, x: p["a"].T,
    "matrix power": lambda p, x: np.linalg.matrix_power(p["c"] @ x, 3),
    "constants of roots": lambda p, x: x / np.sqrt(3) + np.sqrt(np.ones_like(x) * 4),
    "layer normalisation": lambda p, x: (x - x.mean()) / np.sqrt(x.var() + 1e-5) * p["c"][0, 0],
    "norm of a vector": lambda p, x: x / np.linalg.norm(p["c"] @ x + 9),
    "half a power": lambda p, x: (x**2 + 1) ** 1.5 + (x**2 + 1) ** -0.5,
    "cancelled": lambda p, x: np.exp(x - x) + x * 0 + (x + p["a"]) - x,
}


def _in_place(p, x):
    h = x * 2
    h += p["b"]
    h *= 3
    return h


def _stored(p, x):
    h = np.zeros_like(x)
    h[0] = x[1] * p["b"]
    h[:, 1] = 5
    return h + x


@pytest.mark.parametrize("name", CASES)
def test_a_traced_function_is_that_function(name):
    check(CASES[name], SHAPES, (2, 3))


def mlp(p, x):
    h = np.tanh(p["W1"] @ x + p["b1"])
    h = np.tanh(p["W2"] @ h + p["b2"])
    return p["W3"] @ h + p["b3"]


def test_a_traced_mlp_is_the_program_of_the_builder():
    built = ll.mlp(2, 4, 3, 1)
    network = trace(
        mlp, shapes=dict(zip(built.parameter_names, built.parameter_shapes, strict=True)), x_shape=(2,)
    )
    assert network.program == built.program
    assert network.text == "mlp(W1: 4x2, b1: 4, W2: 3x4, b2: 3, W3: 1x3, b3: 1; x: 2)"


def test_a_traced_mlp_has_the_relations_of_the_builder():
    built = ll.mlp(1, 2, 1, bias=False)
    network = trace(
        lambda p, x: p["W2"] @ np.tanh(p["W1"] @ x), shapes={"W1": (2, 1), "W2": (1, 2)}, x_shape=(1,)
    )
    at = {"W1": [[1.0], [-1.0]], "W2": [[1.0, 2.0]]}
    ranks = [ll.model_rank(net, at=at, explain=True) for net in (network, built)]
    assert (ranks[0].lower, ranks[0].upper, ranks[0].relations) == (2, 2, ranks[1].relations)


def test_an_attention_head_has_the_symmetry_of_its_keys():
    def head(p, x):
        scores = np.exp((x @ p["Q"].T) @ (x @ p["K"].T).T)
        return (scores / scores.sum(axis=1, keepdims=True)) @ x @ p["V"].T

    network = trace(head, shapes={"Q": (2, 2), "K": (2, 2), "V": (1, 2)}, x_shape=(3, 2))
    verdict = ll.model_rank(network)
    assert (verdict.parameters, verdict.lower, verdict.upper) == (10, 6, 6)  # GL(2) has dimension 4


def test_shapes_by_example_arrays_and_an_entry_for_the_input():
    network = trace(lambda p, x: p["w"] @ x, shapes={"w": np.zeros((1, 4)), "x": (4,)})
    assert (network.layers, network.inputs) == ((("w", (1, 4), 4),), 4)


def test_floats_are_the_dyadic_numbers_that_they_are():
    network = trace(lambda p, x: 0.1 * x * p["w"] + Fraction(1, 3), shapes={"w": (1,)}, x_shape=(1,))
    constants = {v for e in network.program.equations if e.primitive == "constant" for v in e.data}
    assert constants == {Fraction(0.1), Fraction(1, 3)}


def test_what_only_rearranges_entries_costs_one_gather():
    def forward(p, x):
        y = np.concatenate([x.reshape(2, 3).T[::-1], x.reshape(3, 2)], axis=1)
        return np.tanh(np.pad(y[:, :3], ((1, 0), (0, 0))).ravel()[4:])

    equations = trace(forward, shapes={}, x_shape=(6,)).program.equations
    assert sorted(e.primitive for e in equations) == ["activation", "gather"]


@pytest.mark.parametrize("width", [1, 2])
def test_a_single_unit_is_traced_as_several_are(width):
    """A number such as the 1 in 1 + exp(z) does not change the shape of an array with one entry."""
    network = trace(
        lambda p, x: p["A"] @ ((p["s"] + 1 / (1 + np.exp(-(p["G"] @ x)))) * (p["W"] @ x)),
        shapes={"G": (width, 2), "W": (width, 2), "A": (1, width), "s": ()},
        x_shape=(2,),
    )
    primitives = [equation.primitive for equation in network.program.equations]
    assert "divide" not in primitives
    assert network.program.shapes[network.program.output] == (1,)
    assert primitives.count("gather") <= 1, "the number s, repeated"


def test_literal_sigmoid_and_softplus_are_the_named_activations():
    shapes = {"w": (2,)}
    sigmoid = trace(lambda p, x: 1 / (1 + np.exp(-(p["w"] * x))), shapes=shapes, x_shape=(2,))
    softplus = trace(lambda p, x: np.log(np.exp(p["w"] * x) + 1), shapes=shapes, x_shape=(2,))
    assert [e.data for e in sigmoid.program.equations] == [(), "sigmoid"]
    assert [e.data for e in softplus.program.equations] == [(), "softplus"]


def test_other_logistic_expressions_stay_as_they_are():
    network = trace(lambda p, x: 2 / (2 + np.exp(-x)), shapes={}, x_shape=(2,))
    assert "exp" in [e.data for e in network.program.equations]


REFUSED = {
    "np.maximum is not analytic: it has a corner": lambda p, x: np.maximum(x, 0),
    "np.absolute is not analytic: it has a corner": lambda p, x: abs(x),
    "np.sign is not analytic": lambda p, x: np.sign(x),
    "np.greater is not analytic: a comparison": lambda p, x: x > 0,
    "np.max is not analytic.* softmax needs no shift": lambda p, x: np.exp(x - x.max()),
    "np.clip is not analytic": lambda p, x: np.clip(x, 0, 1),
    "np.argmax is not analytic": lambda p, x: x.argmax(),
    "a branch on a value": lambda p, x: x if x.sum() else -x,
    "np.cbrt .*": lambda p, x: np.cbrt(x),
    "np.log has no exact engine, except": lambda p, x: np.log(x),
    "np.arcsin has no exact engine": lambda p, x: np.arcsin(x),
    "np.linalg.*|np.inv is not supported": lambda p, x: np.linalg.inv(x @ p["c"]),
    "the power 1/3 is not analytic at zero": lambda p, x: x ** Fraction(1, 3),
    "a power whose exponent depends": lambda p, x: 2**x,
    "cannot become a plain array; use np.stack": lambda p, x: np.array([x[0], x[1]]),
    "cannot become a number": lambda p, x: float(x[0, 0]),
    "condition that depends on x": lambda p, x: np.where(x, x, -x),
    "an index that depends on x": lambda p, x: p["b"][x],
    "division by zero": lambda p, x: x / np.zeros(3),
    "do not fit together": lambda p, x: x @ p["a"],
    "shapes .* do not fit together; reshape": lambda p, x: x + p["c"],
    "np.pad with a constant": lambda p, x: np.pad(x, 1, constant_values=1),
    "the constant nan is no number": lambda p, x: x * np.nan,
    "minus infinity is only understood": lambda p, x: np.tanh(x + np.where(MASK, 0.0, -np.inf)),
    "np.average with weights": lambda p, x: np.average(x, 0, np.ones(2)),
    "np.sum with dtype int": lambda p, x: x.sum(dtype=int),
    "astype.*rounds": lambda p, x: x.astype(int),
    "may not change in place": lambda p, x: x.__iadd__(1),
    "out= |plain array; leave out=": lambda p, x: np.add(x, 1, out=np.zeros((2, 3))),
    "is no real number": lambda p, x: x * 1j,
    "has more than .* entries": lambda p, x: np.outer(np.tile(x, 500), np.tile(x, 500)),
    "raised KeyError: 'q'": lambda p, x: p["q"] @ x,
    "raised ZeroDivisionError": lambda p, x: x / (1 // 0),
    "returned a value of type tuple": lambda p, x: (x, x),
    "index 7 is out of bounds": lambda p, x: x[7],
    "cannot reshape": lambda p, x: x.reshape(4, 4),
    "axis 5 does not exist": lambda p, x: x.sum(axis=5),
    "write the contraction as text": lambda p, x: np.einsum(x, [0, 1], [0]),
    "names 1 arrays, but 2 are given": lambda p, x: np.einsum("ij", x, x),
    "the array attribute 'tofile'": lambda p, x: x.tofile("f"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_exact_meaning_is_refused_with_its_place(reason):
    with pytest.raises(BadInput, match=reason) as caught:
        trace(REFUSED[reason], shapes=SHAPES, x_shape=(2, 3))
    message = str(caught.value)
    assert "test_trace.py, line " in message or "returned a value" in message
    assert "\n" not in message


def test_functions_of_scipy_are_traced_or_refused_with_the_line_of_the_caller():
    special = pytest.importorskip("scipy.special")
    network = trace(lambda p, x: special.expit(p["w"] * x) + special.erf(x), shapes={"w": (2,)}, x_shape=(2,))
    assert {e.data for e in network.program.equations} == {(), "sigmoid", "erf"}
    with pytest.raises(BadInput, match=r"test_trace.py, line .* cannot become a plain array"):
        trace(lambda p, x: special.softmax(x), shapes={}, x_shape=(2,))


def test_a_function_that_is_not_a_function_of_its_arguments_is_refused():
    generator = np.random.default_rng(0)
    with pytest.raises(BadInput, match=r"other values on plain arrays.*without random numbers"):
        trace(lambda p, x: x * generator.normal(), shapes={}, x_shape=(2,))


def test_a_view_may_not_change_in_place():
    def forward(p, x):
        h = x * 2
        row = h[0]
        row += 1  # in NumPy this would change h as well
        return h

    with pytest.raises(BadInput, match="a view or has views"):
        trace(forward, shapes={}, x_shape=(2, 2))


@pytest.mark.parametrize(
    ("shapes", "x_shape", "reason"),
    [
        ({"W": (2, -1)}, (2,), "shape of W is"),
        ({"W": "wide"}, (2,), "shape of W is 'wide'"),
        ({"W": (2, 2)}, None, "the shape of the input is missing"),
        ({3: (2, 2)}, (2,), "is no name"),
        ([(2, 2)], (2,), "shapes is no mapping"),
        ({"W": (10**5, 10**5)}, (2,), "has more than"),
    ],
)
def test_shapes_that_are_no_shapes_are_refused(shapes, x_shape, reason):
    with pytest.raises(BadInput, match=reason):
        trace(lambda p, x: x, shapes=shapes, x_shape=x_shape)


UNARY = [
    np.tanh,
    np.negative,
    np.transpose,
    lambda a: a[::-1],
    lambda a: a.sum(axis=0, keepdims=True),
    lambda a: a.mean(axis=-1, keepdims=True),
    lambda a: a**2,
    lambda a: 1 / (2 + a * a),
    lambda a: a[:, :1],
    lambda a: np.pad(a, ((0, 1), (0, 0)))[1:],
    lambda a: a.reshape(-1, 1)[: len(a)],
    lambda a: np.exp(a / 4),
    lambda a: a * 0.5 - 1,
]
BINARY = [
    lambda a, b: a + b[:1, :1],
    lambda a, b: a * b[:1, :1],
    lambda a, b: a @ (b.T @ b) if a.shape[1] == b.shape[1] else a,
    lambda a, b: np.einsum("ij,kl->il", a, b),
    lambda a, b: a[0] * b[:, :1],
    lambda a, b: a - b if a.shape == b.shape else b,
    lambda a, b: np.concatenate([a, b]) if a.shape[1] == b.shape[1] else a,
    lambda a, b: a / (3 + b[:1, :1] ** 2),
]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.booleans()), min_size=1, max_size=7))
def test_random_expressions_agree_with_numpy(steps):
    def forward(p, x):
        values = [x, p["a"], p["c"]]
        for kind, place, is_unary in steps:
            left = values[place % len(values)]
            if is_unary:
                values.append(UNARY[kind % len(UNARY)](left))
            else:
                values.append(BINARY[kind % len(BINARY)](left, values[(place // 3) % len(values)]))
        return values[-1] / 64

    with np.errstate(all="ignore"):
        weights = {"a": np.linspace(-1, 1, 6).reshape(2, 3), "c": np.linspace(0.2, 0.9, 6).reshape(3, 2)}
        x = np.array([[0.3, -0.7, 0.1], [0.9, 0.4, -0.2]])
        expected = forward(weights, x)
        network = trace(forward, shapes={"a": (2, 3), "c": (3, 2)}, x_shape=(2, 3))
        got = value(network, weights, x)
    if np.isfinite(expected).all() and np.abs(expected).max(initial=0) < 1e12:
        np.testing.assert_allclose(got.ravel(), expected.ravel(), rtol=1e-8, atol=1e-9)
