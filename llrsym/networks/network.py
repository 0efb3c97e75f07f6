"""A network: its canonical text and its meaning as a program."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from llrsym.kernel.models import Model, program_of
from llrsym.kernel.program import Program, Shape, size


@dataclass(frozen=True)
class Network:
    """A parametric model f(x; theta); ``program`` is its meaning, ``text`` the expression that builds it.

    ``model`` names the family of networks to which it belongs, where theorems about the family are known.
    Two networks are equal when all three agree.

    >>> from llrsym.networks.builders import mlp
    >>> network = mlp(2, 3, 1)
    >>> network.parameter_names, network.parameter_count
    (('W1', 'b1', 'W2', 'b2'), 13)
    """

    text: str
    program: Program = field(repr=False)
    model: Model | None = field(default=None, repr=False)

    @classmethod
    def of(cls, model: Model, text: str) -> Network:
        """Return the network of a model."""
        return cls(text, program_of(model), model)

    def __str__(self) -> str:
        return self.text

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameter tensors, in program order."""
        return tuple(p.name for p in self.program.parameters)

    @property
    def parameter_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the parameter tensors, in program order."""
        return tuple(p.shape for p in self.program.parameters)

    @property
    def parameter_count(self) -> int:
        """The number M of scalar parameters."""
        return self.program.parameter_count

    @property
    def inputs(self) -> int:
        """The number d of scalar inputs."""
        return size(self.program.input_shape)

    @property
    def outputs(self) -> int:
        """The number c of scalar outputs."""
        return self.program.output_count

    @property
    def layers(self) -> tuple[tuple[str, Shape, int], ...]:
        """Name, shape and number of entries of every parameter tensor, in program order."""
        return tuple((p.name, p.shape, size(p.shape)) for p in self.program.parameters)

    def entry_names(self) -> list[str]:
        """Return the name of every scalar parameter in flat row-major order, such as ``W1[0,2]``.

        >>> from llrsym.networks.builders import mlp
        >>> mlp(1, 2, 1, bias="hidden").entry_names()
        ['W1[0,0]', 'W1[1,0]', 'b1[0]', 'b1[1]', 'W2[0,0]', 'W2[0,1]']
        """
        return [name + index for name, shape, _ in self.layers for index in _indices(shape)]


def _indices(shape: Shape) -> list[str]:
    if not shape:
        return [""]
    return [f"[{','.join(map(str, index))}]" for index in product(*map(range, shape))]
