"""What a network is where some units have known signs: forms as exact affine functions of the input, if they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.behaviour.optima import Row
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.evaluation import add_to
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Forms as affine functions of the input."""

    rows: RationalMatrix
    """(n, 1 + d), constants first; of no meaning where a form is not affine."""
    blocked_by: NDArray[np.intp]
    """(n,): a unit with an open sign that the form depends on, which need not be affine then; -1: there is none."""


def affine_piece(network: Network, form: AffineForm, signs: NDArray[np.int8]) -> Piece:
    """A form over the input and the units, put in terms of the input alone.

    Parameters
    ----------
    network : Network
    form : AffineForm
        Over the input and any stages.
    signs : (N,)
        1 where a unit is its pre-activation, -1 where it is 0, 0 where that is open.
    """
    held: dict[int, RationalMatrix] = {CONSTANT: form.constant, **form.terms}
    blocked = np.full(form.size, -1, dtype=np.intp)
    for number in range(len(network.stages), 0, -1):
        if number not in held:
            continue
        coefficients = held.pop(number)
        here = signs[network.units_of(number)]
        rows, columns, _ = coefficients.nonzeros()
        is_open = here[columns] == 0
        blocked[rows[is_open]] = network.offsets[number - 1] + columns[is_open]
        active = np.flatnonzero(here > 0)
        if not len(active):
            continue
        stage = network.stages[number - 1].pre_activation
        passed = coefficients.columns(active)
        pairs = [(CONSTANT, stage.constant), *stage.terms.items()]
        add_to(held, ((source, passed @ matrix.rows(active)) for source, matrix in pairs))
    normals = held.get(INPUT)
    if normals is None:
        normals = RationalMatrix.zeros(form.size, network.input_dim)
    return Piece(rows=RationalMatrix.hstack([held[CONSTANT], normals], form.size), blocked_by=blocked)


def walls_of(network: Network, held: NDArray[np.int8], signs: NDArray[np.int8]) -> tuple[list[Row], int | None]:
    """The inequalities of units that are held to a side, those that are affine; and a unit that blocks another one.

    Parameters
    ----------
    network : Network
    held : (N,)
        The sides, 1 or -1, of units that bound the cell; 0 for the others.
    signs : (N,)
        All signs that are known on the cell.
    """
    found: list[Row] = []
    blocked_by: int | None = None
    for number, stage in enumerate(network.stages, start=1):
        units = np.flatnonzero(held[network.units_of(number)])
        if not len(units):
            continue
        piece = affine_piece(network, stage.pre_activation.entries(units), signs)
        senses = held[network.units_of(number)][units]
        for row, sense, blocker in zip(
            piece.rows.primitive_rows(), senses.tolist(), piece.blocked_by.tolist(), strict=True
        ):
            if blocker >= 0:
                blocked_by = blocker
            else:
                found.append(tuple(sense * entry for entry in row))
    return found, blocked_by
