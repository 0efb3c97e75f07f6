"""The tables of the papers: every exact formula agrees, and exactly the known formulas are refuted."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from time import monotonic

import pytest

from llrsym.bounds.notation import HTML, LATEX, PLAIN
from llrsym.report.paper import Chain, paper_tables
from llrsym.report.paper_convolutions import DEAD_1D, DEAD_2D, SHIFTS_1D, SHIFTS_2D, Target
from llrsym.report.plans import judge
from llrsym.report.questions import Answers, answer_all
from llrsym.report.tables import Table
from tests.docs.pages import ROOT


@cache
def answered() -> Answers:
    return answer_all(question for plan in paper_tables() for question in plan.questions)


@cache
def tables() -> Mapping[str, Table]:
    return {plan.label: plan.table(answered()) for plan in paper_tables()}


def judgements(key: str) -> dict[tuple[str, str], str]:
    """What the instances say about each formula of a column, by the label of the table and the group."""
    return {
        (plan.label, statement.title): judge(key, statement.claims[key], statement.instances, answered())[0]
        for plan in paper_tables()
        for statement in plan.statements
        if key in statement.claims
    }


def test_every_answer_is_proved_within_a_minute():
    start = monotonic()
    answers = answer_all(question for plan in paper_tables() for question in plan.questions)
    assert monotonic() - start < 60
    assert {verdict.verdict for verdict in answers.verdicts.values()} == {"proved"}
    assert all(verdict.samples is not None for verdict in answers.verdicts.values())


@pytest.mark.parametrize("key", ["samples", "rank"])
def test_our_formulas_agree_with_every_instance(key):
    assert set(judgements(key).values()) == {"proved"}


def test_the_numbers_of_parameters_agree():
    assert set(judgements("parameters").values()) <= {"confirmed"}


def test_exactly_these_published_formulas_are_refuted():
    refuted = {place for place, word in judgements("formula").items() if word == "refuted"}
    assert refuted == {
        ("tab:convolution-2d", "convolution, shared kernels"),
        ("tab:convolution-2d", "convolution, no sharing"),
        ("tab:convolution-2d", "fully connected"),
        ("tab:convolution-2d", "no sharing, arXiv:2211.11623"),
        ("tab:convolution-2d", "fully connected, arXiv:2211.11623"),
        ("tab:convolution-1d", "convolution, shared kernels"),
        ("tab:convolution-1d", "convolution, no sharing"),
        ("tab:convolution-1d", "fully connected"),
        ("tab:convolution-biases", "no sharing, hidden biases"),
        ("tab:convolution-biases", "fully connected, hidden biases"),
    }


def test_every_theorem_that_is_named_has_its_page():
    claims = [c for plan in paper_tables() for s in plan.statements for c in s.claims.values() if c.theorem]
    assert {claim.theorem for claim in claims if not (ROOT / f"{claim.theorem}.md").is_file()} == set()


def column(label: str, key: str, group: str) -> list[str]:
    table = tables()[label]
    place = [entry.key for entry in table.columns].index(key)
    return [row.cells[place].plain for row in table.rows if row.group == group and not row.starts_group]


@pytest.mark.parametrize(
    ("label", "group", "published", "exact"),
    [
        (
            "tab:convolution-2d",
            "convolution, shared kernels",
            ["8", "26", "685", "16"],
            ["8", "26", "685", "14"],
        ),
        ("tab:convolution-2d", "convolution, no sharing", None, ["20", "90", "6760", "15", "30"]),
        ("tab:convolution-2d", "fully connected", None, ["40", "306", "530660", "30", "60"]),
        (
            "tab:convolution-1d",
            "convolution, shared kernels",
            ["4", "12", "303", "8"],
            ["4", "12", "303", "7"],
        ),
        ("tab:convolution-1d", "convolution, no sharing", ["6", "24", "2256", "6", "12"], None),
        ("tab:convolution-1d", "convolution, no sharing", None, ["6", "24", "2256", "6", "9"]),
        ("tab:convolution-biases", "shared kernels, hidden bias", None, ["5", "7", "14"]),
        ("tab:convolution-biases", "no sharing, hidden biases", None, ["8", "15", "30", "8"]),
        ("tab:convolution-biases", "fully connected, hidden biases", None, ["10", "21", "42", "12"]),
        (
            "tab:biases",
            "hidden bias, constant part",
            ["<= 3", "<= 9", "<= 8", "<= 15"],
            ["2", "8", "7", "14"],
        ),
        ("tab:deep", "widths $k$ in widths $m$", ["<= 17", "<= 20", "<= 15890"], ["17", "20", "15890"]),
        ("tab:matrix", "square, $m == n$ and $p == n$", ["7", "12", "15", "16"], ["7", "12", "15", "16"]),
        ("tab:deep-linear", "rank $r >= 1$", None, ["4", "4", "4", "4", "10"]),
    ],
)
def test_values(label, group, published, exact):
    if published is not None:
        assert column(label, "formula", group) == published
    if exact is not None:
        assert column(label, "samples", group) == exact


def needed_padded_kernels(target: Target) -> int:
    """Count padded kernels, up to sign, whose read-out weights have a sum other than zero."""
    kernels, reads = ([*_flat(entry)] for entry in (target.weights["K"], target.weights["a"]))
    pixels, places = target.s**target.axes, target.places
    sums: dict[tuple[int, ...], int] = {}
    for channel in range(target.k):
        kernel = kernels[channel * pixels : (channel + 1) * pixels]
        for number, place in enumerate(product(range(target.d + 1 - target.s), repeat=target.axes)):
            padded = [0] * target.d**target.axes
            for weight, offset in zip(kernel, product(range(target.s), repeat=target.axes), strict=True):
                position = 0
                for p, o in zip(place, offset, strict=True):
                    position = position * target.d + p + o
                padded[position] = weight
            sign = next((1 if w > 0 else -1 for w in padded if w), 1)
            key = tuple(sign * w for w in padded)
            sums[key] = sums.get(key, 0) + sign * reads[channel * places + number]
    return sum(1 for key, total in sums.items() if any(key) and total)


def _flat(entry: object) -> list[int]:
    return [number for part in entry for number in _flat(part)] if isinstance(entry, list) else [entry]  # type: ignore[list-item]


@pytest.mark.parametrize("target", [SHIFTS_1D, SHIFTS_2D, DEAD_1D, DEAD_2D])
def test_the_number_of_distinct_padded_kernels_is_the_one_of_the_weights(target):
    assert needed_padded_kernels(target) == target.sizes["N"]


def test_a_chain_of_widths():
    chain = Chain("d", "k")
    assert chain.value({"d": 5, "k": (2, 2, 2)}) == 20
    assert chain.names == {"d", "k"}
    assert chain.write(LATEX) == r"\sum_{l=1}^{L} k_{l-1} k_{l}"
    assert chain.write(PLAIN) == "sum of k_(l-1)*k_l over l"
    assert chain.write(HTML).startswith("Σ")
