"""The families of networks that theorems speak about by name, and the program that each of them is.

A target or a wide network of a claim about sample sizes is one of these models: its few numbers are enough
to apply a theorem about all networks of the family, and nothing is expanded. Parameters come in the order of
``program_of``, entries of a tensor in row-major order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from .errors import Malformed, Rejected
from .program import MAX_ENTRIES, Equation, Parameter, Program, Shape, size, split_einsum


@dataclass(frozen=True, slots=True)
class Layered:
    """f = z_L, z_l = W_l h_(l-1) + b_l, h_l = sigma(z_l), h_0 = x; ``biases[l-1]``: does b_l exist?"""

    widths: tuple[int, ...]
    activation: str
    biases: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1 or len(self.biases) != len(self.widths) - 1:
            raise Malformed("layered: expected two or more positive widths and one truth value per layer")


@dataclass(frozen=True, slots=True)
class Convolution:
    """f_o = sum over channels c and positions p of a_ocp sigma(K_c . x[p:p+s] + b_c) (+ b_out).

    One stride-1 convolution without padding in any number of dimensions, and a linear read-out with its own
    weight for every position. Without sharing, K and b have a value for every position as well.
    """

    input: Shape
    kernel: Shape
    channels: int
    activation: str
    shared: bool
    hidden_bias: bool
    output_bias: bool
    outputs: int

    def __post_init__(self) -> None:
        positive = [*self.input, *self.kernel, self.channels, self.outputs]
        fits = len(self.input) == len(self.kernel) > 0 and min(positive) > 0
        if not fits or any(s > n for s, n in zip(self.kernel, self.input, strict=True)):
            raise Malformed("convolution: expected positive sizes and a kernel that fits into the input")
        if size(self.input) > MAX_ENTRIES:
            raise Malformed(f"convolution: the input has more than {MAX_ENTRIES} entries")

    @property
    def positions(self) -> Shape:
        """The shape of the positions of the kernel."""
        return tuple(n + 1 - s for n, s in zip(self.input, self.kernel, strict=True))


@dataclass(frozen=True, slots=True)
class Factorization:
    """The entries of A B, A of shape (rows, inner) and B of shape (inner, cols)."""

    rows: int
    inner: int
    cols: int

    def __post_init__(self) -> None:
        if min(self.rows, self.inner, self.cols) < 1:
            raise Malformed("factorization: expected positive sizes")


@dataclass(frozen=True, slots=True)
class Diagonal:
    """f = sum_j (prod_l u_lj) x_j, u of shape (depth, size)."""

    size: int
    depth: int

    def __post_init__(self) -> None:
        if min(self.size, self.depth) < 1:
            raise Malformed("diagonal: expected positive sizes")


Model = Layered | Convolution | Factorization | Diagonal
MAX_WINDOW_ENTRIES = 10_000_000
"""Entries of all windows of a convolution that is expanded into a program."""
Weights = tuple[tuple[Fraction, ...], ...]
"""Flat tensors in the order of the parameters."""


def parameter_shapes(model: Model) -> dict[str, Shape]:
    """Return the shapes of the parameter tensors by name, in program order."""
    match model:
        case Layered():
            shapes: dict[str, Shape] = {}
            for layer, has_bias in enumerate(model.biases, start=1):
                shapes[f"W{layer}"] = (model.widths[layer], model.widths[layer - 1])
                shapes |= {f"b{layer}": (model.widths[layer],)} if has_bias else {}
            return shapes
        case Convolution():
            own = () if model.shared else model.positions
            outputs = (model.outputs,) if model.outputs > 1 else ()
            shapes = {"K": (model.channels, *own, *model.kernel)}
            shapes |= {"b": (model.channels, *own)} if model.hidden_bias else {}
            shapes["a"] = (*outputs, model.channels, *model.positions)
            return shapes | ({"b_out": (model.outputs,)} if model.output_bias else {})
        case Factorization():
            return {"A": (model.rows, model.inner), "B": (model.inner, model.cols)}
        case Diagonal():
            return {"u": (model.depth, model.size)}


def parameter_count(model: Model) -> int:
    """Return the number M of scalar parameters."""
    return sum(size(shape) for shape in parameter_shapes(model).values())


def output_count(model: Model) -> int:
    """Return the number c of values that one sample gives."""
    match model:
        case Layered():
            return model.widths[-1]
        case Convolution():
            return model.outputs
        case Factorization() | Diagonal():
            return 1


def tensors_of(model: Model, weights: Weights) -> dict[str, tuple[Fraction, ...]]:
    """Return the flat tensors by name; raises ``Rejected`` unless there is one rational for every entry."""
    shapes = parameter_shapes(model)
    fits = [len(tensor) for tensor in weights] == [size(shape) for shape in shapes.values()]
    if not fits or not all(type(v) is Fraction for tensor in weights for v in tensor):
        raise Rejected(f"weights: expected rational tensors of the shapes {shapes}")
    return dict(zip(shapes, weights, strict=True))


def windows(model: Convolution) -> list[tuple[int, ...]]:
    """Return for every position the row-major input pixels under the kernel, in row-major order."""
    strides = [size(model.input[axis + 1 :]) for axis in range(len(model.input))]
    pixels = list(product(*map(range, model.kernel)))
    return [
        tuple(
            sum((p + s) * stride for p, s, stride in zip(place, pixel, strides, strict=True))
            for pixel in pixels
        )
        for place in product(*map(range, model.positions))
    ]


def program_of(model: Model) -> Program:
    """Return the program of a model.

    A sample of a factorisation is an index pair, and the program lists all of them: its outputs are the
    entries of A B. Raises ``Malformed`` for a model too large to expand.
    """
    if parameter_count(model) > MAX_ENTRIES:
        raise Malformed(f"the model has more than {MAX_ENTRIES} parameters, too many for a program")
    match model:
        case Layered():
            return _layered(model)
        case Convolution():
            return _convolution(model)
        case Factorization():
            writer = _Writer((0,), parameter_shapes(model))
            return writer.program(writer.einsum("ik,kj->ij", 1, 2))
        case Diagonal():
            return _diagonal(model)


class _Writer:
    """A program under construction; register 0 is the input, the parameters follow."""

    def __init__(self, input_shape: Shape, parameters: dict[str, Shape]) -> None:
        self.input_shape = input_shape
        self.parameters = tuple(Parameter(name, shape) for name, shape in parameters.items())
        self.registers = {name: 1 + k for k, name in enumerate(parameters)}
        self.shapes: list[Shape] = [input_shape, *parameters.values()]
        self.equations: list[Equation] = []

    def einsum(self, specification: str, a: int, b: int) -> int:
        left, right, out = split_einsum(specification)
        lengths = dict(zip(left + right, (*self.shapes[a], *self.shapes[b]), strict=True))
        return self.write("einsum", (a, b), tuple(lengths[k] for k in out), specification)

    def add(self, a: int, b: int) -> int:
        return self.write("add", (a, b), self.shapes[a])

    def multiply(self, a: int, b: int) -> int:
        return self.write("multiply", (a, b), self.shapes[a])

    def gather(self, a: int, index: Sequence[int], shape: Shape) -> int:
        return self.write("gather", (a,), shape, tuple(index))

    def reshape(self, a: int, shape: Shape) -> int:
        return a if self.shapes[a] == shape else self.gather(a, range(size(shape)), shape)

    def write(
        self, primitive: str, arguments: tuple[int, ...], shape: Shape, data: tuple[int, ...] | str = ()
    ) -> int:
        self.equations.append(Equation(primitive, arguments, shape, data))
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def program(self, output: int) -> Program:
        return Program(self.input_shape, self.parameters, tuple(self.equations), output)


def _layered(model: Layered) -> Program:
    net = _Writer((model.widths[0],), parameter_shapes(model))
    h, last = 0, len(model.biases)
    for layer, has_bias in enumerate(model.biases, start=1):
        h = net.einsum("ij,j->i", net.registers[f"W{layer}"], h)
        h = net.add(h, net.registers[f"b{layer}"]) if has_bias else h
        h = net.write("activation", (h,), net.shapes[h], model.activation) if layer < last else h
    return net.program(h)


def _convolution(model: Convolution) -> Program:
    net = _Writer(model.input, parameter_shapes(model))
    places, pixels, channels = size(model.positions), size(model.kernel), model.channels
    if places * pixels > MAX_WINDOW_ENTRIES:
        raise Malformed(f"convolution: its windows have more than {MAX_WINDOW_ENTRIES} entries in all")
    patches = net.gather(0, [pixel for window in windows(model) for pixel in window], (places, pixels))
    kernel_shape = (channels, pixels) if model.shared else (channels, places, pixels)
    kernels = net.reshape(net.registers["K"], kernel_shape)
    z = net.einsum("ps,cs->cp" if model.shared else "ps,cps->cp", patches, kernels)
    if model.hidden_bias:
        channel_of = [c for c in range(channels) for _ in range(places)]
        index = channel_of if model.shared else range(channels * places)
        z = net.add(z, net.gather(net.registers["b"], index, (channels, places)))
    h = net.reshape(net.write("activation", (z,), net.shapes[z], model.activation), (channels * places,))
    read_out = net.reshape(net.registers["a"], (model.outputs, channels * places))
    f = net.einsum("oj,j->o", read_out, h)
    return net.program(net.add(f, net.registers["b_out"]) if model.output_bias else f)


def _diagonal(model: Diagonal) -> Program:
    net = _Writer((model.size,), parameter_shapes(model))
    factor = net.gather(1, range(model.size), (model.size,))
    for layer in range(1, model.depth):
        row = range(layer * model.size, (layer + 1) * model.size)
        factor = net.multiply(factor, net.gather(1, row, (model.size,)))
    return net.program(net.reshape(net.einsum("j,j->", factor, 0), (1,)))
