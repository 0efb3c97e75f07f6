"""False distances, changed documents, equations whose solutions end, in disguise: all are refused."""

import json
import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import pytest

from llrsym.kernel.activations import activation_named
from llrsym.kernel.check import check
from llrsym.kernel.differential_equations import value_and_slope
from llrsym.kernel.errors import Malformed, Rejected

Document = dict[str, Any]
Weights = list[list[str]]
ONE: Weights = [["1"], ["0"], ["1"], ["0"]]
TWICE = [["1"], ["0"], ["2"], ["0"]]
MIRRORED = [["-1"], ["0"], ["-1"], ["0"]]
HUGE = str(10**3999)


def layered(widths: list[int], activation: str = "tanh") -> Document:
    biases = [True] * (len(widths) - 1)
    return {"family": "layered", "widths": widths, "activation": activation, "biases": biases}


def claim(f: Any, g: Any, bound: str, activation: str = "tanh", **changes: Any) -> Document:
    model = layered([1, 1, 1], activation)
    fields: Document = {"network": "f", "target": "g", "model": model, "target_model": model}
    fields |= {"weights": f, "target_weights": g, "box": [["-1", "1"]], "bound": bound}
    return {"format": "llrsym-claim-1", "question": "distance", **fields, **changes}


def certificate(units: Any, centred: bool = False, boxes: int = 50, bits: int = 40) -> Document:
    fields = {"bits": bits, "boxes": boxes, "centred": centred, "units": units}
    return {"format": "llrsym-certificate-1", "rule": "differences", **fields}


def refuse(document: Document, proof: Document, reason: str) -> None:
    with pytest.raises((Malformed, Rejected), match=reason):
        check(json.dumps(document), json.dumps(proof))


def test_the_true_claim_is_proved() -> None:
    statement = check(json.dumps(claim(ONE, TWICE, "77/100")), json.dumps(certificate([[[0, 1]]])))
    assert statement.text.startswith("|f - g| <= 77/100 on [-1, 1]")


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("bits", [16, 40])
@pytest.mark.parametrize("unit", [[0, 1], [0, -1], "0", "-1", HUGE])
def test_no_units_prove_a_false_bound(unit: Any, bits: int, centred: bool) -> None:
    refuse(claim(ONE, TWICE, "19/25"), certificate([[unit]], centred, bits=bits), "50 boxes do not prove")


@pytest.mark.parametrize(
    "unit", [[1, 1], [-1, 1], [0, 2], [0, 0], [0, True], ["0", 1], [0, 1, 1], "1/0", 0, None, [0.5, 1]]
)
def test_units_that_are_none_are_refused(unit: Any) -> None:
    refuse(claim(ONE, ONE, "0"), certificate([[unit]]), "unit|denominator|expected|floating")


@pytest.mark.parametrize("units", [[], [[]], [[[0, 1], [0, 1]]], [[[0, 1]], []], [[[0, 1]], [[0, 1]]]])
def test_every_hidden_neuron_has_one_unit(units: Any) -> None:
    refuse(claim(ONE, ONE, "0"), certificate(units), "one unit for every hidden neuron")


@pytest.mark.parametrize("activation", ["softplus", "gelu", "silu", "exp", "rational:1,1/1,0,1"])
def test_a_mirrored_neuron_needs_a_parity(activation: str) -> None:
    refuse(claim(MIRRORED, ONE, "0", activation), certificate([[[0, -1]]]), "no multiple of it at z")


@pytest.mark.parametrize("activation", ["sigmoid", "gaussian", "cosh", "cos", "power:2"])
@pytest.mark.parametrize("centred", [False, True])
def test_the_sign_of_an_odd_function_is_not_that_of_others(activation: str, centred: bool) -> None:
    refuse(
        claim(MIRRORED, ONE, "1/2", activation), certificate([[[0, -1]]], centred), "50 boxes do not prove"
    )


@pytest.mark.parametrize(
    ("activation", "box", "unit"),
    [
        ("rational:1/0,1", ["-1", "1"], [0, 1]),
        ("rational:1/0,1", ["0", "1"], [0, 1]),
        ("rational:1/0,1", ["-1", "1"], "0"),
        ("sqrt", ["0", "1"], [0, 1]),
        ("ode:y1@1", ["0", "1"], [0, 1]),
    ],
)
def test_networks_that_are_not_defined_on_the_box_have_no_distance(
    activation: str, box: list[str], unit: Any
) -> None:
    refuse(claim(ONE, ONE, "0", activation, box=[box]), certificate([[unit]]), "may be|may not be|no rule")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"box": [["1", "-1"]]}, "low <= high"),
        ({"box": []}, "1 pairs"),
        ({"box": [["-1", "1"], ["0", "0"]]}, "1 pairs"),
        ({"bound": "-1"}, "not negative"),
        ({"target_weights": [["1"], ["0"], ["2"]]}, "rational tensors"),
        ({"target_model": layered([1, 1, 1], "sin")}, "different activations"),
        ({"target_model": layered([1, 1]), "target_weights": [["1"], ["0"]]}, "differ in depth"),
    ],
)
def test_claims_that_fit_nothing_are_refused(changes: Document, reason: str) -> None:
    refuse(claim(ONE, TWICE, "1/2") | changes, certificate([[[0, 1]]]), reason)


def test_huge_weights_and_boxes_are_no_way_around() -> None:
    steep, mirrored = [[HUGE], ["0"], ["1"], ["0"]], [["-" + HUGE], ["0"], ["1"], ["0"]]
    refuse(claim(steep, mirrored, "1"), certificate([[[0, -1]]], boxes=3), "3 boxes do not prove")
    refuse(claim(steep, ONE, "1", "exp"), certificate([[[0, 1]]]), "exponential of a number above")
    wide = {"box": [["-" + HUGE, HUGE]]}
    refuse(claim(ONE, TWICE, "1/2") | wide, certificate([[[0, 1]]]), "50 boxes do not prove")


@pytest.mark.parametrize("bound", ["-1", "0", "1/4", "1/2", "1"])
def test_a_chain_does_not_lower_a_bound(bound: str) -> None:
    part = certificate([[[0, 1]]])
    chain = {"format": "llrsym-certificate-1", "rule": "chain", "model": layered([1, 1, 1]), "weights": ONE}
    document = claim(ONE, TWICE, "1/2")
    refuse(document, {**chain, "bound": bound, "first": part, "second": part}, "boxes do not|larger bound")
    for widths in ([2, 1, 1], [1, 1], [1, 1, 2], [1, 1, 1, 1]):
        other = {**chain, "model": layered(widths), "bound": "1/4", "first": part, "second": deepcopy(part)}
        sizes = [size for a, b in pairwise(widths) for size in (a * b, b)]
        other["weights"] = [["1"] * size for size in sizes]
        refuse(document, other, "differ in depth, inputs or outputs")


# Every part of claims and certificates, changed


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sin": math.sin,
    "exp": math.exp,
    "power:3": lambda z: z**3,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
}


def value(model: Document, weights: Weights, x: list[float]) -> list[float]:
    """The outputs of a network in double precision, written down once more."""
    tensors = iter([[float(Fraction(v)) for v in tensor] for tensor in weights])
    last = len(model["biases"])
    for layer, has_bias in enumerate(model["biases"], start=1):
        matrix, inputs, outputs = next(tensors), len(x), model["widths"][layer]
        offsets = next(tensors) if has_bias else [0.0] * outputs
        rows = [matrix[i * inputs : (i + 1) * inputs] for i in range(outputs)]
        z = [
            sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(rows, offsets, strict=True)
        ]
        x = z if layer == last else [FUNCTIONS[model["activation"]](v) for v in z]
    return x


def is_true(document: Document) -> bool:
    """Whether nothing that is sampled contradicts a claim."""
    sides = [(float(Fraction(low)), float(Fraction(high))) for low, high in document["box"]]
    bound, steps = float(Fraction(document["bound"])) + 1e-9, range(4 if len(sides) > 1 else 25)
    for place in product(steps, repeat=len(sides)):
        x = [low + (high - low) * k / steps[-1] for k, (low, high) in zip(place, sides, strict=True)]
        f = value(document["model"], document["weights"], x)
        g = value(document["target_model"], document["target_weights"], x)
        if any(abs(a - b) > bound for a, b in zip(f, g, strict=True)):
            return False
    return True


def changes(tree: Any) -> Iterator[Any]:
    """A document with one part changed."""
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield from ({**tree, key: other} for other in changes(part))
            yield {k: v for k, v in tree.items() if k != key}
        yield {**tree, "more": 1}
    elif isinstance(tree, list):
        yield from ([], tree[1:], tree[:-1], tree + tree, tree[::-1], [*tree, *tree[-1:]])
        for k, part in enumerate(tree):
            yield from ([*tree[:k], other, *tree[k + 1 :]] for other in changes(part))
    elif isinstance(tree, bool):
        yield from (not tree, int(tree), None)
    elif isinstance(tree, int):
        yield from (0, 1, -1, tree + 1, -tree, True, str(tree), tree + 0.5)
    else:
        yield from ("0", "1", "-" + tree, tree.removeprefix("-"), tree + "0", tree + "/3", tree + "/0")
        yield from ("nan", "1e3", "\u0663", " " + tree, "sin", "exp", "power:3", "sigmoid", "chain", None)


PAIRS: dict[str, tuple[Document, Document]] = {
    "copies": (
        claim(
            [["1", "-9/10"], ["0", "1/9"], ["1", "-1"], ["1/5"]],
            [["1"], ["0"], ["2"], ["1/5"]],
            "3/10",
            model={**layered([1, 2, 1]), "biases": [True, True]},
        ),
        certificate([[[0, 1], [0, -1]]], bits=20, boxes=12),
    ),
    "centred": (
        claim(
            [["1", "1/2", "0", "1/3"], ["0", "1"], ["1", "-1", "2", "0"], ["1", "0"]],
            [["1", "2/5"], ["0"], ["2", "3"], ["1/5", "0"]],
            "1",
            model=layered([2, 2, 2]),
            target_model=layered([2, 1, 2]),
            box=[["-1/4", "1/4"], ["0", "1/4"]],
        ),
        certificate([[[0, 1], "3/4"]], True, bits=20, boxes=1),
    ),
    "deep": (
        claim(
            [["1", "-1"], ["1/9", "0"], ["-1/2", "1/2"], ["0"], ["-3/2"], ["0"]],
            [["1"], ["0"], ["1"], ["0"], ["3/2"], ["0"]],
            "3/20",
            model=layered([1, 2, 1, 1]),
            target_model=layered([1, 1, 1, 1]),
        ),
        certificate([[[0, 1], [0, -1]], [[0, -1]]], bits=20, boxes=6),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_accepted_after_a_change_is_true(name: str) -> None:
    document, proof = PAIRS[name]
    check(json.dumps(document), json.dumps(proof))
    pairs = [(other, proof) for other in changes(document)] + [(document, other) for other in changes(proof)]
    accepted, contradicted = 0, 0
    for other, certified in pairs:
        try:
            check(json.dumps(other), json.dumps(certified))
        except (Malformed, Rejected):
            continue
        accepted += 1
        contradicted += not is_true(other)
    assert accepted > 20
    assert not contradicted


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_proof_at_other_weights_proves_nothing_false(name: str) -> None:
    """And the oracle of the test above sees what is false."""
    document, proof = PAIRS[name]
    smaller = document | {"bound": "1/20"}
    assert is_true(document)
    assert not is_true(smaller)
    refuse(smaller, proof, "boxes do not prove")
    false = [other for other in other_weights(document) if not is_true(other)]
    assert len(false) > 3
    for other in false:
        refuse(other, proof, "boxes do not prove")


def other_weights(document: Document) -> Iterator[Document]:
    for key in ("weights", "target_weights"):
        for number, tensor in enumerate(document[key]):
            for k in range(len(tensor)):
                changed = deepcopy(document)
                changed[key][number][k] = "-5"
                yield changed


# Names of differential equations


@pytest.mark.parametrize(
    "name",
    [
        "ode:y1^2@1",
        "ode:y1^2@-1",
        "ode:y2^2@1;y1@1",  # quadratic only through a group of two
        "ode:y2@1;y3@1;y1*y2@1",  # quadratic only through a group of three
        "ode:y1*y2@1;y1@1",
        "ode:-z*y1^2@-1",  # 2 / (z^2 - 2)
        "ode:z*y1^2@1",
        "ode:y1*y2-y1^2*y2@2;1@1",  # beyond the last barrier
        "ode:y1-y1^2@-1/1000000",
        "ode:-y1^3@1",  # 1 / sqrt(1 + 2 z) ends on the left
        "ode:-z^2*y1^3@1",
        "ode:y1^2-z*y1@1",
        "ode:1-2*y1+y1^2@2",  # a double root that is below
        "ode:2+y1^2@0",  # roots that are not real
        "ode:-y2+y1+y1*y2-y1^2@2;1@1",  # a barrier at 1 alone, and a start above it
    ],
)
def test_solutions_that_may_end_have_no_name(name: str) -> None:
    with pytest.raises(Malformed, match="not proved to have a solution"):
        activation_named(name)


def test_a_solution_has_no_value_beyond_its_end() -> None:
    value_and_slope("ode:y1^2@1", (7 << 17, 0), 20)  # 1 / (1 - z) at 7/8
    for z in ((1 << 20, 0), (5 << 20, 0), (7 << 17, 1 << 17)):
        with pytest.raises(Rejected):
            value_and_slope("ode:y1^2@1", z, 20)
