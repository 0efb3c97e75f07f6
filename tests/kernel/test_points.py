"""Tampered certificates of programs with square roots: other nonces prove what they prove, or nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.program import Program
from llrsym.kernel.roots import Points
from llrsym.kernel.rules import LowerCertificate
from llrsym.kernel.tower import Weights
from tests.kernel.scenarios import Texts, documents, family, minor, time_limit, with_points

FUNCTIONS = ["sqrt(x)", "sqrt(x + y)", "sqrt(exp(x) + y)", "x"]


def certified() -> tuple[Program, Weights, LowerCertificate]:
    program, weights = family(*FUNCTIONS)
    return program, weights, with_points(program, weights, minor(4))


def verdict_of(points: Points) -> str:
    program, weights, certificate = certified()
    try:
        return (
            f"rank {check(*documents(program, weights, (4, 4), replace(certificate, points=points))).lower}"
        )
    except Rejected as error:
        return str(error)


def test_the_certificate_that_is_tampered_with_is_accepted_as_it_is() -> None:
    assert verdict_of(certified()[2].points) == "rank 4"


WITNESSES: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "missing": lambda w: w[:2],
    "none": lambda w: (),
    "extra": lambda w: (*w, w[0]),
    "in another order": lambda w: w[::-1],
    "one side twice": lambda w: tuple((a, a) for a, _ in w),
    "sides exchanged": lambda w: tuple((b, a) for a, b in w),
    "other nonces": lambda w: tuple(((*a[:-1], 77), b) for a, b in w),
    "no nonces": lambda w: (((), ()),) * 3,
}


@pytest.mark.parametrize("name", WITNESSES)
def test_other_witnesses_are_refused(name: str) -> None:
    points = certified()[2].points
    reason = verdict_of(replace(points, witnesses=WITNESSES[name](points.witnesses)))
    if name in ("missing", "none", "extra"):
        assert reason.startswith("roots: expected 3 witnesses, got")
    else:
        assert reason.startswith(("a radicand is zero or no square", "roots: the witness"))


def test_samples_need_squares() -> None:
    points = certified()[2].points
    sample = next(sample for sample, nonces in points.samples.items() if nonces)
    rest = {k: nonces for k, nonces in points.samples.items() if k != sample}
    assert verdict_of(replace(points, samples=rest)) == "a radicand is zero or no square at a sample"


def test_pairs_without_squares_count_for_nothing() -> None:
    points = certified()[2].points
    assert "the 1 base exponents have rank 0" in verdict_of(replace(points, pairs=()))


def tampered(change: Callable[[dict[str, Any]], object], functions: list[str] = FUNCTIONS) -> Texts:
    """Claim and certificate as text, after a change of the points of the certificate."""
    program, weights = family(*functions)
    certificate = with_points(program, weights, minor(len(functions)))
    claim, text = documents(program, weights, (len(functions),) * 2, certificate)
    document = json.loads(text)
    document["lower"].setdefault("points", {"samples": [], "pairs": [], "witnesses": []})
    change(document["lower"]["points"])
    return claim, json.dumps(document)


MALFORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "negative nonce": lambda points: points["witnesses"][0][0].append(-1),
    "truth value": lambda points: points["witnesses"][0][0].append(True),
    "text": lambda points: points["pairs"][0][1].append("1"),
    "negative sample": lambda points: points["samples"].append([-1, [1]]),
    "sample twice": lambda points: points["samples"].append(points["samples"][0]),
    "one side": lambda points: points["pairs"].append([[1]]),
    "three sides": lambda points: points["witnesses"][0].append([]),
    "another key": lambda points: points.update(assume=[]),
    "a missing key": lambda points: points.pop("pairs"),
    "nonces without a list": lambda points: points["samples"].append([9, 1]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_points(name: str) -> None:
    with pytest.raises((Malformed, Rejected)):
        check(*tampered(MALFORMED[name]))


@pytest.mark.parametrize("digits", [5000, 100_000])
def test_huge_nonces_do_not_hang(digits: int) -> None:
    claim, text = tampered(lambda points: points["witnesses"][0][0].append("huge"))
    with time_limit(10), pytest.raises((Malformed, Rejected)):
        check(claim, text.replace('"huge"', "9" * digits))


HARMLESS: dict[str, Callable[[dict[str, Any]], object]] = {
    "as it is": lambda points: None,
    "samples that are not used": lambda points: points["samples"].append([99, [1, 2]]),
    "nonces of no root": lambda points: points["witnesses"][2][1].extend([0] * 3 + [7]),
    "pairs that are not used": lambda points: points["pairs"].append([[1], [2]]),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_points_that_are_not_used_change_nothing(name: str) -> None:
    assert check(*tampered(HARMLESS[name])).lower == 4


def test_points_of_a_program_without_roots() -> None:
    """They name no residues; a witness of a root that does not exist is refused."""
    functions = ["x", "exp(x)", "arctan(x)"]
    assert check(*tampered(lambda points: points["samples"].append([0, [5]]), functions)).lower == 3
    with pytest.raises(Rejected, match="roots: expected 0 witnesses, got 1"):
        check(*tampered(lambda points: points["witnesses"].append([[], []]), functions))


def test_certificates_without_points_of_programs_with_roots() -> None:
    claim, text = tampered(lambda points: None)
    document = json.loads(text)
    del document["lower"]["points"]
    with pytest.raises(Rejected, match="roots: expected 3 witnesses, got 0"):
        check(claim, json.dumps(document))
