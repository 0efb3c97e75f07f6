"""Many parameters of a wide network with one function, and ranks that share no code with the theorems."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from llrsym.kernel.models import Layered, Model, Weights, program_of, tensors_of
from llrsym.kernel.target_sets import exact_minimal_rank
from llrsym.networks.network import Network
from llrsym.tangent.lower import find_lower_bound
from llrsym.tangent.rank import Question, silent

Number = Fraction | int
Neuron = tuple[tuple[Fraction, ...], Fraction, Fraction]
"""Incoming weights, bias, outgoing weight."""
SIGMA: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "gaussian": lambda z: math.exp(-z * z),
    "identity": lambda z: z,
    "power:2": lambda z: z * z,
}


def layered(*widths: int, activation: str = "tanh", biases: Sequence[bool] | bool = True) -> Layered:
    """A fully-connected model with one truth value for all biases or one for each layer."""
    pattern = (biases,) * (len(widths) - 1) if isinstance(biases, bool) else tuple(biases)
    return Layered(widths, activation, pattern)


def rank_in(wide: Model, target: Model, at: Weights | None) -> int:
    """The claimed minimal rank."""
    return exact_minimal_rank(wide, target, at).rank


def weights(*tensors: Sequence[Number | str]) -> Weights:
    """Flat rational tensors."""
    return tuple(tuple(Fraction(v) for v in tensor) for tensor in tensors)


def proved_rank(model: Model, at: Weights | None) -> int:
    """The model rank by a minor and by relations; both sides are proved and agree."""
    question = Question("model_rank", Network.of(model, "a test"), at, 0, None, False, silent)
    question.answer(None)
    assert question.closed, (model, at, question.lower.rank, question.upper.rank)
    return question.lower.rank


def minor_rank(model: Model, at: Weights | None) -> int:
    """The largest rank that a minor proves, modulo two primes."""
    program = program_of(model)
    return max(find_lower_bound(program, at, program.parameter_count, "0", k).rank for k in range(2))


def reaches(model: Model, at: Weights | None, rank: int) -> bool:
    """Whether a minor proves that the model rank is at least ``rank``."""
    program = program_of(model)
    limit = program.parameter_count
    return any(find_lower_bound(program, at, limit, "0", attempt).rank >= rank for attempt in range(3))


def samples_needed(model: Model, at: Weights | None, rank: int) -> int:
    """The least number of random samples modulo primes whose evaluation matrix has full rank."""
    program = program_of(model)
    found = (
        n
        for n in range(rank + 1)
        if any(find_lower_bound(program, at, rank, "0", k, samples=n).rank >= rank for k in range(2))
    )
    return next(found)


def values(model: Layered, at: Weights, x: Sequence[float]) -> list[float]:
    """Evaluate a network in floating point."""
    tensors, h = tensors_of(model, at), list(x)
    for layer, (fan_in, fan_out) in enumerate(zip(model.widths, model.widths[1:], strict=False), start=1):
        matrix, bias = tensors[f"W{layer}"], tensors.get(f"b{layer}", (Fraction(0),) * fan_out)
        z = [
            float(bias[i]) + sum(float(matrix[i * fan_in + j]) * h[j] for j in range(fan_in))
            for i in range(fan_out)
        ]
        h = [SIGMA[model.activation](v) for v in z] if layer < len(model.biases) else z
    return h


def same_function(first: tuple[Layered, Weights], second: tuple[Layered, Weights]) -> bool:
    """Whether two networks agree at some points up to rounding."""
    source = random.Random(7)
    points = [[source.uniform(-1, 1) for _ in range(first[0].widths[0])] for _ in range(4)]
    return all(
        abs(a - b) < 1e-9 * (1 + abs(a))
        for x in points
        for a, b in zip(values(*first, x), values(*second, x), strict=True)
    )


def two_layer(activation: str, neurons: Sequence[Neuron], constant: Fraction | None, biases: bool) -> Layered:
    """The model with these neurons, and an output bias if ``constant`` is one."""
    return Layered((len(neurons[0][0]), len(neurons), 1), activation, (biases, constant is not None))


def two_layer_weights(neurons: Sequence[Neuron], constant: Fraction | None, biases: bool) -> Weights:
    """The weights that belong to ``two_layer``."""
    tensors = [tuple(v for w, _, _ in neurons for v in w)]
    tensors += [tuple(b for _, b, _ in neurons)] if biases else []
    tensors.append(tuple(a for _, _, a in neurons))
    return tuple(tensors) if constant is None else (*tensors, (constant,))


def shares(source: random.Random, total: Fraction, count: int) -> list[Fraction]:
    """Random numbers with a given sum, some of them zero."""
    parts = [
        Fraction(source.choice([0, 0, 1, -1, 2, -3, 5]), source.choice([1, 2])) for _ in range(count - 1)
    ]
    return [*parts, total - sum(parts, Fraction(0))]


def random_neuron(source: random.Random, inputs: int, biases: bool) -> Neuron:
    """A neuron whose incoming weights are not all zero."""
    w = [Fraction(source.choice([-2, -1, 0, 1, 1, 3])) for _ in range(inputs)]
    w[source.randrange(inputs)] = Fraction(source.choice([1, -1, 2]))
    bias = Fraction(source.choice([0, 1, -1, 2]), source.choice([1, 2])) if biases else Fraction(0)
    return tuple(w), bias, Fraction(source.choice([1, -1, 2, 3]), source.choice([1, 3]))


@dataclass
class Scrambled:
    """A random representation of sum of neurons + constant with the neurons that it uses."""

    neurons: list[Neuron]
    constant: Fraction


def scramble(source: random.Random, activation: str, neurons: Sequence[Neuron], width: int) -> Scrambled:
    """Split, flip and pad neurons up to a width, in all ways that keep the function.

    A flipped sigmoid neuron changes the constant: sigma(-z) = 1 - sigma(z).
    """
    groups = [[neuron] for neuron in neurons]
    inputs, biases = len(neurons[0][0]), any(b for _, b, _ in neurons)
    spare = width - len(neurons)
    extra: list[Neuron] = []
    while spare > 0:
        size = source.randint(1, spare)
        spare -= size
        move = source.choice(["split", "cluster", "constants"])
        if move == "split":
            group = source.choice(groups)
            w, b, _ = group[0]
            total = sum((a for _, _, a in group), Fraction(0))
            group[:] = [(w, b, a) for a in shares(source, total, len(group) + size)]
        elif move == "cluster":
            w, b, _ = random_neuron(source, inputs, biases)
            extra += [(w, b, a) for a in shares(source, Fraction(0), size)]
        else:
            zero, b = (Fraction(0),) * inputs, Fraction(source.randint(0, 2)) if biases else Fraction(0)
            extra += [(zero, b, a) for a in shares(source, Fraction(0), size)]
    used = [neuron for group in groups for neuron in group] + extra
    return flipped(source, activation, used)


def flipped(source: random.Random, activation: str, neurons: Sequence[Neuron]) -> Scrambled:
    """Change random neurons to -z and put all in a random order."""
    result, constant = [], Fraction(0)
    for w, b, a in neurons:
        if source.random() < 0.5:
            result.append((w, b, a))
            continue
        result.append((tuple(-v for v in w), -b, a if activation == "gaussian" else -a))
        constant += a if activation == "sigmoid" else 0
    source.shuffle(result)
    return Scrambled(result, constant)
