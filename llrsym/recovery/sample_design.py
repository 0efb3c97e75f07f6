"""A certified set of sample points: as few as can carry an LLR guarantee, and well conditioned.

# The choice of algorithm
# 1. The model rank at the weights (tangent.rank); with a target, at the weights of its embedding.
# 2. The tangent functions on a pool of candidates, in an orthonormal basis (recovery.orthonormal).
# 3. Pivoting or D-optimal exchange chooses points (recovery.selection), in floating point.
# 4. The guarantee of the chosen points is proved like that of any samples (recovery.guarantee).
# Invariants: that the points suffice is the theorem of step 4 and nothing else; that fewer never do is
# counting against the proved rank, or the theorem on the target set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from llrsym.bounds.optimistic import optimistic_sample_size
from llrsym.embedding.embed import embed
from llrsym.errors import BadInput, OutOfBudget
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.recovery.candidates import Pool, draw_pool, read_pool
from llrsym.recovery.design_result import Chosen, Design, Replaced
from llrsym.recovery.extras import require_scipy
from llrsym.recovery.guarantee import llr_guarantee
from llrsym.recovery.guarantee_result import YES
from llrsym.recovery.orthonormal import TangentBasis, approx_tangent_basis
from llrsym.recovery.selection import Choice, Exchange, exchanged, explained, pivoted
from llrsym.tangent.rank import Progress, Question, silent
from llrsym.verdict import Verdict

METHODS = ("pivot", "d-optimal")
POOL = 2048
MAX_ENTRIES = 60_000_000
"""Entries of the largest evaluation matrix of a drawn pool."""


def sample_design(
    network: Network,
    *,
    at: Mapping[str, object] | None = None,
    target: Network | None = None,
    target_weights: Mapping[str, object] | None = None,
    n: int | None = None,
    candidates: object = None,
    columns: str | Sequence[str] | None = None,
    box: object = None,
    distribution: str | None = None,
    method: str = "pivot",
    budget: float | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Design:
    """Return n sample points, with a proof that they carry an LLR guarantee where there is one.

    ``at`` holds the weights; or ``target`` and ``target_weights`` name a function, and the weights are those
    of its embedding, which has the minimal rank where that is proved. The default ``n`` is the least number
    that works. Points are chosen from ``candidates`` (a file, an array, ...; ``columns`` names the inputs),
    or from space-filling points of a ``box`` (a pair of numbers, or one for each input; default [-1, 1]^d) or
    a ``distribution`` (uniform, normal, sphere). ``method`` is ``"pivot"`` or ``"d-optimal"``.

    Raises ``BadInput`` for weights, candidates or options that do not fit, ``OutOfBudget`` (with what is
    known) when ``budget`` seconds have passed.

    >>> import llrsym as ll
    >>> from llrsym.recovery.sample_design import sample_design
    >>> net, weights = ll.mlp(1, 2, 1, bias=False), {"W1": [[1], [2]], "W2": [[1, 1]]}
    >>> design = sample_design(net, at=weights)
    >>> design.n, design.answer, design.samples_lower
    (4, 'yes', 4)

    Reference: arXiv:2406.18035, Definitions 3 and 4; docs/theory/samples. D-optimal designs: V. V. Fedorov,
    Theory of Optimal Experiments, 1972; R. D. Cook and C. J. Nachtsheim, Technometrics 22 (1980) 315-324.
    """
    require_scipy("sample")
    if method not in METHODS:
        raise BadInput(f"sample: there is no method {method!r}; choose {' or '.join(METHODS)}")
    if n is not None and (type(n) is not int or n < 1):
        raise BadInput(f"sample: n is {n}; give a positive number of points")
    if candidates is not None and (box is not None or distribution is not None):
        raise BadInput("sample: candidates cannot be combined with a box or a distribution; give one of them")
    if not network.inputs:
        raise BadInput(f"sample: {network.text} has no inputs, so there are no points to choose")
    search = _Search(network, target, budget, seed, progress or silent, n, method)
    folder = None if certificate is None else Path(certificate)
    search.set_weights(at, target_weights, folder)
    if candidates is not None:
        pool = read_pool(network, candidates, columns)
    else:
        pool = draw_pool(network, box, distribution, search.pool_size(), seed)
    return search.answer(pool, folder)


class _Search:
    """One question about sample points, with what is known so far."""

    def __init__(
        self,
        network: Network,
        target: Network | None,
        budget: float | None,
        seed: int,
        progress: Progress,
        n: int | None,
        method: str,
    ) -> None:
        self.network, self.target, self.seed = network, target, seed
        self.start, self.budget, self.progress = monotonic(), budget, progress
        self.n, self.method = n, method

    def set_weights(
        self,
        at: Mapping[str, object] | None,
        target_weights: Mapping[str, object] | None,
        folder: Path | None,
    ) -> None:
        """Take the weights, or those of the embedded target."""
        if (at is None) == (self.target is None) or (self.target is None) != (target_weights is None):
            raise BadInput(
                "sample: give either weights of the network, or a target and its weights, not both or neither"
            )
        if self.target is None:
            self.at = dict(at or {})
            self.own_target, self.target_at = self.network, self.at
        else:
            self.own_target, self.target_at = self.target, dict(target_weights or {})
            self.at = self._embedded(self.target, None if folder is None else folder / "embedding")
        self.weights = exact_weights(self.network, self.at)
        self.design = Design(
            network=self.network.text,
            target=None if self.target is None else self.target.text,
            parameters=self.network.parameter_count,
            outputs=self.network.outputs,
            method=self.method,
            seed=self.seed,
            samples_upper=self.network.parameter_count,
        )

    def _embedded(self, target: Network, folder: Path | None) -> dict[str, object]:
        """The weights of the network at which it is the target; that is proved."""
        found = embed(self.network, target=target, weights=self.target_at, seed=self.seed, certificate=folder)
        return dict(found.weights)

    def pool_size(self) -> int:
        """The number of points to draw: a power of two, enough to choose from and not too many."""
        entries = max(1, self.network.outputs * self.network.parameter_count)
        size = max(POOL, 4 * (self.n or self.network.parameter_count // max(1, self.network.outputs)))
        return max(2, min(size, MAX_ENTRIES // entries))

    def answer(self, pool: Pool, folder: Path | None) -> Design:
        """Choose points and prove what can be proved; raises ``OutOfBudget`` with what is known."""
        if self.n is not None and self.n > len(pool.data):
            raise BadInput(
                f"sample: n is {self.n}, but there are only {len(pool.data)} different candidates; give more"
            )
        try:
            model, columns = self._model_rank()
            self._optimistic(None if folder is None else folder / "optimistic")
            self._choose(pool, model, columns)
            self._prove(pool, None if folder is None else folder / "guarantee")
        except OutOfBudget as stop:
            raise OutOfBudget(self._timed()) from stop
        if folder is not None and self.design.has_certificate:
            self.design = replace(self.design, certificate=str(folder))
        return self._timed()

    def _timed(self) -> Design:
        return replace(self.design, seconds=round(monotonic() - self.start, 3))

    def _remaining(self) -> float | None:
        return None if self.budget is None else max(1e-9, self.budget - (monotonic() - self.start))

    def _checkpoint(self, message: str) -> None:
        if self.budget is not None and monotonic() - self.start > self.budget:
            raise OutOfBudget(self._timed())
        self.progress(message)

    def _model_rank(self) -> tuple[Verdict, tuple[int, ...] | None]:
        """The model rank, and columns that are proved to be a basis of the tangent space."""
        question = Question(
            "model_rank", self.network, self.weights, self.seed, self._remaining(), False, self.progress
        )
        try:
            model = question.answer(None)
        except OutOfBudget:
            self._note_rank(question.verdict(None))
            raise
        self._note_rank(model)
        found = question.lower.certificate
        return model, found.columns if found is not None and model.lower == model.upper else None

    def _note_rank(self, model: Verdict) -> None:
        self.design = replace(
            self.design,
            model_rank_lower=model.lower,
            model_rank_upper=model.upper,
            lower_verdict=model.lower_verdict,
            samples_lower=-(-model.lower // max(1, self.network.outputs)),
            samples_upper=model.upper,
            lower_reason=_counting(self.network, model.lower),
            upper_reason=f"the model rank is at most {model.upper}",
            conditions=model.conditions,
            trusted=model.trusted,
        )

    def _optimistic(self, folder: Path | None) -> None:
        """Bound O(f*): no parameters of the network with this function need fewer samples."""
        if self.target is None and self.network.model is None:
            return
        try:
            bound = optimistic_sample_size(
                self.network,
                target=self.own_target,
                weights=self.target_at,
                budget=self._remaining(),
                seed=self.seed,
                certificate=folder,
                progress=self.progress,
            )
        except BadInput:  # no theorem about this function: nothing is said about other parameters
            return
        self.design = replace(self.design, optimistic=bound)
        if (bound.samples_lower or 0) > self.design.samples_lower:
            self.design = replace(
                self.design,
                samples_lower=bound.samples_lower or 0,
                lower_verdict="proved",
                lower_reason=f"the optimistic sample size of the function is at least {bound.samples_lower}",
                conditions=_joined(self.design.conditions, bound.conditions),
            )

    def _choose(self, pool: Pool, model: Verdict, columns: tuple[int, ...] | None) -> None:
        basis = approx_tangent_basis(
            self.network.program,
            self.weights,
            pool.data,
            model.lower if columns is not None else model.upper,
            columns,
            self._checkpoint,
        )
        self._checkpoint("choosing points")
        chosen, made = self._selection(basis)
        data = pool.data.subset([basis.positions[k] for k in chosen])
        choices = explained(basis.blocks, chosen)
        self.design = replace(
            self.design,
            source=pool.description,
            candidates=len(pool.data),
            evaluated=len(basis.positions),
            bits=basis.bits,
            visible_rank=basis.rank,
            data=data,
            choices=tuple(self._shown(choice, basis, pool) for choice in choices),
            exchanges=tuple(_replaced(exchange, basis, pool) for exchange in made),
        )

    def _selection(self, basis: TangentBasis) -> tuple[list[int], list[Exchange]]:
        available = len(basis.positions)
        count = self.n if self.n is None else min(self.n, available)
        chosen = pivoted(basis.blocks, count)
        if count is None and len(chosen) < self.design.samples_lower:  # not the whole rank is visible
            chosen = pivoted(basis.blocks, min(self.design.samples_lower, available))
        if not chosen:  # the rank is 0 and no sample is needed, but a data set has one
            chosen = pivoted(basis.blocks, 1)
        if self.method == "pivot":
            return chosen, []
        chosen, made = exchanged(basis.blocks, chosen, self._checkpoint)
        order = pivoted(basis.blocks[chosen], len(chosen))
        return [chosen[k] for k in order], made

    def _shown(self, choice: Choice, basis: TangentBasis, pool: Pool) -> Chosen:
        row = pool.data.rows[basis.positions[choice.candidate]]
        return Chosen(row, choice.new, choice.distances, choice.volume)

    def _prove(self, pool: Pool, folder: Path | None) -> None:
        guarantee = llr_guarantee(
            self.network,
            at=self.at,
            data=self.design.data,
            budget=self._remaining(),
            seed=self.seed,
            certificate=folder,
            progress=self.progress,
        )
        self.design = replace(
            self.design,
            guarantee=guarantee,
            conditions=_joined(self.design.conditions, guarantee.conditions),
            trusted=_joined(self.design.trusted, guarantee.trusted),
        )
        if guarantee.answer == YES and self.design.n <= self.design.samples_upper:
            self.design = replace(
                self.design,
                samples_upper=self.design.n,
                upper_verdict=guarantee.verdict,
                upper_reason="these points carry a guarantee",
            )


def _replaced(exchange: Exchange, basis: TangentBasis, pool: Pool) -> Replaced:
    rows = [pool.data.rows[basis.positions[k]] for k in (exchange.out, exchange.into)]
    return Replaced(rows[0], rows[1], exchange.volume)


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _counting(network: Network, rank: int) -> str:
    equations = "one equation" if network.outputs == 1 else f"{network.outputs} equations"
    return f"a sample gives {equations}, and the model rank is at least {rank}"
