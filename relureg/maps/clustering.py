"""Networks reduced to k affine maps for each output, by k-means over the maps at data points.

Source: Sattelberg, Cavalieri, Kirby, Peterson and Beveridge [S+23], Section 2.4.1 and Table 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked, whole_number
from relureg.engine.records import freeze
from relureg.errors import UsageError
from relureg.exact.float_matrices import Floats
from relureg.exact.ranges import chunks
from relureg.frozen import Frozen
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.points import check_points
from relureg.network.model import Network
from relureg.packages import needing

_ONE_THREAD = 10_000
"""Rows up to which k-means runs on one thread: of few rows, threads wait for each other longer than they work."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ClusteredMaps(Frozen):
    """A network whose maps are replaced by the nearest of k centres, for each output."""

    k: int
    centres: Floats
    """(m, k, d + 1): gradient and constant of each centre of each output."""
    labels: NDArray[np.int64]
    """(n, m): the centre to which the map of each output at each point belongs."""
    classes: NDArray[np.int64]
    """(q,): the classes of the test points by the centres nearest to their own maps."""
    agreement: float
    """The share of test points that keep the class the network gives them."""
    accuracy: float | None
    """The share of test points that get their label, where there are labels."""


@checked
def cluster_maps(
    network: Network,
    points: ArrayLike,
    test: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    k: Sequence[int] = (1, 10, 100),
    seed: int = 0,
    chunk: int | None = None,
    report: Report | None = None,
) -> tuple[ClusteredMaps, ...]:
    """Cluster the maps at points (the matrices C_j, a row a point), and classify test points by the centres.

    A test point's own map of output j is replaced by the nearest centre of C_j, which then gives output j.

    Parameters
    ----------
    points : array_like, shape (n, d)
    test : array_like, shape (q, d)
    labels : array_like of int, shape (q,), optional
        The true classes of the test points.
    k : sequence of int, optional
        Numbers of centres for each output; each at most n.
    seed : int, optional
        Of k-means++.

    Returns
    -------
    tuple of ClusteredMaps
        One for each k.

    Raises
    ------
    DataError
        As `find_regions`.
    UsageError
        K is not between 1 and n; or scikit-learn is missing.
    """
    k_means = _k_means()
    whole_number("seed", seed, least=0, most=2**32 - 1)
    floats, base, array = FloatNetwork.of(network), check_points(network, points), check_points(network, test)
    for size in k:
        if not 1 <= size <= len(base):
            raise UsageError(f"k = {size:,} is not between 1 and the number of points, {len(base):,}")
    regions, test_regions = regions_at(floats, base, chunk, report), regions_at(floats, array, chunk, report)
    m, d = network.output_dim, network.input_dim
    centres = {size: np.empty((m, size, d + 1)) for size in k}
    members = {size: np.empty((len(base), m), dtype=np.int64) for size in k}
    values = {size: np.empty((len(array), m)) for size in k}
    homogeneous = np.concatenate([array, np.ones((len(array), 1))], axis=1)
    for output in range(m):
        rows, asked = (map_rows(floats, found, output, chunk) for found in (regions, test_regions))
        for size in k:
            found = _fit(k_means, rows, size, seed)
            centres[size][output], members[size][:, output] = found.cluster_centers_, found.labels_
            near = found.cluster_centers_[found.predict(asked)]
            values[size][:, output] = (near * homogeneous).sum(axis=1)
        if report is not None:
            report("outputs clustered", output + 1, m)
    original = classes_of(outputs_at(floats, array, chunk))
    truth = None if labels is None else np.asarray(labels)
    return tuple(
        _clustered(size, centres[size], members[size], classes_of(values[size]), original, truth) for size in k
    )


def map_rows(floats: FloatNetwork, regions: PointRegions, output: int, chunk: int | None = None) -> Floats:
    """C_j, (n, d + 1): gradient and constant of one output at each point."""
    rows = np.empty((regions.num_points, floats.network.input_dim + 1))
    for part in chunks(regions.num_points, floats.chunk_size(chunk, 4 * floats.widest)):
        weights, bias = floats.output_maps(regions.active_of(part), np.array([output]))
        rows[part, :-1], rows[part, -1] = weights[:, 0], bias[:, 0]
    return rows


def _clustered(
    k: int,
    centres: Floats,
    labels: NDArray[np.int64],
    classes: NDArray[np.int64],
    original: NDArray[np.int64],
    truth: NDArray[Any] | None,
) -> ClusteredMaps:
    found = ClusteredMaps(
        k=k, centres=centres, labels=labels, classes=classes, agreement=float((classes == original).mean()),
        accuracy=None if truth is None else float((classes == truth).mean()),
    )  # fmt: skip
    freeze(found)
    return found


def _fit(k_means: Any, rows: Floats, size: int, seed: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(limits=1 if len(rows) <= _ONE_THREAD else None):
        # Points with equal maps may be fewer than k, which leaves centres unused and nothing wrong.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return k_means(n_clusters=size, n_init=1, random_state=seed).fit(rows)


def _k_means() -> Any:
    with needing("clustering needs scikit-learn", "maps"):
        from sklearn.cluster import KMeans
    return KMeans
