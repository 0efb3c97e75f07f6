"""``llrsym doctor``: versions, optional extras, and what each enables."""

import platform
from importlib.metadata import PackageNotFoundError, version

from llrsym import __version__
from llrsym.cli import SETTLED
from llrsym.cli.common import Json, print_answer

DEPENDENCIES = ("numpy", "sympy", "mpmath", "python-flint", "hypothesis", "rich", "typer")
EXTRAS = {
    "sklearn": ("scikit-learn", "from_sklearn: networks and weights of MLPRegressor and MLPClassifier"),
    "onnx": ("onnx", "from_onnx and FILE.onnx: networks and weights of ONNX models"),
    "torch": ("torch", "from_torch: networks and weights of PyTorch modules"),
    "plot": ("matplotlib", "strata --picture, recover --out: pictures"),
    "recovery": ("scipy", "sample, recover, condense: choice of points, training, refinement"),
}


def doctor(as_json: Json = False) -> int:
    """Versions of Python and of the dependencies, optional extras and what each enables."""
    document: dict[str, object] = {
        "llrsym": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "dependencies": {package: _installed(package) for package in DEPENDENCIES},
        "extras": {
            extra: {"package": package, "version": _installed(package), "enables": enables}
            for extra, (package, enables) in EXTRAS.items()
        },
    }
    print_answer(document, _text(), as_json)
    return SETTLED


def _text() -> str:
    lines = [f"llrsym {__version__}, Python {platform.python_version()}, {platform.platform()}"]
    lines += [f"  {package:<14} {_installed(package) or 'missing'}" for package in DEPENDENCIES]
    for extra, (package, enables) in EXTRAS.items():
        missing = f"missing, run pip install 'llrsym[{extra}]'"
        lines.append(f"extra {extra}: {package} {_installed(package) or missing}; {enables}")
    return "\n".join(lines)


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
