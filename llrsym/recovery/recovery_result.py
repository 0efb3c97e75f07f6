"""The answer of ``recover``: what the trainings did, beside the proved sizes. It proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NoReturn

from llrsym.recovery.experiment_starts import SMALL
from llrsym.recovery.experiments import Training
from llrsym.recovery.optimizers import GD
from llrsym.verdict import Verdict, interval

NUMERICAL = "numerical"
REMARK = (
    "numerical: what these trainings did; it neither proves nor refutes a guarantee, and other samples, "
    "seeds or optimisers may do otherwise"
)


@dataclass(frozen=True)
class Point:
    """The trainings of a setting with n samples: their test errors in increasing order."""

    n: int
    errors: tuple[float, ...]
    descent: tuple[float, ...]
    converged: int
    trials: int

    @property
    def median(self) -> float | None:
        """The median test error, where a training that diverged counts as infinite; None if it is that."""
        return _median(self.errors, self.trials)

    @property
    def median_descent(self) -> float | None:
        """The median test error before polishing."""
        return _median(self.descent, self.trials)

    def share_below(self, threshold: float) -> float:
        """The share of the trainings whose test error is below a threshold."""
        return sum(error < threshold for error in self.errors) / self.trials


def _median(errors: tuple[float, ...], trials: int) -> float | None:
    found = median([*errors, *[float("inf")] * (trials - len(errors))])
    return None if found == float("inf") else found


@dataclass(frozen=True)
class Curve:
    """One network and start: its trainings by number of samples, and its proved sizes.

    ``sizes`` is the verdict about the optimistic sample size of the target in this network.
    """

    network: str
    family: str
    size: int | None
    start: str
    sizes: Verdict
    points: tuple[Point, ...]

    @property
    def parameters(self) -> int:
        """The number M of parameters."""
        return self.sizes.parameters

    def recovered_from(self, threshold: float) -> int | None:
        """The least n from which on all median test errors stay below a threshold; None if there is none."""
        last = [p.n for p in self.points if p.median is None or p.median >= threshold]
        after = [p.n for p in self.points if not last or p.n > last[-1]]
        return after[0] if after else None

    def to_json_dict(self, threshold: float) -> dict[str, object]:
        """Return the curve as JSON data."""
        return {
            "network": self.network,
            "size": self.size,
            "start": self.start,
            "parameters": self.parameters,
            "samples_lower": self.sizes.samples_lower,
            "samples_upper": self.sizes.samples_upper,
            "samples_verdict": self.sizes.verdict,
            "local_recovery": self.sizes.local_recovery,
            "max_rank": self.sizes.max_rank,
            "recovered_from": self.recovered_from(threshold),
            "points": [
                {
                    "n": point.n,
                    "trials": point.trials,
                    "converged": point.converged,
                    "median": point.median,
                    "median_before_polishing": point.median_descent,
                    "recovered": point.share_below(threshold),
                    "errors": list(point.errors),
                }
                for point in self.points
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """The errors of trained networks against the number of samples, beside their proved sample sizes.

    All of it but the sizes is ``numerical``. ``complete`` is False when the budget ran out.
    """

    target: str
    title: str
    options: Mapping[str, Any]
    curves: tuple[Curve, ...]
    trainings: tuple[Training, ...] = field(repr=False)
    count: int
    results: str | None = None
    seconds: float = 0.0
    verdict: str = field(init=False, default=NUMERICAL)

    def __bool__(self) -> NoReturn:
        raise TypeError("a recovery experiment is no truth value; look at its .curves")

    @property
    def complete(self) -> bool:
        """Whether all trainings were done."""
        return len(self.trainings) == self.count

    @property
    def lower(self) -> int:
        """The smallest proved lower bound of the optimistic sample sizes."""
        return min(curve.sizes.samples_lower or 0 for curve in self.curves)

    @property
    def upper(self) -> int:
        """The largest proved upper bound of the optimistic sample sizes."""
        return max(
            curve.parameters if curve.sizes.samples_upper is None else curve.sizes.samples_upper
            for curve in self.curves
        )

    @property
    def threshold(self) -> float:
        """The relative test error below which a training is said to have recovered the target."""
        return float(self.options["threshold"])

    def exit_code(self) -> int:
        """Return 3: trainings settle nothing."""
        return 3

    def to_json_dict(self) -> dict[str, object]:
        """Return the answer as JSON data."""
        return {
            "question": "recovery",
            "network": "; ".join(dict.fromkeys(curve.network for curve in self.curves)),
            "target": self.target,
            "parameters": max(curve.parameters for curve in self.curves),
            "at": self.curves[0].sizes.at,
            "lower": self.lower,
            "upper": self.upper,
            "verdict": self.verdict,
            "remark": REMARK,
            "complete": self.complete,
            "trainings": len(self.trainings),
            "planned": self.count,
            "curves": [curve.to_json_dict(self.threshold) for curve in self.curves],
            "options": dict(self.options),
            "results": self.results,
            "seed": self.options["seed"],
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        done = f"{self.count}" if self.complete else f"{len(self.trainings)} of {self.count}"
        lines = [
            f"recovery of {self.title}: {done} trainings, {self.verdict}",
            f"  {self.described}",
            *self._table(),
            f"  {REMARK}",
        ]
        return "\n".join(lines + ([] if self.results is None else [f"  results: {self.results}"]))

    @property
    def described(self) -> str:
        """How the networks were trained, in one line."""
        o = self.options
        parts = [f"{o['trials']} trials of {o['optimizer']}"]
        if o["optimizer"] == GD:
            parts[0] += f" with {o['steps']} steps of rate at most {o['rate']:g}"
        parts += ["polished by least squares"] * bool(o["polish"])
        starts = {curve.start for curve in self.curves}
        parts += [f"initial weights of scale {o['init_scale']:g}"] * (SMALL in starts)
        parts += [f"target points moved by {o['perturb']:g}"] * bool(starts - {SMALL})
        parts += [f"label noise {o['noise']:g}"] * bool(o["noise"])
        parts += [f"dropout {o['dropout']:g}"] * bool(o["dropout"])
        return ", ".join(parts)

    def _table(self) -> list[str]:
        limit = f"median error < {self.threshold:g}"
        rows: list[tuple[str, ...]] = [("network", "N", "start", "M", "O", "local recovery", limit)]
        rows += [self._row(curve) for curve in self.curves]
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        return ["  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]

    def _row(self, curve: Curve) -> tuple[str, ...]:
        sizes = curve.sizes
        found = curve.recovered_from(self.threshold)
        last = curve.points[-1].n if curve.points else 0
        low, high = sizes.samples_lower, sizes.samples_upper
        known = "unknown" if low is None or high is None else interval(low, high).removeprefix("= ")
        return (
            curve.network if curve.size is None else curve.family,
            "" if curve.size is None else str(curve.size),
            curve.start,
            str(curve.parameters),
            f"{known} ({sizes.verdict})",
            "" if sizes.local_recovery is None else str(sizes.local_recovery),
            f"not up to n = {last}" if found is None else f"from n = {found} on",
        )
