"""Small changes to a network that give another network: a unit left out, parameters rounded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from relureg.arguments import checked, index
from relureg.errors import ArgumentIndexError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.model import Network, Stage


@checked
def without_unit(network: Network, stage: int, unit: int) -> Network:
    """The network without unit `unit` (from 0) of stage `stage` (from 1); a stage left empty goes too.

    What depended on the unit depends on the others as before.

    Examples
    --------
    >>> xor = Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]])
    >>> without_unit(xor, 1, 0).widths
    (1,)
    """
    if not 1 <= stage <= len(network.stages):
        raise ArgumentIndexError(f"there is no stage {stage}; they are numbered 1 to {len(network.stages)}")
    left_out = index(unit, network.widths[stage - 1], "unit")
    keep = [number for number in range(network.widths[stage - 1]) if number != left_out]
    renumbered = {INPUT: INPUT}
    stages: list[Stage] = []
    for number, old in enumerate(network.stages, start=1):
        form = _without_inputs(old.pre_activation, stage, keep, renumbered)
        if number == stage:
            form = AffineForm(
                constant=form.constant.rows(keep), terms={s: matrix.rows(keep) for s, matrix in form.terms.items()}
            )
            if not keep:
                continue
        stages.append(dataclasses.replace(old, pre_activation=form))
        renumbered[number] = len(stages)
    output = _without_inputs(network.output, stage, keep, renumbered)
    return network.replace(stages=tuple(stages), output=output)


def _without_inputs(form: AffineForm, stage: int, keep: list[int], renumbered: dict[int, int]) -> AffineForm:
    """A later form that no longer sees a unit."""
    terms = {}
    for source, matrix in form.terms.items():
        if source != stage:
            terms[renumbered[source]] = matrix
        elif keep:
            terms[renumbered[source]] = matrix.columns(keep)
    return AffineForm(constant=form.constant, terms=terms)


Entry = tuple[int, int, int, int]
"""Stage (from 1), source (-1 for the constant), row and column of one parameter."""


def hidden_parameters(network: Network) -> list[Entry]:
    """Where the hidden parameters are that are not 0."""
    found = []
    for number, stage in enumerate(network.stages, start=1):
        form = stage.pre_activation
        for source, matrix in [(CONSTANT, form.constant), *form.terms.items()]:
            rows, columns = np.nonzero(matrix.numerators)
            found += [(number, source, int(i), int(j)) for i, j in zip(rows, columns, strict=True)]
    return found


def parameter(network: Network, entry: Entry) -> Fraction:
    """One hidden parameter."""
    stage, source, row, column = entry
    form = network.stages[stage - 1].pre_activation
    matrix = form.constant if source == CONSTANT else form.terms[source]
    return Fraction(matrix.numerators[row, column], matrix.denominator)


@checked
def with_parameters(network: Network, change: Callable[[Entry, Fraction], Fraction]) -> Network:
    """The network with every hidden parameter passed through a function; the output map stays."""
    forms = []
    for number, stage in enumerate(network.stages, start=1):
        form = stage.pre_activation
        terms = {source: _changed(matrix, number, source, change) for source, matrix in form.terms.items()}
        constant = _changed(form.constant, number, CONSTANT, change)
        forms.append(AffineForm(constant=constant, terms=terms))
    return network.with_forms(forms, network.output)


def _changed(
    matrix: RationalMatrix, stage: int, source: int, change: Callable[[Entry, Fraction], Fraction]
) -> RationalMatrix:
    rows = [
        [change((stage, source, i, j), value) for j, value in enumerate(row)]
        for i, row in enumerate(matrix.fractions())
    ]
    return RationalMatrix.from_fractions(rows, matrix.shape[1])
