"""affinitree: terminals of the decision tree that is equivalent to the network."""

import warnings
from typing import Any

import numpy as np
from protocol import serve

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch is not needed here
    from affinitree import AffFunc, AffTree, Architecture, Polytope, builder


def load(request: dict[str, Any]) -> tuple[Architecture, AffTree | None]:
    dim = len(request["weights"][0][0])
    architecture = Architecture(dim)
    last = len(request["weights"]) - 1
    for number, (weight, bias) in enumerate(zip(request["weights"], request["biases"], strict=True)):
        architecture.linear(AffFunc.from_mats(np.array(weight, dtype=float), np.array(bias, dtype=float)))
        if number < last:
            architecture.relu()
    half = request["box"]
    if half is None:
        return architecture, None
    box = Polytope.hyperrectangle(dim, [(-half, half)] * dim)
    return architecture, AffTree.from_poly(box, AffFunc.identity(dim), None)


def count(prepared: tuple[Architecture, AffTree | None]) -> AffTree:
    architecture, box = prepared
    return builder.from_layers(architecture) if box is None else builder.from_layers(architecture, box)


def describe(found: AffTree) -> dict[str, Any]:
    return {"regions": found.num_terminals(), "facets": None, "note": ""}


if __name__ == "__main__":
    serve("affinitree", load, count, describe)
