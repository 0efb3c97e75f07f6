"""The suite: right architectures pass, wrong ones are caught with a small counterexample."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import llrsym as ll
from llrsym.errors import BadInput
from llrsym.kernel.check import Statement
from llrsym.kernel.documents import read_claim
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.testing import Architecture, Embedding, architecture_suite
from llrsym.testing import context as context_module
from llrsym.testing.suite import GROUPS
from tests.testing.gallery import (
    by_defaults,
    forward,
    gate,
    imported,
    not_critical,
    not_polynomial,
    scales,
    shapes,
    sine,
    split,
    with_,
    wrong_at_few_weights,
    wrong_scale,
    wrong_split,
)


def outcomes(result):
    return {found.name: found.outcome for found in result.properties}


def only(net, group, **options):
    return architecture_suite(net, only=[group], **options)


def test_a_right_architecture_holds_in_every_group():
    result = architecture_suite(gate, examples=5)
    assert result.verdict == "holds", str(result)
    assert {found.group for found in result.properties} == GROUPS.keys()
    assert result.exit_code() == 0
    proved = {p.name for p in result.properties if p.evidence == "proved"}
    assert {"symmetry scales", "embedding split: function", "embedding split: tangent functions"} <= proved


@pytest.mark.parametrize(
    "net",
    [
        "mlp(1, 2, 1, bias=False)",
        ll.conv(input=(3,), kernel=(2,), channels=(1,)),
        ll.matrix_factorization(rows=2, inner=1, cols=2),
        ll.mlp(1, 1, 2, activation="gelu"),
        by_defaults,
        sine,
        imported,
        Architecture("diagonal(d)", sizes={"d": [1, 2]}, claims=["rank = d", "O <= d"]),
    ],
    ids=lambda net: getattr(net, "__name__", str(net)),
)
def test_what_needs_no_declaration_holds(net):
    result = architecture_suite(net, examples=4)
    assert [p.name for p in result.properties if p.outcome == "refuted"] == [], str(result)
    assert result.verdict == "holds", str(result)


# Wrong symmetries


def test_a_wrong_symmetry_is_refuted_with_a_small_counterexample():
    result = only(with_(symmetries=[wrong_scale]), "symmetries")
    found = result.properties[0]
    assert (found.name, found.outcome, result.exit_code()) == ("symmetry wrong_scale", "refuted", 1)
    assert dict(found.counterexample.sizes) == {"d": 1, "k": 1}
    weights = found.counterexample.weights
    assert {abs(v) for name in ("U", "V") for v in weights[name][0]} == {1}
    assert "the derivative of f along it is" in found.counterexample.reason


def test_the_counterexample_of_a_symmetry_is_one():
    """Checked by hand: f = a U V x^2 at one unit, so that along (U, a) it changes by 2 f."""
    found = only(with_(symmetries=[wrong_scale]), "symmetries").properties[0]
    weights = {name: np.array(value, dtype=float) for name, value in found.counterexample.weights.items()}
    assert abs(2 * forward(weights, np.ones(1))) > 0


def test_a_symmetry_at_few_weights_is_none():
    found = only(with_(symmetries=[wrong_at_few_weights]), "symmetries").properties[0]
    assert found.outcome == "refuted"


def test_a_symmetry_that_is_no_polynomial_is_tested_at_weights():
    found = only(with_(sizes={"d": [1, 2], "k": [1]}, symmetries=[not_polynomial]), "symmetries").properties[
        0
    ]
    assert (found.outcome, found.evidence) == ("holds", "numerical")
    assert found.examples > 5


def test_dependences_that_are_not_declared_are_named():
    declared, missing = (
        only(with_(sizes={"d": [2], "k": [1]}, symmetries=given), "symmetries").properties[-1]
        for given in ([scales], [])
    )
    assert (declared.outcome, declared.notes) == ("holds", ())
    assert "2 of 2 dependences are not declared" in missing.notes[0]
    assert any("change of basis of U, a" in note for note in missing.notes)


def test_one_of_two_symmetries_is_missing():
    def first(p):
        return {"U": p["U"], "a": -p["a"]}

    found = only(with_(sizes={"d": [2], "k": [1]}, symmetries={"first": first}), "symmetries").properties[-1]
    assert "1 of 2 dependences are not declared" in found.notes[0]
    assert len(found.notes) == 2


# Wrong embeddings


def test_an_embedding_that_changes_the_function_is_refuted():
    result = only(with_(embeddings=[Embedding(wrong_split, into={"k": "k+1"})]), "embeddings", examples=8)
    assert outcomes(result)["embedding wrong_split: function"] == "refuted"
    found = result.properties[0].counterexample
    assert dict(found.sizes) == {"d": 1, "k": 1}
    assert found.weights["a"] != [0]


def test_an_embedding_that_adds_tangent_functions_is_refuted():
    sizes = {"d": [1], "k": [1]}
    declared = [Embedding(not_critical, into={"k": "k+1"})]
    result = only(with_(sizes=sizes, embeddings=declared), "embeddings", examples=8)
    assert outcomes(result) == {
        "embedding not_critical: function": "holds",
        "embedding not_critical: tangent functions": "refuted",
        "embedding not_critical: critical points": "refuted",
    }
    assert "the rank is" in result.properties[1].counterexample.reason
    assert "has the derivative" in result.properties[2].counterexample.reason


def test_an_embedding_with_a_free_number_is_proved_for_all_of_them():
    result = only(with_(embeddings=[Embedding(split, into={"k": "k+1"})]), "embeddings", examples=3)
    assert set(outcomes(result).values()) == {"holds"}
    assert [p.evidence for p in result.properties] == ["proved", "proved", "numerical"]


@pytest.mark.parametrize(
    "shared",
    [
        lambda p, r: r * p["a"][:1],
        lambda p, r: p["a"][:1] * r,
        lambda p, r: (r / np.ones(1) + r - r) * p["a"][:1],
    ],
    ids=["number first", "array first", "quotient by an array"],
)
def test_a_free_number_times_an_array_is_an_array(shared):
    def split_array(p, r):
        kept = shared(p, r)
        rest = p["a"][:1] - kept
        twice = {name: np.concatenate([p[name], p[name][:1]]) for name in ("U", "V")}
        return twice | {"a": np.concatenate([kept, p["a"][1:], rest])}

    declared = [Embedding(split_array, into={"k": "k+1"})]
    result = only(with_(sizes={"d": [1], "k": [2]}, embeddings=declared), "embeddings", examples=3)
    assert [p.evidence for p in result.properties] == ["proved", "proved", "numerical"]


def test_an_architecture_is_a_function_of_its_sizes():
    assert gate(d=2, k=3).layers == gate.network(d=2, k=3).layers
    found = ll.conjecture(gate, sizes={"d": [1, 2, 3], "k": [1, 2]}, formula="k*(2*d - 1)")
    assert found.verdict == "refuted"
    with pytest.raises(BadInput, match=r"at d = 1: .*cannot be called with the sizes d "):
        ll.conjecture(gate, sizes={"d": [1]})


# Wrong formulas, values and derivatives


def test_a_wrong_formula_is_refuted_at_the_smallest_sizes():
    result = only(with_(claims=["rank = k*(2*d-1)"]), "claims")
    found = result.properties[0].counterexample
    assert (dict(found.sizes), found.weights) == ({"d": 1, "k": 2}, None)
    assert found.reason == "k*(2*d-1) is 2 at d = 1, k = 2, and rank is 1"


def test_a_formula_without_integer_value_is_refuted():
    found = only(with_(claims=["rank <= k/2 + 9"]), "claims").properties[0]
    assert "has no integer value at d = 1, k = 1" in found.counterexample.reason


def test_claims_about_sample_sizes_are_tested_at_special_targets():
    net = Architecture("mlp(d, k, 1, bias=False)", sizes={"d": [1, 2], "k": [1, 2]})
    right = only(replace(net, claims=("O <= k*(d+1)",)), "claims", examples=6)
    assert right.verdict == "holds"
    assert [p.name for p in right.properties] == ["claim O <= k*(d+1)", "claim O <= k*(d+1): special targets"]
    false = only(replace(net, claims=("O <= k*d",)), "claims", examples=6)
    assert outcomes(false)["claim O <= k*d"] == "refuted"


def test_a_claim_that_only_a_special_target_refutes():
    """With d = 3, s = 2 the kernels [1, 0] and [0, 1] make a neuron in common: O is 7 there, not 8."""
    net = Architecture("conv(input=(3,), kernel=(2,), channels=(2,))", claims=["O <= 7"])
    assert only(net, "claims", examples=3).properties[0].outcome == "refuted"
    assert only(replace(net, claims=("O <= 8",)), "claims", examples=8).verdict == "holds"


def test_another_reference_is_refuted():
    result = only(with_(reference=lambda p, x: 1.01 * forward(p, x)), "evaluation")
    assert result.verdict == "refuted"
    assert dict(result.properties[0].counterexample.sizes) == {"d": 1, "k": 1}
    assert only(with_(reference=forward), "evaluation").verdict == "holds"


def test_a_wrong_derivative_is_refuted(monkeypatch):
    """The reverse mode is replaced by one that forgets a factor."""
    from llrsym.testing import derivatives

    right = derivatives.reverse
    monkeypatch.setattr(derivatives, "reverse", lambda *a: [v * 2 for v in right(*a)])
    found = only(gate, "derivatives", examples=5).properties[0]
    assert found.outcome == "refuted"
    assert "central difference" in found.counterexample.reason


def test_a_wrong_rank_is_refuted(monkeypatch):
    from llrsym.testing import context

    monkeypatch.setattr(context, "approx_rank", lambda *a: 7)
    found = only("mlp(1, 1, 1, bias=False)", "ranks", examples=3).properties[0]
    assert found.outcome == "refuted"
    assert "with many digits it is 7" in found.counterexample.reason


def test_a_rank_above_the_generic_one_is_refuted(monkeypatch):
    right = context_module.Context.rank

    def wrong(self, network, weights, *, explain=False):
        asked = right(self, network, weights, explain=explain)
        if weights is not None:
            return asked
        return replace(asked, verdict=replace(asked.verdict, lower=0, upper=0))

    monkeypatch.setattr(context_module.Context, "rank", wrong)
    found = only("mlp(1, 1, 1, bias=False)", "semicontinuity", examples=5).properties[0]
    assert "is above that at almost every weight" in found.counterexample.reason


def test_a_kernel_that_accepts_everything_is_caught(monkeypatch):
    def trusting(claim, certificate):
        try:
            known = read_claim(json.loads(claim))
        except (Malformed, Rejected, ValueError) as error:
            raise Malformed("no claim") from error
        return Statement("anything", known.lower, known.upper, known.at, (), ())

    monkeypatch.setattr("llrsym.testing.certificates.verify", trusting)
    result = only("mlp(1, 1, 1, bias=False)", "certificates", examples=2)
    assert outcomes(result)["damaged certificates"] == "refuted"


# Results


def test_the_same_seed_gives_the_same_answer_and_the_command_finds_it_again():
    net = with_(sizes={"d": [1], "k": [1]}, symmetries=[wrong_scale])
    first, again = (only(net, "symmetries", seed=3, examples=8) for _ in range(2))
    assert first == again
    assert "--only symmetries --seed 3 --examples 8" in first.properties[0].counterexample.command


def test_a_result_is_no_truth_value():
    with pytest.raises(TypeError, match="not a truth value"):
        bool(only("mlp(1, 1, 1)", "evaluation"))


def test_without_time_the_answer_is_incomplete():
    result = architecture_suite(gate, budget=1e-9)
    assert (result.complete, result.exit_code(), result.properties) == (False, 4, ())


def test_open_ranks_are_undecided_and_not_refuted():
    """O has no lower bound for a traced network: the claim stays open."""
    result = only(with_(claims=["O <= k"], sizes={"d": [2], "k": [1]}), "claims", examples=3)
    assert (result.verdict, result.exit_code()) == ("open", 3)


# Bad input


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (lambda: Architecture(), "give either build or forward"),
        (lambda: Architecture(forward=forward), "forward needs shapes"),
        (lambda: with_(embeddings=[split]), "embeddings holds something else"),
        (lambda: with_(sizes={"d": [1], "q": [1]}), "cannot be called with the sizes d, q"),
        (lambda: with_(claims=["rank is 3"]), "is no claim"),
        (lambda: with_(claims=["rank = k*q"]), "q in 'k*q' is not one of the sizes"),
        (lambda: with_(claims=["rank = (k < d)"]), "compares twice"),
        (lambda: with_(where="k > 7"), "no sizes of the grid fulfil it"),
        (lambda: with_(embeddings=[Embedding(split, into={"m": "k+1"})]), "m in 'm' is not one of the sizes"),
        (
            lambda: with_(embeddings=[Embedding(split, into={"k": "q+1"})]),
            "q in 'q+1' is not one of the sizes",
        ),
        (
            lambda: with_(embeddings=[Embedding(split)]),
            "the embedding split of gate(d=1, k=1) at d = 1, k = 1 returned U",
        ),
        (lambda: with_(symmetries=[lambda p: {"Z": 1}]), "returned Z, which is no parameter"),
        (lambda: with_(symmetries=[lambda p: {"U": [1]}]), "returned U of shape"),
        (lambda: with_(symmetries=[lambda p: p["Q"]]), "raised KeyError"),
        (lambda: with_(symmetries=[lambda p: {"U": 0 * p["U"]}]), "is zero at all sizes"),
        (lambda: with_(symmetries=["U"]), "the symmetry U is no function"),
        (lambda: with_(reference=3), "is no function, ONNX model or torch module"),
        (lambda: with_(reference="model.onnx"), "needs its weights"),
        (lambda: Embedding("split"), "is no function"),
        (lambda: 5, "is of type int"),
        (lambda: shapes, "has sizes without values"),
        (lambda: Architecture("mlp(d, 0, 1)", sizes={"d": [3]}), "at d = 3: mlp: widths[1] is 0"),
        (lambda: Architecture(lambda d: d, sizes={"d": [3]}), "which is no network"),
    ],
)
def test_bad_declarations_are_one_sentence(declare, reason):
    with pytest.raises(BadInput) as refusal:
        architecture_suite(declare(), examples=1)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_bad_options_are_refused():
    with pytest.raises(BadInput, match="there is no property 'rank'"):
        only(gate, "rank")
    with pytest.raises(BadInput, match="examples is 0"):
        architecture_suite(gate, examples=0)


def test_imported_models_are_compared_with_their_source():
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.array([[1, 2], [3, 0.5]], dtype=np.float32), "W")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2]) for name in "xy"]
    nodes = [helper.make_node("MatMul", ["x", "W"], ["z"]), helper.make_node("Tanh", ["z"], ["y"])]
    models = []
    for scale in (1, 2):
        other = numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(scale), "W")
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [other])
        models.append(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    assert onnx.__version__
    for model, verdict in zip(models, ("holds", "refuted"), strict=True):
        net = Architecture(lambda: ll.from_onnx(models[0]), reference=model, name="imported")
        assert only(net, "evaluation", examples=4).verdict == verdict


def test_exact_weights_are_given_to_declared_functions():
    seen = []

    def symmetry(p):
        seen.append(type(p["U"].flat[0]))
        return {"U": p["U"], "a": -p["a"]}

    def tested(p):
        return {name: value / (1 + p["a"][0] ** 2) for name, value in symmetry(p).items()}

    only(with_(sizes={"d": [1], "k": [1]}, symmetries=[tested]), "symmetries", examples=3)
    assert Fraction in seen
