"""What the kernel is made of, what the layers import, and the kernel as a program of its own."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import llrsym
from llrsym.kernel.check import check
from tests.kernel.scenarios import Texts, documents, family, minor, with_points

PACKAGE = Path(llrsym.__file__).parent
KERNEL = sorted((PACKAGE / "kernel").glob("*.py"))
LAYERS = {
    "kernel": 0,
    "errors": 1,
    "verdict": 1,
    "domains": 1,
    "networks": 2,
    "verification": 2,
    "tangent": 3,
    "embedding": 4,
    "bounds": 5,
    "recovery": 6,
    "report": 7,
    "testing": 7,
    "conjectures": 7,
    "cli": 8,
}
FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "float",
    "complex",
    "globals",
    "setattr",
    "open",
    "input",
    "round",
}
FORBIDDEN_MODULES = {"pickle", "marshal", "importlib", "ctypes", "subprocess", "random", "shelve"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Absolute names of the modules that a file imports, also those inside functions."""
    package = ("llrsym", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*base, *([node.module] if node.module else [])])


def layer(module: str) -> int | None:
    parts = module.split(".")
    return LAYERS.get(parts[1], 9) if parts[0] == "llrsym" and len(parts) > 1 else None


def test_the_kernel_is_complete() -> None:
    names = {path.stem for path in KERNEL}
    assert {"check", "documents", "program", "run", "formal", "tower", "residues", "rules"} <= names
    assert {"roots", "derivations"} <= names


@pytest.mark.parametrize("path", KERNEL, ids=lambda path: path.stem)
def test_the_kernel_imports_only_the_standard_library_and_itself(path: Path) -> None:
    for module in imported(path):
        top = module.split(".")[0]
        assert module.startswith("llrsym.kernel") or top in sys.stdlib_module_names, module
        assert module not in FORBIDDEN_MODULES
        assert top not in FORBIDDEN_MODULES


@pytest.mark.parametrize("path", KERNEL, ids=lambda path: path.stem)
def test_the_kernel_has_no_assert_no_float_and_runs_no_data(path: Path) -> None:
    for node in ast.walk(tree(path)):
        place = f"{path.name}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Assert), place
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float | complex)), place
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, place
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{place}: except without a type"
            assert not all(isinstance(line, ast.Pass) for line in node.body), place


@pytest.mark.parametrize("path", KERNEL, ids=lambda path: path.stem)
def test_the_kernel_divides_exactly(path: Path) -> None:
    """`/` occurs between fractions only; residues use inverses and integers use `//`."""
    divisions = [
        ast.unparse(node)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    ]
    exact = {
        "1 / rest[min(rest)]",
        "1 / bottom[()]",
        "a / b",
        "1 / z[max(z)]",
        "rest[lead] / poly[lead]",
        "rows[i][column] / rows[rank][column]",
        "v / lead",
        "(low + high) / 2",
        "(high - low) / 2",
        "abs(m) * (high - low) / 2",
    }
    assert set(divisions) <= exact


def test_imports_point_down_only() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        own = ".".join(("llrsym", *path.relative_to(PACKAGE).with_suffix("").parts))
        height = layer(own)
        if path.parent == PACKAGE and path.stem in ("__init__", "__main__"):
            continue
        assert height is not None
        for module in imported(path):
            below = layer(module)
            assert below is None or below <= height, f"{own} imports {module}"


def test_every_top_level_module_has_a_layer() -> None:
    entries = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert entries - {"__init__", "__main__"} <= LAYERS.keys()


# The kernel alone


@pytest.fixture
def texts() -> Texts:
    return documents(*family("exp(x)", "x", "exp(x) - x*3"), (2, 3), minor(2))


def run_kernel(folder: Path, arguments: list[str], *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the kernel from a folder that holds nothing else, without site packages."""
    package = folder / "alone" / "llrsym"
    if not package.exists():
        package.mkdir(parents=True)
        (package / "kernel").symlink_to(PACKAGE / "kernel")
    program = f"import sys; sys.path.insert(0, {str(folder / 'alone')!r}); "
    program += "import runpy; runpy.run_module('llrsym.kernel', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-I", "-S", *flags, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("flags", [(), ("-O",), ("-OO",)], ids=str)
def test_the_kernel_runs_alone(tmp_path: Path, texts: Texts, flags: tuple[str, ...]) -> None:
    claim, certificate = tmp_path / "claim.json", tmp_path / "certificate.json"
    claim.write_text(texts[0], encoding="utf-8")
    certificate.write_text(texts[1], encoding="utf-8")
    done = run_kernel(tmp_path, [str(claim), str(certificate)], *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"proved: {check(*texts).text}")
    assert "uses: Ax's theorem" in done.stdout
    claim.write_text(texts[0].replace('"lower": 2', '"lower": 3'), encoding="utf-8")
    done = run_kernel(tmp_path, [str(claim), str(certificate)], *flags)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rejected: ")


def test_the_kernel_alone_knows_roots_and_logarithms(tmp_path: Path) -> None:
    program, weights = family("sqrt(x)", "arctan(x)", "softplus(x)", "exp(sqrt(x))")
    texts = documents(program, weights, (4, 4), with_points(program, weights, minor(4)))
    paths = [tmp_path / "claim.json", tmp_path / "certificate.json"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    done = run_kernel(tmp_path, [str(path) for path in paths])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"proved: {check(*texts).text}")


def test_exit_code_2_for_malformed_missing_and_wrong_usage(tmp_path: Path, texts: Texts) -> None:
    claim, certificate, binary = (tmp_path / name for name in ("claim.json", "c.json", "binary"))
    claim.write_text(texts[0].replace('"upper": 3', '"upper": NaN'), encoding="utf-8")
    certificate.write_text(texts[1], encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    for arguments in (
        [str(claim), str(certificate)],
        [str(claim), str(tmp_path / "missing.json")],
        [str(binary), str(certificate)],
        [str(tmp_path), str(certificate)],
        [str(claim)],
        [],
    ):
        done = run_kernel(tmp_path, arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr


def test_conditional_results_say_so(tmp_path: Path) -> None:
    texts = documents(*family("exp(x + tanh(1))", "x"), (2, 2), minor(2))
    paths = [tmp_path / "claim.json", tmp_path / "certificate.json"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    done = run_kernel(tmp_path, [str(path) for path in paths])
    assert done.returncode == 0
    assert done.stdout.startswith("conditional: ")
    assert "Schanuel" in done.stdout


def test_the_kernel_loads_nothing_from_the_rest(tmp_path: Path) -> None:
    code = "import sys, llrsym.kernel.check; print(sorted(m for m in sys.modules if m.startswith('llrsym')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
    )
    modules = ast.literal_eval(done.stdout)
    assert all(module == "llrsym" or module.startswith("llrsym.kernel") for module in modules)
