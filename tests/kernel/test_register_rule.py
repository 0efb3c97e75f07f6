"""The rule for any two programs: what it proves, a false theorem for every check left out, random claims."""

import json
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from llrsym.domains.float64 import approx_jacobian, approx_trace
from llrsym.embedding.documents import certificate_text, claim_text, entries_of, model_document
from llrsym.embedding.embed import composed
from llrsym.embedding.maps import Embedding
from llrsym.kernel.check import check
from llrsym.kernel.embeddings import (
    KEEPS_FUNCTION,
    KEEPS_TANGENTS,
    EmbeddingClaim,
    read_embedding_claim,
)
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.formal import Formal, Ring
from llrsym.kernel.layered_embeddings import FIRST_VARIABLE
from llrsym.kernel.model_documents import program_for
from llrsym.kernel.polynomials import Poly, add_to, multiply
from llrsym.kernel.program import Program, size
from llrsym.kernel.register_embeddings import Abbreviated, Comparison, check_programs
from llrsym.networks.assembly import Assembly
from llrsym.networks.builders import (
    Bias,
    attention,
    conv,
    gated,
    mixture_of_experts,
    mlp,
    recurrent,
    residual,
    tied_autoencoder,
    transformer,
)
from llrsym.networks.network import Network

Document = dict[str, Any]
Patch = pytest.MonkeyPatch
RULE = {"format": "llrsym-certificate-1", "rule": "registers"}


def claimed(narrow: Network, wide: Network, *moves: str, keeps: str = KEEPS_TANGENTS) -> Document:
    return json.loads(claim_text(composed(narrow, moves, wide), "", "", keeps))


def judge(claim: Document) -> str:
    """The statement, or the reason of the rejection."""
    try:
        return check(json.dumps(claim), json.dumps(RULE)).text
    except Rejected as error:
        return f"rejected: {error}"


def is_proved(claim: Document) -> bool:
    return not judge(claim).startswith("rejected")


def variable(number: int, coefficient: str = "1") -> list[object]:
    return [[[[number, 1]], coefficient]]


def place(network: Network, name: str) -> int:
    """The number of a scalar parameter such as ``V1[0,1]``."""
    return network.entry_names().index(name)


def changed(claim: Document, entry: int, form: object) -> Document:
    """The claim with another entry of the map."""
    rest = [row for row in claim["map"] if row[0] != entry]
    return {**claim, "map": [*rest, [entry, form]]}


# What it proves


SAME = {"tokens": 2, "dim": 2}
FAMILIES: dict[str, tuple[Network, Network, tuple[str, ...]]] = {
    "channels": (
        conv(input=(6,), kernel=(2,), channels=(1, 2), activation="sigmoid", bias=True),
        conv(input=(6,), kernel=(2,), channels=(3, 3), activation="sigmoid", bias=True),
        ("split_unit('channels1', 0, 'r')",),
    ),
    "unshared channels": (
        conv(input=(4, 3), kernel=(2, 2), channels=(1, 1), shared=False, outputs=2),
        conv(input=(4, 3), kernel=(2, 2), channels=(2, 2), shared=False, outputs=2),
        ("null_units('channels1')",),
    ),
    "neurons and blocks": (
        residual(width=2, blocks=1, hidden=1),
        residual(width=2, blocks=3, hidden=2),
        ("null_block(1)",),
    ),
    "hidden states": (
        recurrent(inputs=1, hidden=2, steps=3, activation="silu", outputs=2, all_steps=True),
        recurrent(inputs=1, hidden=4, steps=3, activation="silu", outputs=2, all_steps=True),
        ("split_unit('hidden', 1, 'r')",),
    ),
    "heads": (
        attention(**SAME, head_dim=1, bias=True, causal=True),
        attention(**SAME, head_dim=3, heads=3, bias=True, causal=True),
        ("split_unit('heads', 0, 'r')", "split_unit('head_dim', 0, 's')"),
    ),
    "linear heads": (
        attention(**SAME, head_dim=1, kind="linear"),
        attention(**SAME, head_dim=2, heads=2, kind="linear"),
        (),
    ),
    "blocks of a transformer": (
        transformer(**SAME, hidden=1, head_dim=1, norm=None),
        transformer(**SAME, hidden=2, heads=2, head_dim=2, blocks=2, norm=None),
        (),
    ),
    "gates": (gated(inputs=2, hidden=1, bias=True), gated(inputs=2, hidden=3, bias=True), ()),
    "tied units": (tied_autoencoder(inputs=2, hidden=1), tied_autoencoder(inputs=2, hidden=3), ()),
    "experts": (
        mixture_of_experts(inputs=2, experts=2, hidden=1),
        mixture_of_experts(inputs=2, experts=2, hidden=3),
        ("split_unit('hidden', 0, 'r')",),
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kind_of_unit(family: str) -> None:
    narrow, wide, moves = FAMILIES[family]
    claim = claimed(narrow, wide, *moves)
    assert "f and the span of the tangent functions are those of the former" in judge(claim)
    assert_true(read_embedding_claim(claim), 1)


def test_the_statement_and_its_bound() -> None:
    narrow, wide, _ = FAMILIES["gates"]
    claim = claimed(narrow, wide)
    statement = check(json.dumps(claim), json.dumps(RULE))
    where = "at the image of every weight of a program with 8 parameters and 8 equations in a program with 22"
    assert statement.text.startswith(where)
    assert statement.upper == narrow.parameter_count
    assert check(json.dumps({**claim, "keeps": KEEPS_FUNCTION}), json.dumps(RULE)).upper == 22


@pytest.mark.parametrize(("activation", "bias", "keeps"), [("tanh", True, True), ("cos", "hidden", False)])
def test_it_agrees_with_the_rule_without_abbreviations(activation: str, bias: Bias, keeps: bool) -> None:
    narrow, wide = (residual(width=1, hidden=m, activation=activation, bias=bias) for m in (1, 2))
    embedding = composed(narrow, ("null_units('hidden1')",), wide)
    assert kept_without_abbreviations(embedding) == keeps
    assert is_proved(json.loads(claim_text(embedding, "", "", KEEPS_TANGENTS))) == keeps


def kept_without_abbreviations(embedding: Embedding) -> bool:
    """Compare every derivative with the one of the same unit, as long polynomials."""
    wide, narrow = program_for(embedding.wide), program_for(embedding.narrow)
    ring = Ring()
    for number in range(narrow.parameter_count):
        ring.variable("theta", number)
    comparison = check_programs(wide, narrow, Formal(ring), entries_of(embedding), "formal")
    own: list[Poly] = comparison._derivatives(narrow, comparison.below)
    return all(
        any(ring.is_zero(difference(d, other)) for other in [*own, {}])
        for d in comparison._derivatives(wide, comparison.above)
    )


def difference(a: Poly, b: Poly) -> Poly:
    total = dict(a)
    add_to(total, b, -1)
    return total


def test_a_model_and_a_program_are_compared() -> None:
    """The same network, by its widths on one side and by its equations on the other."""
    net = Assembly((2,), {"W": (1, 2), "v": (1, 1)})
    h = net.activation("tanh", net.einsum("ij,j->i", net.parameter("W"), net.input))
    own = net.finish(net.einsum("ij,j->i", net.parameter("v"), h))
    claim = claimed(mlp(2, 1, 1, bias=False), mlp(2, 2, 1, bias=False))
    assert is_proved({**claim, "target_model": model_document(own)})


# A false theorem for every check


def test_the_outputs_are_compared(monkeypatch: Patch) -> None:
    narrow, wide = residual(width=2, hidden=1), residual(width=2, hidden=2)
    claim = claimed(narrow, wide, "split_unit('hidden1', 0, '1/3')")
    entry = place(wide, "V1[0,1]")
    assert [entry, variable(place(narrow, "V1[0,0]"), "2/3")] in claim["map"]
    wrong = changed(claim, entry, variable(place(narrow, "V1[0,0]"), "1/2"))
    for keeps in (KEEPS_FUNCTION, KEEPS_TANGENTS):
        assert judge({**wrong, "keeps": keeps}) == "rejected: registers: output 0 is another function"
    monkeypatch.setattr(Comparison, "check_function", lambda *arguments: None)
    assert is_proved({**wrong, "keeps": KEEPS_FUNCTION})


def test_the_derivatives_are_compared(monkeypatch: Patch) -> None:
    """Rank 9 instead of 7: a neuron with incoming weights and no outgoing ones keeps f only."""
    wide = residual(width=2, hidden=2)
    claim = claimed(residual(width=2, hidden=1), wide)
    wrong = changed(claim, place(wide, "W1[1,0]"), "1")
    entry = place(wide, "V1[0,1]")
    reason = f"rejected: registers: the derivative by parameter {entry} is no combination of narrow ones"
    assert judge(wrong) == reason
    assert is_proved({**wrong, "keeps": KEEPS_FUNCTION})
    monkeypatch.setattr(Comparison, "check_combinations", lambda *arguments: None)
    assert is_proved(wrong)


def test_unequal_ratios_keep_f_only() -> None:
    """Rank 10 instead of 8: the parts of a channel have two ratios, one for each channel that follows."""
    narrow = conv(input=(3,), kernel=(2,), channels=(1, 2))
    wide = conv(input=(3,), kernel=(2,), channels=(2, 2))
    claim = claimed(narrow, wide, "split_unit('channels1', 0, '1/2')")
    own = place(narrow, "K2[1,0,0]"), place(narrow, "K2[1,0,1]")
    for name, own_entry, ratio in zip(
        ("K2[1,0,0]", "K2[1,0,1]", "K2[1,1,0]", "K2[1,1,1]"),
        own * 2,
        ("1/3", "1/3", "2/3", "2/3"),
        strict=True,
    ):
        claim = changed(claim, place(wide, name), variable(own_entry, ratio))
    assert "no combination" in judge(claim)
    assert is_proved({**claim, "keeps": KEEPS_FUNCTION})


def test_a_null_state_whose_value_is_not_zero_is_no_null_state() -> None:
    """Rank 15 instead of 13: the recurrent weights of the first step are missing in the bias."""
    sigmoid = {"inputs": 2, "steps": 3, "activation": "sigmoid"}
    narrow, wide = recurrent(hidden=2, **sigmoid), recurrent(hidden=3, **sigmoid)
    assert "no combination" in judge(claimed(narrow, wide, "null_units('hidden')"))
    assert is_proved(claimed(narrow, wide))
    one_step = {**sigmoid, "steps": 1}
    narrow, wide = recurrent(hidden=2, **one_step), recurrent(hidden=3, **one_step)
    assert is_proved(claimed(narrow, wide, "null_units('hidden')"))


def test_a_silent_block_needs_a_value_that_vanishes_or_biases() -> None:
    for activation, bias, proved in (
        ("sigmoid", True, True),
        ("sigmoid", "hidden", False),
        ("tanh", "hidden", True),
        ("gelu", True, True),
    ):
        options = {"width": 2, "hidden": 2, "activation": activation, "bias": bias}
        claim = claimed(residual(blocks=1, **options), residual(blocks=2, **options))
        assert is_proved(claim) == proved
        assert is_proved({**claim, "keeps": KEEPS_FUNCTION})


def test_parameters_that_the_target_lacks_are_new() -> None:
    claim = claimed(residual(width=2, hidden=1, bias=False), residual(width=2, hidden=1))
    assert "no combination" in judge(claim)
    assert is_proved({**claim, "keeps": KEEPS_FUNCTION})


def test_another_activation_is_another_function() -> None:
    claim = claimed(residual(width=1, hidden=1), residual(width=1, hidden=2))
    (equation,) = [e for e in claim["model"]["program"]["equations"] if e["op"] == "activation"]
    equation["data"] = "sin"
    assert "another function" in judge(claim)


def test_free_numbers_stand_for_every_value() -> None:
    narrow, wide = gated(inputs=1, hidden=1), gated(inputs=1, hidden=2)
    claim = claimed(narrow, wide, "split_unit('hidden', 0, 'r')")
    assert "for all 1 free numbers" in judge(claim)
    wrong = changed(claim, place(wide, "W3[0,1]"), variable(narrow.parameter_count))
    assert "another function" in judge(wrong)


def test_entries_are_parameters() -> None:
    claim = claimed(gated(inputs=1, hidden=1), gated(inputs=1, hidden=1))
    assert "is no parameter of the network" in judge(changed(claim, 99, "1"))


def test_inputs_and_outputs_are_counted() -> None:
    claim = claimed(gated(inputs=1, hidden=1), gated(inputs=1, hidden=1))
    other = claimed(gated(inputs=1, hidden=1, outputs=2), gated(inputs=1, hidden=1, outputs=2))
    assert "differ in inputs or outputs" in judge({**claim, "model": other["model"]})


# Networks that are not defined


def quotient(divisor: int) -> Program:
    """w x / (v + divisor x)."""
    net = Assembly((1,), {"w": (1,), "v": (1,)})
    bottom = net.add(net.parameter("v"), net.multiply(net.constant([divisor], (1,)), net.input))
    return net.finish(net.divide(net.multiply(net.parameter("w"), net.input), bottom))


def test_a_network_may_divide_by_what_the_narrow_one_divides_by() -> None:
    same = {**claimed(gated(inputs=1, hidden=1), gated(inputs=1, hidden=1)), "keeps": KEEPS_FUNCTION}
    document = model_document(quotient(1))
    claim = {**same, "model": document, "target_model": document}
    claim["map"] = [[0, variable(0)], [1, variable(1)]]
    assert is_proved(claim)
    assert "divides by something by which the narrow one does not" in judge(
        {**claim, "map": [[0, "0"], [1, variable(1, "2")]]}
    )
    constant = model_document(quotient(0))
    claim = {**claim, "model": constant, "target_model": constant}
    assert "a denominator is identically zero" in judge({**claim, "map": [[0, variable(0)], [1, "0"]]})


@pytest.mark.parametrize("bias", ["1", variable(0)])
def test_a_function_with_poles_is_used_at_narrow_arguments_only(bias: object) -> None:
    """1/(1 - z): a silent neuron with z = 1 is no function, one with z = t is none for some t."""
    narrow, wide = (residual(width=1, hidden=m) for m in (1, 2))
    claim = claimed(narrow, wide, "null_units('hidden1')", keeps=KEEPS_FUNCTION)
    for side in ("model", "target_model"):
        (equation,) = [e for e in claim[side]["program"]["equations"] if e["op"] == "activation"]
        equation["data"] = "rational:1/1,-1"
    assert is_proved(changed(claim, place(wide, "b1[1]"), "1/2"))
    reason = judge(changed(claim, place(wide, "b1[1]"), bias))
    assert "sits on a pole" in reason or "has poles" in reason


# Abbreviations


def test_a_sum_is_abbreviated_up_to_a_multiple() -> None:
    ring = Ring()
    t, u, r = (ring.variable("theta", n) for n in range(3))
    domain = Abbreviated(ring, 2, 1)
    first = domain.abbreviate(sum_of(t, u))
    assert len(first) == 1
    assert domain.abbreviate(sum_of(times(t, -3), times(u, -3))) == times(first, -3)
    both = sum_of(multiply(r, t), multiply(r, u))
    assert domain.abbreviate(both) == multiply(r, first)
    other = domain.abbreviate(sum_of(t, times(u, 2)))
    assert set(other) != set(first)
    mixed = domain.abbreviate(sum_of(multiply(r, t), u))
    assert not set(mixed) & set(first)
    assert domain.abbreviate(sum_of(t, {(): Fraction(5)})) == sum_of(t, {(): Fraction(5)})
    assert domain.abbreviate({}) == {}


def sum_of(*parts: Poly) -> Poly:
    total: Poly = {}
    for part in parts:
        add_to(total, part)
    return total


def times(poly: Poly, factor: int) -> Poly:
    return {m: factor * c for m, c in poly.items()}


# Documents


def test_malformed_documents() -> None:
    claim = claimed(gated(inputs=1, hidden=1), gated(inputs=1, hidden=2))
    for certificate in ({**RULE, "rows": []}, {**RULE, "rule": "register"}, {**RULE, "format": "x"}):
        with pytest.raises(Malformed):
            check(json.dumps(claim), json.dumps(certificate))
    model = claim["model"]
    for other in ({**model, "extra": 1}, {"family": "program"}, {**model, "program": {}}):
        with pytest.raises(Malformed):
            check(json.dumps({**claim, "model": other}), json.dumps(RULE))


# Random claims


NUMBERS = ["0", "1", "-1", "1/2", "-1/2", "2"]
OPERATIONS = {"add": "multiply", "multiply": "add"}


def tampered(rng: random.Random, claim: Document) -> None:
    """Change one thing, in a way that often leaves a true claim."""
    rows = claim["map"]
    counts = [
        sum(int(np.prod(shape)) for _, shape in claim[side]["program"]["parameters"])
        for side in ("model", "target_model")
    ]
    form = variable(rng.randrange(counts[1]), rng.choice(["1", "-1", "1/2"]))
    kind = rng.randrange(8)
    if kind == 0 and rows:
        rows.remove(rng.choice(rows))
    elif kind < 4:
        entry = rng.randrange(counts[0])
        claim["map"] = [row for row in rows if row[0] != entry] + [
            [entry, rng.choice([form, rng.choice(NUMBERS)])]
        ]
    else:
        equation = rng.choice(claim[rng.choice(["model", "target_model"])]["program"]["equations"])
        if equation["op"] == "gather" and equation["data"]:
            equation["data"][rng.randrange(len(equation["data"]))] = rng.choice([-1, *equation["data"]])
        elif equation["op"] == "activation":
            equation["data"] = rng.choice(["tanh", "sin", "identity", "exp", "rational:1/1,0,1"])
        elif equation["op"] in OPERATIONS:
            equation["args"] = [rng.choice(equation["args"]), rng.choice(equation["args"])]
        elif equation["op"] == "constant":
            equation["data"] = [rng.choice(NUMBERS[1:]) for _ in equation["data"]]


def tensors(program: Program, flat: list[float]) -> list[list[float]]:
    sizes = [size(p.shape) for p in program.parameters]
    return [flat[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(len(sizes))]


def assert_true(claim: EmbeddingClaim, seed: int) -> None:
    """Compare values and, where claimed, the span of the derivatives at random weights and inputs."""
    rng = np.random.default_rng(seed)
    narrow, wide = program_for(claim.narrow), program_for(claim.wide)
    inputs = 1.5 * rng.normal(size=(60, size(narrow.input_shape)))
    t = rng.normal(size=narrow.parameter_count + claim.free)
    image = [
        sum(float(c) * np.prod([t[a - FIRST_VARIABLE] ** int(p) for a, p in m]) for m, c in form.items())
        for form in (claim.entries.get(k, {}) for k in range(wide.parameter_count))
    ]
    weights = tensors(narrow, t[: narrow.parameter_count].tolist()), tensors(wide, image)
    values = [
        np.broadcast_to(approx_trace(p, w, inputs).values[p.output], (60, *p.shapes[p.output])).reshape(
            60, -1
        )
        for p, w in zip((narrow, wide), weights, strict=True)
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-6, atol=1e-8)
    if claim.keeps == KEEPS_TANGENTS:
        below, above = (
            approx_jacobian(p, w, inputs).reshape(60 * p.output_count, -1)
            for p, w in zip((narrow, wide), weights, strict=True)
        )
        for span, vectors in ((below, above), (above, below)):
            solution = np.linalg.lstsq(span, vectors, rcond=1e-11)[0]
            scale = 1 + np.abs(vectors).max(initial=0)
            np.testing.assert_allclose(span @ solution / scale, vectors / scale, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_accepted_claims_are_true(seed: int) -> None:
    rng = random.Random(seed)
    accepted = rejected = 0
    for _ in range(150):
        narrow, wide, moves = FAMILIES[rng.choice(list(FAMILIES))]
        claim = claimed(narrow, wide, *moves, keeps=rng.choice([KEEPS_FUNCTION, KEEPS_TANGENTS]))
        for _ in range(rng.randint(1, 2)):
            tampered(rng, claim)
        try:
            check(json.dumps(claim), json.dumps(RULE))
        except (Rejected, Malformed):
            rejected += 1
            continue
        accepted += 1
        assert_true(read_embedding_claim(claim), seed)
    assert min(accepted, rejected) > 20


def test_the_certificate_of_programs_is_the_rule_alone() -> None:
    narrow, wide, _ = FAMILIES["gates"]
    assert json.loads(certificate_text(composed(narrow, (), wide))) == RULE
