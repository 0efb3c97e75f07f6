"""The gate against silent errors: every question of the corpus is asked on the command line.

A contract says what must be returned, refused, rejected or left open. A failing contract means that the
program is wrong, or that somebody has found a better truth: then the derivation in the data changes with it.
"""

import json
from collections import Counter
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sympy
from typer.testing import CliRunner

from llrsym.cli.app import app
from tests.contracts.corpus import CONTRACTS, Contract, contracts
from tests.contracts.numerics import true_rank

CORPUS = contracts()
SCHEMAS = resources.files("llrsym.cli").joinpath("schemas")
SETTLED, REFUTED, BAD_INPUT, OPEN, BUDGET = 0, 1, 2, 3, 4


def ask(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def answer(contract: Contract) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON answer, which must be one of the documented kind."""
    code, stdout, stderr = ask(*contract.ask, "--json")
    assert stdout, f"no answer (exit code {code}): {stderr}"
    document = json.loads(stdout)
    schema = json.loads(SCHEMAS.joinpath(f"{contract.ask[0]}.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    return code, document


def at(document: Any, path: str) -> Any:
    """A value of a document at a path such as ``results.0.accepted``."""
    for key in path.split("."):
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def check_proved(contract: Contract) -> None:
    code, document = answer(contract)
    found = (document["lower"], document["upper"], document["verdict"], code)
    assert found == (contract.value, contract.value, "proved", SETTLED), document
    assert (document["lower_verdict"], document["upper_verdict"]) == ("proved", "proved")


def check_returns(contract: Contract) -> None:
    code, document = answer(contract)
    assert {path: at(document, path) for path in contract.value} == contract.value, document
    assert code == contract.exit


def check_between(contract: Contract) -> None:
    """For bounds that may be sharper or not, but not beyond the truth."""
    code, document = answer(contract)
    for path, (low, high) in contract.value.items():
        assert low <= at(document, path) <= high, (path, document)
    assert code == contract.exit


def check_refuses(contract: Contract) -> None:
    code, stdout, stderr = ask(*contract.ask)
    assert code == BAD_INPUT, f"was accepted: {stdout}{stderr}"
    assert stdout == ""
    assert (stderr[:8], stderr.count("\n"), stderr[-1]) == ("llrsym: ", 1, "\n")
    assert contract.value in stderr


def check_rejects(contract: Contract) -> None:
    code, document = answer(contract)
    assert (code, document["accepted"]) == (REFUTED, False), document
    (reason,) = [row["message"] for row in document["results"] if not row["accepted"]]
    assert contract.value in reason


def check_encloses(contract: Contract) -> None:
    code, document = answer(contract)
    assert document["lower"] <= contract.value <= document["upper"], document
    assert code in (SETTLED, OPEN, BUDGET)
    assert (code == SETTLED) == (document["verdict"] in ("proved", "conditional"))


def check_open(contract: Contract) -> None:
    check_encloses(contract)
    _, document = answer(contract)
    assert document["verdict"] in ("open", "conditional"), document


def check_formulas(contract: Contract) -> None:
    """Equal as functions: at a point without a pattern they agree in 80 digits."""
    code, document = answer(contract)
    found = {function["name"]: function["expressions"] for function in document["functions"]}
    for name, expected in contract.value.items():
        assert list(map(value_of, found[name])) == list(map(value_of, expected)), name
    assert code == SETTLED


def value_of(text: str) -> sympy.Expr:
    expression = sympy.sympify(text)
    names = sorted(map(str, expression.free_symbols))
    point = {name: Fraction(sum(map(ord, name)) % 89 + 3, 61) for name in names}
    return sympy.N(expression.subs({k: sympy.Rational(v) for k, v in point.items()}), 100).round(80)


CHECKS = {
    "formulas": check_formulas,
    "proved": check_proved,
    "returns": check_returns,
    "refuses": check_refuses,
    "rejects": check_rejects,
    "open": check_open,
    "between": check_between,
    "encloses": check_encloses,
}


def case(contract: Contract) -> Any:
    """A known defect must stay visible, and its mark must go when it is mended."""
    marks = [pytest.mark.xfail(reason=contract.defect, strict=True)] if contract.defect else []
    return pytest.param(contract, id=contract.id, marks=marks)


@pytest.mark.parametrize("contract", list(map(case, CORPUS)))
def test_contract(contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    contract.prepare(tmp_path)
    for command in contract.before:
        code, stdout, stderr = ask(*command)
        assert code == SETTLED, f"{command}: {stdout}{stderr}"
    contract.tamper(tmp_path)
    CHECKS[contract.kind](contract)


NUMERIC = [contract for contract in CORPUS if contract.numeric]


@pytest.mark.parametrize("contract", NUMERIC, ids=[contract.id for contract in NUMERIC])
def test_the_truth_of_a_contract_by_400_digits(contract: Contract) -> None:
    """The corpus is not copied from the program: mpmath, which shares no code with it, agrees."""
    assert true_rank(contract) == contract.rank


def test_the_corpus_covers_what_it_should() -> None:
    assert set(CHECKS) == set(CONTRACTS)
    assert set(CHECKS) == {contract.kind for contract in CORPUS}
    assert len({contract.id for contract in CORPUS}) == len(CORPUS) >= 120
    assert all(len(contract.trap) > 15 and len(contract.truth) > 15 for contract in CORPUS)
    verbs = Counter(contract.ask[0] for contract in CORPUS)
    assert {"rank", "independence", "bound", "strata", "embed", "tangent"} <= verbs.keys()
    assert {"guarantee", "table", "verify", "describe"} <= verbs.keys()
    assert all(verbs[name] >= 10 for name in ("sample", "recover", "condense", "conjecture", "check"))
