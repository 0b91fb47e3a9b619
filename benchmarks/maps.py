"""Time local maps on 60,000 points: a perceptron 784-128-10 and a small convolutional network.

    python benchmarks/maps.py [dense|conv] [strokes|grey] [POINTS]

Networks have PyTorch's initial weights. Points are images of 28 x 28 pixels: strokes of a pen in grey values k / 255 on
an empty background, whose equal patches put each of them on boundaries of a network with max pooling; or grey noise,
inside its regions, for which nearest facets must be searched. Needs the extra `test`.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import relureg
from relureg import maps
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import number_maps, outputs_at

NETWORKS: dict[str, Callable[[], nn.Sequential]] = {
    "dense": lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "conv": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 32), nn.ReLU(), nn.Linear(32, 10),
    ),
}  # fmt: skip


def strokes(count: int) -> NDArray[np.float64]:
    """A pen that walks 40 steps at random and stays four pixels away from the border."""
    random = np.random.default_rng(0)
    places = random.uniform(8, 20, (count, 2))
    pace = random.normal(size=(count, 2))
    images = np.zeros((count, 28, 28))
    each = np.arange(count)
    for _ in range(40):
        pace = 0.8 * pace + 0.5 * random.normal(size=(count, 2))
        places = np.clip(places + 0.6 * pace, 5, 22)
        row, column = np.rint(places).astype(int).T
        for down, right, ink in [(0, 0, 255), (0, 1, 140), (0, -1, 140), (1, 0, 140), (-1, 0, 140), (1, 1, 60)]:
            cell = (each, row + down, column + right)
            images[cell] = np.maximum(images[cell], ink - random.integers(0, 30, count))
    return images.reshape(count, 784) / 255


def grey(count: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).integers(0, 256, (count, 784)) / 255


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "dense"
    images = {"strokes": strokes, "grey": grey}[sys.argv[2] if len(sys.argv) > 2 else "strokes"]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 60_000
    torch.manual_seed(0)
    network = relureg.from_torch(NETWORKS[kind](), (784,), name=kind)
    points = images(count)
    print(f"{network.name}, {network.num_units:,} units, {count:,} points of {images.__name__}")
    floats = FloatNetwork.of(network)
    timed("one forward pass", lambda: outputs_at(floats, points))
    regions = timed("regions", lambda: maps.find_regions(network, points))
    _, num_maps = timed("distinct maps", lambda: number_maps(floats, regions))
    nearest = timed("nearest facets", lambda: maps.nearest_facets(network, points, regions))
    print(f"  {regions.num_regions:,} regions, {num_maps:,} maps, {int(regions.on_boundary.sum()):,} on boundaries, "
          f"median distance {np.median(nearest.distance):.3g}")  # fmt: skip
    del nearest
    function = timed("extracted terms", lambda: maps.extract(network, points, regions))
    print(f"  {timed('Theorem 3.3 at all points', lambda: maps.check_agreement(network, function, points))}")
    timed("maps of all outputs", lambda: sum(len(bias) for _, _, bias in maps.iter_maps(network, regions)))


def timed(what: str, work: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    found = work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {what:28s} {time.perf_counter() - begun:8.1f} s   {memory:5.2f} GB", flush=True)
    return found


if __name__ == "__main__":
    main()
