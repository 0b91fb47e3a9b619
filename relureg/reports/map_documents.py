"""What the commands `relureg maps ...` tell, as JSON documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.maps.clustering import ClusteredMaps
from relureg.maps.everywhere import EverywhereCheck
from relureg.maps.inequalities import LocalRegion
from relureg.maps.local import PointRegions, iter_maps
from relureg.maps.nearest import NearestFacets
from relureg.maps.relating import RelatedMaps
from relureg.maps.similarity import Similarity, StageAgreement
from relureg.maps.tropex import AgreementCheck, ExtractedFunction
from relureg.network.model import Network
from relureg.reports.documents import Document, head
from relureg.reports.exports.map_files import PointTable


def points_part(
    regions: PointRegions, num_maps: int, classes: NDArray[np.int64], labels: NDArray[np.int64] | None
) -> Document:
    """How many regions and maps some points use."""
    return {
        "points": regions.num_points,
        "activation_regions": regions.num_regions,
        "affine_maps": num_maps,
        "on_boundary": int(regions.on_boundary.sum()),
        "class_histogram": {str(k): int(n) for k, n in enumerate(np.bincount(classes)) if n},
        "accuracy": None if labels is None else float((classes == labels).mean()),
    }


def at_document(
    network: Network,
    train: Document,
    test: Document | None,
    shared: int | None,
    nearest: NearestFacets | None,
    classes: NDArray[np.int64],
    regions: Iterable[tuple[int, LocalRegion]],
) -> Document:
    """What `relureg maps at` tells, but for the rows."""
    return head("maps at", network) | {
        "train": train,
        "test": test,
        "test_points_in_train_regions": shared,
        "nearest_facets": None if nearest is None else _distances(nearest, classes),
        "local_regions": [
            {
                "point": point,
                "facets": region.num_facets,
                "left_out": region.num_left_out,
                "exact": region.is_exact,
                "units": region.units.tolist(),
                "matrix": region.matrix.tolist(),
                "constant": region.constant.tolist(),
            }
            for point, region in regions
        ],
        "files": [],
    }


def iter_point_rows(table: PointTable, count: int) -> Iterator[Document]:
    """The first points with their patterns, maps and nearest facets."""
    head = table.regions.take(slice(0, count))
    near = table.nearest
    for piece, weights, bias in iter_maps(table.network, head, chunk=table.chunk):
        patterns = head.patterns(table.network, piece)
        for place, point in enumerate(range(piece.start, piece.stop)):
            row = {"point": point, "pattern": patterns[place]} | {k: v[point].item() for k, v in table.columns.items()}
            if near is not None:
                row |= {
                    "distance": float(near.distance[point]) if near.unit[point] >= 0 else None,
                    "facet_unit": int(near.unit[point]), "neighbour_class": int(near.neighbour_class[point]),
                }  # fmt: skip
            yield row | {"weights": weights[place].tolist(), "bias": bias[place].tolist()}


def extract_document(
    network: Network,
    function: ExtractedFunction,
    check: AgreementCheck,
    *,
    num_points: int,
    cost: float | None,
    test: Document | None,
    similarity: Similarity | None,
    stages: Sequence[StageAgreement] | None,
    everywhere: EverywhereCheck | None,
) -> Document:
    """What `relureg maps extract` tells."""
    checks: dict[str, bool | None] = {"theorem_3_3": check.passed}
    if everywhere is not None:
        checks["everywhere"] = everywhere.passed
    return head("maps extract", network) | {
        "points": num_points,
        "numerators": len(function.numerators),
        "denominators": len(function.denominators),
        "forward_passes": cost,
        "agreement_check": asdict(check),
        "checks": checks,
        "test": test,
        "coefficients": None if similarity is None else _similarity(similarity),
        "stages": None if stages is None else [asdict(stage) for stage in stages],
        "files": [],
    }


def cluster_document(
    network: Network, found: Iterable[ClusteredMaps], *, num_points: int, num_test: int, accuracy: float | None
) -> Document:
    """What `relureg maps cluster` tells."""
    rows = [{"k": one.k, "agreement": one.agreement, "accuracy": one.accuracy} for one in found]
    return head("maps cluster", network) | {
        "points": num_points, "test_points": num_test, "accuracy": accuracy, "clusters": rows, "files": [],
    }  # fmt: skip


def relate_document(
    networks: Sequence[Network],
    accuracies: Sequence[float | None],
    found: Iterable[tuple[int, int, RelatedMaps]],
    *,
    num_points: int,
    num_test: int,
) -> Document:
    """What `relureg maps relate` tells; `found` holds the numbers of both networks of each pair."""
    return head("maps relate", networks[0]) | {
        "networks": [
            {"name": network.name, "accuracy": accuracy} for network, accuracy in zip(networks, accuracies, strict=True)
        ],
        "points": num_points,
        "test_points": num_test,
        "relations": [
            {
                "from": first,
                "to": second,
                "agreement": related.agreement,
                "accuracy": related.accuracy,
                "residual": float(np.max(related.residual)),
            }
            for first, second, related in found
        ],
        "files": [],
    }


def _distances(nearest: NearestFacets, classes: NDArray[np.int64]) -> Document:
    finite = nearest.distance[np.isfinite(nearest.distance)]
    return {
        "facets": len(finite),
        "least": float(finite.min()) if len(finite) else None,
        "median": float(np.median(finite)) if len(finite) else None,
        "largest": float(finite.max()) if len(finite) else None,
        "class_changes": int(((nearest.unit >= 0) & (nearest.neighbour_class != classes)).sum()),
    }


def _similarity(found: Similarity) -> Document:
    def summary(values: NDArray[Any]) -> Document | None:
        finite = values[np.isfinite(values)]
        if not len(finite):
            return None
        low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75]).tolist()
        return {"quartile_1": low, "median": middle, "quartile_3": high}

    return {
        name: {
            "points": int(which.sum()),
            "angle": summary(found.angle[which]),
            "distance": summary(found.distance[which]),
        }
        for name, which in (("agreeing", found.agree), ("disagreeing", ~found.agree))
    }
