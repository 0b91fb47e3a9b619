"""Count regions in boxes of many inputs with a plain float enumerator, and with relureg, in turn.

    python benchmarks/float_enumerator.py --seconds 10

The enumerator stands in for tools that are not at hand. It does what such tools do: a depth-first search over the
units, in their order, with one linear program in doubles for each side of a unit that no point known in a cell shows,
and a tolerance that decides. The solver is HiGHS (`pip install highspy`), whose program is changed by a row at a time
and goes on from the basis before. Nothing that it says is proved. Both have one thread, and look for no facets.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import machine
import numpy as np
from markdown import factor, rate, seconds, table
from numpy.typing import NDArray

import relureg
from relureg.exact.float_matrices import Floats

WIDE = 1e-7
"""A side counts where the unit exceeds this."""


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


class FloatEnumerator:
    """A network in a box.

    Parameters
    ----------
    weights, biases : sequence
        Of the layers with ReLU units.
    low, high : float
        Of all inputs.

    Raises
    ------
    SystemExit
        HiGHS is not installed.
    """

    def __init__(self, weights: Sequence[Floats], biases: Sequence[Floats], low: float, high: float) -> None:
        try:
            import highspy
        except ImportError:
            raise SystemExit("float_enumerator.py needs HiGHS: pip install highspy") from None
        self._weights, self._biases = weights, biases
        self._low, self._high = low, high
        self._dim = weights[0].shape[1]
        self._inputs = np.arange(self._dim, dtype=np.int32)
        self._depth = 0
        self._optimal = highspy.HighsModelStatus.kOptimal
        self._program = highspy.Highs()
        for option, value in (("output_flag", False), ("presolve", "off"), ("solver", "simplex")):
            self._program.setOptionValue(option, value)
        self._program.setOptionValue(
            "simplex_strategy", 4
        )  # primal: a basis of the cell is there, the objective is new
        for _ in self._inputs:
            self._program.addVar(low, high)

    def iter_regions(self) -> Iterator[Floats]:
        """A point (1, x) inside each region, depth first."""
        middle = np.concatenate([[1], np.full(self._dim, (self._low + self._high) / 2)])
        yield from self._layer(0, np.eye(self._dim + 1)[1:], middle[None])

    def _layer(self, layer: int, read: Floats, points: Floats) -> Iterator[Floats]:
        """The regions of a cell where a layer begins, which reads these affine functions; points of it are known."""
        if layer == len(self._weights):
            yield points.mean(axis=0)
            return
        rows = self._weights[layer] @ read
        rows[:, 0] += self._biases[layer]
        yield from self._unit(layer, 0, rows, np.zeros(len(rows), dtype=np.bool_), points)

    def _unit(self, layer: int, unit: int, rows: Floats, active: NDArray[np.bool_], points: Floats) -> Iterator[Floats]:
        """Likewise from a unit of the layer on."""
        active = active.copy()
        for k in range(unit, len(rows)):
            sides = []
            for side in (1.0, -1.0):
                row = side * rows[k]
                if (points @ row).max() <= WIDE:
                    if row[0] + np.maximum(row[1:] * self._low, row[1:] * self._high).sum() <= WIDE:
                        continue
                    points = np.vstack([points, self._highest(row)])
                    if points[-1] @ row <= WIDE:
                        continue
                sides.append(side)
            if len(sides) == 2:
                for side in sides:
                    active[k] = side > 0
                    with self._beyond(side * rows[k]):
                        yield from self._unit(layer, k + 1, rows, active, points[side * (points @ rows[k]) >= 0])
                return
            active[k] = sides == [1.0]
        yield from self._layer(layer + 1, np.where(active[:, None], rows, 0), points)

    @contextlib.contextmanager
    def _beyond(self, row: Floats) -> Iterator[None]:
        """With a row that is nowhere negative in the cell."""
        self._program.addRow(-row[0], np.inf, self._dim, self._inputs, row[1:])
        self._depth += 1
        yield
        self._depth -= 1
        self._program.deleteRows(1, np.array([self._depth], dtype=np.int32))

    def _highest(self, row: Floats) -> Floats:
        """Where a row is largest in the cell: a point (1, x). The solver goes on from the last basis."""
        self._program.changeColsCost(self._dim, self._inputs, -row[1:])
        self._program.run()
        if self._program.getModelStatus() != self._optimal:
            self._program.clearSolver()
            self._program.run()
        return np.concatenate([[1], self._program.getSolution().col_value])


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
