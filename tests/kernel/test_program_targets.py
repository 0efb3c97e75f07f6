"""Claims about targets that are programs: what the rule ``embedding`` proves, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.kernel import target_claims
from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.networks.builders import mlp, recurrent, residual
from llrsym.networks.network import Network

Texts = tuple[dict[str, Any], dict[str, Any]]
NARROW, WIDE = residual(width=2, hidden=1), residual(width=2, blocks=2, hidden=2)
DEAD = {"W1": [[1, 2]], "b1": [0], "V1": [[0], [0]], "c1": ["1/3", 1]}


def texts(folder: Path, network: Network, target: Network | None, weights: dict[str, object] | None) -> Texts:
    optimistic_sample_size(network, target=target, weights=weights, certificate=folder)
    claim, certificate = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in ("claim.json", "certificate.json")
    )
    return claim, certificate


def judge(documents: Texts) -> str:
    try:
        return check(*(json.dumps(d) for d in documents)).text
    except Rejected as error:
        return f"rejected: {error}"


@pytest.fixture
def almost_every(tmp_path: Path) -> Texts:
    return texts(tmp_path, WIDE, NARROW, None)


def test_the_statement(almost_every: Texts) -> None:
    """Seven parameters; two outputs, so that four samples could do, but the bias of both needs a fifth."""
    claim, certificate = almost_every
    assert (claim["lower"], claim["upper"], claim["samples"]) == (0, 7, [0, 5])
    assert certificate["upper"] == "embedding"
    assert judge(almost_every) == (
        "minimal model rank in [0, 7], optimistic sample size in [0, 5], for almost every target of "
        "a program with 7 parameters and 6 equations in a program with 24 parameters and 12 equations"
    )


def test_given_weights_and_the_network_itself(tmp_path: Path) -> None:
    embedded = texts(tmp_path / "a", WIDE, NARROW, DEAD)
    assert (embedded[0]["upper"], embedded[1]["map"] is None) == (4, False)
    assert "for the given target" in judge(embedded)
    own = texts(tmp_path / "b", NARROW, None, DEAD)
    assert (own[0]["upper"], own[1]["map"]) == (4, None)
    assert "for the given target" in judge(own)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"upper": 6}, "rank_at_most: the certificate proves 7, claimed 6"),
        ({"lower": 1}, "lower: the rule 'none' proves 0, claimed 1"),
        ({"samples": [0, 4]}, "samples: the minor uses 5, claimed 4"),
        ({"samples": [1, 5]}, "samples: at least 0 are proved to be needed, claimed 1"),
        ({"weights": [["1"] * 2, ["1"], ["1"] * 2]}, "weights"),
    ],
)
def test_claims_that_say_more(almost_every: Texts, changes: dict[str, Any], reason: str) -> None:
    claim, certificate = almost_every
    assert judge(({**claim, **changes}, certificate)).startswith(f"rejected: {reason}")


def test_certificates_that_prove_less(almost_every: Texts) -> None:
    claim, certificate = almost_every
    one_row = {**certificate["minor"], "rows": certificate["minor"]["rows"][:-1]}
    for changes, reason in (
        ({"map": None}, "embedding: the target is another network, and there is no map"),
        ({"map": certificate["map"][1:]}, "registers: "),
        ({"map": [*certificate["map"], [23, "1"]]}, "registers: "),
        ({"narrow": None}, "embedding: there is no bound of the rank of the target"),
        ({"minor": one_row}, "rank_at_least: the evaluation matrix has rank 6"),
        ({"minor": None}, "samples: 7 are proved to suffice, claimed 5"),
        ({"lower": "exact"}, "exact: there is no theorem about programs"),
    ):
        assert judge((claim, {**certificate, **changes})).startswith(f"rejected: {reason}"), changes
    narrow = {k: v for k, v in certificate.items() if k != "map"} | {"upper": "narrow"}
    assert "narrow: the rule compares two models" in judge((claim, narrow))


def test_the_map_is_needed(almost_every: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check of the map any network has the rank of any other."""
    claim, certificate = almost_every
    false = claim, {**certificate, "map": []}
    assert judge(false).startswith("rejected")
    monkeypatch.setattr(target_claims, "check_embedding", lambda *arguments: "")
    assert not judge(false).startswith("rejected")


def test_a_map_that_keeps_the_function_only(tmp_path: Path) -> None:
    """The null state of a sigmoid network has rank 15 at the image, the target has 13."""
    sigmoid = {"inputs": 2, "steps": 3, "activation": "sigmoid"}
    claim, certificate = texts(tmp_path, recurrent(hidden=3, **sigmoid), recurrent(hidden=2, **sigmoid), None)
    variables = recurrent(hidden=2, **sigmoid).entry_names()
    wide = recurrent(hidden=3, **sigmoid).entry_names()
    entries = [[wide.index(name), [[[[k, 1]], "1"]]] for k, name in enumerate(variables)]
    assert judge((claim, certificate)).startswith("minimal model rank in [0, 13]")
    assert "is no combination of narrow ones" in judge((claim, {**certificate, "map": entries}))


def test_malformed_documents(almost_every: Texts) -> None:
    claim, certificate = almost_every
    for other in (
        {**certificate, "map": [[0, "1"], [0, "1"]]},
        {**certificate, "upper": "narrow"},
        {k: v for k, v in certificate.items() if k != "map"},
        {**certificate, "map": [[0, [[[[99, 1]], "1"]]]]},
    ):
        with pytest.raises(Malformed):
            check(json.dumps(claim), json.dumps(other))


def test_models_may_use_the_rule_too(tmp_path: Path) -> None:
    """A family is a program as well: the identity of an mlp without a theorem about its activation."""
    claim, _ = texts(tmp_path, mlp(1, 1, 1, activation="silu"), mlp(1, 1, 1, activation="silu"), None)
    narrow = {"rule": "parameters"}
    certificate = {"format": "llrsym-certificate-1", "lower": "none", "upper": "embedding"}
    certificate |= {"narrow": narrow, "minor": None, "map": None}
    assert judge((claim, certificate)).startswith("minimal model rank in [0, 4]")
