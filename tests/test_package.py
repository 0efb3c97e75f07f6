"""The package as a whole: public names, lazy imports, typing marker."""

import subprocess
import sys
from importlib import resources

import pytest

import llrsym


@pytest.mark.parametrize("name", llrsym.__all__)
def test_every_public_name_resolves(name):
    value = getattr(llrsym, name)
    assert isinstance(value, str) or callable(value)


def test_dir_lists_the_public_names():
    assert dir(llrsym) == sorted(llrsym.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'modelrank'"):
        _ = llrsym.modelrank


def test_the_package_is_typed():
    assert resources.files("llrsym").joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    "code",
    [
        "import llrsym",
        "import sys; sys.argv = ['llrsym', '--version']; from llrsym.__main__ import main; main()",
    ],
)
def test_import_and_version_load_nothing_heavy(code):
    heavy = ("numpy", "sympy", "typer", "rich", "hypothesis", "flint", "mpmath")
    probe = f"{code}; import sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("order", ["import llrsym.verification; ", ""])
def test_verify_is_the_function_whatever_was_imported_first(order):
    probe = f"import llrsym; {order}from llrsym.cli import verify; print(callable(llrsym.verify))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"
