"""relucent: the nearest regions of a point by its breadth-first search with one worker, within a box or not."""

from typing import Any

import numpy as np
import relucent
from protocol import serve
from relucent.model.model import LinearLayer, ReLULayer, ReLUNetwork


def load(request: dict[str, Any]) -> tuple[relucent.Complex, dict[str, Any]]:
    layers: list[LinearLayer | ReLULayer] = []
    for weight, bias in zip(request["weights"], request["biases"], strict=True):
        layers += [LinearLayer(weight=np.array(weight, dtype=float), bias=np.array(bias, dtype=float)), ReLULayer()]
    return relucent.Complex(ReLUNetwork(layers[:-1])), request["options"]


def count(prepared: tuple[relucent.Complex, dict[str, Any]]) -> relucent.Complex:
    found, options = prepared
    start = np.array([options["at"]], dtype=float)
    found.bfs(start, max_polys=options["regions"], nworkers=1, verify=options["verify"], verbose=0)
    return found


def describe(found: relucent.Complex) -> dict[str, Any]:
    return {"regions": len(found), "facets": None, "note": f"verified {found.verified}"}


if __name__ == "__main__":
    serve("relucent", load, count, describe)
