"""Random parameters of a wide network with the function of a target: reductions, read backwards.

Every maker returns exact weights of the wide network. That they have the function of the target is checked
in floating point by ``same_function``, which is written out here and shares no code with the package.
"""

import math
from fractions import Fraction
from random import Random

Neuron = tuple[tuple[int, ...], int, Fraction]
"""Incoming weights, bias, outgoing weight."""
SIGMA = {
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "gaussian": lambda z: math.exp(-z * z),
}


def parts(rng: Random, total: Fraction, count: int) -> list[Fraction]:
    """Random numbers with this sum, some of them zero."""
    numbers = [Fraction(rng.randint(-3, 3)) for _ in range(count - 1)]
    return [*numbers, total - sum(numbers)]


def text(values) -> list[str]:
    return [str(v) for v in values]


# Two layers, fully connected


def two_layer(rng: Random, neurons: list[Neuron], constant: int, width: int, activation: str, biases):
    """Weights with ``width`` neurons: splits, zero clusters, dead, null and cancelling constant neurons."""
    hidden, output = biases
    pool, shift = list(neurons), Fraction(constant)
    inputs = len(neurons[0][0])
    while len(pool) < width:
        w = tuple(rng.randint(-2, 2) for _ in range(inputs))
        b = rng.randint(-2, 2) * hidden
        match rng.choice(["split", "cluster", "dead", "null", "constants"]):
            case "split":
                shift += _split(rng, pool, activation, output)
            case "cluster" if len(pool) + 1 < width:
                a = Fraction(rng.randint(1, 3))
                pool += [(w, b, a), (w, b, -a)]
            case "dead":
                pool.append((w, b, Fraction(0)))
            case "null":
                pool.append(((0,) * inputs, b, Fraction(0)))
            case "constants" if len(pool) + 1 < width:
                pool += [((0,) * inputs, b, Fraction(2)), ((0,) * inputs, b, Fraction(-2))]
    rng.shuffle(pool)
    weights = {"W1": [list(w) for w, _, _ in pool], "W2": [text(a for _, _, a in pool)]}
    weights |= {"b1": [b for _, b, _ in pool]} if hidden else {}
    return weights | ({"b2": [str(shift)]} if output else {})


def _split(rng: Random, pool: list[Neuron], activation: str, output: bool) -> Fraction:
    """Split a neuron in two, the second with either sign; return what the output bias has to add."""
    j = rng.randrange(len(pool))
    w, b, a = pool[j]
    first, second = parts(rng, a, 2)
    pool[j] = (w, b, first)
    opposite = rng.random() < 0.5 and (activation != "sigmoid" or output)
    if not opposite:
        pool.append((w, b, second))
        return Fraction(0)
    flipped = second if activation == "gaussian" else -second
    pool.append((tuple(-v for v in w), -b, flipped))
    return second if activation == "sigmoid" else Fraction(0)


def two_layer_value(weights, activation: str, x) -> float:
    biases = weights.get("b1", [0] * len(weights["W1"]))
    read_out = [float(Fraction(a)) for a in weights["W2"][0]]
    hidden = [
        SIGMA[activation](sum(v * t for v, t in zip(w, x, strict=True)) + b)
        for w, b in zip(weights["W1"], biases, strict=True)
    ]
    constant = float(Fraction(weights.get("b2", [0])[0]))
    return sum(a * h for a, h in zip(read_out, hidden, strict=True)) + constant


# One convolution on a line


Target = list[tuple[tuple[int, ...], dict[int, int]]]
"""Patterns without zero borders, each with its coefficients by place."""


def shared_convolution(rng: Random, target: Target, d: int, s: int, channels: int):
    """Kernels that cover the places of every pattern in a random way, and superfluous kernels."""
    positions = d + 1 - s
    kernels: list[list[int]] = []
    read_out: list[list[Fraction]] = []
    for number, (pattern, coefficients) in enumerate(target):
        spare = channels - len(kernels) - (len(target) - 1 - number) * 2
        offsets = _random_offsets(rng, len(pattern), set(coefficients), s, positions, spare)
        rows = [[Fraction(0)] * positions for _ in offsets]
        for place in range(d + 1 - len(pattern)):
            holders = [n for n, t in enumerate(offsets) if 0 <= place - t < positions]
            total = Fraction(coefficients.get(place, 0))
            for n, a in zip(holders, parts(rng, total, len(holders)) if holders else [], strict=True):
                rows[n][place - offsets[n]] = a
        for t, row in zip(offsets, rows, strict=True):
            sign = rng.choice([1, -1])
            kernels.append([sign * v for v in [0] * t + list(pattern) + [0] * (s - t - len(pattern))])
            read_out.append([sign * a for a in row])
    while len(kernels) < channels:
        dead = rng.random() < 0.5
        kernels.append([rng.randint(-2, 2) * dead for _ in range(s)])
        read_out.append([Fraction(rng.randint(-2, 2) * (not dead)) for _ in range(positions)])
    order = rng.sample(range(channels), channels)
    return {"K": [kernels[n] for n in order], "a": [text(read_out[n]) for n in order]}


def _random_offsets(rng, length: int, needed: set[int], s: int, positions: int, most: int) -> list[int]:
    while True:
        offsets = [rng.randint(0, s - length) for _ in range(rng.randint(1, max(1, most)))]
        if needed <= {t + p for t in offsets for p in range(positions)}:
            return offsets


def free_convolution(rng: Random, target: Target, d: int, s: int, channels: int):
    """Every position has kernels of its own: random windows for each neuron, the rest are null or dead."""
    positions = d + 1 - s
    slots = {p: [([0] * s, Fraction(rng.randint(-2, 2))) for _ in range(channels)] for p in range(positions)}
    used: set[tuple[int, int]] = set()

    def place(window: int, neuron: list[int], a: Fraction) -> None:
        channel = next(c for c in range(channels) if (window, c) not in used)
        used.add((window, channel))
        slots[window][channel] = (neuron[window : window + s], a)

    for pattern, coefficients in target:
        for corner, a in coefficients.items():
            windows = [p for p in range(positions) if p <= corner and corner + len(pattern) <= p + s]
            free = [p for p in windows for c in range(channels) if (p, c) not in used]
            neuron = [0] * corner + list(pattern) + [0] * (d - corner - len(pattern))
            chosen = rng.sample(free, rng.randint(1, min(2, len(free))))
            for window, part in zip(chosen, parts(rng, Fraction(a), len(chosen)), strict=True):
                sign = rng.choice([1, -1])
                place(window, [sign * v for v in neuron], sign * part)
    for window in range(positions):
        for channel in range(channels):
            if (window, channel) not in used and rng.random() < 0.4:
                slots[window][channel] = ([rng.randint(-2, 2) for _ in range(s)], Fraction(0))
    rows = [[slots[p][c] for p in range(positions)] for c in range(channels)]
    return {"K": [[k for k, _ in row] for row in rows], "a": [text(a for _, a in row) for row in rows]}


def convolution_value(weights, x) -> float:
    total = 0.0
    for kernel, read_out in zip(weights["K"], weights["a"], strict=True):
        for p, a in enumerate(read_out):
            own = kernel[p] if isinstance(kernel[0], list) else kernel
            total += float(Fraction(a)) * math.tanh(sum(v * x[p + i] for i, v in enumerate(own)))
    return total


def target_value(target: Target, x) -> float:
    return sum(
        a * math.tanh(sum(v * x[corner + i] for i, v in enumerate(pattern)))
        for pattern, coefficients in target
        for corner, a in coefficients.items()
    )


# Deep networks


Layers = list[tuple[list[list[Fraction]], list[Fraction]]]


def deep(rng: Random, layers: Layers, widths: tuple[int, ...], has_bias: bool) -> Layers:
    """Hidden layers of these widths: unequal splits, dead neurons, constant neurons, zero clusters."""
    layers = [([list(row) for row in W], list(b)) for W, b in layers]
    for layer, width in enumerate(widths):
        while len(layers[layer][0]) < width:
            _widen(rng, layers, layer, width, has_bias)
    return layers


def _widen(rng: Random, layers: Layers, layer: int, width: int, has_bias: bool) -> None:
    (rows, biases), (after, _) = layers[layer], layers[layer + 1]
    fan_in = len(rows[0])
    row = [Fraction(rng.randint(-2, 2)) for _ in range(fan_in)]
    bias = Fraction(rng.randint(-2, 2) * has_bias)
    match rng.choice(["split", "dead", "zero", "cluster"]):
        case "split":
            j, sign = rng.randrange(len(rows)), rng.choice([1, -1])
            rows.append([sign * v for v in rows[j]])
            biases.append(sign * biases[j])
            for outgoing in after:
                first, second = parts(rng, outgoing[j], 2)
                outgoing[j] = first
                outgoing.append(sign * second)
        case "dead":
            rows.append(row)
            biases.append(bias)
            for outgoing in after:
                outgoing.append(Fraction(0))
        case "zero":  # its value is tanh 0 = 0
            rows.append([Fraction(0)] * fan_in)
            biases.append(Fraction(0))
            for outgoing in after:
                outgoing.append(Fraction(rng.randint(-2, 2)))
        case "cluster" if len(rows) + 1 < width:
            rows += [row, list(row)]
            biases += [bias, bias]
            for outgoing in after:
                a = Fraction(rng.randint(-2, 2))
                outgoing += [a, -a]


def deep_weights(layers: Layers, has_bias: bool) -> dict[str, object]:
    weights: dict[str, object] = {}
    for number, (rows, biases) in enumerate(layers, start=1):
        weights[f"W{number}"] = [text(row) for row in rows]
        weights |= {f"b{number}": text(biases)} if has_bias else {}
    return weights


def deep_value(layers: Layers, x) -> float:
    h = list(x)
    for number, (rows, biases) in enumerate(layers, start=1):
        z = [
            sum(float(v) * t for v, t in zip(row, h, strict=True)) + float(b)
            for row, b in zip(rows, biases, strict=True)
        ]
        h = z if number == len(layers) else [math.tanh(t) for t in z]
    return h[0]
