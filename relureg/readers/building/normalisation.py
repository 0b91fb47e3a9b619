"""Scales that are no rational function of what a file stores: where rounding enters, once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.network.affine_forms import AffineTensor


def batch_normalised(
    x: AffineTensor,
    *,
    gamma: NDArray[np.float64],
    variance: NDArray[np.float64],
    epsilon: float,
    mean: AffineTensor,
    shift: AffineTensor | None,
    notices: list[str],
    label: str,
) -> AffineTensor:
    """``(x - mean) * gamma / sqrt(variance + epsilon) + shift``, one number for each channel: the second axis of x.

    Parameters
    ----------
    notices, label
        Where it is said that the scale is rounded, and how the node is named there.

    Raises
    ------
    ValueError
        The numbers are not one for each channel, or ``variance + epsilon`` is not positive.
    """
    scale = AffineTensor.of_array(_scale(gamma, variance, epsilon))
    notices.append(
        f"{label}: the scale of a batch normalisation is the float64 value of gamma / sqrt(var + eps), exact from there"
    )
    result = (x + (-_along_channels(mean, x))).multiply(_along_channels(scale, x))
    if shift is not None:
        result = result + _along_channels(shift, x)
    if result.shape != x.shape:
        raise ValueError(f"its parameters do not fit a tensor of shape {list(x.shape)}")
    return result


def _along_channels(numbers: AffineTensor, x: AffineTensor) -> AffineTensor:
    size, rank = numbers.form.size, len(x.shape)
    return numbers.reshape((1, size, *([1] * (rank - 2))) if rank > 1 else (size,))


def _scale(gamma: NDArray[np.float64], variance: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    """The float64 value of ``gamma / sqrt(variance + epsilon)``, taken as exact from here on.

    Raises
    ------
    ValueError
        ``variance + epsilon`` is not positive.
    """
    spread = variance + epsilon
    if not (spread > 0).all():
        raise ValueError("variance + epsilon of a batch normalisation is not positive")
    scale: NDArray[np.float64] = gamma / np.sqrt(spread)
    return scale
