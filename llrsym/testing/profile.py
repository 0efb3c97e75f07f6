"""How Hypothesis runs here: without deadlines, in a build the same on every run, printing builder calls."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.vendor import pretty

from llrsym.embedding.result import Embedded
from llrsym.networks.network import Network

PROFILE = "llrsym"
"""The profile for your own tests: ``settings.load_profile("llrsym")``."""


def register() -> None:
    """Register the profile, and the printers with which counterexamples can be pasted."""
    is_build = bool(os.environ.get("CI"))
    settings.register_profile(
        PROFILE,
        deadline=None,
        derandomize=is_build,
        print_blob=not is_build,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    for kind, printer in ((Network, _network), (Embedded, _embedded)):
        pretty.for_type_by_name(kind.__module__, kind.__name__, printer)


def suite_settings(examples: int) -> settings:
    """Return settings under which the same seed gives the same examples, whatever profile is loaded."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=False,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


def _network(network: Network, printer: pretty.RepresentationPrinter, cycle: bool) -> None:
    """A network is the builder call that makes it."""
    printer.text(network.text)


def _embedded(result: Embedded, printer: pretty.RepresentationPrinter, cycle: bool) -> None:
    moves = list(result.moves)
    printer.text(f"embed({result.network.text}, target={result.target.text}, moves={moves!r})")


register()
