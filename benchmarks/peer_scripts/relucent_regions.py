"""relucent: regions by breadth-first search with one worker, and the edges of its dual graph."""

from typing import Any

import numpy as np
import relucent
from protocol import serve
from relucent.model.model import LinearLayer, ReLULayer, ReLUNetwork


def load(request: dict[str, Any]) -> tuple[relucent.Complex, bool]:
    layers: list[LinearLayer | ReLULayer] = []
    for weight, bias in zip(request["weights"], request["biases"], strict=True):
        layers += [LinearLayer(weight=np.array(weight, dtype=float), bias=np.array(bias, dtype=float)), ReLULayer()]
    return relucent.Complex(ReLUNetwork(layers[:-1])), request["options"].get("verify", True)


def count(prepared: tuple[relucent.Complex, bool]) -> relucent.Complex:
    found, verify = prepared
    # The origin, where the search starts by default, lies on every hyperplane of a network without biases.
    start = np.random.default_rng(0).normal(size=(1, found.dim))
    found.bfs(start, nworkers=1, verify=verify, verbose=0)
    return found


def describe(found: relucent.Complex) -> dict[str, Any]:
    return {
        "regions": len(found),
        "facets": found.dual_graph().number_of_edges(),
        "note": f"complete {found.complete}, verified {found.verified}",
    }


if __name__ == "__main__":
    serve("relucent", load, count, describe)
