"""Random claims about embeddings: what the rule accepts is true in floating point."""

import json
import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llrsym.domains.float64 import approx_jacobian, approx_trace
from llrsym.embedding.documents import certificate_text, claim_text
from llrsym.embedding.maps import identity
from llrsym.embedding.moves import Null, Split
from llrsym.kernel.check import check
from llrsym.kernel.embeddings import EmbeddingClaim, read_embedding_claim
from llrsym.kernel.errors import Malformed, Rejected
from llrsym.kernel.layered_embeddings import FIRST_VARIABLE
from llrsym.kernel.models import Layered, parameter_count, program_of
from llrsym.kernel.program import Program, size

Floats = NDArray[np.float64]
NUMBERS = ["0", "1", "-1", "1/2", "-1/2", "2"]


def start(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A true claim with its certificate."""
    widths = rng.choice([(1, 1, 1), (1, 2, 1), (1, 1, 1, 1), (1, 1, 2)])
    biases = rng.choice([(True,), (False,)]) * (len(widths) - 1)
    activation = rng.choice(["tanh", "sigmoid", "gaussian", "silu", "power:2", "rational:1/1,0,1"])
    embedding = identity(Layered(widths, activation, biases))
    for _ in range(rng.randint(1, 2)):
        layer = rng.randint(1, len(widths) - 2)
        move = Null(layer) if rng.random() < 0.4 else Split(layer, 0, rng.choice(NUMBERS))
        embedding = move.apply(embedding)
    keeps = rng.choice(["function", "tangent functions"])
    return json.loads(claim_text(embedding, "", "", keeps)), json.loads(certificate_text(embedding))


def tampered(rng: random.Random, claim: dict[str, Any], certificate: dict[str, Any]) -> None:
    """Change one thing, in a way that often leaves a true claim."""
    units = [(layer, k) for layer, row in enumerate(certificate["units"]) for k in range(len(row))]
    layer, k = rng.choice(units)
    unit = certificate["units"][layer][k]
    kind = rng.randint(0, 6)
    if kind == 0 and claim["map"]:
        row = rng.choice(claim["map"])
        if not isinstance(row[1], str):
            row[1][0][1] = rng.choice([n for n in NUMBERS if n != "0"])
    elif kind == 1 and claim["map"]:
        claim["map"].remove(rng.choice(claim["map"]))
    elif kind == 2:
        claim["map"].append([rng.randint(0, 12), rng.choice(NUMBERS)])
    elif kind == 3 and unit is not None:
        unit[rng.choice(["sign", "index"])] = rng.choice([1, -1])
    elif kind == 4 and unit is not None:
        unit["multiplier"] = rng.choice(NUMBERS)
    elif kind == 5:
        certificate["units"][layer][k] = rng.choice([None, {"index": 0, "sign": 1, "multiplier": "0"}])
    else:
        side = rng.choice(["model", "target_model"])
        claim[side]["biases"][rng.randrange(len(claim[side]["biases"]))] ^= True


def image(claim: EmbeddingClaim, t: Floats) -> list[list[float]]:
    """E(t), tensor by tensor."""
    flat = [
        sum(float(c) * np.prod([t[a - FIRST_VARIABLE] ** int(p) for a, p in m]) for m, c in form.items())
        for form in (claim.entries.get(k, {}) for k in range(parameter_count(claim.wide)))
    ]
    return tensors(program_of(claim.wide), flat)


def tensors(program: Program, flat: list[float]) -> list[list[float]]:
    sizes = [size(p.shape) for p in program.parameters]
    return [flat[sum(sizes[:k]) : sum(sizes[: k + 1])] for k in range(len(sizes))]


def assert_true(claim: EmbeddingClaim, seed: int) -> None:
    """Compare values and, where claimed, the span of the derivatives at random weights and inputs."""
    rng = np.random.default_rng(seed)
    narrow, wide = program_of(claim.narrow), program_of(claim.wide)
    inputs = 2 * rng.normal(size=(40, size(narrow.input_shape)))
    t = rng.normal(size=parameter_count(claim.narrow))
    weights = tensors(narrow, t.tolist()), image(claim, t)
    values = [
        np.broadcast_to(approx_trace(p, w, inputs).values[p.output], (40, p.output_count))
        for p, w in zip((narrow, wide), weights, strict=True)
    ]
    np.testing.assert_allclose(values[0], values[1], atol=1e-9)
    if claim.keeps == "tangent functions":
        below, above = (
            approx_jacobian(p, w, inputs).reshape(40 * p.output_count, -1)
            for p, w in zip((narrow, wide), weights, strict=True)
        )
        solution = np.linalg.lstsq(below, above, rcond=1e-11)[0]
        np.testing.assert_allclose(below @ solution, above, atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_accepted_claims_are_true(seed: int) -> None:
    rng = random.Random(seed)
    accepted = rejected = 0
    for _ in range(150):
        claim, certificate = start(rng)
        for _ in range(rng.randint(0, 2)):
            tampered(rng, claim, certificate)
        try:
            check(json.dumps(claim), json.dumps(certificate))
        except (Rejected, Malformed):
            rejected += 1
            continue
        accepted += 1
        assert_true(read_embedding_claim(claim), seed)
    assert min(accepted, rejected) > 20
