"""Affine maps to look at: gradients in the shape of an image, and maps as points of a plane.

Source: Sattelberg, Cavalieri, Kirby, Peterson and Beveridge [S+23]:
dual points (Section 2.2, Figure 4) and gradient images (Figure 7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked, whole_number
from relureg.engine.records import freeze
from relureg.errors import UsageError
from relureg.exact.float_matrices import Floats
from relureg.exact.ranges import chunks
from relureg.frozen import Frozen
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import PointRegions, outputs_at, regions_at
from relureg.maps.points import check_points
from relureg.network.model import Network

Shape = tuple[int, int, int]
"""Channels, height, width."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DualPoints(Frozen):
    """The affine maps of R regions as points: of each, that of the output which is largest at its first data point."""

    point: NDArray[np.int64]
    """(R,): the first data point in each region."""
    output: NDArray[np.int64]
    """(R,)."""
    maps: Floats
    """(R, d + 1): gradient and constant."""
    plane: Floats
    """(R, 2): slope and constant of one input, the gradient of two, else the gradient's two principal components."""
    share: Floats | None
    """(2,): the shares of the variance that the two components hold, where they are components."""


def image_shape(dim: int, shape: tuple[int, ...] | None = None) -> Shape | None:
    """Channels, height and width of an input: as given, or guessed of d = n^2 or 3 n^2 inputs with n at least 4.

    Raises
    ------
    UsageError
        The shape given has another number of entries.

    Examples
    --------
    >>> image_shape(64), image_shape(3072), image_shape(2), image_shape(12, (3, 4))
    ((1, 8, 8), (3, 32, 32), None, (1, 3, 4))
    """
    if shape is not None:
        if len(shape) not in (2, 3) or math.prod(shape) != dim or min(shape) < 1:
            raise UsageError(
                f"an image of {' x '.join(map(str, shape))} does not have {dim:,} entries, as the input has"
            )
        channels, height, width = (1, *shape) if len(shape) == 2 else shape
        return channels, height, width
    for channels in (1, 3):
        side = math.isqrt(dim // channels)
        if side >= 4 and channels * side**2 == dim:
            return channels, side, side
    return None


@checked
def gradient_images(
    network: Network, points: ArrayLike, *, shape: tuple[int, ...] | None = None, regions: PointRegions | None = None
) -> Floats:
    """The gradient of each output at each point in the shape of an image, (n, m, channels, height, width).

    Parameters
    ----------
    points : array_like, shape (n, d)
    shape : tuple of int, optional
        (height, width) or (channels, height, width); guessed for squares.
    regions : PointRegions, optional
        Of the same points, where they are known already.

    Raises
    ------
    DataError
        As `find_regions`.
    UsageError
        The inputs are no image of that shape.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> gradient_images(xor, [[1, 1], [-0.25, -0.25]], shape=(1, 2)).tolist()
    [[[[[-2.0, -2.0]]]], [[[[2.0, 2.0]]]]]
    """
    floats, array = FloatNetwork.of(network), check_points(network, points)
    found = image_shape(network.input_dim, shape)
    if found is None:
        raise UsageError(f"{network.input_dim:,} inputs are no square image; give its height and width")
    known = regions if regions is not None else regions_at(floats, array)
    weights, _ = floats.output_maps(known.active_of(slice(None)))
    return weights.reshape(len(array), network.output_dim, *found)


@checked
def dual_points(
    network: Network, points: ArrayLike, *, regions: PointRegions | None = None, limit: int | None = None
) -> DualPoints:
    """The affine maps of the regions that points lie in, as points of a plane.

    Parameters
    ----------
    points : array_like, shape (n, d)
    regions : PointRegions, optional
        Of the same points, where they are known already.
    limit : int, optional
        Take only so many regions, in order of first occurrence.

    Raises
    ------
    DataError
        As `find_regions`.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> dual_points(xor, [[1, 1], [-0.25, -0.25], [-1, -1]]).plane.tolist()
    [[-2.0, -2.0], [2.0, 2.0], [0.0, 0.0]]
    """
    if limit is not None:
        whole_number("limit", limit, least=1)
    floats, array = FloatNetwork.of(network), check_points(network, points)
    known = regions if regions is not None else regions_at(floats, array)
    first = known.first[:limit]
    output = np.argmax(outputs_at(floats, array[first]), axis=1)
    maps = np.empty((len(first), network.input_dim + 1))
    for part in chunks(len(first), floats.chunk_size(None, 4 * floats.widest)):
        weights, bias = floats.output_maps(known.active_of(first[part]), output[part][:, None])
        maps[part, :-1], maps[part, -1] = weights[:, 0], bias[:, 0]
    plane, share = _plane(maps)
    found = DualPoints(point=first, output=output.astype(np.int64), maps=maps, plane=plane, share=share)
    freeze(found)
    return found


def _plane(maps: Floats) -> tuple[Floats, Floats | None]:
    if maps.shape[1] <= 3:
        return maps[:, :2].copy(), None
    centred = maps[:, :-1] - maps[:, :-1].mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    two = np.zeros((2, centred.shape[1]))
    two[: len(directions)] = directions[:2]
    # A singular vector is one up to its sign: let its largest entry be positive.
    two *= np.where(two[np.arange(2), np.argmax(np.abs(two), axis=1)] < 0, -1.0, 1.0)[:, None]
    share = np.zeros(2)
    share[: len(sizes)] = sizes[:2] ** 2 / max(float((sizes**2).sum()), np.finfo(float).tiny)
    return centred @ two.T, share
