"""The regions that points lie in and the affine maps there: which, how many, and the maps, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.exact.float_matrices import Floats
from relureg.exact.ranges import chunks
from relureg.exact.rounding_bounds import SLACK, gamma
from relureg.frozen import Frozen
from relureg.maps.exact_regions import exact_output_map
from relureg.maps.float_network import FloatNetwork
from relureg.maps.points import check_points
from relureg.maps.signs import SignFinder
from relureg.network.model import Network
from relureg.network.patterns import texts

Report = Callable[[str, int, int], None]
"""Called with what is done, how many points are done, and how many there are."""

_SEED = 0x6D617073  # any fixed number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PointRegions(Frozen):
    """The activation regions that n points lie in.

    A point on a boundary counts for the region that is entered in the direction (1, 1/2, ..., 1/d); see `find_regions`.
    """

    num_units: int
    """N."""
    active: NDArray[np.uint8]
    """(n, ceil(N / 8)): bit i (bit ``i % 8`` of byte ``i // 8``) is set where unit i is active in the region."""
    vanishing: NDArray[np.uint8]
    """(n, ceil(N / 8)): bit i is set where z of unit i is 0 on the whole region."""
    boundary: NDArray[np.int64]
    """(n,): the lowest unit on whose boundary a point lies, where it vanishes and not around; -1 inside a region."""
    region: NDArray[np.int64]
    """(n,): equal for points in the same region; 0, 1, ... in order of first occurrence."""
    first: NDArray[np.int64]
    """(R,): the first point in each region."""

    @property
    def num_points(self) -> int:
        return len(self.region)

    @property
    def on_boundary(self) -> NDArray[np.bool_]:
        """(n,): whether a point lies on the boundary of its region."""
        return np.asarray(self.boundary >= 0)

    @property
    def num_regions(self) -> int:
        """R, how many different regions the points lie in."""
        return len(self.first)

    def active_of(self, points: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        """The active units of some points, unpacked, (k, N)."""
        bits = np.unpackbits(self.active[points], axis=1, count=self.num_units, bitorder="little")
        return bits.astype(np.bool_)

    def take(self, points: slice) -> PointRegions:
        """Those of some of the points, their regions numbered anew."""
        region, first = number_rows(self.active[points])
        found = PointRegions(
            num_units=self.num_units, active=self.active[points], vanishing=self.vanishing[points],
            boundary=self.boundary[points], region=region, first=first,
        )  # fmt: skip
        freeze(found)
        return found

    def signs_of(self, points: slice | NDArray[np.int64]) -> NDArray[np.int8]:
        """The sign vectors of the regions of some points, (k, N)."""
        zero = np.unpackbits(self.vanishing[points], axis=1, count=self.num_units, bitorder="little").astype(np.int8)
        return 2 * self.active_of(points).astype(np.int8) - 1 + zero

    def patterns(self, network: Network, points: slice = slice(None)) -> list[str]:
        """The activation patterns of some points: 1 for an active unit, stages separated by ``|``."""
        return texts(self.active_of(points), network.widths)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LocalMaps(Frozen):
    """The affine maps of a network around n points: near point k the output is ``weights[k] @ x + bias[k]``."""

    regions: PointRegions
    map_number: NDArray[np.int64]
    """(n,): equal for points with equal affine maps (all outputs), decided exactly; in order of first occurrence."""
    num_maps: int
    """How many different affine maps there are; different regions can have the same."""
    outputs: Floats
    """(n, m): the network's output at the points."""
    classes: NDArray[np.int64]
    """(n,): see `classes_of`."""
    weights: Floats
    """(n, m, d), computed in doubles."""
    bias: Floats
    """(n, m)."""


def classes_of(outputs: Floats) -> NDArray[np.int64]:
    """The class that outputs (n, m) name: the first of the largest; of a single output 1 if positive, else 0."""
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    return np.asarray(np.argmax(outputs, axis=1), dtype=np.int64)


def num_classes(network: Network) -> int:
    """How many classes `classes_of` can name."""
    return max(network.output_dim, 2)


@checked
def find_regions(
    network: Network, points: ArrayLike, *, chunk: int | None = None, report: Report | None = None
) -> PointRegions:
    """The activation region of each point, decided exactly.

    A point on a boundary lies in the closure of several regions. The region given is the one entered when the point is
    moved by an infinitesimal step along ``v = (1, 1/2, ..., 1/d)`` (the doubles nearest to these), then by infinitely
    smaller ones along the first input, the second, and so on. It always has an interior.

    Parameters
    ----------
    points : array_like, shape (points, d)
        Or (points, ...) with d entries a point, which are taken in row-major order.
    chunk : int, optional
        Points at once; by default as many as fit into about 128 MB.
    report : callable, optional
        Told of progress.

    Raises
    ------
    DataError
        Another shape, or a coordinate that is no finite number; says in which row.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> found = find_regions(xor, [[0.5, 0.5], [-0.5, 0], [1, 2], [-0.5, -0.5]])
    >>> found.patterns(xor), found.num_regions, found.on_boundary.tolist()
    (['11', '10', '11', '10'], 2, [False, False, False, True])
    """
    return regions_at(FloatNetwork.of(network), check_points(network, points), chunk, report)


def regions_at(
    floats: FloatNetwork, points: Floats, chunk: int | None = None, report: Report | None = None
) -> PointRegions:
    """`find_regions` on points that were checked."""
    finder, units = SignFinder(floats), floats.network.num_units
    active = np.empty((len(points), (units + 7) // 8), dtype=np.uint8)
    vanishing, boundary = np.empty_like(active), np.empty(len(points), dtype=np.int64)
    for part in chunks(len(points), floats.chunk_size(chunk, 8 * (units + floats.network.input_dim))):
        signs, boundary[part] = finder.find(points[part])
        active[part] = np.packbits(signs > 0, axis=1, bitorder="little")
        vanishing[part] = np.packbits(signs == 0, axis=1, bitorder="little")
        if report is not None:
            report("regions", part.stop, len(points))
    region, first = number_rows(active)
    found = PointRegions(
        num_units=units, active=active, vanishing=vanishing, boundary=boundary, region=region, first=first
    )
    freeze(found)
    return found


@checked
def iter_maps(
    network: Network, regions: PointRegions, *, chunk: int | None = None, report: Report | None = None
) -> Iterator[tuple[slice, Floats, Floats]]:
    """The affine maps of points, chunk by chunk, so that memory is bounded.

    Yields
    ------
    slice, weights (k, m, d), bias (k, m)
        The points and their maps, in doubles.
    """
    yield from iter_float_maps(FloatNetwork.of(network), regions, chunk, report)


def iter_float_maps(
    floats: FloatNetwork, regions: PointRegions, chunk: int | None = None, report: Report | None = None
) -> Iterator[tuple[slice, Floats, Floats]]:
    """`iter_maps` on a network that is in doubles already."""
    columns = 4 * floats.network.output_dim * floats.widest
    for part in chunks(regions.num_points, floats.chunk_size(chunk, columns)):
        weights, bias = floats.output_maps(regions.active_of(part))
        if report is not None:
            report("maps", part.stop, regions.num_points)
        yield part, weights, bias


@checked
def local_maps(network: Network, points: ArrayLike, *, chunk: int | None = None) -> LocalMaps:
    """Regions and affine maps of points, all in memory; `iter_maps` is for more of them than fit.

    Parameters
    ----------
    points : array_like, shape (points, d)
    chunk : int, optional

    Raises
    ------
    DataError
        As `find_regions`.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> found = local_maps(xor, [[1, 1], [-0.25, -0.25], [-1, -1]])
    >>> found.weights[:, 0].tolist(), found.bias[:, 0].tolist(), found.num_maps
    ([[-2.0, -2.0], [2.0, 2.0], [0.0, 0.0]], [1.0, 1.0, -1.0], 3)
    """
    floats, array = FloatNetwork.of(network), check_points(network, points)
    regions = regions_at(floats, array, chunk)
    map_number, num_maps = number_maps(floats, regions, chunk)
    weights = np.empty((len(array), network.output_dim, network.input_dim))
    bias = np.empty((len(array), network.output_dim))
    for part, some_weights, some_bias in iter_float_maps(floats, regions, chunk):
        weights[part], bias[part] = some_weights, some_bias
    outputs = outputs_at(floats, array, chunk)
    found = LocalMaps(
        regions=regions, map_number=map_number, num_maps=num_maps,
        outputs=outputs, classes=classes_of(outputs), weights=weights, bias=bias,
    )  # fmt: skip
    freeze(found)
    return found


def outputs_at(floats: FloatNetwork, points: Floats, chunk: int | None = None) -> Floats:
    """(n, m): the output of the network, chunk by chunk."""
    outputs = np.empty((len(points), floats.network.output_dim))
    for part in chunks(len(points), floats.chunk_size(chunk, 2 * sum(floats.network.widths, floats.widest))):
        with np.errstate(all="ignore"):
            outputs[part] = floats.outputs(points[part])
    return outputs


def number_maps(
    floats: FloatNetwork, regions: PointRegions, chunk: int | None = None, report: Report | None = None
) -> tuple[NDArray[np.int64], int]:
    """Which points have the same affine map, decided exactly: a number for each point, and how many maps there are.

    Of the map of each region, ``u^T (W x_k + b)`` is computed in doubles, for fixed random u and x_1, ..., x_4, with a
    bound of the error. Where the intervals of two regions are apart for some k, so are their maps; where a chain of
    overlaps links them for all k, the maps are computed over the rationals and compared.
    """
    label = np.zeros(regions.num_regions, dtype=np.int64)
    values, error = _projected_maps(floats, regions, chunk, report)
    for value in values.T:
        order = np.lexsort((value, label))
        apart = (np.diff(value[order]) > 2 * error) | (np.diff(label[order]) > 0)  # false where nothing is known
        label[order] = np.cumsum(np.concatenate([[0], apart]))
    _confirm(floats.network, regions, label)
    numbers, first = number_rows(label[regions.region][:, None].view(np.uint8))
    return numbers, len(first)


def _projected_maps(
    floats: FloatNetwork, regions: PointRegions, chunk: int | None, report: Report | None
) -> tuple[Floats, float]:
    """(R, 4): the numbers by which `number_maps` tells maps apart; and what the error of each is at most."""
    random = np.random.Generator(np.random.PCG64(_SEED))
    m, d = floats.network.output_dim, floats.network.input_dim
    u, x = random.uniform(-1, 1, m), random.uniform(-1, 1, (d, 4))
    values, error = np.empty((regions.num_regions, 4)), 0.0
    for part in chunks(regions.num_regions, floats.chunk_size(chunk, 8 * floats.widest)):
        active = regions.active_of(regions.first[part])
        with np.errstate(all="ignore"):
            gradients, constants = _combined(floats, u, active)
            values[part] = gradients @ x + constants[:, None]
            gradients, constants = _combined(floats.absolute, np.abs(u), active)
            error = max(error, float((gradients @ np.abs(x) + constants[:, None]).max()))
        if report is not None:
            report("distinct maps", part.stop, regions.num_regions)
    error = error * gamma(floats.num_roundings + m + d + 8) * SLACK + 2 * (d + 1) * floats.underflow
    return values, error if np.isfinite(values).all() else np.inf


def _combined(floats: FloatNetwork, u: Floats, active: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Gradients (k, d) and constants (k,) of u times the output, on regions with these active units (k, N)."""
    rows, constants = floats.output.rows(np.arange(floats.output.size))
    combined = {source: np.tile(u @ matrix, (len(active), 1)) for source, matrix in rows.items()}
    return floats.pull_back(combined, np.full(len(active), u @ constants), active)


def _confirm(network: Network, regions: PointRegions, label: NDArray[np.int64]) -> None:
    """Give regions with the same label, but another exact map than the first of them, labels of their own, in place."""
    counts = np.bincount(label)
    fresh = len(counts)
    maps: dict[object, int] = {}
    for region in np.flatnonzero(counts[label] > 1).tolist():
        exact = exact_output_map(network, regions.active_of(regions.first[region : region + 1])[0])
        key = (int(label[region]), *exact)
        if key not in maps:
            maps[key] = fresh
            fresh += 1
        label[region] = maps[key]


def number_rows(rows: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Equal numbers for equal rows, in order of first occurrence; and the first row of each number."""
    if not rows.shape[1]:
        return np.zeros(len(rows), dtype=np.int64), np.zeros(min(len(rows), 1), dtype=np.int64)
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).reshape(-1)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int64)
    rank[order] = np.arange(len(first))
    return rank[inverse.reshape(-1)], first[order].astype(np.int64)
