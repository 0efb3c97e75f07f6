"""Points of strata, read and drawn independently of the code under test."""

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import tanh
from typing import Any

import numpy as np

import llrsym as ll
from llrsym.bounds.strata import Stratification, Stratum
from llrsym.bounds.strata_types import StratumType, TargetSet
from llrsym.kernel.models import Layered
from llrsym.networks.network import Network

NO, HIDDEN, OUTPUT, BOTH = (False, False), (True, False), (False, True), (True, True)
NAMES = {NO: "no bias", HIDDEN: "hidden", OUTPUT: "output", BOTH: "both"}
Biases = tuple[bool, bool]
Role = tuple[str, int, int]
Weights = dict[str, Any]
Incoming = tuple[Fraction, ...]
Row = dict[tuple[int, int], float]
"""Coefficients by (neuron, coordinate): incoming weights, bias, outgoing weight; last the output bias."""


def two_layer(inputs: int, width: int, biases: Biases) -> Network:
    """mlp(inputs, width, 1); an output bias alone has no builder."""
    model = Layered((inputs, width, 1), "tanh", biases)
    return Network.of(model, f"two-layer {inputs}-{width}-1 with {NAMES[biases]}")


def stratify(d: int, m: int, k: int, biases: Biases, target: Biases | None = None) -> Stratification:
    return ll.strata(two_layer(d, m, biases), target=two_layer(d, k, target or biases))


# Which type is a parameter on? Read off the weights, independently of the code under test.


def type_of(weights: Weights, k: int, target: Weights) -> StratumType:
    """The type of the stratum of a parameter, by comparing neurons; checks that the target is expressed."""
    clusters = signed(weights)
    goal = {key: sum(values) for key, values in signed(target).items()}
    assert {key: sum(values) for key, values in clusters.items() if sum(values)} == goal
    assert len(goal) == k
    groups = [len(clusters.pop(key)) for key in goal]
    silent = [len(values) for values in clusters.values() if not any(values)]
    active = [len(values) for values in clusters.values() if any(values)]
    order = [tuple(sorted(sizes, reverse=True)) for sizes in (groups, silent, active)]
    constants = [(w[-1], a) for w, a in neurons(weights) if not any(w[:-1])]
    return StratumType(*order, len(constants), mode(constants, "b2" in weights))


def mode(constants: list[tuple[Fraction, Fraction]], output_bias: bool) -> str:
    if not constants:
        return "none"
    if any(a for _, a in constants):
        return "active"
    return "biased" if not output_bias and any(b for b, _ in constants) else "null"


def members(weights: Weights) -> dict[Incoming, list[tuple[int, int]]]:
    """Neurons with w != 0 by (w, b) up to sign: their numbers and signs."""
    found: dict[Incoming, list[tuple[int, int]]] = {}
    for i, (w, _) in enumerate(neurons(weights)):
        if any(w[:-1]):
            sign = 1 if next(filter(None, w)) > 0 else -1
            found.setdefault(tuple(sign * entry for entry in w), []).append((i, sign))
    return found


def signed(weights: Weights) -> dict[Incoming, list[Fraction]]:
    """Neurons with w != 0 by (w, b) up to sign: their signed outgoing weights."""
    a = [value for _, value in neurons(weights)]
    return {key: [sign * a[i] for i, sign in same] for key, same in members(weights).items()}


def neurons(weights: Weights) -> list[tuple[Incoming, Fraction]]:
    """(w, b) and a of every neuron; b = 0 where there is no bias."""
    rows = weights["W1"]
    biases = weights.get("b1", [0] * len(rows))
    return [
        ((*map(Fraction, w), Fraction(b)), Fraction(a))
        for w, b, a in zip(rows, biases, weights["W2"][0], strict=True)
    ]


def target_weights(d: int, k: int, biases: Biases) -> Weights:
    """The common target of all witnesses, without its constant."""
    weights: Weights = {"W1": [[j + 1] + [1] * (d - 1) for j in range(k)], "W2": [[1] * k]}
    return weights | ({"b1": list(range(k))} if biases[0] else {})


# A random rational point on a stratum, with other values, signs and order than the witness


def random_point(stratum: Stratum, seed: int) -> Weights:
    draw = random.Random(seed)
    case, kind = stratum.target_set, stratum.kind
    plan: list[tuple[list[Fraction], Fraction, list[Fraction]]] = []
    for number, size in enumerate((*kind.groups, *kind.silent, *kind.active)):
        w = [Fraction(number + 1, 2)] + [Fraction(draw.randint(-2, 2)) for _ in range(case.inputs - 1)]
        total = Fraction(draw.choice((1, 2, -3)), 2) if number < len(kind.groups) else Fraction(0)
        silent = len(kind.groups) <= number < len(kind.groups) + len(kind.silent)
        values = [Fraction(0)] * size if silent else summing(draw, total, size)
        plan.append((w, Fraction(draw.randint(-2, 2), 3), values))
    found = [
        (sign, w, b, sign * value)
        for w, b, values in plan
        for value in values
        for sign in [draw.choice((-1, 1))]
    ]
    zero = [Fraction(0)] * case.inputs
    found += [(1, zero, b, a) for b, a in random_constants(draw, stratum)]
    draw.shuffle(found)
    weights: Weights = {
        "W1": [[sign * entry for entry in w] for sign, w, _, _ in found],
        "W2": [[a for _, _, _, a in found]],
    }
    weights |= {"b1": [sign * b for sign, _, b, _ in found]} if case.hidden_bias else {}
    return weights | ({"b2": [Fraction(5, 7)]} if case.output_bias else {})


def random_constants(draw: random.Random, stratum: Stratum) -> list[tuple[Fraction, Fraction]]:
    case, kind = stratum.target_set, stratum.kind
    count = kind.constants
    if kind.mode != "active":
        some = kind.mode == "biased" or (case.output_bias and case.hidden_bias)
        return [(Fraction(t + 1, 2) if some else Fraction(0), Fraction(0)) for t in range(count)]
    if case.constant_part or count > 1:
        return [(Fraction(1, 2), a) for a in summing(draw, Fraction(int(case.constant_part)), count)]
    return [(Fraction(0), Fraction(3))]


def summing(draw: random.Random, total: Fraction, count: int) -> list[Fraction]:
    """Values with this sum, not all zero; some may be zero."""
    free = [Fraction(draw.choice((-2, -1, 1, 3)), draw.choice((1, 2))) for _ in range(count - 1)]
    return [*free, total - sum(free)]


# Every stratum, one by one


def roles(case: TargetSet) -> Counter[StratumType]:
    """Every stratum once: each neuron gets a role, and names and overall signs of clusters are forgotten."""
    m, k = case.width, case.intrinsic
    options: list[Role] = [("target", j, s) for j in range(k) for s in (1, -1)]
    options += [("zero", j, s) for j in range(m) for s in (1, -1)] + [("constant", 0, 1)]
    seen = set()
    for choice in product(options, repeat=m):
        if {j for kind, j, _ in choice if kind == "target"} == set(range(k)):
            seen.add(canonical(choice))
    return Counter(kind for choice in seen for kind in variants(case, choice))


def canonical(choice: tuple[Role, ...]) -> tuple[Role, ...]:
    names: dict[int, tuple[int, int]] = {}
    for position, (kind, j, sign) in enumerate(choice):
        if kind == "zero":
            names.setdefault(j, (position, sign))
    return tuple(
        (kind, names[j][0], sign * names[j][1]) if kind == "zero" else (kind, j, sign)
        for kind, j, sign in choice
    )


def variants(case: TargetSet, choice: tuple[Role, ...]) -> Iterator[StratumType]:
    """The strata of one choice of roles: clusters are silent or active, constant neurons have a mode."""
    sizes = Counter((kind, j) for kind, j, _ in choice)
    groups = [n for (kind, _), n in sizes.items() if kind == "target"]
    clusters = [n for (kind, _), n in sizes.items() if kind == "zero"]
    constants = sizes["constant", 0]
    modes = ["active"] if case.constant_part else ["null", "active"]
    modes += ["biased"] if case.hidden_bias and not case.output_bias and not case.constant_part else []
    if constants == 0:
        modes = [] if case.constant_part else ["none"]
    for is_active in product((False, True), repeat=len(clusters)):
        if any(active and n == 1 for active, n in zip(is_active, clusters, strict=True)):
            continue
        parts = [
            tuple(
                sorted(
                    (n for n, active in zip(clusters, is_active, strict=True) if active is wanted),
                    reverse=True,
                )
            )
            for wanted in (False, True)
        ]
        for which in modes:
            yield StratumType(tuple(sorted(groups, reverse=True)), *parts, constants, which)


# Equations and tangent functions


def equations(stratum: Stratum, weights: Weights) -> np.ndarray:
    """Differentials at a point of the equations that define its stratum inside the parameter space."""
    case = stratum.target_set
    rows = [*cluster_equations(case, weights), *constant_equations(stratum, weights)]
    matrix = np.zeros((len(rows), case.width + 1, case.incoming + 1))
    for number, entries in enumerate(rows):
        for (i, j), value in entries.items():
            matrix[number, i, j] = value
    # The last row of entries is the output bias, once, or nothing.
    flat = matrix.reshape(len(rows), -1)
    assert not flat[:, case.parameters :].any()
    return flat


def cluster_equations(case: TargetSet, weights: Weights) -> Iterator[Row]:
    """w_i = +- the intrinsic neuron or the first of its cluster; one sum of a, or every a, is given."""
    D, a = case.incoming, [value for _, value in neurons(weights)]
    goal = signed(target_weights(case.inputs, case.intrinsic, (case.hidden_bias, case.output_bias)))
    for key, same in members(weights).items():
        (first, first_sign), *others = same
        if key in goal:
            yield from ({(i, j): 1} for i, _ in same for j in range(D))
        else:
            yield from ({(i, j): s, (first, j): -first_sign} for i, s in others for j in range(D))
        if any(a[i] for i, _ in same):
            yield {(i, D): sign for i, sign in same}
        else:
            yield from ({(i, D): 1} for i, _ in same)


def constant_equations(stratum: Stratum, weights: Weights) -> Iterator[Row]:
    """w = 0; all a = 0, and b = 0, where the mode says so; the constant of the function is given."""
    case, kind = stratum.target_set, stratum.kind
    d, D = case.inputs, case.incoming
    constants = {i: (w[-1], a) for i, (w, a) in enumerate(neurons(weights)) if not any(w[:-1])}
    yield from ({(i, j): 1} for i in constants for j in range(d))
    if kind.mode in ("null", "biased"):
        yield from ({(i, D): 1} for i in constants)
    if kind.mode == "null" and case.hidden_bias and not case.output_bias:
        yield from ({(i, d): 1} for i in constants)
    constant: Row = {(i, D): tanh(b) for i, (b, _) in constants.items()}
    if case.hidden_bias:
        constant |= {(i, d): float(a) * (1 - tanh(b) ** 2) for i, (b, a) in constants.items()}
    if case.output_bias:
        yield constant | {(case.width, 0): 1}
    elif kind.mode == "active" and case.hidden_bias:
        yield constant


def tangents(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Floating-point values of all tangent functions at the rows of x."""
    w, a = np.array(weights["W1"], float), np.array(weights["W2"], float)[0]
    h = np.tanh(x @ w.T + np.array(weights.get("b1", np.zeros(len(w))), float))
    slope = (1 - h**2) * a
    parts = [h, (slope[:, :, None] * x[:, None, :]).reshape(len(x), -1)]
    parts += [slope] if "b1" in weights else []
    parts += [np.ones((len(x), 1))] if "b2" in weights else []
    return np.hstack(parts)
