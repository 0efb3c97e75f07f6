"""``llrsym tangent NETWORK``: the tangent functions, symbolically."""

from typing import Annotated

import typer

from llrsym.cli import SETTLED
from llrsym.cli.common import Json, NetworkSource, print_answer
from llrsym.networks.sources import resolve


def tangent(
    network: NetworkSource,
    latex: Annotated[bool, typer.Option("--latex", help="Write LaTeX instead of plain text.")] = False,
    as_json: Json = False,
) -> int:
    """The tangent functions, the derivatives of the network by each of its parameters, symbolically."""
    net = resolve(network)
    from llrsym.tangent.functions import tangent_functions

    functions = tangent_functions(net)
    print_answer(functions.to_json_dict(), functions.latex() if latex else functions.text(), as_json)
    return SETTLED
