"""Names for relations: which symmetry or degeneracy of the network a dependence comes from.

A name is only given when the formal values of the neurons confirm it; otherwise a relation, although it
is proved, stays ``unexplained``.
"""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate

import numpy as np

from llrsym.kernel.activations import activation_named
from llrsym.kernel.formal import Ring
from llrsym.kernel.polynomials import Poly, add_to
from llrsym.kernel.program import Program, size
from llrsym.kernel.relations import Coefficient, Relation
from llrsym.kernel.run import Trace
from llrsym.tangent.blocks import DenseBlock, NamedRelation, dense_blocks

UNEXPLAINED = "unexplained"
Cause = tuple[str, str]


def named(program: Program, ring: Ring, trace: Trace[list[Poly]], relation: Relation) -> NamedRelation:
    """Return a relation with the name of its cause, confirmed by the formal values of the neurons."""
    for block in dense_blocks(program):
        places = _Places(program, block, dict(relation))
        cause = _Neurons(ring, trace, block).cause(places) if places.complete else None
        if cause is not None:
            return NamedRelation(*cause, relation)
    return NamedRelation(*(_copies(program, relation) or (UNEXPLAINED, "")), relation)


def _copies(program: Program, relation: Relation) -> Cause | None:
    """Two slices of a tensor, such as channels or heads, whose entries move one function up to a number."""
    starts = list(accumulate((size(p.shape) for p in program.parameters), initial=0))
    tensors = {bisect_right(starts, entry) - 1 for entry, _ in relation}
    if len(tensors) != 1 or len(relation) % 2 or any(_number(terms) is None for _, terms in relation):
        return None
    tensor = program.parameters[tensors.pop()]
    first = starts[program.parameters.index(tensor)]
    places = [np.unravel_index(entry - first, tensor.shape) for entry, _ in relation]
    for axis in range(len(tensor.shape)) if len(tensor.shape) > 1 else ():
        slices: dict[int, set[tuple[int, ...]]] = {}
        for place in places:
            rest = tuple(int(k) for n, k in enumerate(place) if n != axis)
            slices.setdefault(int(place[axis]), set()).add(rest)
        if len(slices) == 2 and len(set(map(frozenset, slices.values()))) == 1:
            i, j = sorted(slices)
            return "copy", f"slices {i} and {j} of {tensor.name} on axis {axis} move one function"
    return None


class _Places:
    """The entries of a relation sorted by their place in a dense block."""

    def __init__(
        self, program: Program, block: DenseBlock, entries: dict[int, tuple[Coefficient, ...]]
    ) -> None:
        starts = [sum(size(p.shape) for p in program.parameters[:k]) for k in range(len(program.parameters))]
        self.inner: set[int] = set()
        self.weights_move = False
        self.outgoing: dict[int, Fraction | None] = {}
        self.next_bias = False
        self.complete = True
        for entry, terms in entries.items():
            parameter = max(k for k, start in enumerate(starts) if start <= entry)
            offset = entry - starts[parameter]
            if parameter == block.incoming:
                self.inner.add(offset // program.parameters[parameter].shape[1])
                self.weights_move = True
            elif parameter == block.bias:
                self.inner.add(offset)
            elif parameter == block.outgoing:
                self.outgoing[offset % program.parameters[parameter].shape[1]] = _number(terms)
            elif parameter == block.next_bias:
                self.next_bias = True
            else:
                self.complete = False

    @property
    def neurons(self) -> list[int]:
        """Hidden neurons whose parameters are involved."""
        return sorted(self.inner | set(self.outgoing))


def _number(terms: tuple[Coefficient, ...]) -> Fraction | None:
    """The coefficient when it is rational."""
    return terms[0].rational if len(terms) == 1 and terms[0] == Coefficient(terms[0].rational) else None


class _Neurons:
    """What is known exactly about the neurons of a block."""

    def __init__(self, ring: Ring, trace: Trace[list[Poly]], block: DenseBlock) -> None:
        self.ring, self.block = ring, block
        self.values = trace.values[block.values]
        self.outgoing = trace.values[1 + block.outgoing]

    def cause(self, places: _Places) -> Cause | None:
        """Return the name and description of the cause, or None when it is not this block."""
        neurons = places.neurons
        who = ("neuron " if len(neurons) == 1 else "neurons ") + ", ".join(map(str, neurons))
        if not places.inner:
            return self._value_relation(places, who)
        if not places.outgoing and not places.next_bias:
            return self._input_relation(neurons, who)
        if all(self._is_constant(k) for k in neurons):
            shift = "shifts" if len(neurons) == 1 else "shift"
            return "constant neuron", f"{who} only {shift} the next layer by constants"
        if activation_named(self.block.activation).is_polynomial:
            return None
        if len(neurons) == 1:
            return f"symmetry of {self.block.activation}", f"incoming and outgoing weights of {who}"
        return f"identity of {self.block.activation}", f"between {who}"

    def _value_relation(self, places: _Places, who: str) -> Cause | None:
        """A relation among hidden values, and possibly the constant 1 of the next bias."""
        neurons = places.neurons
        if len(neurons) == 1 and not places.next_bias and not self.values[neurons[0]]:
            return "null neuron", f"{who} has the value zero"
        if len(neurons) == 1 and places.next_bias and self._is_constant(neurons[0]):
            return "constant neuron", f"{who} has a constant value, which the next bias has too"
        same = self._agreement(neurons)
        if same is not None and not places.next_bias:
            return same, f"{who} have {'equal' if same == 'clone' else 'opposite'} values"
        if len(neurons) > 1 and all(self._is_constant(k) for k in neurons):
            return "constant neuron", f"{who} have constant values"
        total: Poly = {}
        for neuron, factor in places.outgoing.items():
            if factor is None:
                return None
            add_to(total, self.values[neuron], factor)
        if len(neurons) > 1 and not set(total) - {()}:
            return "dependent neurons", f"the values of {who} are linearly dependent"
        return None

    def _input_relation(self, neurons: list[int], who: str) -> Cause | None:
        """A relation among incoming weights and biases only."""
        if len(neurons) == 1:
            width = len(self.values)
            silent = not any(self.outgoing[k] for k in range(neurons[0], len(self.outgoing), width))
            reason = "has no outgoing weight" if silent else "has no influence through these weights"
            return "dead neuron", f"{who} {reason}"
        if all(self._is_constant(k) for k in neurons):
            return "constant neuron", f"{who} pass their weights on by constant factors"
        same = self._agreement(neurons)
        return None if same is None else (same, f"{who} agree, so their incoming weights move one function")

    def _agreement(self, neurons: list[int]) -> str | None:
        """``clone`` or ``sign clone`` for two neurons with values that are equal up to sign."""
        if len(neurons) != 2:
            return None
        first, second = (self.values[k] for k in neurons)
        if first and first == second:
            return "clone"
        return "sign clone" if first and first == {m: -c for m, c in second.items()} else None

    def _is_constant(self, neuron: int) -> bool:
        return self.ring.is_constant(self.values[neuron])
