"""The array that stands for a value while a function is traced: it behaves as a NumPy array and records.

NumPy hands ufuncs and functions of such an array to it (``__array_ufunc__`` of NEP 13, ``__array_function__``
of NEP 18). What depends on the value of an entry (a comparison, a conversion to float) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from llrsym.errors import BadInput
from llrsym.kernel.program import Shape
from llrsym.networks.trace_graph import Graph, Refused
from llrsym.networks.trace_views import View, joined, lift

R = TypeVar("R")
METHODS = frozenset(
    (
        *("all", "any", "argmax", "argmin", "argsort", "clip", "conj", "cumsum", "diagonal", "dot", "max"),
        *("mean", "min", "nonzero", "prod", "ravel", "repeat", "round", "sort", "squeeze", "std", "sum"),
        *("swapaxes", "take", "trace", "var"),
    )
)
"""Methods of arrays that are the NumPy functions of the same name."""


class TracedArray(NDArrayOperatorsMixin):
    """A value of a traced function; arithmetic, NumPy functions and indexing give further ones.

    Raises ``Refused``, with the place of the call, for what has no exact meaning as a network.
    """

    __slots__ = ("_is_shared", "graph", "view")

    def __init__(self, graph: Graph, view: View, is_shared: bool = False) -> None:
        self.graph, self.view = graph, view
        self._is_shared = is_shared

    @property
    def shape(self) -> Shape:
        return self.view.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return self.view.index.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def T(self) -> TracedArray:  # noqa: N802  # NumPy's name
        return self.derived(self.view.index.T)

    @property
    def mT(self) -> TracedArray:  # noqa: N802  # NumPy's name
        return self.derived(np.swapaxes(self.view.index, -1, -2))

    @property
    def real(self) -> TracedArray:
        return self

    def derived(self, index: Any) -> TracedArray:
        """Return other entries of this value; afterwards neither may change in place."""
        self._is_shared = True
        self.graph.check_size(np.shape(index))
        return TracedArray(self.graph, self.view.reindexed(np.asarray(index, dtype=np.int64)), is_shared=True)

    def reshape(self, *shape: Any, order: Any = "C", copy: bool | None = None) -> TracedArray:
        given = shape[0] if len(shape) == 1 else shape
        return self._guarded(lambda: self.derived(self.view.index.reshape(given, order=order)))

    def transpose(self, *axes: Any) -> TracedArray:
        return self._guarded(lambda: self.derived(self.view.index.transpose(*axes)))

    def astype(self, dtype: Any, **options: Any) -> TracedArray:
        if not np.issubdtype(np.dtype(dtype), np.floating):
            self.graph.refuse(f"astype({np.dtype(dtype)}) rounds or compares values; keep a float type")
        return self if options.get("copy") is False else self.copy()

    def copy(self, order: str = "C") -> TracedArray:
        return TracedArray(self.graph, self.view)

    def flatten(self, order: Any = "C") -> TracedArray:
        return self.reshape(-1, order=order)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in METHODS:
            return lambda *args, **options: getattr(np, name)(self, *args, **options)
        return self.graph.refuse(
            f"the array attribute '{name}' has no exact meaning here; use NumPy functions"
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[TracedArray]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> TracedArray:
        self._check_key(key)
        return self._guarded(lambda: self.derived(self.view.index[key]))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check_key(key)
        self._check_changeable()
        sources, (mine, new) = joined(self.graph, [self.view, as_view(self.graph, value)])
        index = np.array(mine)
        self._guarded(lambda: index.__setitem__(key, new))
        self.view = View(sources, index)

    def replaced(self, result: Any) -> TracedArray:
        """Take over the value of a result of the same shape: the meaning of ``+=``."""
        self._check_changeable()
        if result.shape != self.shape:
            self.graph.refuse(f"an array of shape {self.shape} cannot become one of {result.shape} in place")
        self.view = result.view
        return self

    def _check_changeable(self) -> None:
        if self._is_shared:
            message = (
                "this array is an input, a parameter, a view or has views, so it may not change in place"
            )
            self.graph.refuse(f"{message}; write a = a + b, or change a copy")

    def _check_key(self, key: Any) -> None:
        if any(isinstance(part, TracedArray) for part in (key if isinstance(key, tuple) else (key,))):
            self.graph.refuse(
                "an index that depends on x or on parameters is not analytic; use constant indices"
            )

    def _guarded(self, action: Callable[[], R]) -> R:
        return guarded(self.graph, action)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from llrsym.networks.trace_ufuncs import call_ufunc

        return guarded(self.graph, lambda: call_ufunc(self.graph, ufunc, method, inputs, options))

    def __array_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Sequence[Any], options: Mapping[str, Any]
    ) -> Any:
        from llrsym.networks.trace_functions import call_function

        return guarded(self.graph, lambda: call_function(self.graph, func, args, options))

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        self.graph.refuse(
            "a value that depends on x or on parameters cannot become a plain array; use np.stack or "
            "np.concatenate instead of np.array or of storing into a plain array"
        )

    def _as_number(self, *args: Any) -> NoReturn:
        self.graph.refuse(
            "a value that depends on x or on parameters cannot become a number; use NumPy functions"
        )

    __float__ = __int__ = __index__ = __complex__ = __round__ = _as_number

    def __bool__(self) -> NoReturn:
        self.graph.refuse("a branch on a value is not analytic; use the same formula for all inputs")

    def __repr__(self) -> str:
        return f"TracedArray(shape={self.shape})"


def guarded(graph: Graph, action: Callable[[], R]) -> R:
    """Run an action; what NumPy refuses about shapes and indices becomes a refusal with its place."""
    try:
        return action()
    except Refused:
        raise
    except (BadInput, ValueError, IndexError, TypeError) as error:
        graph.refuse(f"{' '.join(str(error).split())}; check the shapes and arguments")


def as_view(graph: Graph, value: Any) -> View:
    """Return a traced value or a constant as a view."""
    if isinstance(value, TracedArray):
        if value.graph is not graph:
            graph.refuse("a value of another traced function is used; trace them as one function")
        return value.view
    if isinstance(value, list | tuple) and any(isinstance(v, TracedArray | list | tuple) for v in value):
        parts = [as_view(graph, part) for part in value]
        sources, indices = joined(graph, parts)
        return View(sources, np.stack(indices))
    return lift(graph, value)
