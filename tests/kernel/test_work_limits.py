"""Short documents that describe long computations: the kernel refuses them soon, and in bounded memory."""

import json
import resource
import subprocess
import sys
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest

import llrsym
from llrsym.kernel.ball_activations import value_and_slope
from llrsym.kernel.ball_ranks import BallCertificate, check_product
from llrsym.kernel.ball_work import Meter, MeteredBalls, activation_cost, widest
from llrsym.kernel.balls import Balls
from llrsym.kernel.effort import run_effort
from llrsym.kernel.errors import Rejected
from llrsym.kernel.polynomials import Poly, multiply
from llrsym.networks.builders import mlp, transformer

Document = dict[str, Any]
SECONDS, MEMORY = 20, 2 << 30


def equation(op: str, arguments: list[int], shape: list[int], data: Any = ()) -> Document:
    return {
        "op": op,
        "args": arguments,
        "shape": shape,
        "data": data if isinstance(data, str) else list(data),
    }


def program(
    *equations: Document, parameters: dict[str, list[int]] | None = None, inputs: tuple[int, ...] = (1,)
) -> Document:
    named = parameters or {"a": [1]}
    return {
        "input": list(inputs),
        "parameters": [[name, shape] for name, shape in named.items()],
        "equations": list(equations),
        "output": len(named) + len(equations),
    }


def nested(name: str, count: int) -> Document:
    """The program a sigma(sigma(..(x)))."""
    first = [equation("activation", [0], [1], name)]
    rest = [equation("activation", [2 + k], [1], name) for k in range(count - 1)]
    return program(*first, *rest, equation("multiply", [1, 1 + count], [1]))


def claim(network: Document, rank: int, at: list[list[str]] | None = None) -> Document:
    return {
        "format": "llrsym-claim-1",
        "question": "model_rank",
        "network": "n",
        "at": "almost every" if at is None else "given",
        "lower": rank,
        "upper": sum(prod(shape) for _, shape in network["parameters"]),
        "program": network,
        "weights": at,
    }


def minor(rows: int = 1, pairs: int = 1) -> Document:
    places = [[k, 0] for k in range(rows)]
    fields = {"prime": 4194301, "unit": 2, "seed": "s", "pairs": pairs, "rewrites": []}
    return fields | {"rows": places, "columns": [0]}


def balls(precision: int = 64, points: tuple[str, ...] = ("3/2",), outputs: int = 1) -> Document:
    rows = [[k, o] for k in range(len(points)) for o in range(outputs)]
    fields = {"rule": "balls", "precision": precision, "weights": None, "columns": [0], "scale": 0}
    return fields | {"points": [[p] for p in points], "rows": rows, "inverse": [[1] * len(rows)]}


def with_input(*operations: Document) -> Document:
    """Operations on e^1000000, then the product with the weight."""
    return program(equation("activation", [0], [1], "exp"), *operations)


SQUARES = [equation("multiply", [2 + k, 2 + k], [1]) for k in range(12)]
WIDE = [equation("gather", [2], [100_000], [0] * 100_000)]
DOUBLES = [equation("add", [3 + k, 3 + k], [100_000]) for k in range(200)]
FIRST = [equation("gather", [203], [1], [0]), equation("multiply", [1, 204], [1])]
LONG = {"a": [7000, 7000], "b": [7000, 7000]}
BIG = [equation("add", [1 + (k > 0) * k, 1], [50_000_000]) for k in range(50)]
ONE = [["1"]]
ATTACKS: dict[str, tuple[Document, Document]] = {
    "nested powers": (claim(nested("power:64", 6), 1, ONE), balls(100)),
    "nested exponentials": (claim(nested("exp", 4), 1, ONE), balls(100, ("2",))),
    "squares of a huge number": (
        claim(with_input(*SQUARES, equation("multiply", [1, 14], [1])), 1, ONE),
        balls(points=("1000000",)),
    ),
    "many huge numbers": (claim(with_input(*WIDE, *DOUBLES, *FIRST), 1, ONE), balls(points=("1000000",))),
    "a cubic contraction": (
        claim(program(equation("einsum", [1, 2], [7000, 7000], "ij,jk->ik"), parameters=LONG), 1),
        minor(),
    ),
    "an outer product": (
        claim(
            program(
                equation("einsum", [1, 2], [7000, 7000], "i,j->ij"), parameters={"a": [7000], "b": [7000]}
            ),
            1,
        ),
        minor(),
    ),
    "an endless axis of an empty tensor": (
        claim(
            program(
                equation("einsum", [1, 2], [0, 0], "ij,jk->ik"),
                equation("gather", [3], [1], [-1]),
                parameters={"a": [0, 10**12], "b": [10**12, 0]},
            ),
            0,
        )
        | {"upper": 0, "lower": 0},
        {"rule": "relations", "relations": [], "prime": 4194301, "seed": "", "rewrites": [], "gauges": []},
    ),
    "large parameters": (claim(program(*BIG, parameters={"a": [50_000_000]}), 1), minor()),
    "a large input": (
        claim(program(equation("add", [0, 0], [50_000_000]), inputs=(50_000_000,)), 1),
        minor(),
    ),
    "many rows": (claim(nested("tanh", 300), 1), minor(50_000)),
    "many pairs": (claim(nested("tanh", 1), 1), minor(pairs=10**30)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_long_computations_are_refused_soon(name: str, tmp_path: Path) -> None:
    asked, proof = ATTACKS[name]
    side = "upper" if proof.get("rule") == "relations" else "lower"
    sides = {"lower": None, "upper": {"rule": "parameters"}} | {side: proof}
    documents = {"claim": asked, "certificate": {"format": "llrsym-certificate-1"} | sides}
    for kind, document in documents.items():
        (tmp_path / f"{kind}.json").write_text(json.dumps(document), encoding="utf-8")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000
    run = subprocess.run(
        [sys.executable, "-m", "llrsym.kernel", "claim.json", "certificate.json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(llrsym.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        check=False,
    )
    assert run.returncode == 1, run
    assert run.stderr.startswith("rejected: ")
    assert "MemoryError" not in run.stderr


DEEP = {
    "lists": "[" * 100_000,
    "closed lists": "[" * 100_000 + "]" * 100_000,
    "objects": '{"a":' * 100_000,
    "an integer of 5000 digits": '{"lower": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_documents_that_python_cannot_read_are_malformed(name: str, tmp_path: Path) -> None:
    for kind in ("claim", "certificate"):
        (tmp_path / f"{kind}.json").write_text(DEEP[name], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "llrsym.kernel", "claim.json", "certificate.json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(llrsym.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.startswith("malformed: ")


@pytest.mark.parametrize("name", ["tanh", "gelu", "exp", "power:7", "softplus", "rational:1/1,0,1"])
def test_metered_balls_are_the_same_balls(name: str) -> None:
    plain, metered = Balls(70), MeteredBalls(70, Meter())
    a, b = [(1 << 70, 3), (-5 << 68, 0)], [(3 << 69, 1), (7 << 67, 2)]
    shapes = ((2,), (2,), ())
    for reals in (plain, metered):
        assert reals.activate(name, 0, a)[0][0] == value_and_slope(name, a[0], 70)[0]
    for operation in ("add", "multiply", "divide"):
        assert getattr(plain, operation)(a, b) == getattr(metered, operation)(a, b)
    assert plain.einsum("i,i->", a, b, shapes) == metered.einsum("i,i->", a, b, shapes)
    assert plain.scatter(a, [1, 1], [(3,)], (2,)) == metered.scatter(a, [1, 1], [(3,)], (2,))
    assert plain.gather([a], [1, -1], [(2,)], (2,)) == metered.gather([a], [1, -1], [(2,)], (2,))
    assert metered.meter.held > 0


@pytest.mark.parametrize("name", ["tanh", "exp", "power:64", "sinh", "rational:0,0,0,1/1"])
@pytest.mark.parametrize("whole", [0, 3, 10, 14])
def test_results_have_no_more_bits_than_were_counted(name: str, whole: int) -> None:
    precision = 64
    z = [(1 << precision + whole, 1), (-1 << precision + whole, 1)]
    value, slope = Balls(precision).activate(name, 0, z)
    assert max(widest(value), widest(slope)) <= activation_cost(name, widest(z), precision)[1]


def test_the_cost_grows_with_precision_and_with_magnitude() -> None:
    costs = [activation_cost("tanh", p, p)[0] for p in (64, 1000, 20_000)]
    assert costs == sorted(costs)
    assert costs[2] > 1000 * costs[0]
    assert activation_cost("power:64", 64 + 1000, 64)[0] > 100 * activation_cost("power:64", 64, 64)[0]


def test_a_product_with_the_inverse_of_long_numbers_is_refused() -> None:
    size = range(60)
    rows = tuple((k, 0) for k in size)
    proof = BallCertificate(64, (), None, rows, tuple(size), ((1 << 4000,) * 60,) * 60, 0)
    check_product(proof, [[1 << 64] * 60] * 60)
    with pytest.raises(Rejected, match="limit: the product with the inverse"):
        check_product(proof, [[1 << 100_000] * 60] * 60)


@pytest.mark.parametrize(
    "network", [mlp(10, 300, 300, 5), transformer(tokens=4, dim=8, heads=2, hidden=16, blocks=2)]
)
def test_networks_in_use_are_far_from_the_limits(network: Any) -> None:
    assert run_effort(network.program) < 1_000_000


def squared_often(value: Poly, times: int) -> Poly:
    for _ in range(times):
        value = multiply(value, value)
    return value


def test_a_number_squared_sixty_times_is_refused_at_once() -> None:
    with pytest.raises(Rejected, match="a coefficient of a formal polynomial has more than 1000000 bits"):
        squared_often({(): Fraction(3)}, 60)
