"""Tables of convolutional targets: two-dimensional, one-dimensional, and with biases.

A convolution with k kernels has neurons that see the input through its padded kernels, one for every
position. The published formulas count them as different from one another; two kernels that are shifts of one
another through a border of zeros have padded kernels in common, and refute them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llrsym.bounds.formula import Formula
from llrsym.networks.builders import conv, mlp
from llrsym.networks.network import Network
from llrsym.report.plans import Claim, Instance, Plan, Statement
from llrsym.report.questions import Question

CONVOLUTION, TWO_LAYER = "docs/theory/convolution-targets", "docs/theory/target-sets"
COLUMNS = ("sizes", "parameters", "formula", "samples")
HEADINGS = {"formula": "published"}
DIFFERENT = "where no two padded kernels are equal up to sign and no read-out weight is zero"
SHIFTS = "kernels that are shifts of one another have padded kernels in common"
DISTINCT = (
    "$N$ is the number of padded kernels, distinct up to sign, whose read-out weights do not cancel; "
    "it is $k$ times the number of positions less $m_0$ where no two of them are equal up to sign"
)
MINIMUM = "the formula counts dead positions with their kernels, the minimum replaces them by null neurons"


def convolution_tables() -> list[Plan]:
    """Return the tables of convolutional targets."""
    return [_two_dimensional(), _one_dimensional(), _biased()]


@dataclass(frozen=True)
class Target:
    """k kernels of side s on inputs of side d; with weights when it is one given target.

    ``distinct`` is the number N of padded kernels that it needs, ``dead`` the number of read-out weights
    that are zero.
    """

    axes: int
    d: int
    s: int
    k: int
    bias: bool | str = False
    weights: Mapping[str, object] | None = None
    dead: int = 0
    coinciding: int = 0
    note: str = ""

    @property
    def places(self) -> int:
        """Positions of a kernel."""
        return int((self.d + 1 - self.s) ** self.axes)

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the formulas."""
        distinct = self.k * self.places - self.dead - self.coinciding
        side = self.d + 1 - self.s
        return {"d": self.d, "s": self.s, "n": side, "k": self.k, "m_0": self.dead, "N": distinct}

    def network(self, kernels: int, shared: bool, bias: bool | str) -> Network:
        """A convolution with this many kernels."""
        inputs, kernel = (self.d,) * self.axes, (self.s,) * self.axes
        return conv(input=inputs, kernel=kernel, channels=(kernels,), shared=shared, bias=bias)

    def instance(self, model: str, outside: tuple[str, ...] = (), bias: bool | str | None = None) -> Instance:
        """The target in a wider model: ``shared``, ``separate`` or ``full``."""
        own, wide = self.bias if bias is None else bias, self.k + 1
        if model == "full":
            network = mlp(self.d**self.axes, wide * self.places, 1, bias=own)
        else:
            network = self.network(wide, model == "shared", own)
        question = Question(network, self.network(self.k, True, self.bias), self.weights)
        return Instance(question, {**self.sizes, "m": wide}, note=self.note, outside=outside)


SHIFTS_1D = Target(
    1,
    3,
    2,
    2,
    weights={"K": [[1, 0], [0, 1]], "a": [[2, 3], [5, 7]]},
    coinciding=1,
    note="kernels (1, 0) and (0, 1), read-out weights (2, 3) and (5, 7)",
)
SHIFTS_2D = Target(
    2,
    3,
    2,
    2,
    weights={
        "K": [[[1, 0], [0, 0]], [[0, 1], [0, 0]]],
        "a": [[[2, 3], [5, 7]], [[11, 13], [17, 19]]],
    },
    coinciding=2,
    note="kernels with a single 1, in the first and in the second place of the first row",
)
DEAD_1D = Target(
    1, 4, 2, 1, weights={"K": [[1, 2]], "a": [[3, 0, 5]]}, dead=1, note="read-out weights (3, 0, 5)"
)
DEAD_2D = Target(
    2,
    3,
    2,
    1,
    weights={"K": [[[1, 2], [3, 4]]], "a": [[[3, 0], [5, 7]]]},
    dead=1,
    note="one of the four read-out weights is zero",
)


def _statement(
    title: str, model: str, formulas: tuple[str, str], targets: tuple[Target, ...], reason: str = SHIFTS
) -> Statement:
    """The formulas are the published one, and ours with the repaired hypothesis for shared kernels."""
    published, exact = formulas
    shared = model == "shared"
    ours = Claim(
        Formula(exact),
        TWO_LAYER if model == "full" else CONVOLUTION,
        note=DIFFERENT if shared else DISTINCT,
    )
    instances = tuple(
        target.instance(model, ("samples",) if shared and target.coinciding else ()) for target in targets
    )
    theirs = ours if published == exact and reason == DIFFERENT else Claim(Formula(published), note=reason)
    return Statement(instances, title, {"formula": theirs, "samples": ours})


def _two_dimensional() -> Plan:
    generic = tuple(Target(2, d, s, k) for d, s, k in ((3, 2, 1), (4, 2, 2), (28, 3, 1)))
    separate, full = "(s^2+1)*N", "(d^2+1)*N"
    statements = (
        _statement(
            "convolution, shared kernels",
            "shared",
            ("k*(s^2 + n^2)", "k*(s^2 + n^2)"),
            (*generic, SHIFTS_2D),
        ),
        _statement(
            "convolution, no sharing",
            "separate",
            ("(s^2+1)*(k*n^2 - m_0)", separate),
            (*generic, DEAD_2D, SHIFTS_2D),
        ),
        _statement(
            "fully connected",
            "full",
            ("(d^2+1)*(k*n^2 - m_0)", full),
            (*generic, DEAD_2D, SHIFTS_2D),
        ),
        _statement(
            "no sharing, arXiv:2211.11623",
            "separate",
            ("k*(s^2+1)*n^2 - s^2*m_0", separate),
            (generic[0], DEAD_2D),
            MINIMUM,
        ),
        _statement(
            "fully connected, arXiv:2211.11623",
            "full",
            ("k*(d^2+1)*n^2 - d^2*m_0", full),
            (generic[0], DEAD_2D),
            MINIMUM,
        ),
    )
    caption = (
        "Targets with $k$ kernels of $s^2$ pixels on inputs of $d^2$ pixels, $n == d+1-s$, tanh, no biases "
        "(arXiv:2406.18035, Table 3), $m$ kernels (or as many neurons) in the model, $m_0$ read-out weights "
        "of the target that are zero"
    )
    return Plan(caption, "tab:convolution-2d", COLUMNS, statements, HEADINGS, ("n",))


def _one_dimensional() -> Plan:
    generic = tuple(Target(1, d, s, k) for d, s, k in ((3, 2, 1), (5, 3, 2), (100, 7, 3)))
    statements = (
        _statement(
            "convolution, shared kernels",
            "shared",
            ("k*(d+1)", "k*(d+1)"),
            (*generic, SHIFTS_1D),
        ),
        _statement(
            "convolution, no sharing",
            "separate",
            ("(s+1)*(k*n - m_0)", "(s+1)*N"),
            (*generic, DEAD_1D, SHIFTS_1D),
        ),
        _statement(
            "fully connected",
            "full",
            ("(d+1)*(k*n - m_0)", "(d+1)*N"),
            (*generic, DEAD_1D, SHIFTS_1D),
        ),
    )
    caption = (
        "Targets with $k$ kernels of length $s$ on inputs of length $d$, tanh, no biases "
        "(one-dimensional form of arXiv:2406.18035, Table 3; arXiv:2307.08921 excludes equal padded "
        "kernels), notation as before"
    )
    return Plan(caption, "tab:convolution-1d", COLUMNS, statements, HEADINGS, ("n",))


def _biased() -> Plan:
    generic = tuple(Target(1, d, s, k, "hidden") for d, s, k in ((3, 2, 1), (5, 3, 1), (5, 3, 2)))
    weights = {"K": [[1, 2]], "b": [1], "a": [[3, 0, 5]]}
    dead = Target(1, 4, 2, 1, "hidden", weights, 1, note="read-out weights (3, 0, 5)")
    statements = (
        _statement("shared kernels, hidden bias", "shared", ("k*(d+2)", "k*(d+2)"), generic, DIFFERENT),
        _statement(
            "no sharing, hidden biases",
            "separate",
            ("k*(s+2)*n - s*m_0", "(s+2)*N"),
            (*generic, dead),
            MINIMUM,
        ),
        _statement(
            "fully connected, hidden biases",
            "full",
            ("k*(d+2)*n - s*m_0", "(d+2)*N"),
            (*generic, dead),
            MINIMUM,
        ),
        *_with_output_bias(generic),
    )
    caption = (
        "One-dimensional convolutional targets with a bias for every kernel (arXiv:2211.11623, Table 4); "
        "$d == 5$, $s == 3$, $k == 1$ is the target of its experiments; none are published for output biases"
    )
    return Plan(caption, "tab:convolution-biases", COLUMNS, statements, HEADINGS, ("n",))


def _with_output_bias(targets: tuple[Target, ...]) -> list[Statement]:
    formulas = {
        "shared": ("shared kernels", "k*(d+2) + 1"),
        "separate": ("no sharing", "(s+2)*N + 1"),
        "full": ("fully connected", "(d+2)*N + 1"),
    }
    statements = []
    for model, (title, exact) in formulas.items():
        note = DIFFERENT if model == "shared" else DISTINCT
        ours = Claim(Formula(exact), TWO_LAYER if model == "full" else CONVOLUTION, note=note)
        instances = tuple(target.instance(model, bias=True) for target in targets[1:])
        statements.append(Statement(instances, f"{title}, hidden and output bias", {"samples": ours}))
    return statements
