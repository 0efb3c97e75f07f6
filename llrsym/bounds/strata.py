"""The rank stratification of the target set of a two-layer tanh network.

# The choice of algorithm
# The parameters with a given function fall into finitely many manifolds of constant rank. Their dimensions
# and ranks are theorems (docs/theory/strata), so only the types are listed and their strata counted.
# Invariant: every number is an integer from a proved formula; witnesses let the exact rank engine check it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from llrsym.bounds.strata_text import rank_rows, type_rows
from llrsym.bounds.strata_types import StratumType, TargetSet, derive_types
from llrsym.bounds.strata_witness import WitnessWeights, derive_witness
from llrsym.errors import BadInput
from llrsym.kernel.models import Layered
from llrsym.networks.network import Network

THEOREM = "the rank formula of two-layer tanh networks (docs/theory/strata, Theorems 1 and 2)"
MAX_WIDTH, MAX_EXCESS = 100, 16
MAX_ROWS = 40


@dataclass(frozen=True, slots=True)
class Stratum:
    """One type of stratum: ``count`` manifolds of this ``dimension`` on which the model rank is ``rank``.

    ``kind`` tells the roles of the neurons. ``codimension`` is M - dimension. ``critical``: the tangent
    function space there is that of the target network, so these points are critical embeddings of it.
    """

    kind: StratumType
    count: int
    dimension: int
    codimension: int
    rank: int
    critical: bool
    target_set: TargetSet = field(repr=False)

    def witness(self) -> WitnessWeights:
        """Return integer weights on a stratum of this type, for one target function common to all types.

        >>> import llrsym as ll
        >>> network = ll.mlp(1, 2, 1, bias=False)
        >>> stratum = ll.strata(network, target=ll.mlp(1, 1, 1, bias=False)).strata[0]
        >>> stratum.rank, stratum.witness()
        (2, {'W1': [[1], [-1]], 'W2': [[2, 1]]})
        >>> ll.model_rank(network, at=stratum.witness()).interval
        '= 2'
        """
        return derive_witness(self.target_set, self.kind)

    def to_json_dict(self) -> dict[str, object]:
        """Return the type and its numbers as JSON data."""
        numbers = ("count", "dimension", "codimension", "rank", "critical")
        return asdict(self.kind) | {name: getattr(self, name) for name in numbers}


@dataclass(frozen=True)
class Stratification:
    """All strata of a target set by type, lowest rank first and among these the largest dimension first.

    ``min_rank`` is the optimistic sample size, ``max_rank`` the largest rank on the target set,
    ``local_recovery`` the least codimension M - dimension of a stratum, ``parameters`` M; these four differ.
    ``target_parameters`` is the M of the target network, ``constant_part`` says that the target has a
    constant that no output bias of the network provides.
    """

    network: Network
    target: Network
    constant_part: bool
    strata: tuple[Stratum, ...] = field(repr=False)

    @property
    def parameters(self) -> int:
        """The number M of parameters of the network."""
        return self.network.parameter_count

    @property
    def target_parameters(self) -> int:
        """The number of parameters of the target network."""
        return self.target.parameter_count

    @property
    def min_rank(self) -> int:
        """The least rank on the target set: the optimistic sample size."""
        return self.strata[0].rank

    @property
    def max_rank(self) -> int:
        """The largest rank on the target set."""
        return self.strata[-1].rank

    @property
    def local_recovery(self) -> int:
        """The least codimension of a stratum."""
        return min(stratum.codimension for stratum in self.strata)

    @property
    def count(self) -> int:
        """The number of strata of all types together."""
        return sum(stratum.count for stratum in self.strata)

    def to_json_dict(self) -> dict[str, object]:
        """Return the stratification as JSON data."""
        return {
            "question": "strata",
            "network": self.network.text,
            "target": self.target.text,
            "parameters": self.parameters,
            "target_parameters": self.target_parameters,
            "constant_part": self.constant_part,
            "min_rank": self.min_rank,
            "max_rank": self.max_rank,
            "local_recovery": self.local_recovery,
            "count": self.count,
            "theorem": THEOREM,
            "strata": [stratum.to_json_dict() for stratum in self.strata],
        }

    def __str__(self) -> str:
        few = len(self.strata) <= MAX_ROWS
        constant = " plus a constant part" if self.constant_part else ""
        lines = [
            f"strata of {self.network} for almost every target {self.target}{constant}",
            f"  {self.count} strata of {len(self.strata)} types",
            f"  {self.min_rank:>4}  least rank, the optimistic sample size",
            f"  {self.local_recovery:>4}  least codimension, the size for local recovery",
            f"  {self.max_rank:>4}  largest rank",
            f"  {self.parameters:>4}  parameters (target {self.target_parameters})",
            "",
            *(type_rows(self.strata) if few else rank_rows(self.strata)),
            "",
            f"  follows from {THEOREM}",
        ]
        return "\n".join(lines)


def strata(network: Network, *, target: Network) -> Stratification:
    """Return the strata of the parameters of ``network`` that have the function of a generic ``target``.

    They are the same for almost every weight of the target. ``network`` is mlp(d, m, 1) and ``target``
    mlp(d, k, 1), k <= m, both with tanh. The biases of the target are among those of the network, but its
    output bias may be missing there if hidden biases and k < m let constant neurons take its place.

    Raises ``BadInput`` for other networks, targets that the network cannot express, and m - k > 16.

    >>> import llrsym as ll
    >>> answer = ll.strata(ll.mlp(2, 3, 1, bias=False), target=ll.mlp(2, 1, 1, bias=False))
    >>> answer.min_rank, answer.local_recovery, answer.max_rank, answer.parameters
    (3, 5, 6, 9)
    >>> [(s.rank, s.dimension, s.count) for s in answer.strata if s.critical]
    [(3, 2, 8), (3, 1, 12), (3, 0, 6)]

    Reference: docs/theory/strata; arXiv:2211.11623 (rank stratification), arXiv:2309.00508 (target sets).
    """
    target_set = _target_set(network, target)
    narrow = target.parameter_count
    found = [_stratum(target_set, kind, narrow) for kind in derive_types(target_set)]
    ordered = sorted(found, key=lambda stratum: (stratum.rank, -stratum.dimension))
    return Stratification(network, target, target_set.constant_part, tuple(ordered))


def local_recovery_size(
    inputs: int,
    width: int,
    intrinsic: int,
    hidden_bias: bool,
    output_bias: bool,
    constant_part: bool = False,
) -> int:
    """Return the least codimension of the strata: m + k (d + hidden) + output, + d for a constant part.

    So many generic samples isolate the points of a largest stratum: parameters nearby that fit them have the
    target function. Fewer do not. ``width`` is m, ``intrinsic`` k. ``constant_part``: a constant that only
    neurons with w = 0 can provide, since there are hidden biases and no output bias. The target set must not
    be empty.

    >>> local_recovery_size(2, 3, 1, False, False), local_recovery_size(2, 3, 1, True, True)
    (5, 7)

    Reference: docs/theory/strata, Theorem 4; without biases arXiv:2309.00508, Theorem 5.4.
    """
    constants = inputs if constant_part else 0
    return width + intrinsic * (inputs + hidden_bias) + output_bias + constants


def _stratum(target_set: TargetSet, kind: StratumType, narrow: int) -> Stratum:
    dimension, rank = kind.dimension(target_set), kind.rank(target_set)
    codimension = target_set.parameters - dimension
    # The tangent space of the target network is a subspace, so equal dimensions mean equality.
    return Stratum(kind, kind.multiplicity(), dimension, codimension, rank, rank == narrow, target_set)


def _target_set(network: Network, target: Network) -> TargetSet:
    wide, narrow = _two_layer("network", network), _two_layer("target", target)
    (d, m, _), (d_target, k, _) = wide.widths, narrow.widths
    if d != d_target:
        raise BadInput(f"strata: the target has {d_target} inputs and the network {d}; give both the same")
    if k > m:
        raise BadInput(
            f"strata: the target has {k} hidden neurons and the network only {m}; give a narrower target"
        )
    (hidden, output), (target_hidden, target_output) = wide.biases, narrow.biases
    if target_hidden and not hidden:
        raise BadInput(
            "strata: the target has hidden biases and the network has none, so it cannot express the target; "
            "give both the same bias"
        )
    constant_part = target_output and not output
    if constant_part and not (hidden and k < m):
        need = "one more hidden neuron" if hidden else "an output bias"
        raise BadInput(
            "strata: the network cannot express the constant that the output bias of the target adds; "
            f"give it {need}"
        )
    _check_size(m, k)
    return TargetSet(d, m, k, hidden, output, constant_part)


def _two_layer(role: str, network: Network) -> Layered:
    model = network.model
    known = "strata are known for two-layer tanh networks mlp(d, m, 1) only"
    if not isinstance(model, Layered):
        raise BadInput(f"strata: the {role} {network} is not an mlp; {known}")
    if len(model.widths) != 3:
        raise BadInput(f"strata: the {role} has {len(model.widths) - 2} hidden layers; not settled: {known}")
    if model.activation != "tanh":
        raise BadInput(f"strata: the activation of the {role} is {model.activation}; {known}")
    if model.widths[-1] != 1:
        raise BadInput(f"strata: the {role} has {model.widths[-1]} outputs; {known}")
    return model


def _check_size(width: int, intrinsic: int) -> None:
    if width > MAX_WIDTH or width - intrinsic > MAX_EXCESS:
        raise BadInput(
            f"strata: {width} hidden neurons, {width - intrinsic} more than the target, give too many types; "
            f"at most {MAX_WIDTH} neurons, {MAX_EXCESS} more than the target, are listed"
        )
