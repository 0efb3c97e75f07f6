"""Embed a target into a wider network, and prove what the embedding keeps.

# The choice of algorithm
# 1. The moves give the map E as sparse polynomials; what they leave open is filled with null and split units.
# 2. The kernel proves f_wide(E(t)) = f_narrow(t) and equal spans of tangent functions, for all t.
# 3. If it refuses, it proves the first half alone, and exact ranks at one t show that the span has grown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import shake_256
from pathlib import Path
from time import monotonic

import numpy as np

from llrsym.embedding.documents import certificate_text, claim_text
from llrsym.embedding.forms import Form, evaluate
from llrsym.embedding.maps import Embedding
from llrsym.embedding.moves import Move
from llrsym.embedding.result import Embedded, Weights
from llrsym.embedding.rewriting import rewritten
from llrsym.embedding.text import parse_move
from llrsym.embedding.unit_moves import UnitMove, unit_embedding
from llrsym.embedding.widening import check_widening, widened
from llrsym.errors import BadInput, shown
from llrsym.kernel.embeddings import KEEPS_FUNCTION, KEEPS_TANGENTS
from llrsym.kernel.errors import Rejected
from llrsym.kernel.model_documents import AnyModel
from llrsym.kernel.program import Shape
from llrsym.networks.network import Network
from llrsym.networks.weights import exact_weights
from llrsym.tangent.certificates import write_documents
from llrsym.tangent.rank import model_rank
from llrsym.verdict import Verdict
from llrsym.verification import verify

Progress = Callable[[str], None]


def embed(
    network: Network,
    *,
    target: Network,
    weights: Mapping[str, object] | None = None,
    moves: Sequence[Move | UnitMove | str] | None = None,
    seed: int = 0,
    certificate: Path | str | None = None,
    progress: Progress | None = None,
) -> Embedded:
    """Return weights of ``network`` that have the function of ``target``, with what is proved about them.

    ``weights`` are those of the target; without them the result is symbolic. ``moves`` are applied in order,
    and then the default ones (null units where they keep the tangent functions, else split units) reach the
    widths of the network. ``certificate`` is a folder for the claims and certificates.

    A target without biases has zeros there, and a convolution is a list of neurons in an mlp.

    Raises ``BadInput`` for a target wider than the network, another depth, activation or pattern of biases,
    and for moves that do not fit.

    >>> import llrsym as ll
    >>> narrow, wide = ll.mlp(1, 1, 1, bias=False), ll.mlp(1, 2, 1, bias=False)
    >>> result = ll.embed(wide, target=narrow, moves=["split(1, 0, 'r')"])
    >>> result.critical, result.weights["W2"].tolist()
    (True, [[W2[0,0]*r, -W2[0,0]*r + W2[0,0]]])

    Reference: arXiv:2111.15527, Theorems 4.1 to 4.3 and 5.1; docs/theory/embeddings.
    """
    start = monotonic()
    embedding = composed(target, moves or (), network)
    given = None if weights is None else exact_weights(target, weights)
    question = _Question(network, target, embedding, given, seed, certificate, progress or _silent)
    return replace(question.answer(), seconds=round(monotonic() - start, 3))


def composed(target: Network, moves: Sequence[Move | UnitMove | str], network: Network) -> Embedding:
    """Return the composition of the moves and the default ones; raises ``BadInput`` if one does not fit."""
    if target.model is None or network.model is None:
        parsed = [_parsed(given, target.program) for given in moves]
        return unit_embedding(target, network, parsed)
    check_widening(rewritten(target.model, network.model).wide, network.model)
    embedding = rewritten(target.model, network.model)
    for given in moves:
        move = _parsed(given, embedding.wide)
        if isinstance(move, UnitMove):
            raise BadInput(f"embed: the move {move} is for networks without a family; use split, null, ...")
        embedding = move.apply(embedding)
        embedding = replace(embedding, moves=(*embedding.moves, str(move)))
    return widened(embedding, network.model)


def _parsed(given: object, model: AnyModel) -> Move | UnitMove:
    move = parse_move(given, model) if isinstance(given, str) else given
    if not isinstance(move, Move | UnitMove):
        raise BadInput(f'embed: {shown(given)} is no move; give one such as "split(1, 0)"')
    return move


def _silent(message: str) -> None:
    return None


class _Question:
    """One embedding and the claims to be proved about it."""

    def __init__(
        self,
        network: Network,
        target: Network,
        embedding: Embedding,
        weights: Weights | None,
        seed: int,
        certificate: Path | str | None,
        progress: Progress,
    ) -> None:
        self.network, self.target, self.embedding, self.weights = network, target, embedding, weights
        self.seed, self.progress = seed, progress
        self.folder = None if certificate is None else Path(certificate)

    def answer(self) -> Embedded:
        """Prove that the tangent functions are kept, or that only the function is."""
        self.progress("the kernel checks that the function and the tangent functions are kept")
        path = None if self.folder is None else str(self.folder)
        try:
            self._prove(KEEPS_TANGENTS, self.folder)
        except Rejected as refusal:
            self._prove_function()
            return replace(self._compare_ranks(str(refusal)), certificate=path)
        reason = "they span the same space for every weight of the target, proved"
        return self._result(True, reason, (), certificate=path)

    def _prove_function(self) -> None:
        """Every move keeps the function, so that the kernel refuses a proof for its size only."""
        try:
            self._prove(KEEPS_FUNCTION, None if self.folder is None else self.folder / "function")
        except Rejected as refusal:
            raise BadInput(
                f"embed: no proof within the limits of the kernel ({refusal}); use a smaller network"
            ) from refusal

    def _prove(self, keeps: str, folder: Path | None) -> None:
        claim = claim_text(self.embedding, self.network.text, self.target.text, keeps)
        certificate = certificate_text(self.embedding)
        if folder is None:
            verify(claim, certificate)
        else:
            write_documents(folder, claim, certificate)

    def _compare_ranks(self, refusal: str) -> Embedded:
        """A rank at one weight above the rank of the target shows that the tangent functions differ."""
        self.progress("the ranks of the target and of the embedded weights are compared")
        at = "these weights" if self.weights is not None else "almost every weight"
        at += " of the target" + (" and almost every free number" if self.embedding.free else "")
        try:
            point = self.weights if self.weights is not None else self._point()
            values = [
                *(v for tensor in point for v in tensor),
                *self._numbers("free", len(self.embedding.free)),
            ]
            image = {name: _image(forms, values) for name, forms in self.embedding.tensors.items()}
            shaped = {name: _shaped(image[name], shape) for name, shape, _ in self.network.layers}
            below = self._rank(
                self.target, None if self.weights is None else _named(self.target, point), "target"
            )
            above = self._rank(self.network, shaped, "network")
        except Rejected as error:
            return self._result(None, f"undecided: {refusal}; ranks: {error}", self.embedding.obstacles)
        more = {
            "target_rank": (below.lower, below.upper),
            "network_rank": (above.lower, above.upper),
            "conditions": tuple(dict.fromkeys((*below.conditions, *above.conditions))),
            "trusted": tuple(dict.fromkeys((*below.trusted, *above.trusted))),
        }
        if above.lower > below.upper and above.lower_verdict == "proved":
            reason = f"at {at} they span more: rank {above.lower} instead of {below.upper}, proved"
            return self._result(False, reason, self.embedding.obstacles, **more)
        return self._result(None, f"undecided: {refusal}", self.embedding.obstacles, **more)

    def _result(
        self, critical: bool | None, reason: str, obstacles: tuple[str, ...], **more: object
    ) -> Embedded:
        return Embedded(
            self.network,
            self.target,
            self.embedding,
            self.weights,
            critical,
            reason,
            obstacles,
            **more,  # type: ignore[arg-type]
        )

    def _rank(self, network: Network, at: Mapping[str, object] | None, name: str) -> Verdict:
        folder = None if self.folder is None else self.folder / f"rank-{name}"
        return model_rank(network, at=at, seed=self.seed, certificate=folder)

    def _point(self) -> Weights:
        """Rational weights of the target: rank is largest at almost every one, so these will do."""
        tensors = [self._numbers(name, size) for name, _, size in self.target.layers]
        return tuple(map(tuple, tensors))

    def _numbers(self, label: str, count: int) -> list[Fraction]:
        """Small distinct-looking fractions that are not 0, 1 or -1, drawn from the seed."""
        draws = shake_256(f"embed/{self.seed}/{label}".encode()).digest(2 * count)
        pairs = zip(draws[::2], draws[1::2], strict=True)
        return [Fraction((2 * (a % 23) + 1) * (-1) ** b, 2 * (b % 4) + 4) for a, b in pairs]


def _image(forms: Sequence[Form], values: Sequence[Fraction]) -> list[Fraction]:
    return [evaluate(form, values) for form in forms]


def _shaped(entries: Sequence[Fraction], shape: Shape) -> np.ndarray:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)


def _named(network: Network, weights: Weights) -> dict[str, np.ndarray]:
    return {name: _shaped(w, shape) for (name, shape, _), w in zip(network.layers, weights, strict=True)}
