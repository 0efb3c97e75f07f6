"""Names for relations: which symmetry or degeneracy of the network a dependence comes from."""

from fractions import Fraction

from llrsym.kernel.program import Program, size
from llrsym.kernel.rules import Coefficient, Relation
from llrsym.kernel.tower import Weights
from llrsym.tangent.blocks import DenseBlock, NamedRelation, dense_blocks

UNEXPLAINED = "unexplained"


def named(program: Program, weights: Weights | None, relation: Relation) -> NamedRelation:
    """Return a relation with the name of its cause, read off the parameters that it involves."""
    entries = dict(relation)
    for block in dense_blocks(program):
        places = _Places(program, block, entries)
        if places.complete:
            name, description = _cause(places, block)
            return NamedRelation(name, description, relation)
    return NamedRelation(UNEXPLAINED, "", relation)


class _Places:
    """The entries of a relation sorted by their place in a dense block."""

    def __init__(
        self, program: Program, block: DenseBlock, entries: dict[int, tuple[Coefficient, ...]]
    ) -> None:
        starts = [sum(size(p.shape) for p in program.parameters[:k]) for k in range(len(program.parameters))]
        self.incoming: set[int] = set()
        self.bias: set[int] = set()
        self.outgoing: dict[int, Fraction | None] = {}
        self.next_bias = False
        self.complete = True
        for entry, terms in entries.items():
            parameter = max(k for k, start in enumerate(starts) if start <= entry)
            offset = entry - starts[parameter]
            if parameter == block.incoming:
                self.incoming.add(offset // program.parameters[parameter].shape[1])
            elif parameter == block.bias:
                self.bias.add(offset)
            elif parameter == block.outgoing:
                self.outgoing[offset % program.parameters[parameter].shape[1]] = _number(terms)
            elif parameter == block.next_bias:
                self.next_bias = True
            else:
                self.complete = False

    @property
    def neurons(self) -> list[int]:
        """Hidden neurons whose parameters are involved."""
        return sorted(self.incoming | self.bias | set(self.outgoing))


def _number(terms: tuple[Coefficient, ...]) -> Fraction | None:
    """The coefficient when it is rational."""
    return terms[0].rational if len(terms) == 1 and terms[0] == Coefficient(terms[0].rational) else None


def _cause(places: _Places, block: DenseBlock) -> tuple[str, str]:
    neurons = places.neurons
    who = f"neuron {neurons[0]}" if len(neurons) == 1 else f"neurons {', '.join(map(str, neurons))}"
    inner = places.incoming | places.bias
    if not inner and places.outgoing:
        return _value_relation(places, who)
    if inner and not places.outgoing and not places.next_bias:
        if len(neurons) == 1:
            return "dead neuron", f"{who} has no influence through this weight"
        return "clone", f"{who} agree up to sign, so their incoming weights move the same function"
    if not places.incoming and places.next_bias:
        return "constant neuron", f"the bias of {who} only shifts the next biases"
    if len(neurons) == 1:
        return f"symmetry of {block.activation}", f"incoming and outgoing weights of {who}"
    return f"identity of {block.activation}", f"between {who}"


def _value_relation(places: _Places, who: str) -> tuple[str, str]:
    """A relation among hidden values, and possibly the constant 1 of the next bias."""
    values = list(places.outgoing.values())
    if len(values) == 1:
        if places.next_bias:
            return "constant neuron", f"{who} has a constant value, which the next bias has too"
        return "null neuron", f"{who} has the value zero"
    if len(values) == 2 and None not in values and not places.next_bias:
        return (
            ("sign clone", f"{who} have opposite values") if values[0] == values[1] else _clone(values, who)
        )
    suffix = " and 1" if places.next_bias else ""
    return "dependent neurons", f"the values of {who}{suffix} are linearly dependent"


def _clone(values: list[Fraction | None], who: str) -> tuple[str, str]:
    if values[0] is not None and values[1] is not None and values[0] == -values[1]:
        return "clone", f"{who} have equal values"
    return "dependent neurons", f"{who} have proportional values"
