"""A network in a box as a mixed-integer program with constants "big M", for HiGHS, which SciPy brings."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

import relureg
from relureg.behaviour.relaxation import Cells, Relaxation
from relureg.network.affine_forms import AffineForm


class BigM:
    """Variables are the inputs, the units h, and a binary a for each unit: h is 0 where a is, else the pre-activation.

    Parameters
    ----------
    network : Network
    box : (low, high)
    """

    def __init__(self, network: relureg.Network, box: tuple[list[float], list[float]]) -> None:
        self.network = network
        low, high = (np.array(side, dtype=np.float64) for side in box)
        d, units = network.input_dim, network.num_units
        unknown = np.full((1, units), np.inf)
        cells = Cells(low=low[None], high=high[None], signs=np.zeros((1, units), np.int8), least=-unknown, most=unknown)
        found = Relaxation(network).bound(cells)
        self.least, self.most = found.least[0], found.most[0]
        self.rows: list[np.ndarray] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        for number, stage in enumerate(network.stages):
            for entry in range(stage.num_units):
                self._add_unit(stage.pre_activation, entry, network.offsets[number] + entry)
        on = (self.least >= 0).astype(np.float64)
        off = (self.most > 0).astype(np.float64)
        self.bounds = Bounds(
            np.concatenate([low, np.zeros(units), on]), np.concatenate([high, np.maximum(self.most, 0.0), off])
        )
        self.integrality = np.concatenate([np.zeros(d + units), np.ones(units)])

    def maximum(self, output: int, sense: int) -> float:
        """The largest value of an output times a sense."""
        row, constant = self._row(self.network.output, output)
        found = self._solve(-sense * row)
        assert found is not None
        return float(sense * (row @ found) + sense * constant)

    def count_patterns(self, interval: tuple[float, float]) -> int:
        """How many patterns have a point at which output 0 is in an interval: each found is cut off, to the end."""
        row, constant = self._row(self.network.output, 0)
        self._add(row, interval[0] - constant, interval[1] - constant)
        found, count = self._solve(np.zeros_like(row)), 0
        while found is not None:
            count += 1
            active = np.round(found[-self.network.num_units :])
            other = np.zeros_like(row)
            other[-self.network.num_units :] = 1 - 2 * active
            self._add(other, 1 - active.sum(), np.inf)
            found = self._solve(np.zeros_like(row))
        return count

    def _add(self, row: np.ndarray, lower: float, upper: float) -> None:
        self.rows.append(csr_array(row[None]))
        self.lower.append(lower)
        self.upper.append(upper)

    def _add_unit(self, form: AffineForm, entry: int, unit: int) -> None:
        z, constant = self._row(form, entry)
        d, units = self.network.input_dim, self.network.num_units
        h, a = np.zeros_like(z), np.zeros_like(z)
        h[d + unit] = a[d + units + unit] = 1.0
        self._add(h - z, constant, np.inf)
        self._add(h - z - self.least[unit] * a, -np.inf, constant - self.least[unit])
        self._add(h - max(self.most[unit], 0.0) * a, -np.inf, 0.0)

    def _row(self, form: AffineForm, entry: int) -> tuple[np.ndarray, float]:
        """Coefficients of all variables, and the constant."""
        row = np.zeros(self.network.input_dim + 2 * self.network.num_units)
        for source, matrix in form.terms.items():
            first = 0 if source == 0 else self.network.input_dim + self.network.offsets[source - 1]
            row[first : first + matrix.shape[1]] = matrix.floats[entry]
        return row, float(form.constant.floats[entry, 0])

    def _solve(self, objective: np.ndarray) -> np.ndarray | None:
        """The variables where a function is least; None where there are none."""
        found = milp(
            objective, constraints=LinearConstraint(vstack(self.rows), self.lower, self.upper), bounds=self.bounds,
            integrality=self.integrality,
        )  # fmt: skip
        assert found.status in (0, 2), found.message
        return None if found.status == 2 else np.asarray(found.x)
