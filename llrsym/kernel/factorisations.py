"""Factorisations: f(x; theta) = g(x; phi(theta)) with a network g that has fewer or freer parameters.

A cut replaces one register by a combination of monomials whose coefficients phi(theta) become parameters of
their own. By the chain rule the tangent functions of f are combinations of those of g, so whatever bounds
the rank of g at almost every weight bounds that of f at every weight (docs/theory/upper-bounds). The
parameters of g are the weights that it still needs, and the coefficients.
"""

from collections.abc import Sequence
from fractions import Fraction

from .cuts import Coefficients, Cut, coefficients
from .errors import Rejected
from .polynomials import Monomial
from .program import Draft, Parameter, Program, Shape, size
from .supports import FIRST

MAX_COEFFICIENTS = 1_000_000


def factored(program: Program, cuts: Sequence[Cut]) -> Program:
    """Return the network g after one cut after the other; raises ``Rejected`` where one is not possible."""
    for cut in cuts:
        program = rebuilt(program, cut, coefficients(program, cut))
    return program


def rebuilt(program: Program, cut: Cut, table: Coefficients) -> Program:
    """Return the program with the register computed from its coefficients, without what is not used then."""
    if len(table.entries) * len(table.monomials) > MAX_COEFFICIENTS:
        raise Rejected("limit: the cut register has too many coefficients")
    kept = kept_registers(program, cut)
    if cut.register not in kept:
        raise Rejected(f"cut: register {cut.register} does not enter the output")
    names = {p.name for p in program.parameters}
    name = f"register {cut.register}"
    while name in names:
        name += "'"
    plain = _is_plain(table, program.shapes[cut.register])
    own = Parameter(name, (len(table.entries), len(table.monomials)) if plain else (table.count,))
    old = [(1 + k, p) for k, p in enumerate(program.parameters) if 1 + k in kept]
    draft = Draft(program.input_shape, (*(p for _, p in old), own), [])
    places = {0: 0} | {register: 1 + k for k, (register, _) in enumerate(old)}
    for register, equation in enumerate(program.equations, start=program.first_equation):
        if register == cut.register:
            variables = [places[base] for base in (0, *cut.bases)]
            places[register] = _combination(draft, table, variables, plain, equation.shape)
        elif register in kept:
            arguments = tuple(places[argument] for argument in equation.arguments)
            places[register] = draft.append(equation.primitive, arguments, equation.shape, equation.data)
    return Program(draft.input_shape, draft.parameters, tuple(draft.equations), places[program.output])


def kept_registers(program: Program, cut: Cut) -> set[int]:
    """Return the registers that the output needs when the cut one is computed from its bases."""
    kept, waiting = set[int](), [program.output]
    while waiting:
        register = waiting.pop()
        if register in kept:
            continue
        kept.add(register)
        if register == cut.register:
            waiting += cut.bases
        elif register >= program.first_equation:
            waiting += program.equations[register - program.first_equation].arguments
    return kept


def _is_plain(table: Coefficients, shape: Shape) -> bool:
    """Whether the register is the product of a matrix of free coefficients and the vector of monomials."""
    width = len(table.monomials)
    full = all(len(entry) == width for entry in table.entries)
    if not full or table.count != width * len(table.entries) or len(shape) != 1:
        return False
    order = [entry[monomial] for entry in table.entries for monomial in table.monomials]
    return order == [(k, Fraction(1)) for k in range(table.count)]


def _combination(
    draft: Draft, table: Coefficients, variables: Sequence[int], plain: bool, shape: Shape
) -> int:
    """Add the equations of sum over m of factor * u[number] * m."""
    monomials = table.monomials
    rows, columns = len(table.entries), len(monomials)
    matrix = len(draft.parameters)
    if not plain:
        none = (-1, Fraction(0))
        places = [entry.get(monomial, none) for entry in table.entries for monomial in monomials]
        parts = (matrix, *_combinations(draft, table, matrix))
        matrix = draft.append("gather", parts, (rows, columns), tuple(number for number, _ in places))
        if any(factor != 1 for number, factor in places if number >= 0):
            factors = draft.append("constant", (), (rows, columns), tuple(factor for _, factor in places))
            matrix = draft.append("multiply", (matrix, factors), (rows, columns))
    vector = _monomial_vector(draft, monomials, variables)
    total = draft.append("einsum", (matrix, vector), (rows,), "ij,j->i")
    return total if shape == (rows,) else draft.append("gather", (total,), shape, tuple(range(rows)))


def _combinations(draft: Draft, table: Coefficients, own: int) -> list[int]:
    """Add the equations of the combinations of parameters, if there are any."""
    if not table.combinations:
        return []
    zero, shape = Fraction(0), (len(table.combinations), table.count)
    data = tuple(row.get(k, zero) for row in table.combinations for k in range(table.count))
    matrix = draft.append("constant", (), shape, data)
    return [draft.append("einsum", (matrix, own), shape[:1], "ij,j->i")]


def _monomial_vector(draft: Draft, monomials: Sequence[Monomial], variables: Sequence[int]) -> int:
    """Add the equations of a vector of monomials: one factor of each, times the next one, and so on."""
    one = draft.append("constant", (), (1,), (Fraction(1),))
    factors = [[a - FIRST for a, power in monomial for _ in range(int(power))] for monomial in monomials]
    shape = (len(monomials),)
    last = _total_size(draft, variables)
    vector: int | None = None
    for k in range(max((len(f) for f in factors), default=0) or 1):
        index = tuple(f[k] if k < len(f) else last for f in factors)
        factor = draft.append("gather", (*variables, one), shape, index)
        vector = factor if vector is None else draft.append("multiply", (vector, factor), shape)
    return one if vector is None else vector


def _total_size(draft: Draft, registers: Sequence[int]) -> int:
    """Return how many entries these registers have together."""
    shapes = [draft.input_shape, *(p.shape for p in draft.parameters), *(e.shape for e in draft.equations)]
    return sum(size(shapes[register]) for register in registers)
