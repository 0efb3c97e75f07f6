"""SciPy, an optional dependency of everything that chooses points or trains."""

from importlib.util import find_spec

from llrsym.errors import BadInput


def require_scipy(question: str) -> None:
    """Raise ``BadInput`` with the command that installs SciPy, where it is missing.

    >>> require_scipy("sample")
    """
    if find_spec("scipy") is None:
        raise BadInput(f"{question}: SciPy is not installed; run pip install 'llrsym[recovery]'")
