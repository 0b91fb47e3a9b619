"""Bounds of a cell by linear programs: a solver in doubles proposes multipliers, and any multipliers are proof.

What the solver says proves nothing. Its multipliers, none negative, add affine functions up to one that is bounded on
the cell's box, with the rounding of all of it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.relaxation import Bounds
from relureg.behaviour.space import Space
from relureg.exact.numbers import nearest_double
from relureg.exact.rounding_bounds import ROUNDOFF, SLACK, UNDERFLOW

Floats = NDArray[np.float64]
Box = tuple[Floats, Floats]


class ProgramBounds:
    """Bounds cells of a space by programs over them.

    Parameters
    ----------
    space : Space
        Whose rows hold on every cell.
    """

    def __init__(self, space: Space) -> None:
        self.space = space

    def bound(self, box: Box, signs: NDArray[np.int8], bounds: Bounds, k: int) -> tuple[float | None, Floats | None]:
        """A bound of ``min f_i`` from affine bounds of the f_i and of the units that are held; and where it is met.

        Parameters
        ----------
        box : (low, high)
            Of the cell; finite.
        signs : (N,)
            The sides that units are held to.
        bounds : Bounds
            Of a batch of cells.
        k : int
            The number of the cell among them.

        Returns
        -------
        tuple
            The bound, -inf where the cell is empty, None where the solver is of no help; and a point of the box.
        """
        try:
            from scipy.optimize import linprog
        except ImportError:
            return None, None
        low, high = box
        held = np.flatnonzero(signs).tolist()
        side = [0 if signs[unit] > 0 else 1 for unit in held]
        normals = [bounds.walls[unit][0][k, s] for unit, s in zip(held, side, strict=True) if unit in bounds.walls]
        constants = [bounds.walls[unit][1][k, s] for unit, s in zip(held, side, strict=True) if unit in bounds.walls]
        walls = self._float_rows
        a = np.vstack([np.array(normals).reshape(-1, self.space.dim), walls[:, 1:]])
        b = np.concatenate([np.array(constants).reshape(-1), walls[:, 0]])
        f, g = bounds.normals[k], bounds.constants[k]
        if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(f).all() and np.isfinite(g).all()):
            return None, None
        m = len(f)
        # Maximise t with t <= f_i and 0 <= rows; scaled, so that the solver's tolerances are relative.
        scale = np.abs(a).max(axis=1, initial=0.0)
        scale = np.where(scale > 0, scale, 1.0)
        table = np.block([[-f, np.ones((m, 1))], [-(a / scale[:, None]), np.zeros((len(a), 1))]])
        limits = np.concatenate([g, b / scale])
        ends = [*zip(low.tolist(), high.tolist(), strict=True), (None, None)]
        try:
            found = linprog([0.0] * self.space.dim + [-1.0], A_ub=table, b_ub=limits, bounds=ends, method="highs-ds")
        except ValueError:
            return None, None
        if found.status == 2 or found.ineqlin.marginals is None:
            return _emptiness(box, a, b), None
        if found.status != 0:
            return None, None
        weights = np.maximum(-found.ineqlin.marginals, 0.0)
        total = weights[:m].sum()
        if not total > 0:
            return None, None
        # Any weights >= 0 are proof: min f_i <= sum mu_i f_i + sum lambda_j row_j, with weights mu that add up to 1.
        mu, rest = weights[:m] / total, weights[m:] / scale / total
        value = _safe_maximum(box, np.vstack([f, a]), np.concatenate([g, b]), np.concatenate([mu, rest]), m)
        return value, np.clip(found.x[:-1], low, high)

    @cached_property
    def _float_rows(self) -> Floats:
        """The rows of the space in doubles, moved out by what rounding can do on its box."""
        if not self.space.rows:
            return np.zeros((0, self.space.dim + 1))
        low, high = self.space.box
        size = np.maximum(np.abs(low), np.abs(high))
        rows = []
        for row in self.space.rows:
            largest = max(map(abs, row))
            scaled = np.array([nearest_double(Fraction(entry, largest)) for entry in row])
            # Entries are at most 1, each rounded once.
            scaled[0] += 4 * ROUNDOFF * (1 + float(np.abs(scaled[1:]) @ size)) + UNDERFLOW * (1 + float(size.sum()))
            rows.append(scaled)
        return np.array(rows)


def _emptiness(box: Box, a: Floats, b: Floats) -> float | None:
    """-inf where weights of a second program prove that no point of the box satisfies the rows."""
    from scipy.optimize import linprog

    low, high = box
    scale = np.abs(a).max(axis=1, initial=0.0)
    scale = np.where(scale > 0, scale, 1.0)
    ends = [*zip(low.tolist(), high.tolist(), strict=True), (None, None)]
    table = np.hstack([-(a / scale[:, None]), np.ones((len(a), 1))])
    found = linprog([0.0] * len(low) + [-1.0], A_ub=table, b_ub=b / scale, bounds=ends, method="highs-ds")
    if found.status != 0:
        return None
    weights = np.maximum(-found.ineqlin.marginals, 0.0) / scale
    value = _safe_maximum(box, a, b, weights, 0)
    return -math.inf if value < 0 else None


def _safe_maximum(box: Box, a: Floats, b: Floats, weights: Floats, num_shares: int) -> float:
    """At least the maximum on the box of ``sum weights (a x + b)``, where the first weights need to add up to 1."""
    low, high = box
    size = np.maximum(np.abs(low), np.abs(high))
    row, constant = weights @ a, float(weights @ b)
    value = np.maximum(row, 0.0) @ high + np.minimum(row, 0.0) @ low + constant
    terms = np.abs(a) @ size + np.abs(b)
    share = 8 * (len(weights) + len(size) + 16) * ROUNDOFF
    error = share * (weights @ terms) + UNDERFLOW * (1 + terms.sum())
    if num_shares:  # by how much these weights miss 1 in their sum, times the largest f_i
        error += share * float(terms[:num_shares].max())
    return float((value + error * SLACK) + abs(value) * 4 * ROUNDOFF)
