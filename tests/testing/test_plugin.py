"""The pytest plugin: one item per property, counterexamples as failures, nothing without its option."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import llrsym

ROOT = Path(llrsym.__file__).parents[1]
SOURCE = """
from llrsym.testing import Architecture

right = Architecture("mlp(d, 1, 1, bias=False)", sizes={"d": [1, 2]}, claims=["rank = d + 1"])
wrong = Architecture("mlp(d, 1, 1, bias=False)", sizes={"d": [1, 2]}, claims=["rank = d"])
"""
OPEN = """
from llrsym.testing import Architecture

net = Architecture(
    forward=lambda p, x: p["u"] * p["v"] * x, shapes={"u": (1,), "v": (1,), "x": (1,)}, claims=["O <= 0"]
)
"""


def run(folder, source, *arguments):
    """Run pytest in a folder of its own; the plugin is loaded by name where it is not installed."""
    (folder / "model.py").write_text(source, encoding="utf-8")
    is_installed = any(point.name == "llrsym" for point in entry_points(group="pytest11"))
    plugin = [] if is_installed else ["-p", "llrsym.testing.plugin"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", "-rs", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=300,
        check=False,
    )


def test_every_property_is_an_item_and_a_wrong_claim_fails(tmp_path):
    done = run(tmp_path, SOURCE, "--llrsym", "model.py", "--llrsym-examples", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 13 passed" in done.stdout
    assert "wrong::claims" in done.stdout
    assert "counterexample: d is 1 at d = 1, and rank is 2" in done.stdout
    assert "Traceback" not in done.stdout


def test_items_can_be_chosen(tmp_path):
    done = run(tmp_path, SOURCE, "--llrsym", "model.py", "-k", "right and claims")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_what_is_not_decided_is_skipped_with_the_reason(tmp_path):
    done = run(tmp_path, OPEN, "--llrsym", "model.py", "-k", "claims", "--llrsym-examples", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"SKIPPED.*undecided: claim O <= 0", done.stdout)


def test_without_the_option_nothing_happens(tmp_path):
    done = run(tmp_path, SOURCE, "model.py")
    assert done.returncode == 5, done.stdout
    assert "no tests ran" in done.stdout


def test_a_file_that_cannot_be_run_is_an_error_of_one_sentence(tmp_path):
    done = run(tmp_path, "raise ValueError('broken')", "--llrsym", "model.py", "-p", "no:python")
    assert done.returncode == 2
    assert "the file raised ValueError: broken; correct it and try again" in done.stdout


@pytest.mark.parametrize("module", ["numpy", "sympy", "hypothesis", "flint"])
def test_the_plugin_loads_nothing_heavy(module):
    code = f"import sys, llrsym.testing.plugin; print({module!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "False\n"
