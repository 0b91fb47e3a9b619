"""What `relureg maps at` tells: the regions, maps and nearest facets of data points, and a row for the first points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from relureg.frozen import read_only
from relureg.maps.local import iter_maps
from relureg.reports.layout import affine, facts_table, files_part, page, percent, plain_table, seconds_line
from relureg.reports.report import NetworkFacts, Report
from relureg.words import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from relureg.maps.inequalities import LocalRegion
    from relureg.maps.nearest import NearestFacets
    from relureg.maps.survey import PointSurvey, PointUse
    from relureg.network.model import Network
    from relureg.reports.exports.map_files import PointTable

PointRow = TypedDict(
    "PointRow",
    {
        "point": int, "pattern": str, "region": int, "map": int, "class": int, "on_boundary": bool,
        "label": NotRequired[int], "distance": NotRequired[float | None], "facet_unit": NotRequired[int],
        "neighbour_class": NotRequired[int], "weights": list[list[float]], "bias": list[float],
    },
)  # fmt: skip
"""A point with its map; the label where there are labels, the nearest facet where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsFacts:
    """How many regions and maps some points use."""

    points: int
    activation_regions: int
    affine_maps: int
    on_boundary: int
    class_histogram: Mapping[str, int]
    accuracy: float | None

    @classmethod
    def of(cls, use: PointUse) -> PointsFacts:
        return cls(
            points=use.regions.num_points,
            activation_regions=use.regions.num_regions,
            affine_maps=use.num_maps,
            on_boundary=int(use.regions.on_boundary.sum()),
            class_histogram=read_only({str(k): int(n) for k, n in enumerate(np.bincount(use.classes)) if n}),
            accuracy=use.accuracy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestFacts:
    """Distances to the nearest facets, where there are facets, and whether the class changes there."""

    facets: int
    least: float | None
    median: float | None
    largest: float | None
    class_changes: int

    @classmethod
    def of(cls, nearest: NearestFacets, classes: NDArray[np.int64]) -> NearestFacts:
        finite = nearest.distance[np.isfinite(nearest.distance)]
        return cls(
            facets=len(finite),
            least=float(finite.min()) if len(finite) else None,
            median=float(np.median(finite)) if len(finite) else None,
            largest=float(finite.max()) if len(finite) else None,
            class_changes=int(((nearest.unit >= 0) & (nearest.neighbour_class != classes)).sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRegionFacts:
    """The irredundant inequalities ``matrix @ x + constant >= 0`` of the region of a point."""

    point: int
    facets: int
    left_out: int
    exact: bool
    units: tuple[int, ...]
    matrix: tuple[tuple[float, ...], ...]
    constant: tuple[float, ...]

    @classmethod
    def of(cls, point: int, region: LocalRegion) -> LocalRegionFacts:
        return cls(
            point=point,
            facets=region.num_facets,
            left_out=region.num_left_out,
            exact=region.is_exact,
            units=tuple(region.units.tolist()),
            matrix=tuple(map(tuple, region.matrix.tolist())),
            constant=tuple(region.constant.tolist()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsAtReport(Report):
    """Regions and affine maps at data points."""

    command: str = field(default="maps at", init=False)
    network: NetworkFacts
    train: PointsFacts
    test: PointsFacts | None
    test_points_in_train_regions: int | None
    nearest_facets: NearestFacts | None
    local_regions: tuple[LocalRegionFacts, ...]
    files: tuple[str, ...]
    rows: tuple[PointRow, ...] = ()

    @classmethod
    def of(cls, network: Network, survey: PointSurvey, *, files: Iterable[str] = ()) -> MapsAtReport:
        """The report but for its rows."""
        return cls(
            network=NetworkFacts.of(network),
            train=PointsFacts.of(survey.data),
            test=None if survey.test is None else PointsFacts.of(survey.test),
            test_points_in_train_regions=survey.num_shared,
            nearest_facets=None if survey.nearest is None else NearestFacts.of(survey.nearest, survey.data.classes),
            local_regions=tuple(LocalRegionFacts.of(point, region) for point, region in survey.around),
            files=tuple(files),
        )

    def table(self) -> RenderableType:
        sets = {"train": self.train} | ({} if self.test is None else {"test": self.test})
        table = plain_table("points", *sets)
        for label, counts in (
            ("points", [part.points for part in sets.values()]),
            ("activation regions", [part.activation_regions for part in sets.values()]),
            ("distinct affine maps", [part.affine_maps for part in sets.values()]),
            ("on a boundary", [part.on_boundary for part in sets.values()]),
        ):
            table.add_row(label, *(f"{count:,}" for count in counts))
        if any(part.accuracy is not None for part in sets.values()):
            table.add_row("accuracy", *(percent(part.accuracy) for part in sets.values()))
        facts = facts_table()
        for label, text in self._facts():
            facts.add_row(label, text)
        told: list[RenderableType] = [facts] if facts.row_count else []
        shown = [_rows_table(self.rows)] if self.rows else []
        return page(self.network, "", table, *told, *shown, *files_part(self.files), seconds_line(self.seconds))

    def _facts(self) -> Iterator[tuple[str, str]]:
        if self.test_points_in_train_regions is not None:
            yield "test points in regions of training points", f"{self.test_points_in_train_regions:,}"
        near = self.nearest_facets
        if near is not None and near.facets:
            distances = f"least {near.least:.4g}   median {near.median:.4g}   largest {near.largest:.4g}"
            yield "distance to the nearest facet", distances
            yield "another class at the nearest facet", plural(near.class_changes, "point")
        for region in self.local_regions:
            proof = "proved" if region.exact else "by linear programs in doubles"
            left = f"; {plural(region.left_out, 'hyperplane')} farther away not looked at" if region.left_out else ""
            yield f"region of point {region.point}", f"{plural(region.facets, 'facet')}, {proof}{left}"


def iter_point_rows(table: PointTable, count: int) -> Iterator[PointRow]:
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
            yield row | {"weights": weights[place].tolist(), "bias": bias[place].tolist()}  # type: ignore[misc]


def _rows_table(rows: Iterable[PointRow]) -> Table:
    table = plain_table("point", "region", "map", "class", "pattern", "affine map", left=(4, 5))
    for row in rows:
        maps = "; ".join(_affine(w, b) for w, b in zip(row["weights"], row["bias"], strict=True))
        near = row.get("distance")
        far = "" if near is None or row["facet_unit"] < 0 else f"   unit {row['facet_unit']} at {near:.4g}"
        table.add_row(
            str(row["point"]), str(row["region"]), str(row["map"]), str(row["class"]), _cut(row["pattern"], 40),
            _cut(maps, 80) + far,
        )  # fmt: skip
    return table


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _affine(weights: Iterable[float], bias: float) -> str:
    return affine(", ".join(f"{value:.4g}" for value in weights), bias)
