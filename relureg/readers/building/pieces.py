"""Piecewise-linear functions as affine combinations of ReLU units, exactly.

With ``r(z) = max(z, 0)``:

* leaky ReLU with slope a: ``a z + (1 - a) r(z)``;
* absolute value: ``2 r(z) - z``;
* clip to [p, q]: ``p + r(z - p) - r(z - q)``; only below: ``p + r(z - p)``; only above: ``q - r(q - z)``;
* maximum: ``b + r(a - b)``; minimum: ``b - r(b - a)``; of more values: a knock-out tournament.

Each unit vanishes exactly where the function has its kink, so activation regions are the cells of these
kinks. The units of a maximum compare two values; they also cut where neither of the two wins in the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from relureg.exact.rational import RationalMatrix
from relureg.exact.sparse import Index
from relureg.network.affine_forms import AffineForm, AffineTensor, concatenate
from relureg.network.model import Stage, StageKind

Window = Sequence[int]
"""The numbers of the entries among which the largest is taken."""


@dataclass(slots=True)
class StageBuilder:
    """The stages of a network under construction; its methods add some, and return what they compute."""

    stages: list[Stage] = field(default_factory=list)
    spanning: list[int] = field(default_factory=list)
    """The stages whose input rows span those of all; the others apply to the input what these do already."""

    def relu(self, z: AffineTensor, name: str) -> AffineTensor:
        """``max(z, 0)``."""
        if not z.form.size:
            raise ValueError("an activation of an empty tensor")
        return AffineTensor(shape=z.shape, form=self._units(z.form, name, StageKind.RELU))

    def leaky_relu(self, z: AffineTensor, slopes: AffineTensor, name: str) -> AffineTensor:
        """``z`` where positive, else ``slopes * z``; `slopes` is constant and broadcasts to the shape of z."""
        spread = slopes.broadcast_to(z.shape)
        complement = AffineTensor.of_array(np.ones(z.shape)) + (-spread)
        kinked = np.flatnonzero(complement.form.constant.numerators[:, 0].astype(np.bool_))
        if not len(kinked):
            return z
        # A slope of 1 is no kink, and gets no unit.
        z = self._in_next_stage(z) if len(kinked) == z.form.size else z
        bends = AffineTensor(shape=(len(kinked),), form=z.form.entries(kinked))
        weights = AffineTensor(shape=bends.shape, form=complement.form.entries(kinked))
        return z.multiply(spread) + _scatter(self.relu(bends, name).multiply(weights), kinked, z.shape)

    def absolute(self, z: AffineTensor, name: str) -> AffineTensor:
        """``|z|``."""
        z = self._in_next_stage(z)
        return self.relu(z, name).scale_by(Fraction(2)) + (-z)

    def clip(self, z: AffineTensor, low: Fraction | None, high: Fraction | None, name: str) -> AffineTensor:
        """``min(max(z, low), high)``; None is no bound."""
        if low is not None and high is not None:
            if low >= high:
                return _filled(high, z.shape)
            units = self.relu(concatenate([(z + _filled(-b, z.shape)).flattened() for b in (low, high)], 0), name)
            above_low, above_high = (units.take(part.reshape(z.shape)) for part in np.split(units.positions(), 2))
            return _filled(low, z.shape) + above_low + (-above_high)
        if low is not None:
            return _filled(low, z.shape) + self.relu(z + _filled(-low, z.shape), name)
        if high is not None:
            return _filled(high, z.shape) + (-self.relu(_filled(high, z.shape) + (-z), name))
        return z

    def maximum(self, tensors: Sequence[AffineTensor], name: str) -> AffineTensor:
        """The entrywise maximum, with broadcasting; at least one tensor."""
        shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
        spread = [tensor.broadcast_to(shape) for tensor in tensors]
        constants = [tensor for tensor in spread if tensor.is_constant]
        entrants = [tensor for tensor in spread if not tensor.is_constant]
        if constants:  # last, so that a match against it is won by b + r(a - b) with b constant
            entrants.append(_constant_maximum(constants))
        if len(entrants) == 1:
            return entrants[0]
        joined = concatenate([tensor.flattened() for tensor in entrants], 0)
        windows = joined.positions().reshape(len(entrants), -1).T.tolist()
        return self.maximum_over(joined, windows, shape, name)

    def minimum(self, tensors: Sequence[AffineTensor], name: str) -> AffineTensor:
        """The entrywise minimum, with broadcasting; at least one tensor."""
        return -self.maximum([-tensor for tensor in tensors], name)

    def maximum_over(
        self, values: AffineTensor, windows: Sequence[Window], shape: Sequence[int], name: str
    ) -> AffineTensor:
        """The largest entry in each window, as a tensor of that shape.

        A tournament: one stage a round, and a comparison that several windows need is made once.
        """
        if not all(windows):
            raise ValueError("a window holds no entry at all")
        pool, candidates = values.form, [list(dict.fromkeys(window)) for window in windows]
        while max(map(len, candidates), default=0) > 1:
            matches = dict.fromkeys(
                (a, b) for entries in candidates for a, b in zip(entries[::2], entries[1::2], strict=False)
            )
            place = {match: number for number, match in enumerate(matches)}
            firsts, seconds = (np.array(side, dtype=np.intp) for side in zip(*matches, strict=True))
            lead = pool.entries(firsts) + _negative(pool.entries(seconds))
            against_constants = _is_constant(pool)[seconds].all() or _is_constant(pool)[firsts].all()
            kind = StageKind.RELU if against_constants else StageKind.COMPARISON
            winners = pool.entries(seconds) + self._units(lead, name, kind)
            # Who has no opponent goes on as it is.
            byes = list(dict.fromkeys(entries[-1] for entries in candidates if len(entries) % 2))
            moved = {entry: len(place) + number for number, entry in enumerate(byes)}
            candidates = [
                [place[a, b] for a, b in zip(entries[::2], entries[1::2], strict=False)]
                + ([moved[entries[-1]]] if len(entries) % 2 else [])
                for entries in candidates
            ]
            pool = AffineForm.concatenate([winners, pool.entries(np.array(byes, dtype=np.intp))])
        order = np.array([entries[0] for entries in candidates], dtype=np.intp)
        return AffineTensor(shape=tuple(shape), form=pool.entries(order))

    def _in_next_stage(self, z: AffineTensor) -> AffineTensor:
        """The same tensor, known to have its input rows in those of the stage that is to be made of it."""
        if z.form.span is not None or z.form.is_constant:
            return z
        span = frozenset({len(self.stages) + 1})
        return AffineTensor(shape=z.shape, form=dataclasses.replace(z.form, span=span))

    def _units(self, form: AffineForm, name: str, kind: StageKind) -> AffineForm:
        if form.is_constant:
            return AffineForm.of_constant(form.constant.masked_rows((form.constant.numerators > 0)[:, 0].astype(bool)))
        self.stages.append(Stage(pre_activation=form, name=name, kind=kind))
        if form.span is None or len(self.stages) in form.span:
            self.spanning.append(len(self.stages))
        return AffineForm.of_source(len(self.stages), form.size)


def comparison_notices(stages: Sequence[Stage]) -> list[str]:
    """A notice for each operator that compares values: what the cells of its units are."""
    units: dict[str, int] = {}
    for stage in stages:
        if stage.kind is StageKind.COMPARISON:
            units[stage.name] = units.get(stage.name, 0) + stage.num_units
    return [
        f"{name}: {count:,} units compare values; activation regions are the cells of these comparisons too"
        for name, count in units.items()
    ]


def _filled(value: Fraction, shape: tuple[int, ...]) -> AffineTensor:
    one = AffineTensor(shape=(), form=AffineForm.of_constant(RationalMatrix.from_fractions([[value]], 1)))
    return one.broadcast_to(shape)


def _scatter(values: AffineTensor, places: Index, shape: tuple[int, ...]) -> AffineTensor:
    """A tensor of zeros with `values` at those places."""
    whole = concatenate([values, AffineTensor.of_array(np.zeros(1))], 0)
    order = np.full(int(np.prod(shape)), values.form.size, dtype=np.intp)
    order[places] = np.arange(values.form.size)
    return whole.take(order.reshape(shape))


def _constant_maximum(tensors: Sequence[AffineTensor]) -> AffineTensor:
    rows = zip(*(tensor.form.constant.fractions() for tensor in tensors), strict=True)
    column = RationalMatrix.from_fractions([max(entries) for entries in rows], 1)
    return AffineTensor(shape=tensors[0].shape, form=AffineForm.of_constant(column))


def _is_constant(form: AffineForm) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which entries do not depend on the input."""
    constant = np.ones(form.size, dtype=np.bool_)
    for matrix in form.terms.values():
        constant[matrix.nonzeros()[0]] = False
    return constant


def _negative(form: AffineForm) -> AffineForm:
    return AffineForm(constant=-form.constant, terms={s: -m for s, m in form.terms.items()}, span=form.span)
