"""Regions in files and on a terminal: one row a region, written some thousands of rows at a time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.engine.records import Generators
from relureg.errors import UsageError
from relureg.files import check_absent, open_atomically
from relureg.reports.exports.columns import Geometry, Lists, NestedLists, Nodes, geometry, iter_nodes, more_columns
from relureg.reports.exports.lines import json_rows, write_csv
from relureg.reports.exports.npz import NpzWriter
from relureg.reports.exports.parquet import require_pyarrow, write_parquet


class RegionRow(TypedDict):
    """A region, its values as JSON has them; generators where they were asked for."""

    region: int
    pattern: str
    bounded: bool
    degree: int
    point: list[float]
    facets: list[list[int]]
    neighbours: list[int]
    weights: list[list[float]]
    bias: list[float]
    distance: NotRequired[int]
    leading_out: NotRequired[int]
    vertices: NotRequired[list[list[float]]]
    rays: NotRequired[list[list[float]]]


@checked
def save_regions(cells: Complex, path: str | Path, *, vertices: bool = False, force: bool = False) -> None:
    """Write the regions of a complex, one row each, in the format of the suffix; whole or not at all.

    Columns: ``region``, ``pattern``, ``bounded``, ``degree`` (neighbours), ``point`` (inside), ``facets`` (for each
    facet the units that vanish on it), ``neighbours`` (the region behind each facet, -1 on the domain's boundary),
    ``weights`` and ``bias`` (the output is ``weights @ x + bias`` there); with `vertices`, also ``vertices`` and
    ``rays``. Of a `Neighbourhood` also ``distance`` (facets away from the region of the point) and ``leading_out``
    (facets that lead out: there the neighbour is -2, and ``degree`` counts them).

    Parameters
    ----------
    cells : Complex
    path : str or Path
        Formats: ``.csv``, ``.json``, ``.npz``, ``.parquet``.
    vertices : bool, optional
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    UsageError
        The suffix is not known, or Parquet is asked for and pyarrow is missing.
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    LimitReachedError
        The complex is not complete.
    """
    write = region_writer(path, force=force)
    _ = cells.graph  # raises before a file is begun
    with open_atomically(Path(path), force=force) as stream:
        write(cells, stream, vertices)


def region_writer(path: str | Path, *, force: bool = False) -> Callable[[Complex, BinaryIO, bool], None]:
    """What writes the file that `save_regions` makes; raises as it does, before any long work."""
    path = Path(path)
    write = _FORMATS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"the suffix of a list of regions is one of {', '.join(_FORMATS)}", where=str(path))
    if path.suffix.lower() == ".parquet":
        require_pyarrow()
    check_absent(path, force=force)
    return write


def iter_rows(cells: Complex, *, vertices: bool) -> Iterator[RegionRow]:
    """One row a region."""
    for nodes, shape in _parts(cells):
        facets = _split(shape.units.tolist(), shape.facet_count)
        neighbours = _split(shape.neighbour.tolist(), shape.facet_count)
        more = _generators(cells, nodes) if vertices else itertools.repeat({})
        maps = zip(facets, neighbours, shape.weights.tolist(), shape.bias.tolist(), strict=True)
        names = nodes.columns()
        for values, (units, behind, weights, bias), generators in zip(nodes.rows(), maps, more, strict=False):
            node = dict(zip(names, values, strict=True))
            around = {name: node.pop(name) for name in nodes.more}
            shape_of = {"facets": units, "neighbours": behind, "weights": weights, "bias": bias}
            yield node | shape_of | around | generators  # type: ignore[misc]


def _parts(cells: Complex) -> Iterator[tuple[Nodes, Geometry]]:
    for nodes in iter_nodes(cells):
        first = int(nodes.region[0])
        yield nodes, geometry(cells, slice(first, first + len(nodes.region)))


def _split(values: list[Any], counts: Any) -> Iterator[list[Any]]:
    first = 0
    for count in counts.tolist():
        yield values[first : first + count]
        first += count


def _generators(cells: Complex, nodes: Nodes) -> list[dict[str, Any]]:
    found = cells.generators.take(nodes.region)
    is_ray, coordinates = found.is_ray, found.coordinates
    return [
        {"vertices": coordinates[part][~is_ray[part]].tolist(), "rays": coordinates[part][is_ray[part]].tolist()}
        for part in itertools.starmap(slice, itertools.pairwise(found.starts.tolist()))
    ]


def _chosen(generators: Generators, which: NDArray[np.bool_]) -> Lists:
    """The coordinates of some generators, a list for each region."""
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(which)])
    return Lists(starts=before[generators.starts], values=generators.coordinates[which])


def _write_json(cells: Complex, stream: BinaryIO, vertices: bool) -> None:
    head = {"network": cells.network.name, "sha256": cells.network.sha256, "regions": cells.num_regions}
    stream.write(json.dumps(head)[:-1].encode() + b', "rows": [')
    stream.writelines(json_rows(iter_rows(cells, vertices=vertices)))
    stream.write(b"\n]}\n")


def _write_csv(cells: Complex, stream: BinaryIO, vertices: bool) -> None:
    nested = ("facets", "weights", "vertices", "rays")
    header: tuple[str, ...] = ("region", "pattern", "bounded", "degree", "point", "facets", "neighbours", "weights")
    header += ("bias", *more_columns(cells))
    rows = (
        [_flat(value) if name in nested else value for name, value in row.items()]
        for row in iter_rows(cells, vertices=vertices)
    )
    write_csv(stream, header + (("vertices", "rays") if vertices else ()), [rows])


def _flat(lists: Any) -> str:
    """Lists separated by semicolons, their entries by spaces."""
    return ";".join(" ".join(map(str, entries)) for entries in lists)


def _write_npz(cells: Complex, stream: BinaryIO, vertices: bool) -> None:
    records, count, network = cells.records, cells.num_regions, cells.network
    width = max(network.num_units + len(network.widths) - 1, 1)
    starts = np.searchsorted(records.facet_region, np.arange(count + 1))
    with NpzWriter(stream) as archive:
        archive.write_pieces(
            "pattern",
            f"S{width}",
            (count,),
            (np.array(nodes.pattern, dtype=f"S{width}") for nodes in iter_nodes(cells)),
        )
        archive.write_pieces("bounded", np.bool_, (count,), (nodes.bounded for nodes in iter_nodes(cells)))
        archive.write("degree", cells.degrees)
        for name, column in more_columns(cells).items():
            archive.write(name, column)
        archive.write("point", records.points)
        archive.write("facet_starts", starts)
        archive.write("facet_neighbours", cells.facets.regions_behind)
        archive.write("facet_unit_starts", records.facet_starts)
        archive.write("facet_units", records.facet_units)
        shape = (count, network.output_dim)
        archive.write_pieces("bias", np.float64, shape, (part.bias for _, part in _parts(cells)))
        archive.write_pieces(
            "weights", np.float64, (*shape, network.input_dim), (part.weights for _, part in _parts(cells))
        )
        if network.slice is not None:
            archive.write("slice_base", network.slice.base.floats[:, 0])
            archive.write("slice_directions", network.slice.directions.floats.T)
        if vertices:
            archive.write("generator_starts", cells.generators.starts)
            archive.write("generators", cells.generators.coordinates)
            archive.write("is_ray", cells.generators.is_ray)


def _write_parquet(cells: Complex, stream: BinaryIO, vertices: bool) -> None:
    def batches() -> Iterator[Mapping[str, Any]]:
        for nodes, shape in _parts(cells):
            offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(shape.facet_count)])
            columns: dict[str, Any] = {
                "region": nodes.region, "pattern": nodes.pattern, "bounded": nodes.bounded, "degree": nodes.degree,
                "point": nodes.point, "facets": NestedLists(starts=offsets, values=shape.units),
                "neighbours": Lists(starts=offsets, values=shape.neighbour),
                "weights": shape.weights, "bias": shape.bias, **nodes.more,
            }  # fmt: skip
            if vertices:
                found = cells.generators.take(nodes.region)
                columns |= {"vertices": _chosen(found, ~found.is_ray), "rays": _chosen(found, found.is_ray)}
            yield columns

    write_parquet(stream, batches())


_FORMATS: dict[str, Callable[[Complex, BinaryIO, bool], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
