"""The tangent functions of a network in closed form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import sympy as sp
from sympy.core.parameters import distribute

from llrsym.domains.symbolic import Symbolic
from llrsym.errors import BadInput
from llrsym.kernel.errors import Rejected
from llrsym.kernel.program import Program, Shape
from llrsym.kernel.run import Trace, forward, gradient
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights

MAX_DEPTH = 100  # equations in a row: SymPy is recursive
MAX_SIZE = 500_000  # symbols, numbers and operations, written out: some ten seconds of printing
_NAME = re.compile(r"([A-Za-z]+)([0-9]*)")
_SPECIAL = {"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim "} | {c: f"\\{c}" for c in "_$&#%{}"}


@dataclass(frozen=True)
class TangentFunctions:
    """The derivatives of a network by its parameters, as functions of the inputs x1, ..., xd.

    ``expressions[k][o]`` is the derivative of output ``outputs[o]`` by parameter ``names[k]``. Its symbols
    are ``inputs`` and, unless weights were given, ``parameters``, in the order of ``names``.
    """

    network: str
    names: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs: tuple[sp.Symbol, ...]
    parameters: tuple[sp.Symbol, ...]
    expressions: tuple[tuple[sp.Expr, ...], ...]
    symbol_names: Mapping[sp.Symbol, str] = field(repr=False, compare=False)

    def rows(self) -> Iterator[tuple[str, str, sp.Expr]]:
        """Yield (parameter, output, derivative) in order."""
        for name, row in zip(self.names, self.expressions, strict=True):
            for output, expression in zip(self.outputs, row, strict=True):
                yield name, output, expression

    def text(self) -> str:
        """Return one line per derivative."""
        return "\n".join(f"d{output}/d{name} = {expression}" for name, output, expression in self.rows())

    def __str__(self) -> str:
        return self.text()

    def latex(self) -> str:
        """Return an ``align*`` environment for amsmath; W_{1;0,2} stands for W1[0,2]."""
        names = dict(self.symbol_names)
        lines = [
            rf"\frac{{\partial {_latex_entry(output)}}}{{\partial {_latex_entry(name)}}} &= "
            + sp.latex(expression, symbol_names=names)
            for name, output, expression in self.rows()
        ]
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def to_json_dict(self) -> dict[str, object]:
        """Return plain data: every expression as SymPy text."""
        return {
            "question": "tangent_functions",
            "network": self.network,
            "parameters": len(self.names),
            "at": "symbolic" if self.parameters else "given",
            "inputs": [str(symbol) for symbol in self.inputs],
            "outputs": list(self.outputs),
            "functions": [
                {"name": name, "expressions": [str(expression) for expression in row]}
                for name, row in zip(self.names, self.expressions, strict=True)
            ],
        }


def tangent_functions(network: Network, *, at: Mapping[str, object] | None = None) -> TangentFunctions:
    """Return the derivatives of a network by each of its parameters, in closed form.

    Inputs are the symbols x1, ..., xd and parameters symbols such as W1_02 for ``W1[0,2]``. With ``at``
    the exact weights take the place of the parameters: floats are the dyadic rationals they are.

    Raises ``BadInput`` for weights that do not fit, a denominator that vanishes identically and networks
    whose derivatives are too large to write out.

    >>> from llrsym.networks.builders import mlp
    >>> print(tangent_functions(mlp(1, 1, 1, bias=False)))
    df/dW1[0,0] = W2_00*x1*(1 - tanh(W1_00*x1)**2)
    df/dW2[0,0] = tanh(W1_00*x1)
    >>> print(tangent_functions(mlp(1, 1, 1, bias=False), at={"W1": [["2/3"]], "W2": [[1]]}))
    df/dW1[0,0] = x1*(1 - tanh(2*x1/3)**2)
    df/dW2[0,0] = tanh(2*x1/3)

    Reference: Zhang et al., arXiv:2211.11623, tangent function space.
    """
    _check_depth(network)
    inputs = tuple(sp.Symbol(f"x{k + 1}") for k in range(network.inputs))
    names = network.entry_names()
    parameters = _symbols(network, {str(symbol) for symbol in inputs}) if at is None else []
    domain = Symbolic()
    if at is None:
        entries = iter(parameters)
        tensors = [[next(entries) for _ in range(count)] for _, _, count in network.layers]
    else:
        tensors = [[domain.from_rational(v) for v in values] for values in exact_weights(network, at)]
    expressions = _derive_gradients(network, list(inputs), tensors)
    _check_size(network, expressions)
    latex = {symbol: f"x_{{{k + 1}}}" for k, symbol in enumerate(inputs)}
    latex |= {symbol: _latex_entry(name) for symbol, name in zip(parameters, names, strict=False)}
    return TangentFunctions(
        network=network.text,
        names=tuple(names),
        outputs=tuple(_output_names(network.program)),
        inputs=inputs,
        parameters=tuple(parameters),
        expressions=expressions,
        symbol_names=latex,
    )


def _derive_gradients(
    network: Network, inputs: list[sp.Expr], tensors: list[list[sp.Expr]]
) -> tuple[tuple[sp.Expr, ...], ...]:
    """One row per parameter, one column per output."""
    try:
        with distribute(False):  # keeps 3*(1 - tanh(z)**2) as it is
            trace = forward(network.program, Symbolic(), inputs, tensors)
            columns = [_gradient(network, trace, output) for output in range(network.outputs)]
    except Rejected as error:
        raise BadInput(f"network: {error}; change the network or its weights") from error
    return tuple(zip(*columns, strict=True)) if columns else ((),) * network.parameter_count


def _gradient(network: Network, trace: Trace[list[sp.Expr]], output: int) -> list[sp.Expr]:
    cotangent = [sp.Integer(int(k == output)) for k in range(network.outputs)]
    parts = gradient(network.program, Symbolic(), trace, cotangent)
    layers = zip(parts, network.layers, strict=True)
    return [e for part, (_, _, count) in layers for e in (part or [sp.Integer(0)] * count)]


def _check_depth(network: Network) -> None:
    program = network.program
    depths = [0] * program.first_equation
    for equation in program.equations:
        depths.append(1 + max((depths[r] for r in equation.arguments), default=0))
    if depths[program.output] > MAX_DEPTH:
        raise BadInput(
            f"network: {depths[program.output]} operations follow each other, too deep to write out; "
            f"use a network with at most {MAX_DEPTH}"
        )


def _check_size(network: Network, expressions: Sequence[Sequence[sp.Expr]]) -> None:
    known: dict[sp.Basic, int] = {}
    total = sum(_written_size(expression, known) for row in expressions for expression in row)
    if total > MAX_SIZE:
        raise BadInput(
            f"network: written out, the tangent functions have {total} symbols and operations, more than "
            f"{MAX_SIZE}; use a smaller network"
        )


def _written_size(expression: sp.Basic, known: dict[sp.Basic, int]) -> int:
    if expression not in known:
        known[expression] = 1 + sum(_written_size(argument, known) for argument in expression.args)
    return known[expression]


def _symbols(network: Network, taken: set[str]) -> list[sp.Symbol]:
    """One symbol per parameter entry, with distinct names."""
    symbols = []
    for name, shape, _ in network.layers:
        separator = "" if max(shape, default=0) <= 10 else "_"
        for index in product(*map(range, shape)):
            text = "_".join([name, separator.join(map(str, index))]) if shape else name
            while text in taken:
                text += "_"
            taken.add(text)
            symbols.append(sp.Symbol(text))
    return symbols


def _output_names(program: Program) -> list[str]:
    shape: Shape = program.shapes[program.output]
    if program.output_count == 1:
        return ["f"]
    return [f"f[{','.join(map(str, index))}]" for index in product(*map(range, shape))]


def _latex_entry(name: str) -> str:
    """``W1[0,2]`` as W_{1;0,2}; names that are not letters and a number become upright words."""
    word, _, index = name.rstrip("]").partition("[")
    match = _NAME.fullmatch(word)
    letters, number = (match[1], match[2]) if match else (word, "")
    base = letters if match and len(letters) == 1 else _upright(letters)
    subscript = ";".join(part for part in (number, index) if part)
    return f"{base}_{{{subscript}}}" if subscript else base


def _upright(word: str) -> str:
    return rf"\mathrm{{{''.join(_SPECIAL.get(c, c) for c in word)}}}"
