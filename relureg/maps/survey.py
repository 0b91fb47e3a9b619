"""What a network does at data points, all at once: regions, maps and classes, nearest facets, regions' inequalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.errors import ArgumentIndexError
from relureg.frozen import Frozen, read_only
from relureg.maps.data import Dataset
from relureg.maps.float_network import FloatNetwork
from relureg.maps.inequalities import LocalRegion, region_around
from relureg.maps.local import PointRegions, Report, classes_of, number_maps, outputs_at, regions_at
from relureg.maps.nearest import NearestFacets, nearest_facets
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PointUse(Frozen):
    """The regions and maps that the n points of a data set use."""

    regions: PointRegions
    map_number: NDArray[np.int64]
    """(n,): equal for points with equal affine maps, decided exactly."""
    classes: NDArray[np.int64]
    """(n,): the classes that the network gives."""
    labels: NDArray[np.int64] | None
    """(n,): the true classes, where they are known."""
    accuracy: float | None
    """The share of points that get their label, where there are labels."""

    @property
    def num_maps(self) -> int:
        """How many different affine maps the points have."""
        return len(np.unique(self.map_number))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PointSurvey(Frozen):
    """What a network does at data points, and at test points where there are any."""

    data: PointUse
    test: PointUse | None
    num_shared: int | None
    """Test points in regions of data points."""
    nearest: NearestFacets | None
    """Of the data points, where it was asked for."""
    around: tuple[tuple[int, LocalRegion], ...]
    """The data points whose regions were asked for, and the irredundant inequalities of these."""


@checked
def survey_points(
    network: Network,
    data: Dataset,
    test: Dataset | None = None,
    *,
    nearest: bool = True,
    around: Sequence[int] = (),
    exact: bool = False,
    chunk: int | None = None,
    report: Report | None = None,
) -> PointSurvey:
    """Regions, affine maps and classes at data points; what `relureg maps at` tells.

    Parameters
    ----------
    data : Dataset
        n points.
    test : Dataset, optional
        Their regions and maps are compared with those of the data.
    nearest : bool, optional
        Find the nearest facet of each point of the data.
    around : sequence of int, optional
        Points of the data, 0 to n - 1, whose regions are described by irredundant inequalities.
    exact : bool, optional
        Prove these inequalities, as in `region_around`.
    chunk : int, optional
        Points at once; by default as many as fit into about 128 MB.
    report : callable, optional
        Told of progress.

    Raises
    ------
    ArgumentIndexError
        There is no point of a number in `around`.
    UsageError
        A package is missing that the inequalities need.

    Examples
    --------
    >>> import relureg
    >>> from relureg import maps
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> data = maps.read_data(xor, "fixtures/maps/xor.csv", "label")
    >>> found = maps.survey_points(xor, data)
    >>> found.data.regions.num_regions, found.data.num_maps, found.data.accuracy
    (3, 3, 1.0)
    """
    count, floats = len(data.points), FloatNetwork.of(network)
    for point in around:
        if not 0 <= point < count:
            raise ArgumentIndexError(f"there is no row {point}; rows are 0 to {count - 1:,}")
    # Both sets are numbered together, so that their regions and maps can be compared.
    points = data.points if test is None else np.concatenate([data.points, test.points])
    regions = regions_at(floats, points, chunk, report)
    map_number, _ = number_maps(floats, regions, chunk, report)
    classes = classes_of(outputs_at(floats, points, chunk))

    def use(which: slice, dataset: Dataset) -> PointUse:
        return PointUse(
            regions=regions.take(which),
            map_number=read_only(map_number[which]),
            classes=read_only(classes[which]),
            labels=dataset.labels,
            accuracy=dataset.accuracy(classes[which]),
        )

    first, second = slice(0, count), slice(count, None)
    mine = use(first, data)
    return PointSurvey(
        data=mine,
        test=None if test is None else use(second, test),
        num_shared=None if test is None else int(np.isin(regions.region[second], regions.region[first]).sum()),
        nearest=nearest_facets(network, data.points, mine.regions, chunk=chunk, report=report) if nearest else None,
        around=tuple((point, region_around(network, data.points[point], exact=exact)) for point in around),
    )
