"""Count regions in boxes of many inputs with a plain float enumerator, and with relureg, in turn.

    python benchmarks/float_enumerator.py --seconds 10

The enumerator stands in for tools that are not at hand. It does what such tools do: a depth-first search over the
units, in their order, with one linear program in doubles (HiGHS in SciPy) for each side of a unit that the point known
in a cell does not show, and a tolerance that decides. Nothing that it says is proved. Both have one thread, and look
for no facets.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import machine
import numpy as np
from markdown import factor, rate, seconds, table
from numpy.typing import NDArray
from scipy.optimize import linprog

import relureg
from relureg.exact.float_matrices import Floats

WIDE = 1e-7
"""A side counts where a ball of this radius fits into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A random network, as `relureg random --seed 1` makes it, in a box."""

    widths: tuple[int, ...]
    low: float
    high: float

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.widths))} in [{self.low:g}, {self.high:g}]^{self.widths[0]}"

    def network(self) -> relureg.Network:
        return relureg.random_network(self.widths, seed=1)

    def domain(self) -> relureg.Domain:
        return relureg.Domain.box([self.low] * self.widths[0], [self.high] * self.widths[0])


SHAPES = (
    Shape(widths=(14, 32, 32, 14), low=-0.1, high=0.1),
    Shape(widths=(16, 12, 10, 1), low=0, high=1),
    Shape(widths=(12, 10, 4, 8, 4, 8, 4), low=-1, high=1),
    Shape(widths=(8, 100, 100, 100, 100, 100), low=-0.1, high=0.1),
    Shape(widths=(30, 128), low=0, high=1),
)
"""Those of networks from the verification literature, whose weights are not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where some first units have their signs: ``normals @ x + offsets >= 0`` in the box."""

    normals: Floats
    offsets: Floats
    point: Floats
    """Inside."""
    map: Floats
    """(width, d + 1): what the units of the present layer read, as affine functions; the constant comes first."""
    layer: int
    units: int
    """Units of the layer that have a sign."""
    active: NDArray[np.bool_]
    """Of these."""


class FloatEnumerator:
    """A network in a box.

    Parameters
    ----------
    weights, biases : sequence
        Of the layers with ReLU units.
    low, high : float
        Of all inputs.
    """

    def __init__(self, weights: Sequence[Floats], biases: Sequence[Floats], low: float, high: float) -> None:
        self._weights, self._biases = weights, biases
        self._low, self._high = low, high
        self._dim = weights[0].shape[1]

    def iter_regions(self) -> Iterator[Floats]:
        """A point inside each region, depth first."""
        middle = np.full(self._dim, (self._low + self._high) / 2)
        identity = np.hstack([np.zeros((self._dim, 1)), np.eye(self._dim)])
        none = np.empty((0, self._dim))
        stack = [
            Cell(
                normals=none, offsets=np.empty(0), point=middle, map=identity, layer=0, units=0,
                active=np.empty(0, dtype=np.bool_),
            )
        ]  # fmt: skip
        while stack:
            cell = stack.pop()
            if cell.layer == len(self._weights):
                yield cell.point
            else:
                stack.extend(self._parts(cell))

    def _parts(self, cell: Cell) -> Iterator[Cell]:
        """The cell on the two sides of its next unit, where it has them; or at the next layer."""
        weight, bias = self._weights[cell.layer], self._biases[cell.layer]
        if cell.units == len(bias):
            rows = weight @ cell.map
            rows[:, 0] += bias
            rows[~cell.active] = 0
            yield Cell(
                normals=cell.normals, offsets=cell.offsets, point=cell.point, map=rows, layer=cell.layer + 1, units=0,
                active=np.empty(0, dtype=np.bool_),
            )  # fmt: skip
            return
        row = weight[cell.units] @ cell.map
        offset, normal = row[0] + bias[cell.units], row[1:]
        here = normal @ cell.point + offset
        for side in (1, -1):
            normals, offsets = np.vstack([cell.normals, side * normal]), np.append(cell.offsets, side * offset)
            is_cut = self._reaches(side * normal, side * offset) and self._reaches(-side * normal, -side * offset)
            point = cell.point if side * here > WIDE else self._point(normals, offsets) if is_cut else None
            if point is not None:
                kept = slice(None) if is_cut else slice(-1)
                yield Cell(
                    normals=normals[kept], offsets=offsets[kept], point=point, map=cell.map, layer=cell.layer,
                    units=cell.units + 1, active=np.append(cell.active, side > 0),
                )  # fmt: skip

    def _reaches(self, normal: Floats, offset: float) -> bool:
        """Whether a row is positive somewhere in the box."""
        return bool(np.maximum(normal * self._low, normal * self._high).sum() + offset > 0)

    def _point(self, normals: Floats, offsets: Floats) -> Floats | None:
        """The centre of a large ball inside; None: there is none."""
        norms = np.linalg.norm(normals, axis=1)
        found = linprog(
            np.append(np.zeros(self._dim), -1),
            A_ub=np.hstack([-normals, norms[:, None]]),
            b_ub=offsets,
            bounds=[(self._low, self._high)] * self._dim + [(None, 1)],
            method="highs",
        )
        return found.x[:-1] if found.status == 0 and found.x[-1] > WIDE else None


def dense_layers(network: relureg.Network) -> tuple[list[Floats], list[Floats]]:
    """Weights and biases of the layers with units, of a network without skips."""
    forms = [stage.pre_activation for stage in network.stages]
    return (
        [next(iter(form.terms.values())).floats for form in forms],
        [form.constant.floats[:, 0] for form in forms],
    )


def count_floats(shape: Shape, limit: float) -> tuple[int, float]:
    """Regions found, and the processor time that took: `limit` at most, or a little more."""
    weights, biases = dense_layers(shape.network())
    begin, regions = time.process_time(), 0
    for _ in FloatEnumerator(weights, biases, shape.low, shape.high).iter_regions():
        regions += 1
        if time.process_time() - begin > limit:
            break
    return regions, time.process_time() - begin


def count_proved(shape: Shape, limit: float) -> tuple[int, float, str]:
    """Likewise by relureg, its reading included; and the engine that it took."""
    network, domain = shape.network(), shape.domain()
    begin = time.process_time()
    found = relureg.count_regions(network, domain, jobs=1, timeout=limit)
    return found.num_regions, time.process_time() - begin, found.engine


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare relureg with a float enumerator on many inputs.")
    parser.add_argument("--seconds", type=float, default=10, help="for each network and each of the two (default 10)")
    options = parser.parse_args(arguments)
    print(", ".join(f"{key} {value}" for key, value in machine.facts().items()))
    rows = []
    for shape in SHAPES:
        floats, its = count_floats(shape, options.seconds)
        proved, ours, engine = count_proved(shape, options.seconds)
        row = [shape.name, f"{floats:,} in {seconds(its)}", f"{proved:,} in {seconds(ours)}", engine]
        row += [rate(floats, its), rate(proved, ours), factor((proved / ours) / (floats / its))]
        rows.append(row)
        print(f"  {shape.name}: {rows[-1][-1]}", file=sys.stderr)
    print("\n" + table(["network", "floats", "relureg", "engine", "floats, regions/s", "relureg's", "ratio"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
