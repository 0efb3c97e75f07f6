"""Reduction of deep tanh networks: the function stays, and what is left is proved irreducible."""

import random
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest

from llrsym.kernel import irreducible
from llrsym.kernel.constants import Constant, tanh_of
from llrsym.kernel.errors import Rejected
from llrsym.kernel.irreducible import Net, Undecided, net_of, reduce, require_nonzero
from llrsym.kernel.models import Layered, Weights, parameter_shapes, tensors_of
from llrsym.kernel.program import size
from llrsym.kernel.target_sets import exact_minimal_rank
from llrsym.kernel.two_layer import Inexpressible
from tests.kernel.representations import layered, minor_rank, proved_rank, rank_in, reaches, weights
from tests.kernel.test_constants import number

Values = list[mpmath.mpf]


def outputs_of(net: Net, x: Values) -> Values:
    """Evaluate a network in layers."""
    h = x
    for layer, (rows, biases) in enumerate(zip(net.weights, net.biases, strict=True)):
        z = [
            number(b)
            + mpmath.fsum(mpmath.mpf(w.numerator) / w.denominator * v for w, v in zip(row, h, strict=True))
            for row, b in zip(rows, biases, strict=True)
        ]
        h = z if layer == len(net.weights) - 1 else [mpmath.tanh(v) for v in z]
    return h


def values(model: Layered, at: Weights, x: Values) -> Values:
    """Evaluate the model with its own activation, from the definition."""
    tensors, h = tensors_of(model, at), x
    for layer, (fan_in, fan_out) in enumerate(zip(model.widths, model.widths[1:], strict=False), start=1):
        matrix, bias = tensors[f"W{layer}"], tensors.get(f"b{layer}", (Fraction(0),) * fan_out)
        z = [
            _real(bias[i]) + mpmath.fsum(_real(matrix[i * fan_in + j]) * h[j] for j in range(fan_in))
            for i in range(fan_out)
        ]
        sigma = mpmath.tanh if model.activation == "tanh" else lambda v: 1 / (1 + mpmath.exp(-v))
        h = [sigma(v) for v in z] if layer < len(model.biases) else z
    return h


def _real(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def random_case(source: random.Random) -> tuple[Layered, Weights]:
    widths = (source.randint(1, 2), *(source.randint(1, 3) for _ in range(source.randint(1, 3))), 1)
    activation = source.choice(["tanh", "tanh", "sigmoid"])
    model = layered(*widths, activation=activation, biases=[source.random() < 0.6 for _ in widths[1:]])
    shapes = parameter_shapes(model).values()
    return model, weights(*([source.choice([0, 0, 1, -1, 1, 2]) for _ in range(size(s))] for s in shapes))


@pytest.mark.parametrize("seed", range(80))
def test_a_reduced_network_has_the_same_function_and_is_irreducible(seed: int) -> None:
    source = random.Random(seed)
    model, at = random_case(source)
    x = [mpmath.mpf(source.randint(-9, 9)) / 7 for _ in range(model.widths[0])]
    with mpmath.workdps(40):
        expected = values(model, at, x)
        assert all(
            abs(a - b) < 1e-30 for a, b in zip(outputs_of(net_of(model, at), x), expected, strict=True)
        )
        try:
            net = reduce(net_of(model, at))
        except Undecided:
            return
        got = [number(b) for b in net.biases[-1]] if net.is_constant else outputs_of(net, x)
        assert all(abs(a - b) < 1e-30 for a, b in zip(got, expected, strict=True))
    assert net.is_constant == (0 in net.widths[1:-1])
    if net.is_constant:
        return
    for rows, biases, after in zip(net.weights, net.biases, net.weights[1:], strict=False):
        neurons = [(tuple(row), b) for row, b in zip(rows, biases, strict=True)]
        signed = {(tuple(s * v for v in w), b.times(Fraction(s))) for w, b in neurons for s in (1, -1)}
        assert len(signed) == 2 * len(neurons)
        assert all(any(w) for w, _ in neurons)
        assert all(any(column) for column in zip(*after, strict=True))


# Cascades: a step in one layer makes another possible elsewhere. (model, weights, widths of what is left)

CASCADES: dict[str, tuple[Layered, Weights, tuple[int, ...]]] = {
    "nothing to do": (
        layered(1, 2, 2, 1, biases=False),
        weights([1, 2], [1, 3, -1, 3], [1, 1]),
        (1, 2, 2, 1),
    ),
    "clones that cancel leave a constant": (
        layered(1, 1, 2, 1, biases=False),
        weights([1], [1, 1], [1, -1]),
        (1, 0, 0, 1),
    ),
    "sign clones that cancel": (
        layered(1, 2, 1, 1, biases=False),
        weights([1, -1], [1, 1], [2]),
        (1, 0, 0, 1),
    ),
    "a merge makes the rows above equal": (
        layered(1, 2, 2, 1, biases=False),
        weights([1, 1], [1, 2, 2, 1], [1, 1]),
        (1, 1, 1, 1),
    ),
    "a dead neuron above frees one below": (
        layered(1, 2, 2, 1, biases=False),
        weights([1, 2], [1, 0, 0, 1], [1, 0]),
        (1, 1, 1, 1),
    ),
    "a merge makes a zero row above, whose clone is dead": (
        layered(1, 3, 2, 1),
        weights([1, -1, 2], [1, -1, 0], [1, 1, 0, 1, 0, 1], [3, 0], [1, 1], [0]),
        (1, 2, 1, 1),
    ),
    "constants tanh 1 that cancel make clones": (
        layered(1, 3, 2, 1),
        weights([1, 0, 0], [0, 1, 1], [1, 1, -1, 1, 0, 0], [2, 2], [1, 1], [0]),
        (1, 1, 1, 1),
    ),
    "constants 2 tanh 1 and tanh 2 differ": (
        layered(1, 3, 2, 1),
        weights([1, 0, 0], [0, 1, 2], [1, 2, 0, 1, 0, 1], [0, 0], [1, 1], [0]),
        (1, 1, 2, 1),
    ),
    "opposite irrational biases are sign clones": (
        layered(1, 2, 2, 1),
        weights([1, 0], [0, 1], [1, 1, -1, -1], [2, -2], [1, 2], [0]),
        (1, 1, 1, 1),
    ),
    "nested constants that are formally equal": (
        layered(1, 2, 2, 2, 1),
        weights([1, 0], [0, 1], [1, 0, 0, 1], [0, 0], [1, 3, 1, 3], [0, 0], [1, 1], [0]),
        (1, 1, 1, 1, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASCADES)
def test_steps_cascade(name: str) -> None:
    model, at, widths = CASCADES[name]
    assert reduce(net_of(model, at)).widths == widths
    if 0 not in widths:
        exact = rank_in(model, model, at)
        assert exact == sum(a * b + b * any(model.biases) for a, b in pairwise(widths))
        assert reaches(model, at, exact)


def test_the_lowest_rank_of_a_cascade_is_reached_by_the_smaller_network() -> None:
    model, at, _ = CASCADES["constants tanh 1 that cancel make clones"]
    small = layered(1, 1, 1, 1)
    assert rank_in(model, model, at) == proved_rank(small, weights([1], [0], [1], [2], [2], [0])) == 6


def nested(coefficient: int) -> tuple[Layered, Weights]:
    """Two neurons of the third layer whose biases are 2 tanh(tanh 1) and a multiple of tanh 1."""
    model = layered(1, 3, 3, 2, 1)
    second = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    return model, weights(
        [1, 0, 0], [0, 1, 1], second, [0, 0, 1], [1, 2, 0, 1, 0, coefficient], [0, 0], [1, 1], [0]
    )


def test_nested_constants_are_not_guessed() -> None:
    with pytest.raises(Undecided, match="not known whether"):
        reduce(net_of(*nested(3)))
    model, at = nested(3)
    with pytest.raises(Rejected) as refusal:
        exact_minimal_rank(model, model, at)
    assert not isinstance(refusal.value, Inexpressible)


def test_an_undecided_constant_part_is_not_guessed() -> None:
    model = layered(1, 1, 1, 1, 2, biases=(True, True, True, False))
    at = weights([0], [1], [1], [0], [1], [0], [1, 1])
    with pytest.raises(Undecided):
        exact_minimal_rank(model, model, at)


def test_an_irrational_bias_keeps_the_rank_but_gives_no_rational_weights() -> None:
    model = layered(1, 2, 1, 2)
    at = weights([1, 0], [0, 1], [1, 1], [0], [1, 2], [0, 0])
    exact = exact_minimal_rank(model, model, at)
    assert exact.rank == 2 + 2 + 4
    assert exact.irreducible is None
    assert exact.samples_lower <= exact.samples_upper


@pytest.mark.parametrize("seed", range(25))
def test_a_logistic_network_has_the_rank_of_its_tanh_form(seed: int) -> None:
    source = random.Random(seed)
    widths = (source.randint(1, 2), source.randint(1, 2), source.randint(1, 2), source.randint(1, 2))
    model = layered(*widths, activation="sigmoid")
    shapes = parameter_shapes(model).values()
    at = weights(*([source.choice([1, -1, 2]) for _ in range(size(s))] for s in shapes))
    net = net_of(model, at)
    form = layered(*widths)
    tanh_weights = tuple(
        tuple(v for row in rows for v in row)
        if k == 0
        else tuple(b.as_rational or Fraction(0) for b in biases)
        for rows, biases in zip(net.weights, net.biases, strict=True)
        for k in (0, 1)
    )
    assert minor_rank(model, at) == minor_rank(form, tanh_weights) >= rank_in(model, model, at)


# The proof that a network is irreducible does not trust the steps


def test_a_network_that_is_not_reduced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(irreducible, "_reduce_layer", lambda net, layer: 0)
    for name in ("a merge makes the rows above equal", "a dead neuron above frees one below"):
        model, at, _ = CASCADES[name]
        with pytest.raises(Rejected, match="irreducible"):
            reduce(net_of(model, at))
    model = layered(1, 2, 1)
    with pytest.raises(Rejected, match="zero row"):
        reduce(net_of(model, weights([0, 1], [1, 1], [1, 1], [0])))
    with pytest.raises(Rejected, match="are equal"):
        reduce(net_of(model, weights([1, -1], [1, -1], [1, 1], [0])))
    irrational = tanh_of(Constant.rational(1))
    net = Net(
        1,
        [[[Fraction(1)], [Fraction(-1)]], [[Fraction(1)] * 2]],
        [[irrational, irrational.times(Fraction(-1))], [Constant()]],
    )
    with pytest.raises(Rejected, match="are equal"):
        reduce(net)


def test_numbers_are_different_only_if_proved() -> None:
    one = Constant.rational(1)
    require_nonzero(one, "nothing")
    with pytest.raises(Rejected, match="this"):
        require_nonzero(one - one, "this")
    with pytest.raises(Undecided, match="this"):
        require_nonzero(tanh_of(tanh_of(one)) - tanh_of(one), "this")


@pytest.mark.parametrize("layers", [30, 200])
def test_a_dead_network_of_many_layers_is_settled_or_refused_in_time(layers: int) -> None:
    model = layered(*[1] * (layers + 2))
    at = weights(*([0 if k == 0 else 1] for k in range(2 * layers + 2)))
    if layers == 30:
        assert rank_in(model, model, at) == 1
    else:
        with pytest.raises(Rejected, match="limit"):
            rank_in(model, model, at)
