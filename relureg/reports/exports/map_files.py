"""Local maps in files: one row a point, a centre or a relation, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from relureg.errors import UsageError
from relureg.exact.float_matrices import Floats
from relureg.files import check_absent, open_atomically
from relureg.maps.clustering import ClusteredMaps
from relureg.maps.inequalities import LocalRegion
from relureg.maps.local import PointRegions, iter_maps
from relureg.maps.nearest import NearestFacets
from relureg.maps.relating import RelatedMaps
from relureg.maps.survey import PointSurvey
from relureg.network.model import Network
from relureg.reports.exports.columns import Lists
from relureg.reports.exports.npz import NpzWriter
from relureg.reports.exports.parquet import require_pyarrow, write_parquet

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTable:
    """What is known of n points, but for their affine maps, which are computed as they are written."""

    network: Network
    regions: PointRegions
    columns: Mapping[str, Any]
    """Further columns of n entries: region, map, class, label ..."""
    nearest: NearestFacets | None
    chunk: int | None
    around: Sequence[tuple[int, LocalRegion]] = ()
    """Points, in any order, with the irredundant inequalities of their regions."""

    @classmethod
    def of(cls, network: Network, survey: PointSurvey, chunk: int | None = None) -> PointTable:
        """The table of the data points of a survey."""
        use = survey.data
        columns = {
            "region": use.regions.region, "map": use.map_number, "class": use.classes,
            "on_boundary": use.regions.on_boundary,
        } | ({} if use.labels is None else {"label": use.labels})  # fmt: skip
        return cls(
            network=network, regions=use.regions, columns=columns, nearest=survey.nearest, chunk=chunk,
            around=survey.around,
        )  # fmt: skip


Write = Callable[[Any, BinaryIO], None]


def table_writer(path: str | Path, *, force: bool = False) -> Write:
    """What writes a table of points; refuses early.

    Raises
    ------
    UsageError
        The suffix is not known, or pyarrow is missing.
    OutputError
        The file exists and `force` is not set.
    """
    return _writer(Path(path), {".npz": _write_npz, ".parquet": _write_parquet}, "a table of points", force)


def save_points(table: PointTable, path: str | Path, *, force: bool = False) -> None:
    """Write a table of points; raises as `table_writer`."""
    _save(table, table_writer(path, force=force), path, force)


def cluster_writer(path: str | Path, *, force: bool = False) -> Write:
    """What writes clustered maps; raises as `table_writer`."""
    known = {".npz": _write_cluster_npz, ".parquet": _write_cluster_parquet, ".json": _write_cluster_json}
    return _writer(Path(path), known, "a file of clustered maps", force)


def save_clusters(clusterings: Sequence[ClusteredMaps], path: str | Path, *, force: bool = False) -> None:
    """Write clustered maps: for each k the centres, the centre of each point and output, and the test points' classes.

    In a .parquet file a row is a centre, with the rows of its points (`members`); raises as `table_writer`.
    """
    _save(clusterings, cluster_writer(path, force=force), path, force)


def relation_writer(path: str | Path, *, force: bool = False) -> Write:
    """What writes maps between networks; raises as `table_writer`."""
    known = {".npz": _write_relation_npz, ".parquet": _write_relation_parquet, ".json": _write_relation_json}
    return _writer(Path(path), known, "a file of maps between networks", force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """The maps between networks, pair by pair."""

    names: Sequence[str]
    pairs: Sequence[tuple[int, int, RelatedMaps]]
    """The numbers of both networks, and the matrices that send the maps of the first to those of the second."""


def save_relations(relations: Relations, path: str | Path, *, force: bool = False) -> None:
    """Write maps between networks: for each pair the matrices M_j, and the test points' classes after them.

    In a .parquet file a row is a matrix, of one output of one pair; raises as `table_writer`.
    """
    _save(relations, relation_writer(path, force=force), path, force)


def _writer(path: Path, known: Mapping[str, Write], what: str, force: bool) -> Write:
    suffix = path.suffix.lower()
    if suffix not in known:
        *most, last = known
        raise UsageError(f"the suffix of {what} is {', '.join(most)} or {last}", where=str(path))
    if suffix == ".parquet":
        require_pyarrow()
    check_absent(path, force=force)
    return known[suffix]


def _save(content: Any, write: Write, path: str | Path, force: bool) -> None:
    with open_atomically(Path(path), force=force) as stream:
        write(content, stream)


def _columns(table: PointTable, part: slice) -> Columns:
    columns: Columns = {name: column[part] for name, column in table.columns.items()}
    if table.nearest is not None:
        columns |= {
            "distance": table.nearest.distance[part],
            "facet_unit": table.nearest.unit[part],
            "foot": table.nearest.foot[part],
            "neighbour_class": table.nearest.neighbour_class[part],
        }
    return columns


def _inequalities(table: PointTable, part: slice) -> Columns:
    """The inequalities of the points that were asked for, empty lists for the others; nothing if none was."""
    if not table.around:
        return {}
    known = dict(table.around)
    mine = [known.get(point) for point in range(part.start, part.stop)]
    found = [region for region in mine if region is not None]
    starts = np.cumsum([0, *(0 if region is None else region.num_facets for region in mine)])
    rows = np.concatenate([np.empty((0, table.network.input_dim)), *(region.matrix for region in found)])
    constants = np.concatenate([np.empty(0), *(region.constant for region in found)])
    units = np.concatenate([np.empty(0, dtype=np.int64), *(region.units for region in found)])
    return {
        "facet_units": Lists(starts=starts, values=units), "facet_weights": Lists(starts=starts, values=rows),
        "facet_bias": Lists(starts=starts, values=constants),
    }  # fmt: skip


def _write_parquet(table: PointTable, stream: BinaryIO) -> None:
    def batches() -> Iterator[Columns]:
        for part, weights, bias in iter_maps(table.network, table.regions, chunk=table.chunk):
            patterns = {"pattern": table.regions.patterns(table.network, part)}
            maps = {"weights": weights, "bias": bias}
            yield patterns | _columns(table, part) | maps | _inequalities(table, part)

    write_parquet(stream, batches())


def _write_npz(table: PointTable, stream: BinaryIO) -> None:
    network, regions = table.network, table.regions
    shape = (regions.num_points, network.output_dim)

    def maps(which: int) -> Iterator[Floats]:
        for part in iter_maps(network, regions, chunk=table.chunk):
            yield np.asarray(part[which])

    with NpzWriter(stream) as archive:
        archive.write("active", regions.active)
        archive.write("num_units", np.array(regions.num_units))
        for name, column in _columns(table, slice(None)).items():
            archive.write(name, column)
        archive.write_pieces("bias", np.float64, shape, maps(2))
        archive.write_pieces("weights", np.float64, (*shape, network.input_dim), maps(1))
        for point, region in dict(table.around).items():
            archive.write(f"facet_units_{point}", region.units)
            archive.write(f"facet_weights_{point}", region.matrix)
            archive.write(f"facet_bias_{point}", region.constant)


def _write_cluster_npz(clusterings: Sequence[ClusteredMaps], stream: BinaryIO) -> None:
    with NpzWriter(stream) as archive:
        archive.write("k", np.array([one.k for one in clusterings]))
        archive.write("agreement", np.array([one.agreement for one in clusterings]))
        if all(one.accuracy is not None for one in clusterings):
            archive.write("accuracy", np.array([one.accuracy for one in clusterings], dtype=np.float64))
        for one in clusterings:
            archive.write(f"centres_{one.k}", one.centres)
            archive.write(f"labels_{one.k}", one.labels)
            archive.write(f"classes_{one.k}", one.classes)


def _write_cluster_parquet(clusterings: Sequence[ClusteredMaps], stream: BinaryIO) -> None:
    def batches() -> Iterator[Columns]:
        for one in clusterings:
            for output, centres in enumerate(one.centres):
                own = one.labels[:, output]
                sizes = np.bincount(own, minlength=one.k)
                starts = np.concatenate([[0], np.cumsum(sizes)])
                members = Lists(starts=starts, values=np.argsort(own, kind="stable"))
                accuracy = np.nan if one.accuracy is None else one.accuracy
                yield {
                    "k": np.full(one.k, one.k), "output": np.full(one.k, output), "centre": np.arange(one.k),
                    "points": sizes, "members": members, "weights": centres[:, :-1], "bias": centres[:, -1],
                    "agreement": np.full(one.k, one.agreement), "accuracy": np.full(one.k, accuracy),
                }  # fmt: skip

    write_parquet(stream, batches())


def _write_cluster_json(clusterings: Sequence[ClusteredMaps], stream: BinaryIO) -> None:
    _write_json(stream, "clusters", (
        {
            "k": one.k, "agreement": one.agreement, "accuracy": one.accuracy, "centres": one.centres.tolist(),
            "labels": one.labels.tolist(), "classes": one.classes.tolist(),
        }
        for one in clusterings
    ))  # fmt: skip


def _write_relation_npz(relations: Relations, stream: BinaryIO) -> None:
    pairs = [related for _, _, related in relations.pairs]
    with NpzWriter(stream) as archive:
        archive.write("names", np.array(relations.names))
        archive.write("from", np.array([first for first, _, _ in relations.pairs]))
        archive.write("to", np.array([second for _, second, _ in relations.pairs]))
        archive.write("agreement", np.array([one.agreement for one in pairs]))
        if all(one.accuracy is not None for one in pairs):
            archive.write("accuracy", np.array([one.accuracy for one in pairs], dtype=np.float64))
        archive.write("residual", np.stack([one.residual for one in pairs]))
        archive.write("classes", np.stack([one.classes for one in pairs]))
        shape = (len(pairs), *pairs[0].matrices.shape)
        archive.write_pieces("matrices", np.float64, shape, (one.matrices for one in pairs))


def _write_relation_parquet(relations: Relations, stream: BinaryIO) -> None:
    def batches() -> Iterator[Columns]:
        for first, second, one in relations.pairs:
            count = len(one.matrices)
            accuracy = np.nan if one.accuracy is None else one.accuracy
            yield {
                "from": [relations.names[first]] * count, "to": [relations.names[second]] * count,
                "output": np.arange(count), "matrix": one.matrices, "residual": one.residual,
                "agreement": np.full(count, one.agreement), "accuracy": np.full(count, accuracy),
            }  # fmt: skip

    write_parquet(stream, batches())


def _write_relation_json(relations: Relations, stream: BinaryIO) -> None:
    _write_json(stream, "relations", (
        {
            "from": relations.names[first], "to": relations.names[second], "agreement": one.agreement,
            "accuracy": one.accuracy, "residual": one.residual.tolist(), "matrices": one.matrices.tolist(),
            "classes": one.classes.tolist(),
        }
        for first, second, one in relations.pairs
    ))  # fmt: skip


def _write_json(stream: BinaryIO, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """An object with one list, entry by entry, so that the text need not be in memory as a whole."""
    stream.write(f'{{"{name}": ['.encode())
    for number, row in enumerate(rows):
        stream.write((",\n" * bool(number) + json.dumps(row)).encode())
    stream.write(b"]}\n")
