"""``llrsym describe NETWORK``: layers, parameter names and shapes, M."""

from llrsym.cli import SETTLED
from llrsym.cli.common import Json, NetworkSource, print_answer
from llrsym.networks.network import Network
from llrsym.networks.sources import resolve


def describe(network: NetworkSource, as_json: Json = False) -> int:
    """Layers, parameter names and shapes, and the number M of parameters."""
    net = resolve(network)
    print_answer(_document(net), _text(net), as_json)
    return SETTLED


def _document(net: Network) -> dict[str, object]:
    return {
        "network": net.text,
        "parameters": net.parameter_count,
        "inputs": net.inputs,
        "outputs": net.outputs,
        "layers": [{"name": name, "shape": list(shape), "size": size} for name, shape, size in net.layers],
    }


def _text(net: Network) -> str:
    rows = [(name, " x ".join(map(str, shape)), str(size)) for name, shape, size in net.layers]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    summary = f"{net.inputs} inputs, {net.outputs} outputs, M = {net.parameter_count} parameters"
    return "\n".join([net.text, summary, *lines])
