"""Units that repeat others of their stage, with either sign: a count does without them.

Where ``z_v = z_u`` or ``z_v = -z_u``, unit v has a hyperplane that is there already, so regions, facets and bounded
regions are those of the network without v. What reads its output reads ``max(-z_u, 0) = max(z_u, 0) - z_u`` instead.
Absolute values, maxima, minima and numbers handed on unchanged are made of such pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np

from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm

Row = dict[tuple[int, int], int]
"""Numerators that are not 0, by source and column; the constant is column 0 of `CONSTANT`."""

_FEW = 16
"""Units that are searched sooner than looked through."""

_SHARE = 8
"""One unit in so many has to be a twin: a few dead units are not worth a look at every weight."""


def without_twins(stages: Sequence[AffineForm]) -> list[AffineForm]:
    """Pre-activations of the same stages without units that repeat others; as they are where there are few or none.

    They are also left as they are where numbers that are doubles would become some that are not, since the search is
    slower with these.

    Examples
    --------
    >>> inputs = RationalMatrix.from_floats([[s * (k + 1.0)] for k in range(8) for s in (1, -1)])
    >>> first = AffineForm(constant=RationalMatrix.zeros(16, 1), terms={INPUT: inputs})
    >>> last = AffineForm(constant=RationalMatrix.zeros(1, 1), terms={1: RationalMatrix.from_floats([[1.0] * 16])})
    >>> [(s, m) for s, m in sorted(without_twins([first, last])[1].terms.items())]
    [(0, <RationalMatrix 1 x 1: -36>), (1, <RationalMatrix 1 x 8: 2 2 2 2 2 2 2 2>)]
    """
    num_units = sum(stage.size for stage in stages)
    if num_units < _FEW or _SHARE * sum(map(_most_twins, stages)) < num_units:
        return list(stages)
    inputs = next((stage.terms[INPUT].shape[1] for stage in stages if INPUT in stage.terms), 0)
    found: list[_Stage] = []
    forms: list[AffineForm] = []
    for stage in stages:
        found.append(_Stage.of(stage, found))
        forms.append(found[-1].form([inputs, *(len(other.rows) for other in found)]))
        if _is_rounded(forms[-1]) and not _is_rounded(stage):
            return list(stages)
    return forms


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage without twins."""

    denominator: int
    rows: list[Row]
    """Of the units that stay, numerators over that."""
    places: list[int]
    """Of each unit that was there, the place among these of the one that it is, or is the negative of."""
    is_mirrored: list[bool]
    """Whether it is the negative."""

    @classmethod
    def of(cls, form: AffineForm, before: Sequence[_Stage]) -> _Stage:
        denominator, rows = _rows_of(form)
        factor = lcm(*(before[source - 1].denominator for source in form.terms if source))
        rows = [_on_those_that_stay(row, factor, before) for row in rows]
        at: dict[frozenset[tuple[tuple[int, int], int]], int] = {}
        kept: list[Row] = []
        places, is_mirrored = [], []
        for row in rows:
            place = at.get(frozenset(row.items()))
            is_mirror = place is None and (place := at.get(frozenset((k, -n) for k, n in row.items()))) is not None
            if place is None:
                place = at[frozenset(row.items())] = len(kept)
                kept.append(row)
            places.append(place)
            is_mirrored.append(is_mirror)
        return cls(denominator * factor, kept, places, is_mirrored)

    def form(self, sizes: Sequence[int]) -> AffineForm:
        """The stage as a form, of sources of those sizes."""
        entries: dict[int, list[tuple[int, int, int]]] = {CONSTANT: []}
        for number, row in enumerate(self.rows):
            for (source, column), numerator in row.items():
                entries.setdefault(source, []).append((number, column, numerator))
        terms = {
            source: self._matrix(entries[source], 1 if source == CONSTANT else sizes[source]) for source in entries
        }
        return AffineForm(constant=terms.pop(CONSTANT), terms=terms)

    def _matrix(self, entries: list[tuple[int, int, int]], num_columns: int) -> RationalMatrix:
        numerators = np.zeros((len(self.rows), num_columns), dtype=object)
        for row, column, numerator in entries:
            numerators[row, column] = numerator
        return RationalMatrix(numerators, self.denominator)


def _rows_of(form: AffineForm) -> tuple[int, list[Row]]:
    """The rows of a form, over one denominator."""
    matrices = {CONSTANT: form.constant, **form.terms}
    denominator = lcm(*(matrix.denominator for matrix in matrices.values()))
    rows: list[Row] = [{} for _ in range(form.size)]
    for source, matrix in matrices.items():
        factor = denominator // matrix.denominator
        places, columns, values = matrix.nonzeros()
        for row, column, value in zip(places.tolist(), columns.tolist(), values.tolist(), strict=True):
            rows[row][source, column] = factor * value
    return denominator, rows


def _on_those_that_stay(row: Row, factor: int, stages: Sequence[_Stage]) -> Row:
    """A row of the outputs of stages on those of the units that stay, times a multiple of their denominators."""
    found: Row = {}
    for key, numerator in row.items():
        source, column = key
        if source <= INPUT:
            found[key] = found.get(key, 0) + numerator * factor
            continue
        stage = stages[source - 1]
        place = stage.places[column]
        key = source, place
        found[key] = found.get(key, 0) + numerator * factor
        if stage.is_mirrored[column]:
            scale = numerator * (factor // stage.denominator)
            for key, own in stage.rows[place].items():
                found[key] = found.get(key, 0) - scale * own
    return {key: numerator for key, numerator in found.items() if numerator}


def _most_twins(form: AffineForm) -> int:
    """How many units may repeat others: have entries of the same sizes, as far as a few sums tell."""
    constants = list(map(abs, form.constant.numerators[:, 0].tolist()))
    if len(set(constants)) == form.size:  # the rule
        return 0
    try:
        sizes = [np.abs(matrix.floats).sum(axis=1).tolist() for matrix in form.terms.values()]
    except OverflowError:
        return 0
    return form.size - len(set(zip(constants, *sizes, strict=True)))


def _is_rounded(form: AffineForm) -> bool:
    return any(matrix.doubles is None for matrix in (form.constant, *form.terms.values()))
