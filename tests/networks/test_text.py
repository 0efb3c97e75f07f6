"""Network expressions: they round-trip, and nothing in them is ever evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.errors import BadInput
from llrsym.networks.builders import matrix_factorization, mlp
from llrsym.networks.text import parse_network

NETWORKS = st.one_of(
    st.builds(
        lambda widths, activation, bias: mlp(*widths, activation=activation, bias=bias),
        st.lists(st.integers(1, 6), min_size=2, max_size=5),
        st.sampled_from(["tanh", "gelu", "identity", "power:5", "rational:1/1,0,1"]),
        st.sampled_from([True, False, "hidden"]),
    ),
    st.builds(matrix_factorization, rows=st.integers(1, 5), inner=st.integers(1, 5), cols=st.integers(1, 5)),
)


@given(NETWORKS)
def test_the_text_rebuilds_the_network(network):
    assert parse_network(network.text) == network


def test_spaces_and_defaults():
    assert parse_network("  mlp( 2,8 , 1 )\n") == mlp(2, 8, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a network expression"),
        ("mlp", "is not a network expression"),
        ("mlp(2, 8, 1", "is not a network expression"),
        ("model.onnx", "is not a network expression"),
        ("model.py:net", "is not a network expression"),
        ("mlp(2, 8, 1); mlp(1, 1)", "is not a network expression"),
        ("mlp(2, 8\0, 1)", "is not a network expression"),
        ("(" * 3000 + ")" * 3000, "is not a network expression"),
        ("convolve(input=(6,))", "no builder 'convolve'; available are mlp, conv, matrix_fact"),
        ("os.system('true')", "no builder 'os.system'"),
        ("mlp(2, 3)(1)", r"no builder 'mlp\(2, 3\)'"),
        ("a" + ".a" * 4000 + "()", "'a.a.a"),
        ("mlp(__import__('os').system('true'))", r"argument '__import__\('os'\).*' is not a literal"),
        ("mlp(2, [1 for k in (1, 2)][0], 1)", "is not a literal"),
        ("mlp(2, 4 * 2, 1)", r"argument '4 \* 2' is not a literal"),
        ("mlp(2, " + "-" * 2000 + "3, 1)", "is not a literal"),
        ("mlp(*(2, 8, 1))", "is not a literal"),
        ("mlp(2, 8, 1, **{'bias': False})", r"\*\* is not allowed"),
        ("mlp(2, 8, 1, bias=True, bias=False)", "bias twice is not allowed"),
        ("mlp(2, 8, 1, width=3)", "unexpected keyword argument 'width'; the builder is mlp"),
        ("matrix_factorization(rows=2, cols=2)", "missing a required argument: 'inner'"),
        ("matrix_factorization(2, 2, 2)", "too many positional arguments"),
        ("mlp(2, (3, 4), 1)", r"widths\[1\] is \(3, 4\)"),
        ("mlp(2, 8, 1, activation=3)", "expected a name, got int"),
        (
            "\uff4dlp(2, 3, 1)",
            "letters that only look like those of 'mlp'; write the name in plain ASCII letters",
        ),
        ("mlp(2, 3, 1, b\uff49as=False)", "letters that only look like those of 'bias'"),
        ("\U0001d426\U0001d425\U0001d429(2, 3, 1)", "letters that only look like those of 'mlp'"),
        ("mlp(\uff12, 3, 1)", "is not a network expression"),
        ("mlp(2, 3, 1, bias=\uff34rue)", "is not a"),
        ("\uff4fs.system('true')", "no builder '\uff4fs.system'"),
        ("a" * 200 + "()", "no builder 'aaa"),
        ("mlp(" + "1, " * 9000 + "1)", "more than 10000 characters"),
    ],
)
def test_refusals(text, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        parse_network(text)
    assert len(str(refusal.value)) < 400
