"""Rounding a network on request: every parameter to the nearest float."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from relureg.arguments import checked
from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network

Dtype = Literal["float32", "float64"]

DTYPES: tuple[str, ...] = get_args(Dtype)


@checked
def rounded(network: Network, dtype: Dtype) -> Network:
    """The network with each parameter rounded to the nearest number of that type.

    Raises
    ------
    UnsupportedNetworkError
        A parameter exceeds the range of the type.
    """
    forms = [_form(stage.pre_activation, dtype) for stage in network.stages]
    return network.with_forms(forms, _form(network.output, dtype))


def _form(form: AffineForm, dtype: Dtype) -> AffineForm:
    return AffineForm(
        constant=_matrix(form.constant, dtype), terms={s: _matrix(matrix, dtype) for s, matrix in form.terms.items()}
    )


def _matrix(matrix: RationalMatrix, dtype: Dtype) -> RationalMatrix:
    kind = np.float32 if dtype == "float32" else np.float64
    if matrix.is_exact_as(kind):
        return matrix
    try:
        with np.errstate(over="ignore"):
            values = matrix.floats.astype(kind)
    except OverflowError:
        values = np.full(1, np.inf)
    if not np.isfinite(values).all():
        raise UnsupportedNetworkError(f"a parameter exceeds the range of {dtype}; write JSON")
    return RationalMatrix.from_floats(values)
