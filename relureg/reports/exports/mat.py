"""Regions and affine maps as a MATLAB file, in the cell arrays from which MPT3 makes polyhedra; by SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.complex.halfspaces import Inequalities
from relureg.errors import OutputError
from relureg.network.patterns import texts
from relureg.packages import needing
from relureg.words import plural

_MOST_BYTES = 2**31
"""Of one variable in a file of MATLAB's version 5."""
_HEADS = 120
"""Bytes that say of a matrix in a cell what it is, at most."""


def require_scipy() -> None:
    """Raise `UsageError` when SciPy is missing."""
    _scipy_io()


def write_mat(
    cells: Complex,
    stream: BinaryIO,
    rows: Inequalities,
    maps: tuple[NDArray[np.float64], NDArray[np.float64]],
    names: Sequence[str],
) -> None:
    """Write cells ``A{i}``, ``b{i}``, ``F{i}``, ``g{i}``: on ``A{i} x <= b{i}`` the output is ``F{i} x + g{i}``.

    Besides ``point`` (R, d), ``bounded`` (R, 1), ``pattern`` (R, characters), ``domain_A`` and ``domain_b``, which are
    empty for the whole space, and where there are names the cell ``input_names``.

    Raises
    ------
    OutputError
        There is more than a file of version 5 holds.
    """
    weights, bias = maps
    _require_room(cells.num_regions, rows, weights)
    variables: dict[str, Any] = {
        "A": _cell([rows.of(region)[0] for region in range(cells.num_regions)]),
        "b": _cell([rows.of(region)[1][:, None] for region in range(cells.num_regions)]),
        "F": _cell(list(weights)),
        "g": _cell(list(bias[:, :, None])),
        "point": cells.records.points,
        "bounded": (cells.records.bounded & (cells.essential_dim == cells.network.input_dim))[:, None],
        "pattern": np.array(texts(cells.records.signs > 0, cells.network.widths)),
    }
    domain = cells.domain
    variables["domain_A"] = np.zeros((0, cells.network.input_dim)) if domain is None else -domain.normals.floats
    variables["domain_b"] = np.zeros((0, 1)) if domain is None else domain.constants.floats
    if names:
        variables["input_names"] = _cell(list(names))
    _scipy_io().savemat(stream, variables, do_compression=True)


def _require_room(num_regions: int, rows: Inequalities, weights: NDArray[np.float64]) -> None:
    """Raise `OutputError` where a cell array would be larger than the format allows, before it is made."""
    size = 8 * max(rows.matrix.size, weights.size) + _HEADS * num_regions
    if size >= _MOST_BYTES:
        raise OutputError(
            f"the matrices of {plural(num_regions, 'region')} take {size:,} bytes, and a variable of a MAT-file of "
            f"version 5 holds less than {_MOST_BYTES:,}; choose .npz or .parquet, which --stream writes in constant "
            "memory",
            where=".mat",
        )


def _cell(values: list[Any]) -> Any:
    """A column of values as MATLAB's cell array."""
    cells = np.empty((len(values), 1), dtype=object)
    for number, value in enumerate(values):
        cells[number, 0] = value
    return cells


def _scipy_io() -> Any:
    with needing(".mat files need SciPy", "lp", "choose another suffix"):
        import scipy.io
    return scipy.io
