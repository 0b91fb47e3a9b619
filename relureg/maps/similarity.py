"""How N and N^(X) differ away from the data: agreement, accuracy, angles and distances, layer after layer.

Source: Trimmel, Petzka and Sminchisescu [TPS21]: Table 2, Figure 2 and Figure 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.exact.float_matrices import Floats
from relureg.exact.ranges import chunks
from relureg.frozen import Frozen
from relureg.maps.float_network import FloatNetwork
from relureg.maps.layer_merging import Merger
from relureg.maps.local import PointRegions, Report, classes_of, number_rows, outputs_at, regions_at
from relureg.maps.points import check_points
from relureg.maps.tropex import ExtractedFunction
from relureg.network.model import Network

_TERMS = 512
"""Terms merged and evaluated at once."""
_QUERIES = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Similarity(Frozen):
    """The gradients of the largest output of N and of N^(X), compared at n points (the source's Figure 2)."""

    angle: Floats
    """(n,): between the two, in degrees; NaN where one is 0."""
    distance: Floats
    """(n,): Euclidean."""
    agree: NDArray[np.bool_]
    """(n,): whether both name the same class."""


@checked
def compare_coefficients(
    network: Network, function: ExtractedFunction, points: ArrayLike, *, chunk: int | None = None
) -> Similarity:
    """Compare the linear coefficients of N and N^(X) at points, most often those of test data.

    Raises
    ------
    DataError
        As `find_regions`.
    """
    floats, array = FloatNetwork.of(network), check_points(network, points)
    regions = regions_at(floats, array, chunk)
    outputs = outputs_at(floats, array, chunk)
    top = np.argmax(outputs, axis=1)
    angle, distance = np.empty(len(array)), np.empty(len(array))
    for part in chunks(len(array), floats.chunk_size(chunk, 4 * floats.widest)):
        weights, _ = floats.output_maps(regions.active_of(part), top[part][:, None])
        mine, theirs = weights[:, 0], function.coefficients(array[part])
        lengths = np.linalg.norm(mine, axis=1) * np.linalg.norm(theirs, axis=1)
        cosine = np.divide((mine * theirs).sum(axis=1), lengths, out=np.full(len(mine), np.nan), where=lengths > 0)
        angle[part] = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        distance[part] = np.linalg.norm(mine - theirs, axis=1)
    found = Similarity(angle=angle, distance=distance, agree=classes_of(outputs) == function.predict(array))
    freeze(found)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAgreement:
    """The network with its last layers merged into an extracted function (a point of the source's Figure 3)."""

    merged: str
    """The stage merged last: ``output``, then the stages from the last to the first."""
    agreement: float
    """The share of points to which it gives the class that the network gives."""
    accuracy: float | None
    """The share of points to which it gives their label, where there are labels."""


@checked
def agreement_by_stage(
    network: Network,
    data: ArrayLike,
    points: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    chunk: int | None = None,
    report: Report | None = None,
) -> tuple[StageAgreement, ...]:
    """How the classes of test points change while the network is turned into N^(X), layer by layer from the last.

    Points go through the network up to the layers that are merged, and from there through the terms.

    Parameters
    ----------
    data : array_like, shape (n, d)
        Where the terms are extracted.
    points : array_like, shape (q, d)
        What is classified.
    labels : array_like of int, shape (q,), optional
        Their true classes.
    """
    floats, base, array = FloatNetwork.of(network), check_points(network, data), check_points(network, points)
    regions = regions_at(floats, base, chunk, report)
    top = np.argmax(outputs_at(floats, base, chunk), axis=1)
    order = _distinct(regions, top)
    merger = Merger.over(floats)
    classes = np.concatenate([
        _classes_by_level(merger, regions, top, order, array[part], chunk or _TERMS)
        for part in chunks(len(array), _QUERIES)
    ], axis=1)  # fmt: skip
    original = classes_of(outputs_at(floats, array, chunk))
    names = ["output", *(stage.name or f"stage {n}" for n, stage in reversed([*enumerate(network.stages, start=1)]))]
    truth = None if labels is None else np.asarray(labels)
    return tuple(
        StageAgreement(
            merged=name,
            agreement=float((found == original).mean()),
            accuracy=None if truth is None else float((found == truth).mean()),
        )
        for name, found in zip(names, classes, strict=True)
    )


def _distinct(regions: PointRegions, outputs: NDArray[np.intp]) -> NDArray[np.int64]:
    """One point of each region and output, ordered by output."""
    keys = np.stack([regions.region, outputs], axis=1).astype(np.int64)
    _, first = number_rows(keys.view(np.uint8))
    return first[np.argsort(outputs[first], kind="stable")]


def _classes_by_level(
    merger: Merger,
    regions: PointRegions,
    outputs: NDArray[np.intp],
    order: NDArray[np.int64],
    points: Floats,
    step: int,
) -> NDArray[np.int64]:
    """(levels, points): the classes by the terms at each level of the merging."""
    sources = merger.sources(points)
    levels, m = len(merger.stages) + 1, merger.network.output_dim
    above = np.full((levels, len(points), m), -np.inf)
    below = np.full((levels, len(points)), -np.inf)
    for part in chunks(len(order), step):
        which = outputs[order[part]]
        merges = merger.iter_merges(regions.active_of(order[part]), which)
        starts = np.flatnonzero(np.diff(which, prepend=-1))
        for level, (numerators, denominators) in enumerate(merges):
            best = np.maximum.reduceat(numerators(sources), starts, axis=1)
            above[level][:, which[starts]] = np.maximum(above[level][:, which[starts]], best)
            below[level] = np.maximum(below[level], denominators(sources).max(axis=1))
    return np.stack([classes_of(high - low[:, None]) for high, low in zip(above, below, strict=True)])
