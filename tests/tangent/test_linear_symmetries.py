"""Relations that are linear in the weights: found for whole architectures, fast enough, and one at a time."""

import numpy as np
import pytest

from llrsym.errors import OutOfBudget
from llrsym.kernel.local import LocalChecks
from llrsym.kernel.program import Program
from llrsym.kernel.relation_independence import CoefficientResidues, Echelon
from llrsym.kernel.relations import is_local_relation
from llrsym.kernel.residues import PRIMES, Setting
from llrsym.kernel.rules import LOCAL_WORK
from llrsym.networks.builders import attention, mlp, transformer
from llrsym.networks.network import Network
from llrsym.tangent.fields import Family, candidates
from llrsym.tangent.linear_symmetries import find_linear_symmetries
from llrsym.tangent.rank import model_rank

P = PRIMES[0]


def silent() -> None:
    return None


def block(**options: object) -> Network:
    sizes = {"tokens": 3, "dim": 4, "heads": 2, "hidden": 5, "activation": "tanh", "norm": None}
    return transformer(**(sizes | options))


@pytest.mark.parametrize(
    ("network", "relations"),
    [
        # Per head: GL(2) of queries and keys, GL(2) of values and outputs, 2 key biases, 2 value biases. The
        # 4 output biases move into the biases of the dense block.
        (block(), 2 * (4 + 4 + 2 + 2) + 4),
        (block(causal=True), 2 * (4 + 4 + 2 + 2) + 4),
        (block(bias=False), 2 * (4 + 4)),
        (attention(tokens=3, dim=6, head_dim=2, heads=3, bias=True), 3 * (4 + 4 + 2 + 2)),
    ],
    ids=["block", "causal", "no bias", "attention"],
)
def test_the_generic_rank_of_attention_is_proved(network, relations):
    verdict = model_rank(network, budget=120)
    assert verdict.lower == verdict.upper == network.parameter_count - relations


@pytest.mark.parametrize("program", [block().program, mlp(3, 4, 4, 2, activation="identity").program])
def test_candidates_are_independent_and_hold_locally(program: Program):
    found = [c for batch in find_linear_symmetries(program, None, "0", silent) for c in batch]
    evaluate = CoefficientResidues(Setting(P, 1, "0"), [c.relation for c in found])
    echelon, local = Echelon(P), LocalChecks(program, None, LOCAL_WORK)
    assert len(found) > 10
    for candidate in found:
        assert echelon.insert(evaluate.vector(candidate.relation))
        assert is_local_relation(local, candidate.relation, candidate.gauge), candidate.name


def test_a_repeated_search_yields_at_least_as_many():
    program = block().program
    once, again = (
        sum(map(len, find_linear_symmetries(program, None, "0", silent, repeat=repeat)))
        for repeat in (False, True)
    )
    assert once < again


@pytest.mark.parametrize("family", candidates(block().program, (0, 1, 3)))
def test_derivatives_of_a_family_are_those_of_its_fields(family: Family):
    rng = np.random.default_rng(0)
    count = block().program.parameter_count
    gradients, theta = (rng.integers(-P // 2, P // 2, (3, count + extra)).astype(float) for extra in (0, 1))
    theta[:, -1] = 1.0
    found = family.along(gradients, theta, P)
    assert found.shape == (3, len(family))
    for number in range(len(family)):
        field = family.field(number)
        for row in range(3):
            terms = zip(field.targets, field.sources, strict=True)
            exact = sum(int(gradients[row, t]) * int(theta[row, s]) for t, s in terms)
            assert (exact - int(found[row, number])) % P == 0


def test_the_budget_ends_the_search_soon():
    network = transformer(tokens=4, dim=8, heads=2, hidden=12, activation="tanh", norm=None)
    with pytest.raises(OutOfBudget) as stopped:
        model_rank(network, budget=0.9)
    assert stopped.value.verdict.lower <= stopped.value.verdict.upper
    assert stopped.value.verdict.seconds < 5


def test_labels_say_what_moves():
    families = candidates(block().program, (1, 5))
    labels = {family.field(n).label for family in families for n in range(len(family))}
    assert "bQ1[0] <- bQ1[1] on axis 0" in labels
    assert len(labels) == sum(map(len, families))
