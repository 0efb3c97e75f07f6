"""Claims about given samples: true ones are accepted, false and damaged ones are not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llrsym.kernel.check import check
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.networks.builders import mlp
from llrsym.networks.network import Network
from llrsym.recovery.guarantee import llr_guarantee

Document = dict[str, object]
GENERIC = {"W1": [[1, 2], [-1, "1/2"]], "W2": [[2, 3]]}
POINTS = [[1, 2], [-1, 1], ["1/2", 3], [2, -1], ["3/2", "1/3"], [-2, "1/5"], ["1/7", 1]]
LINE = [[1, 2], [2, 4], [3, 6], [-1, -2], ["1/2", 1], [5, 10], [-3, -6]]
PAIRS = [[1, 2], [-1, -2], [2, -1], [-2, 1], ["1/2", 3], ["-1/2", -3], [3, 1], [-3, -1]]


def documents(
    folder: Path, points: object, weights: Document = GENERIC, activation: str = "tanh"
) -> tuple[Document, Document]:
    network: Network = mlp(2, 2, 1, activation=activation, bias=False)
    answer = llr_guarantee(network, at=weights, data=points, certificate=folder)
    assert answer.certificate == str(folder)
    return read(folder / "claim.json"), read(folder / "certificate.json")


def read(file: Path) -> Document:
    return json.loads(file.read_text(encoding="utf-8"))


def accepts(claim: Document, certificate: Document) -> bool:
    try:
        check(json.dumps(claim), json.dumps(certificate))
    except (Rejected, Malformed):
        return False
    return True


@pytest.mark.parametrize("activation", ["tanh", "gelu", "power:3"])
def test_the_kernel_alone_accepts_a_yes_and_states_it(tmp_path: Path, activation: str) -> None:
    claim, certificate = documents(tmp_path, POINTS, activation=activation)
    statement = check(json.dumps(claim), json.dumps(certificate))
    assert (claim["answer"], statement.trusted) == ("yes", ())
    assert "the model rank" in statement.text
    assert "sigma_min" in statement.text


@pytest.mark.parametrize(
    ("points", "rule"), [(POINTS[:3], "outputs"), (PAIRS[:6], "rows"), (LINE, "subspace")]
)
def test_the_kernel_alone_accepts_a_no_by_each_rule(tmp_path: Path, points: object, rule: str) -> None:
    claim, certificate = documents(tmp_path, points)
    assert (claim["answer"], certificate["deficiency"]["rule"]) == ("no", rule)  # type: ignore[index]
    assert check(json.dumps(claim), json.dumps(certificate)).trusted == ()


def point(claim: Document, number: int, value: list[str]) -> None:
    claim["points"][number] = value  # type: ignore[index]


YES: dict[str, Callable[[Document, Document], object]] = {
    "the answer no": lambda claim, proof: claim.update(answer="no"),
    "a lower rank": lambda claim, proof: claim.update(rank=5, model_rank=5),
    "a higher rank": lambda claim, proof: claim.update(rank=7, model_rank=7),
    "two different ranks": lambda claim, proof: claim.update(model_rank=7),
    "a larger sigma": lambda claim, proof: claim["sigma"].update(at_least="1000"),
    "a negative sigma": lambda claim, proof: claim["sigma"].update(at_least="-1"),
    "other columns": lambda claim, proof: claim["sigma"].update(columns=[0, 1, 2]),
    "no columns": lambda claim, proof: claim["sigma"].update(columns=[]),
    "another point": lambda claim, proof: point(claim, 0, ["5", "-3"]),
    "a point of the wrong length": lambda claim, proof: point(claim, 0, ["5"]),
    "no proof of the lower side": lambda claim, proof: proof.update(lower=None),
    "no proof of the upper side": lambda claim, proof: proof.update(upper=None),
    "points of its own": lambda claim, proof: proof["lower"].update(points=claim["points"]),
    "weights of its own": lambda claim, proof: proof["lower"].update(weights=claim["weights"]),
    "a deficiency": lambda claim, proof: proof.update(deficiency={"rule": "outputs"}),
    "other weights": lambda claim, proof: claim["weights"].__setitem__(1, ["0", "0"]),
}


@pytest.mark.parametrize("damage", YES)
def test_a_damaged_yes_is_rejected(tmp_path: Path, damage: str) -> None:
    claim, proof = documents(tmp_path, POINTS)
    assert accepts(claim, proof)
    YES[damage](claim, proof)
    assert not accepts(claim, proof)


def deficiency(proof: Document) -> dict[str, list[list[object]]]:
    return proof["deficiency"]  # type: ignore[return-value]


NO: dict[str, tuple[object, Callable[[Document, Document], object]]] = {
    "enough points": (
        POINTS[:3],
        lambda claim, proof: claim.update(points=[["1", str(n)] for n in range(9)]),
    ),
    "the answer yes": (POINTS[:3], lambda claim, proof: claim.update(answer="yes")),
    "a smaller rank": (POINTS[:3], lambda claim, proof: claim.update(rank=2)),
    "no gap": (POINTS[:3], lambda claim, proof: claim.update(rank=6)),
    "a higher model rank": (POINTS[:3], lambda claim, proof: claim.update(model_rank=7)),
    "a sigma": (POINTS[:3], lambda claim, proof: claim.update(sigma={"columns": [0], "at_least": "0"})),
    "no lower side": (POINTS[:3], lambda claim, proof: proof.update(lower=None)),
    "an upper side": (POINTS[:3], lambda claim, proof: proof.update(upper={"rule": "parameters"})),
    "no deficiency": (POINTS[:3], lambda claim, proof: proof.update(deficiency=None)),
    "another rule": (POINTS[:3], lambda claim, proof: proof.update(deficiency={"rule": "columns"})),
    "a relation twice": (
        PAIRS[:6],
        lambda claim, proof: deficiency(proof)["relations"].__setitem__(1, deficiency(proof)["relations"][0]),
    ),
    "a relation with another coefficient": (
        PAIRS[:6],
        lambda claim, proof: deficiency(proof)["relations"][0][0].__setitem__(1, "2"),  # type: ignore[attr-defined]
    ),
    "a relation with a row that does not exist": (
        PAIRS[:6],
        lambda claim, proof: deficiency(proof)["relations"][0].__setitem__(0, [[99, 0], "1"]),
    ),
    "an empty relation": (PAIRS[:6], lambda claim, proof: deficiency(proof)["relations"].__setitem__(0, [])),
    "a moved point of a pair": (PAIRS[:6], lambda claim, proof: point(claim, 0, ["1", "9"])),
    "a point off the line": (LINE, lambda claim, proof: point(claim, 0, ["1", "3"])),
    "a moved offset": (LINE, lambda claim, proof: deficiency(proof).update(offset=["0", "1"])),  # type: ignore[arg-type,list-item]
    "a direction without a pivot": (
        LINE,
        lambda claim, proof: deficiency(proof).update(directions=[["2", "4"]]),
    ),
    "a direction that is missing": (LINE, lambda claim, proof: deficiency(proof).update(directions=[])),
    "a smaller bound on the line": (LINE, lambda claim, proof: claim.update(rank=2)),
    "another bound on the line": (
        LINE,
        lambda claim, proof: deficiency(proof).update(inner={"rule": "parameters"}),  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("damage", NO)
def test_a_damaged_no_is_rejected(tmp_path: Path, damage: str) -> None:
    points, change = NO[damage]
    claim, proof = documents(tmp_path, points)
    assert accepts(claim, proof)
    change(claim, proof)
    assert not accepts(claim, proof)


def test_the_rank_at_the_points_may_be_proved_in_the_tower_as_well(tmp_path: Path) -> None:
    """The network at the points has no inputs, and its constants e^b are independent (Lindemann)."""
    from llrsym.kernel.data_points import at_points
    from llrsym.networks.weights import exact_weights
    from llrsym.recovery.data import read_data
    from llrsym.tangent.documents import lower_document
    from llrsym.tangent.lower import find_lower_bound

    claim, proof = documents(tmp_path, POINTS)
    network = mlp(2, 2, 1, bias=False)
    stacked = at_points(network.program, read_data(POINTS, network).points)
    found = find_lower_bound(stacked, exact_weights(network, GENERIC), 6, "0")
    assert found.rank == 6
    assert found.certificate is not None
    claim["sigma"], proof["lower"] = None, lower_document(found.certificate)
    statement = check(json.dumps(claim), json.dumps(proof))
    assert any("Lindemann" in condition for condition in statement.conditions)
