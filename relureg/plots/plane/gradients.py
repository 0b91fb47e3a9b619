"""The gradients of the regions in a plane, by which cells are coloured and dual points placed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.affine import float_output_maps
from relureg.plots.plane.plane import Plane


def gradients(plane: Plane) -> NDArray[np.float64]:
    """(R, 2): the gradient of the first output on each region of the complex, in the picture's plane.

    Of several outputs, the two combinations that differ most over the regions stand for all (principal components).
    """
    matrices, _ = float_output_maps(plane.cells.network, plane.cells.records.signs)
    inverse = np.linalg.inv(plane.view.frame)
    if matrices.shape[1] == 1:
        found: NDArray[np.float64] = matrices[:, 0] @ inverse
        return found
    flat = (matrices @ inverse).reshape(len(matrices), -1)
    centred = flat - flat.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.T @ centred)
    # A principal axis has no sign of its own: the largest entry is made positive.
    main = axes[:2] * np.sign(axes[:2][[0, 1], np.abs(axes[:2]).argmax(axis=1)])[:, None]
    projected: NDArray[np.float64] = flat @ main.T
    return projected


def middling(slopes: NDArray[np.float64]) -> float:
    """The median norm of the gradients that are not zero."""
    norms = np.linalg.norm(slopes, axis=1)
    return float(np.median(norms[norms > 0])) if (norms > 0).any() else 1.0


def polar(slopes: NDArray[np.float64], middle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction in [0, 2 pi), and strength in [0, 1): a half where the norm is `middle`."""
    norms = np.linalg.norm(slopes, axis=1)
    return np.arctan2(slopes[:, 1], slopes[:, 0]) % (2 * np.pi), norms / (norms + middle)
