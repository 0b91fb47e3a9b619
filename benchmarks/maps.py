"""Time local maps on 60,000 points: a perceptron 784-128-10 and a small convolutional network.

    python benchmarks/maps.py [dense|conv] [POINTS]

Networks have PyTorch's initial weights, points are images of noise on an even background. Needs the extra `test`.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import relureg
from relureg import maps
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import number_maps, outputs_at

NETWORKS: dict[str, Callable[[], nn.Sequential]] = {
    "dense": lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "conv": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(784, 10),
    ),
}  # fmt: skip
NEAREST = 20
"""Points whose nearest facet is found: the rest of the work grows with the points in the same way."""


def images(count: int) -> np.ndarray:
    """Grey values k / 255, 0 in a margin of four pixels."""
    random = np.random.default_rng(0)
    points = np.zeros((count, 28, 28))
    points[:, 4:-4, 4:-4] = random.integers(0, 256, size=(count, 20, 20)) * (random.random((count, 20, 20)) < 0.4) / 255
    return points.reshape(count, 784)


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "dense"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60_000
    torch.manual_seed(0)
    network = relureg.from_torch(NETWORKS[kind](), (784,), name=kind)
    points = images(count)
    print(f"{network.name}, {count:,} points")
    regions = timed("regions", lambda: maps.find_regions(network, points))
    floats = FloatNetwork.of(network)
    timed("one forward pass", lambda: outputs_at(floats, points))
    timed("affine maps of all outputs", lambda: sum(len(bias) for _, _, bias in maps.iter_maps(network, regions)))
    timed("distinct maps", lambda: number_maps(floats, regions))
    function = timed("extracted terms", lambda: maps.extract(network, points, regions))
    check = timed("Theorem 3.3 at all points", lambda: maps.check_agreement(network, function, points))
    timed(f"nearest facets of {NEAREST} points", lambda: maps.nearest_facets(network, points[:NEAREST]))
    print(f"{regions.num_regions:,} regions; {check}")


def timed(what: str, work: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    found = work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {what:28s} {time.perf_counter() - begun:8.1f} s   {memory:5.2f} GB", flush=True)
    return found


if __name__ == "__main__":
    main()
