r"""Linear bounds of a network on cells, in doubles that err on the safe side: many cells at once.

On a cell each unit with an open sign lies between lines: with pre-activation in [l, u], ``l < 0 < u``,

    s z <= max(z, 0) <= t z + v,    s in {0, 1},  t in [0, 1],  v = max(-t l, (1 - t) u),

so that, stage by stage and back to the input [SGPV19], [ZWCHD18], each form over units has an affine function of the
input above it and one below. Any slopes give a bound; doubles choose them.

What rounding does is added to the constant. Let C be the computed coefficients of the units of a stage, C' those of its
pre-activations, and M at least the sum of the absolute terms of these on the cell. Whatever the computed coefficients
are, they stand for a linear function; the step to the next ones changes its value on the cell by at most
``gamma (|C'| M + |C| v)``. Forms whose coefficients on all units and inputs are 0 are constants and have no rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.engine import split
from relureg.exact.numbers import nearest_double
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF, SLACK, UNDERFLOW, gamma
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network

Floats = NDArray[np.float64]

_SMALL = 2.0**-400
"""Products of numbers that are no smaller do not vanish."""
_NUMBERS = 2**15
"""Coefficients that are held at once, so that they stay near the processor."""
_LEAST_SLOPE = 2.0**-60


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """K cells: boxes, and the signs that units are to have."""

    low: Floats
    """(K, d)"""
    high: Floats
    signs: NDArray[np.int8]
    """(K, N): 1 or -1 where a unit is held to that side, its hyperplane included; 0 where it is not."""
    least: Floats
    """(K, N): no more than the pre-activations on the cell; -inf where nothing is known."""
    most: Floats
    """(K, N): no less than they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is known of the cells."""

    least: Floats
    """(K, N)"""
    most: Floats
    is_empty: NDArray[np.bool_]
    """(K,): no point has the signs."""
    normals: Floats
    """(K, m, d): output i is at most ``normals @ x + constants`` on the cell."""
    constants: Floats
    """(K, m)"""
    upper: Floats
    """(K, m): at most that, on the box."""
    gain: Floats
    """(K, m, N): about how much of the bound of output i comes from an open sign."""
    slopes: Floats | None
    """(K, N, d), if asked for: about how steeply pre-activations depend on the inputs."""
    walls: Mapping[int, tuple[Floats, Floats]]
    """For a unit that is held in some cell: (K, 2, d) and (K, 2), affine functions at least as large as its
    pre-activation, and as that with the other sign."""

    @property
    def known_signs(self) -> NDArray[np.int8]:
        """(K, N): the signs that all points of the cell have, hyperplanes included; 0 where it is open."""
        return np.where(self.least >= 0, 1, np.where(self.most <= 0, -1, 0)).astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walked:
    """What a walk adds up: affine functions of the input, on K cells for n entries of a form."""

    normals: Floats
    """(K, n, d)"""
    constants: Floats
    """(K, n)"""
    error: Floats
    """(K, n): what rounding did so far."""
    touched: NDArray[np.bool_]
    """(K, n): whether it did anything."""
    gain: Floats
    """(K, n, N), or without entries."""


class _Form:
    """An affine form in doubles."""

    def __init__(self, form: AffineForm) -> None:
        self.size = form.size
        self.constant = _dense(form.constant)[:, 0]
        self.terms = {s: _dense(m) for s, m in form.terms.items()}
        self.absolute = {s: np.abs(w) * SLACK for s, w in self.terms.items()}
        self.is_exact = form.constant.doubles is not None and all(m.doubles is not None for m in form.terms.values())


def _dense(matrix: RationalMatrix) -> Floats:
    rows, columns = matrix.shape
    dense = np.zeros((rows, columns))
    at, along, values = matrix.nonzeros()
    if matrix.doubles is not None and type(matrix) is RationalMatrix:
        return np.array(matrix.doubles)
    dense[at, along] = [nearest_double(Fraction(v, matrix.denominator)) for v in values.tolist()]
    return dense


class Relaxation:
    """Bounds the outputs of a network, and its units, on cells.

    Parameters
    ----------
    network : Network
        d inputs, N units, m outputs, which are bounded from above.
    """

    def __init__(self, network: Network) -> None:
        self.dim, self.num_units, self.offsets = network.input_dim, network.num_units, network.offsets
        self.stages = [_Form(stage.pre_activation) for stage in network.stages]
        self.output = _Form(network.output)
        fan_in = network.input_dim + network.num_units + 16
        self.share = gamma(8 * fan_in)
        self.widest = max((stage.size for stage in self.stages), default=0)
        self.step_back = split.module().step_back
        self.is_finite = all(np.isfinite(form.constant).all() and all(np.isfinite(w).all() for w in form.terms.values())
                             for form in (*self.stages, self.output))  # fmt: skip

    def bound(self, cells: Cells, *, with_slopes: bool = False) -> Bounds:
        """Bounds on each of the cells."""
        with np.errstate(all="ignore"):
            if not (self.is_finite and np.isfinite(cells.low).all() and np.isfinite(cells.high).all()):
                return self._unbounded(cells)
            return _Pass(self, cells).run(with_slopes=with_slopes)

    def _unbounded(self, cells: Cells) -> Bounds:
        count = len(cells.low)
        least = np.where(cells.signs > 0, np.fmax(cells.least, 0.0), cells.least)
        most = np.where(cells.signs < 0, np.fmin(cells.most, 0.0), cells.most)
        # Units are not negative, which is all that is known of them.
        form, m = self.output, self.output.size
        upper = np.tile(form.constant, (count, 1))
        if not form.is_exact:  # also where a parameter is beyond all doubles
            upper = np.full_like(upper, np.inf)
        for source, weights in form.terms.items():
            if source == INPUT:
                grows = (weights != 0).any(axis=1)
            else:
                here = most[:, self.offsets[source - 1] : self.offsets[source]] > 0
                upper = np.where(here @ (weights > 0).T, np.inf, upper)
                continue
            upper[:, grows] = np.inf
        return Bounds(
            least=least, most=most, is_empty=np.any(least > most, axis=1), normals=np.zeros((count, m, self.dim)),
            constants=upper, upper=upper, gain=np.zeros((count, m, self.num_units)), slopes=None, walls={},
        )  # fmt: skip


class _Pass:
    """One walk through the network, on K cells."""

    def __init__(self, relaxation: Relaxation, cells: Cells) -> None:
        self.of, self.cells = relaxation, cells
        self.count = len(cells.low)
        self.size_of = {INPUT: np.maximum(np.abs(cells.low), np.abs(cells.high))}
        self.low_of, self.high_of = {INPUT: cells.low}, {INPUT: cells.high}
        self.lines: dict[int, Floats] = {}
        self.sizes: dict[int, Floats] = {}
        self.tiny = np.zeros(self.count)
        self.walls: dict[int, tuple[Floats, Floats]] = {}
        self.tiny += self.size_of[INPUT].sum(axis=1)

    def run(self, *, with_slopes: bool) -> Bounds:
        of, cells = self.of, self.cells
        least, most = cells.least.copy(), cells.most.copy()
        for number, stage in enumerate(of.stages, start=1):
            units = slice(of.offsets[number - 1], of.offsets[number])
            size = self._size(stage)
            self.sizes[number] = size
            self.tiny += size.sum(axis=1)
            low, high = self._intervals(stage, size)
            low, high = np.fmax(least[:, units], low), np.fmin(most[:, units], high)
            held = cells.signs[:, units]
            wanted = np.flatnonzero((((low < 0) & (high > 0)) | (held != 0)).any(axis=0))
            if number > 1 and len(wanted):
                self._tighten(stage, number, wanted, low, high, held)
            elif len(wanted):
                self._first_walls(stage, wanted, held)
            low, high = np.where(held > 0, np.fmax(low, 0.0), low), np.where(held < 0, np.fmin(high, 0.0), high)
            least[:, units], most[:, units] = low, high
            self._enter(number, low, high)
        size = self._size(of.output)
        normals, constants, gain = self._upper(of.output, np.arange(of.output.size), 1.0, len(of.stages), size, True)
        upper = self._on_box(normals, constants)
        return Bounds(
            least=least, most=most, is_empty=np.any(least > most, axis=1), normals=normals, constants=constants,
            upper=np.where(np.isnan(upper), np.inf, upper), gain=gain,
            slopes=self._slopes() if with_slopes else None, walls=self.walls,
        )  # fmt: skip

    def _slopes(self) -> Floats:
        """Of the network with each unit replaced by a line, composed forwards; no bound of anything."""
        of: dict[int, Floats] = {}
        found = [np.zeros((self.count, 0, self.of.dim))]
        for number, stage in enumerate(self.of.stages, start=1):
            slope = np.zeros((self.count, stage.size, self.of.dim))
            for source, weights in stage.terms.items():
                slope = slope + (weights if source == INPUT else weights @ of[source])
            found.append(slope)
            of[number] = slope * self.lines[number][0][:, :, None]
        return np.concatenate(found, axis=1)

    def _size(self, form: _Form) -> Floats:
        """(K, n): at least the sum of the absolute terms of a form on the cell."""
        size = np.tile(np.abs(form.constant) * SLACK, (self.count, 1))
        for source, weights in form.absolute.items():
            size += self.size_of[source] @ weights.T
        return size * SLACK + UNDERFLOW

    def _intervals(self, form: _Form, size: Floats) -> tuple[Floats, Floats]:
        middle = np.tile(form.constant, (self.count, 1))
        radius = np.zeros_like(middle)
        for source, weights in form.terms.items():
            low, high = self.low_of[source], self.high_of[source]
            middle = middle + (0.5 * (low + high)) @ weights.T
            radius = radius + (0.5 * (high - low)) @ form.absolute[source].T
        radius = radius * SLACK + self.of.share * size
        return middle - radius, middle + radius

    def _tighten(
        self, stage: _Form, number: int, wanted: NDArray[np.intp], low: Floats, high: Floats, held: NDArray[np.int8]
    ) -> None:
        """Bounds of some units of a stage, by the walk back to the input; in place."""
        size = self.sizes[number]
        rows = np.concatenate([wanted, wanted])
        senses = np.repeat([1.0, -1.0], len(wanted))
        normals, constants, _ = self._upper(stage, rows, senses, number - 1, size, False)
        upper = self._on_box(normals, constants)
        half = len(wanted)
        high[:, wanted] = np.fmin(high[:, wanted], upper[:, :half])
        low[:, wanted] = np.fmax(low[:, wanted], -upper[:, half:])
        first = self.of.offsets[number - 1]
        for k, unit in enumerate(wanted.tolist()):
            if held[:, unit].any():
                self.walls[first + unit] = normals[:, [k, half + k]], constants[:, [k, half + k]]

    def _first_walls(self, stage: _Form, wanted: NDArray[np.intp], held: NDArray[np.int8]) -> None:
        kept = wanted[held[:, wanted].any(axis=0)]
        if not len(kept):
            return
        rows, senses = np.concatenate([kept, kept]), np.repeat([1.0, -1.0], len(kept))
        normals, constants, _ = self._upper(stage, rows, senses, 0, self.sizes[1], False)
        for k, unit in enumerate(kept.tolist()):
            both = [k, len(kept) + k]
            self.walls[unit] = normals[:, both], constants[:, both]

    def _enter(self, number: int, low: Floats, high: Floats) -> None:
        """The lines above and below the units of a stage."""
        is_open = (low < 0) & (high > 0)
        slope = np.where(is_open, np.clip(high / (high - low), _LEAST_SLOPE, 1.0), (low >= 0).astype(np.float64))
        slope = np.where(np.isfinite(slope), slope, 0.5)
        rise = np.maximum(-slope * low, (1.0 - slope) * high) * SLACK
        rise = np.where(is_open, rise + UNDERFLOW, 0.0)
        below = np.where(is_open, (high > -low).astype(np.float64), slope)
        self.lines[number] = np.stack([slope, rise, below, self.sizes[number]])
        self.low_of[number], self.high_of[number] = np.maximum(low, 0.0), np.maximum(high, 0.0)
        self.size_of[number] = self.high_of[number]

    def _upper(
        self,
        form: _Form,
        rows: NDArray[np.intp],
        senses: Floats | float,
        last: int,
        size: Floats,
        with_gain: bool,
    ) -> tuple[Floats, Floats, Floats]:
        """Affine functions of the input above some entries of a form, each times its sense, 1 or -1."""
        of = self.of
        senses = np.broadcast_to(np.asarray(senses, dtype=np.float64), len(rows))
        first = {s: np.asarray(senses[:, None] * w[rows]) for s, w in form.terms.items()}
        found = _Walked(
            normals=np.zeros((self.count, len(rows), of.dim)),
            constants=np.tile(senses * form.constant[rows], (self.count, 1)),
            error=np.zeros((self.count, len(rows))) if form.is_exact else 2 * ROUNDOFF * size[:, rows],
            touched=np.full((self.count, len(rows)), not form.is_exact),
            gain=np.zeros((self.count, len(rows), of.num_units if with_gain else 0)),
        )
        start = np.abs(found.constants)
        few = max(1, _NUMBERS // (max(len(rows), 1) * max(self.of.widest, 1)))
        for at in range(0, self.count, few):
            self._walk(found, first, last, slice(at, min(at + few, self.count)), with_gain=with_gain)
        error = found.error + np.where(found.touched, of.share * start + UNDERFLOW * (1 + self.tiny[:, None]), 0.0)
        total = found.constants + error * SLACK
        # The sum itself rounds once, unless nothing was added.
        total = np.where(error > 0, total + 2 * ROUNDOFF * np.abs(total), total)
        return found.normals, total, found.gain

    def _walk(self, found: _Walked, first: dict[int, Floats], last: int, part: slice, *, with_gain: bool) -> None:
        """Back from the units of stage `last` to the input, on some of the cells."""
        of, share = self.of, self.of.share
        constants, error, touched = found.constants[part], found.error[part], found.touched[part]
        held = {source: np.ascontiguousarray(weights)[None] for source, weights in first.items()}
        for number in range(last, 0, -1):
            if number not in held:
                continue
            c = held.pop(number)
            stage = of.stages[number - 1]
            passed = np.empty((*constants.shape, stage.size))
            sums = np.empty((4, *constants.shape))
            of.step_back(c, np.ascontiguousarray(self.lines[number][:, part]), stage.constant, passed, sums)
            lifted, shift, absolute, weight = sums
            constants += lifted + shift
            error += share * (weight + lifted)
            touched |= (absolute != 0) | (lifted > 0)
            if not absolute.all():  # products that vanish
                touched |= ((c != 0) & (np.abs(c) < _SMALL)).any(axis=-1)
            if with_gain:
                units = slice(of.offsets[number - 1], of.offsets[number])
                low, high = self.cells_bounds(number)
                rise = self.lines[number][1]
                found.gain[part, :, units] = (
                    np.maximum(c, 0.0) * rise[part, None, :]
                    - np.minimum(c, 0.0) * np.minimum(high, -low)[part, None, :]
                )
            for source, weights in stage.terms.items():
                added = passed @ weights  # a product a cell: small enough for BLAS to start no threads, mostly
                held[source] = held[source] + added if source in held else added
        if INPUT in held:
            found.normals[part] = held[INPUT]

    def cells_bounds(self, number: int) -> tuple[Floats, Floats]:
        """By how much the units of a stage with an open sign can be below and above 0."""
        slope, rise = self.lines[number][:2]
        is_open = rise > 0
        high = np.where(is_open, self.high_of[number], 0.0)
        # The line above rises by -slope low at 0.
        low = np.where(is_open, -rise / np.maximum(slope, _LEAST_SLOPE), 0.0)
        return low, high

    def _on_box(self, normals: Floats, constants: Floats) -> Floats:
        """(K, n): the maximum of affine functions on the box, or a little more."""
        low, high = self.cells.low[:, :, None], self.cells.high[:, :, None]
        value = np.matmul(np.maximum(normals, 0.0), high)[..., 0] + np.matmul(np.minimum(normals, 0.0), low)[..., 0]
        size = np.matmul(np.abs(normals), self.size_of[INPUT][:, :, None])[..., 0]
        error = self.of.share * (size + np.abs(constants)) + UNDERFLOW * (1 + self.tiny[:, None])
        return np.where((normals != 0).any(axis=-1), value + constants + error * SLACK, constants)
