"""ONNX models: the package's own operator tests, exact weights, and refusals that name the node."""

import re
import warnings
from collections import defaultdict

import numpy as np
import pytest

import llrsym as ll
from llrsym.domains.float64 import approx_trace
from llrsym.errors import BadInput
from llrsym.networks.onnx_import import from_onnx
from llrsym.networks.onnx_layers import LAYERS
from llrsym.networks.onnx_rules import RULES, Call

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper, reference  # noqa: E402
from onnx.backend.test import loader  # noqa: E402

CLAIMED = sorted({*RULES, *LAYERS})
OUTSIDE = {
    "Attention": "cache of keys|'(left|right)_window_size' of attention|masked completely",
    "AveragePool": "a tensor of shape .* has more than",
    "BatchNormalization": "in training mode",
    "Log": "except for log",
    "Pow": "exponent depends on x|not analytic at zero",
    "Cast": "rounds values|has the type|is no number",
    "CastLike": "rounds values|has the type|is no number",
}
"""Operators some of whose tests are refused, and why."""
WITHOUT_REAL_INPUT = {"Trilu", "Pad"}


def operator_tests():
    """The tests of single operators that the onnx package brings along, by operator."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cases = loader.load_model_tests(kind="node")
    found = defaultdict(list)
    for case in cases:
        nodes = case.model.graph.node
        if len(nodes) == 1 and case.data_sets and nodes[0].op_type in CLAIMED:
            found[nodes[0].op_type].append(case)
    return found


@pytest.fixture(scope="module")
def cases():
    return operator_tests()


def with_one_input(case):
    """The model of a test with all inputs but the first real one stored; that input and the output."""
    inputs, outputs = case.data_sets[0]
    real = [
        k for k, v in enumerate(inputs) if isinstance(v, np.ndarray) and v.dtype in (np.float32, np.float64)
    ]
    if not real or not all(isinstance(v, np.ndarray) for v in inputs):
        return None
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    kept = [v for k, v in enumerate(case.model.graph.input) if k == real[0]]
    for k, (value, array) in enumerate(zip(case.model.graph.input, inputs, strict=False)):
        if k != real[0]:
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
    del model.graph.input[:], model.graph.output[1:]
    model.graph.input.extend(kept)
    return model, inputs[real[0]], outputs[0]


def value(network, weights, x):
    flat = [np.ravel(weights[name]).tolist() for name in network.parameter_names]
    registers = approx_trace(network.program, flat, np.reshape(x, (1, -1)).astype(float)).values
    return np.asarray(registers[network.program.output])[0].ravel()


@pytest.mark.parametrize("operator", CLAIMED)
def test_an_operator_passes_the_tests_that_onnx_has_for_it(operator, cases):
    passed, reasons = 0, []
    for case in cases[operator]:
        prepared = with_one_input(case)
        if prepared is None:
            continue
        model, x, expected = prepared
        try:
            network, weights = from_onnx(model)
        except BadInput as error:
            reasons.append(str(error))
            continue
        np.testing.assert_allclose(value(network, weights, x), expected.ravel(), rtol=1e-3, atol=1e-5)
        passed += 1
    refused = [r for r in reasons if operator not in OUTSIDE or not re.search(OUTSIDE[operator], r)]
    assert refused == []
    assert passed or operator in {*OUTSIDE, *WITHOUT_REAL_INPUT}, reasons


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, weights, shape=("N", 2), opset=18, kind=TensorProto.FLOAT):
    stored = [numpy_helper.from_array(np.asarray(a), name) for name, a in weights.items()]
    graph = helper.make_graph(nodes, "g", [info("x", shape, kind)], [info("y", ["rows", "columns"])], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def node(operator, inputs, output="y", **attributes):
    return helper.make_node(operator, inputs.split(), [output], name=f"the_{operator}", **attributes)


RNG = np.random.default_rng(3)
MLP = {
    "fc1.weight": RNG.normal(size=(4, 2)).astype(np.float32),
    "fc1.bias": RNG.normal(size=4).astype(np.float32),
    "fc2.weight": RNG.normal(size=(1, 4)).astype(np.float32),
}
MLP_NODES = [
    node("Gemm", "x fc1.weight fc1.bias", "z", transB=1),
    node("Tanh", "z", "h"),
    node("Gemm", "h fc2.weight", transB=1),
]


def test_an_mlp_has_the_rank_of_the_builder_and_its_weights_bit_for_bit(tmp_path):
    path = tmp_path / "mlp.onnx"
    path.write_bytes(model(MLP_NODES, MLP).SerializeToString())
    network, weights = from_onnx(path)
    assert str(network) == "onnx(mlp.onnx)"
    assert network.layers == (("fc1.weight", (4, 2), 8), ("fc1.bias", (4,), 4), ("fc2.weight", (1, 4), 4))
    assert all(np.array_equal(weights[name], MLP[name]) for name in MLP)
    built = ll.mlp(2, 4, 1, bias="hidden")
    at = dict(zip(("W1", "b1", "W2"), MLP.values(), strict=True))
    assert ll.model_rank(network, at=weights).lower == ll.model_rank(built, at=at).lower == 16


def test_declared_parameters_are_the_only_ones():
    network, weights = from_onnx(model(MLP_NODES, MLP), parameters=["fc2.weight"])
    assert list(weights) == ["fc2.weight"]
    assert network.parameter_count == 4


def test_scalars_statistics_and_masks_are_constants():
    nodes = [
        node("BatchNormalization", "x s b m v", "z"),
        node("Mul", "z half", "u"),
        node("Add", "u mask", "w"),
        node("Softmax", "w"),
    ]
    one = np.ones(2, dtype=np.float32)
    weights = {"s": one, "b": one, "m": one, "v": one * 3}
    weights |= {"half": np.float32(0.5), "mask": np.array([0, -np.inf], dtype=np.float32)}
    network, _ = from_onnx(model(nodes, weights))
    assert network.parameter_names == ("s", "b")


def test_functions_of_the_file_are_expanded():
    body = [helper.make_node("Mul", ["a", "a"], ["q"]), helper.make_node("Tanh", ["q"], ["r"])]
    function = helper.make_function("own", "Twice", ["a"], ["r"], body, [helper.make_opsetid("", 18)])
    graph = helper.make_graph(
        [helper.make_node("Twice", ["x"], ["y"], domain="own")], "g", [info("x", (1, 2))], [info("y", (1, 2))]
    )
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    network, _ = from_onnx(
        helper.make_model(graph, opset_imports=imports, functions=[function], ir_version=10)
    )
    x = np.array([0.3, -2])
    np.testing.assert_allclose(value(network, {}, x), np.tanh(x**2))


def test_a_gelu_is_the_exact_activation():
    network, _ = from_onnx(model([node("Gelu", "x", approximate="tanh")], {}, opset=20))
    assert [e.data for e in network.program.equations] == ["gelu_tanh"]


@pytest.mark.parametrize("operator", ["LayerNormalization", "InstanceNormalization", "ReduceL2"])
def test_rules_with_roots_agree_with_onnx_on_arrays(operator):
    x, scale = RNG.normal(size=(2, 3, 4)), RNG.normal(size=3 if operator == "InstanceNormalization" else 4)
    inputs = [x] if operator == "ReduceL2" else [x, scale, scale]
    names = ["x", "s", "b"][: len(inputs)]
    graph = helper.make_graph(
        [helper.make_node(operator, names, ["y"])],
        "g",
        [info(n, v.shape, TensorProto.DOUBLE) for n, v in zip(names, inputs, strict=True)],
        [info("y", None, TensorProto.DOUBLE)],
    )
    session = reference.ReferenceEvaluator(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    )
    (expected,) = session.run(None, dict(zip(names, inputs, strict=True)))
    got = {**RULES, **LAYERS}[operator](Call(None, operator, {}, 1, 18), *inputs)
    np.testing.assert_allclose(got[0] if isinstance(got, tuple) else got, expected, rtol=1e-6)


SQUARE = np.eye(2, dtype=np.float32)
REFUSED = {
    "node 'the_Relu' .*Relu is not analytic: it has a corner": [node("Relu", "x")],
    "node 'the_MaxPool' .*not analytic": [node("MaxPool", "x", kernel_shape=[1])],
    "node 'the_Dropout' .*training mode is random": [
        helper.make_node("Dropout", ["x", "r", "t"], ["y"], "the_Dropout")
    ],
    "node 'the_RandomNormalLike' .*random": [node("RandomNormalLike", "x")],
    "node 'the_Acos' .*not supported; build it": [node("Acos", "x")],
    "node 'the_Cast' .*a cast to INT64 rounds": [node("Cast", "x", to=TensorProto.INT64)],
    "node 'the_Reshape' .*not a constant tensor of integers": [
        node("Cast", "x", "i", to=TensorProto.FLOAT),
        node("Reshape", "x i"),
    ],
    "node 'the_MatMul' .*do not fit together": [node("MatMul", "x long")],
    "node 'the_Div' .*division by zero": [node("Div", "x zero")],
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_names_the_node(reason):
    weights = {
        "r": np.float32(0.5),
        "t": np.array(True),
        "zero": np.float32(0),
        "long": np.ones((3, 3), np.float32),
    }
    shape = (1, 1, 2) if "MaxPool" in reason else (1, 2)
    built = model(
        REFUSED[reason],
        {k: v for k, v in weights.items() if any(k in n.input for n in REFUSED[reason])},
        shape,
    )
    with pytest.raises(
        BadInput, match=reason if "Reshape" not in reason else "not valid|not a constant"
    ) as caught:
        from_onnx(built)
    assert "\n" not in str(caught.value)


def test_control_flow_is_refused():
    branch = helper.make_graph([node("Identity", "x", "b")], "branch", [], [info("b", None)])
    nodes = [helper.make_node("If", ["c"], ["y"], "the_If", then_branch=branch, else_branch=branch)]
    with pytest.raises(BadInput, match=r"node 'the_If' \(If\): control flow is not supported"):
        from_onnx(model(nodes, {"c": np.array(True)}))


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        (model([node("Tanh", "x")], {}, shape=("N", "T")), "axis 1 of the input 'x' has no fixed length"),
        (model([node("Tanh", "x")], {}, shape=None), "not valid .Field 'shape'"),
        (model([node("Identity", "x")], {}, kind=TensorProto.INT64), "has the type INT64; use real inputs"),
        (model([node("Tanh", "x")], {}, opset=6), "opset 6 is older than 7"),
        (model([node("Tanh", "q")], {}), "the model is not valid"),
        (model([node("Add", "x w")], {"w": np.full(2, np.nan, np.float32)}), "the constant nan is no number"),
        (7, "7 is no path"),
    ],
)
def test_a_model_outside_the_scope_is_refused(built, reason):
    with pytest.raises(BadInput, match=reason):
        from_onnx(built)


def test_several_inputs_or_outputs_are_refused():
    two = helper.make_graph([node("Add", "x z")], "g", [info("x", (1,)), info("z", (1,))], [info("y", (1,))])
    with pytest.raises(BadInput, match="the model has the inputs x, z; a network has one"):
        from_onnx(helper.make_model(two, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))
    nodes = [node("Tanh", "x"), node("Tanh", "y", "w")]
    both = helper.make_graph(nodes, "g", [info("x", (1,))], [info("y", (1,)), info("w", (1,))])
    with pytest.raises(BadInput, match="the model has the outputs y, w; keep one"):
        from_onnx(helper.make_model(both, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))


def test_unknown_parameters_are_refused():
    with pytest.raises(BadInput, match=r"'W' is no float initialiser; there are fc1.weight"):
        from_onnx(model(MLP_NODES, MLP), parameters=["W"])
    with pytest.raises(BadInput, match="give a list of names"):
        from_onnx(model(MLP_NODES, MLP), parameters="fc1.weight")


def test_data_in_other_files_are_not_opened(tmp_path):
    built = model(MLP_NODES, MLP)
    tensor = built.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value="../../etc/passwd")
    path = tmp_path / "escape.onnx"
    path.write_bytes(built.SerializeToString())
    with pytest.raises(BadInput, match="stored in another file, which is not opened"):
        from_onnx(path)


def test_files_that_are_no_models_are_refused(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(model(MLP_NODES, MLP).SerializeToString()[:60])
    with pytest.raises(BadInput, match=r"broken.onnx is no complete ONNX file|not valid"):
        from_onnx(broken)
    with pytest.raises(BadInput, match="cannot be read"):
        from_onnx(tmp_path / "missing.onnx")


def with_functions(calls):
    """A model that calls F0, with one function for each name, which applies those it calls in turn."""
    functions = []
    for name, callees in calls.items():
        values = ["a", *(f"v{k}" for k in range(1, len(callees))), "r"]
        body = [
            helper.make_node(callee, [values[k]], [values[k + 1]], domain="own" if callee in calls else "")
            for k, callee in enumerate(callees)
        ]
        imports = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        functions.append(helper.make_function("own", name, ["a"], ["r"], body, imports))
    call = helper.make_node("F0", ["x"], ["y"], domain="own")
    graph = helper.make_graph([call], "g", [info("x", (1,))], [info("y", (1,))])
    return helper.make_model(graph, opset_imports=imports, functions=functions, ir_version=10)


def test_damaged_files_are_refused_and_never_crash(tmp_path):
    content = model(MLP_NODES, MLP).SerializeToString()
    path, generator = tmp_path / "damaged.onnx", np.random.default_rng(0)
    refused = 0
    for position in generator.choice(len(content), 60, replace=False):
        damaged = bytearray(content)
        damaged[position] = generator.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            from_onnx(path)
        except BadInput:
            refused += 1
    assert refused > 20


def test_functions_that_call_each_other_are_refused():
    with pytest.raises(BadInput, match="in a circle"):
        from_onnx(with_functions({"F0": ["F1"], "F1": ["F0"]}))


def test_functions_that_grow_without_bounds_are_refused():
    doubling = {f"F{k}": [f"F{k + 1}"] * 2 for k in range(30)} | {"F30": ["Tanh"]}
    with pytest.raises(BadInput, match="has more than 100000 nodes"):
        from_onnx(with_functions(doubling))
    chain = {f"F{k}": [f"F{k + 1}"] for k in range(60)} | {"F60": ["Tanh"]}
    with pytest.raises(BadInput, match="more than 50 deep"):
        from_onnx(with_functions(chain))
    small, _ = from_onnx(with_functions({"F0": ["F1", "F1"], "F1": ["Tanh"]}))
    assert [e.data for e in small.program.equations] == ["tanh", "tanh"]


def test_a_tensor_that_would_be_too_large_is_refused():
    nodes = [
        helper.make_node("ConstantOfShape", ["n"], ["c"], "the_ConstantOfShape"),
        node("Add", "x c"),
    ]
    with pytest.raises(BadInput, match=r"has more than .* entries"):
        from_onnx(model(nodes, {"n": np.array([10**5, 10**5], dtype=np.int64)}))


def test_an_import_that_differs_from_the_reference_is_refused(monkeypatch):
    monkeypatch.setitem(RULES, "Tanh", RULES["Sin"])
    monkeypatch.setattr("llrsym.networks.onnx_run.ALL_RULES", {**RULES, **LAYERS})
    with pytest.raises(BadInput, match="reference evaluator differ at a random input"):
        from_onnx(model(MLP_NODES, MLP))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(BadInput, match=r"pip install 'llrsym\[onnx\]'"):
        from_onnx("model.onnx")
