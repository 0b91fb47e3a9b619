"""Draw docs/pictures/counterexample.svg: a box of the counterexample cut in a hexagon, and a slice of the complex.

    pip install matplotlib && python docs/examples/counterexample_picture.py [FILE]

Left, a box of the first two layers, each folded axis running over [0, 1]. Right, the plane x_3 =
6/5: the walls of the first two layers, and the bent hyperplane of the last unit, drawn from the network itself.
"""

from __future__ import annotations

import sys
from itertools import combinations, product
from pathlib import Path

import matplotlib
import numpy as np

import relureg

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "relureg"  # the same file on every run

from matplotlib import pyplot  # noqa: E402  (the backend is chosen first)
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # noqa: E402

ROOT = Path(__file__).parents[2]
WALL, CUT = "#7a8ca0", "#c0392b"


def draw_box(axes: pyplot.Axes) -> None:
    """The cube, and its hexagonal section by x + y + z = 3/2."""
    corners = [np.array(corner) for corner in product((0, 1), repeat=3)]
    for a, b in combinations(corners, 2):
        if abs(a - b).sum() == 1:
            axes.plot(*zip(a, b, strict=True), color=WALL, linewidth=1)
    middle = [np.array(p) / 2 for p in product((0, 1, 2), repeat=3) if sum(p) == 3 and p.count(1) == 1]
    normal = np.array([1, 1, 1]) / np.sqrt(3)
    first = (middle[0] - 0.5) / np.linalg.norm(middle[0] - 0.5)
    second = np.cross(normal, first)
    middle.sort(key=lambda p: np.arctan2((p - 0.5) @ second, (p - 0.5) @ first))
    axes.add_collection3d(Poly3DCollection([middle], facecolor=CUT, alpha=0.45, edgecolor=CUT))
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=24, azim=16)
    axes.set_axis_off()
    axes.set_title("one of 512 boxes: 7 facets on either side", fontsize=9)


def draw_slice(axes: pyplot.Axes, network: relureg.Network, height: float) -> None:
    """Zero sets of all units in the plane x_3 = height."""
    line = np.linspace(0.2, 4.2, 241)
    x, y = np.meshgrid(line, line)
    points = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height)])
    values = network.pre_activations(points).reshape(*x.shape, network.num_units)
    for unit in range(network.num_units):
        z = values[:, :, unit]
        if z.min() < 0 < z.max():
            last = unit == network.num_units - 1
            axes.contour(x, y, z, levels=[0], colors=CUT if last else WALL, linewidths=1.6 if last else 0.8)
    axes.set_aspect("equal")
    axes.set_xlabel("x1", fontsize=8)
    axes.set_ylabel("x2", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_title(f"the slice x3 = {height:g}", fontsize=9)


def main() -> None:
    """Draw both halves."""
    network = relureg.load(ROOT / "fixtures" / "counterexamples" / "counterexample-3-9-4-1.json")
    figure = pyplot.figure(figsize=(8, 4))
    draw_box(figure.add_subplot(1, 2, 1, projection="3d"))
    draw_slice(figure.add_subplot(1, 2, 2), network, 1.2)
    figure.tight_layout()
    target = sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "pictures" / "counterexample.svg"
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
