"""The region of one point, and affine maps there, over the rationals: what doubles leave open is decided here."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.evaluation import iter_values, pull_back
from relureg.network.model import Network

Signs = NDArray[np.int8]


def direction(input_dim: int) -> Floats:
    """v, in which a point on a boundary is moved into its region; see `relureg.maps.signs`."""
    return np.asarray(1.0 / np.arange(1, input_dim + 1))


def exact_region_signs(network: Network, point: Floats) -> tuple[Signs, int]:
    """The signs (N,) of all units in the region of a point (d,), and the lowest unit that vanishes at the point alone.

    0 where a unit vanishes on the region; -1 for the unit where there is none. Which region is meant for a point on a
    boundary says `relureg.maps.signs`.
    """
    # Two columns: the value at the point, and the derivative along v, of which a constant has none.
    inputs = RationalMatrix.hstack(
        [RationalMatrix.from_floats(np.reshape(x, (-1, 1))) for x in (point, direction(network.input_dim))],
        network.input_dim,
    )
    one = RationalMatrix.from_floats([[1.0, 0.0]])
    signs, boundary = np.zeros(network.num_units, dtype=np.int8), -1
    stages = iter_values(
        network.forms[:-1],
        inputs,
        lambda form, sources: form.evaluate(one, sources),
        lambda stage, z: z.masked_rows(signs[network.units_of(stage)] > 0),
    )
    for stage, z in enumerate(stages, start=1):
        pairs = z.numerators.tolist()
        sign = np.array([_sign(value) or _sign(slope) for value, slope in pairs], dtype=np.int8)
        flat = np.flatnonzero(sign == 0)
        if len(flat):
            # Up to a positive factor, which makes no difference to signs.
            form = network.forms[stage - 1].entries(flat)
            gradients = pull_back_exactly(network, form, signs > 0)[0].numerators.tolist()
            sign[flat] = [next((_sign(n) for n in row if n), 0) for row in gradients]
        turned = np.flatnonzero(np.array([not value for value, _ in pairs], dtype=np.bool_) & (sign != 0))
        if boundary < 0 and len(turned):
            boundary = network.offsets[stage - 1] + int(turned[0])
        signs[network.units_of(stage)] = sign
    return signs, boundary


def exact_output_map(network: Network, active: NDArray[np.bool_]) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact matrix (m, d) and constant (m, 1) of the output on the region with these active units (N,)."""
    return pull_back_exactly(network, network.output, active)


def exact_unit_rows(
    network: Network, active: NDArray[np.bool_], units: NDArray[np.intp]
) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact gradients (k, d) and constants (k, 1) of some units, ascending, where these units (N,) are active."""
    matrices, constants = [], []
    for stage, form in enumerate(network.forms[:-1], start=1):
        of_stage = network.units_of(stage)
        mine = units[(units >= of_stage.start) & (units < of_stage.stop)] - of_stage.start
        if len(mine):
            matrix, constant = pull_back_exactly(network, form.entries(mine), active)
            matrices.append(matrix)
            constants.append(constant)
    return RationalMatrix.vstack(matrices, network.input_dim), RationalMatrix.vstack(constants, 1)


def pull_back_exactly(
    network: Network, form: AffineForm, active: NDArray[np.bool_]
) -> tuple[RationalMatrix, RationalMatrix]:
    """The exact matrix (n, d) and constant (n, 1) of a form, in the input, where these units (N,) are active.

    From the last stage to the first, so that the matrices have the n rows of the form and not those of the stages.
    """

    def through(stage: int, rows: RationalMatrix) -> Iterator[tuple[int, RationalMatrix]]:
        on, z = np.flatnonzero(active[network.units_of(stage)]), network.forms[stage - 1]
        passed = rows.columns(on)
        yield CONSTANT, passed @ z.constant.rows(on)
        for source, matrix in z.terms.items():
            yield source, passed @ matrix.rows(on)

    held = pull_back({CONSTANT: form.constant, **form.terms}, len(network.stages), through)
    return held.get(INPUT, RationalMatrix.zeros(form.size, network.input_dim)), held[CONSTANT]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
