"""Regions in files and on a terminal: one row a region, written some thousands of rows at a time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, TypedDict

import numpy as np

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.complex.halfspaces import Inequalities, output_maps
from relureg.complex.stream import CellStream
from relureg.errors import UsageError
from relureg.files import check_absent, open_atomically
from relureg.reports.exports.columns import Geometry, Lists, NestedLists, Nodes, geometry, iter_nodes, more_columns
from relureg.reports.exports.lines import json_rows, write_csv
from relureg.reports.exports.mat import require_scipy, write_mat
from relureg.reports.exports.npz import NpzWriter
from relureg.reports.exports.parquet import require_pyarrow, write_parquet
from relureg.reports.exports.region_streams import (
    Wanted,
    chosen,
    fitting_names,
    flat,
    frame_of,
    require_complete,
    streamed_csv,
    streamed_json,
    streamed_npz,
    streamed_parquet,
    write_frame,
)


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
    A: NotRequired[list[list[float]]]
    b: NotRequired[list[float]]
    rays: NotRequired[list[list[float]]]


@checked
def save_regions(
    cells: Complex | CellStream,
    path: str | Path,
    *,
    vertices: bool = False,
    inequalities: bool = False,
    exact: bool = False,
    input_names: Sequence[str] = (),
    force: bool = False,
) -> None:
    """Write the regions of a complex, one row each, in the format of the suffix; whole or not at all.

    Columns: ``region``, ``pattern``, ``bounded``, ``degree`` (neighbours), ``point`` (inside), ``facets`` (for each
    facet the units that vanish on it), ``neighbours`` (the region behind each facet, -1 on the domain's boundary),
    ``weights`` and ``bias`` (the output is ``weights @ x + bias`` there); with `vertices`, also ``vertices`` and
    ``rays``. Of a `Neighbourhood` also ``distance`` (facets away from the region of the point) and ``leading_out``
    (facets that lead out: there the neighbour is -2, and ``degree`` counts them). With `inequalities`, also ``A`` and
    ``b``: a row for each facet, in their order, and the region is where ``A @ x <= b``.

    Of a stream, which the file takes to its end, regions are written as they are found, in their order there, and
    numbered so; without ``neighbours``, for the number of a region that is still to come is not known. Memory does not
    grow with the number of regions. Where a limit ends the stream, or one of its checks fails, there is no file.

    Parameters
    ----------
    cells : Complex or CellStream
        A stream has vertices where `iter_cells` was asked for them.
    path : str or Path
        Formats: ``.csv``, ``.json``, ``.npz``, ``.parquet``; and ``.mat``, of a complex alone, which has inequalities
        unasked.
    vertices : bool, optional
    inequalities : bool, optional
    exact : bool, optional
        Round inequalities and affine maps once, from rationals; slow. Otherwise they are composed in doubles.
    input_names : sequence of str, optional
        Names of the inputs, d of them, kept in the file; not in ``.csv``.
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    UsageError
        The suffix is not known, or Parquet is asked for and pyarrow is missing; a name too few or too many.
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    LimitReachedError
        The complex is not complete, or a limit has ended the stream.
    CheckFailedError
        A check of the stream failed.
    """
    path = Path(path)
    check_destination(path, force=force, is_stream=isinstance(cells, CellStream), input_names=input_names)
    wanted = Wanted(
        vertices=vertices,
        inequalities=inequalities,
        exact=exact,
        names=fitting_names(cells.network.input_dim, input_names),
        folder=path.parent,
    )
    write_stream = _STREAM_FORMATS.get(path.suffix.lower())
    if isinstance(cells, CellStream):
        assert write_stream is not None
        with open_atomically(path, force=force) as stream:
            write_stream(cells, stream, wanted)
            require_complete(cells)
        return
    _ = cells.graph  # raises before a file is begun
    with open_atomically(path, force=force) as stream:
        _FORMATS[path.suffix.lower()](cells, stream, wanted)


def check_destination(path: Path, *, force: bool, is_stream: bool = False, input_names: Sequence[str] = ()) -> None:
    """Raise what `save_regions` raises for a path, before any long work."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"the suffix of a list of regions is one of {', '.join(_FORMATS)}", where=str(path))
    if is_stream and suffix not in _STREAM_FORMATS:
        why = "; a .mat file is made in memory, of all regions" if suffix == ".mat" else ""
        raise UsageError(f"the suffix of a stream is one of {', '.join(_STREAM_FORMATS)}{why}", where=str(path))
    if input_names and suffix == ".csv":
        raise UsageError("a .csv file has no place for names of inputs; choose another suffix", where=str(path))
    if suffix == ".parquet":
        require_pyarrow()
    if suffix == ".mat":
        require_scipy()
    check_absent(path, force=force)


def iter_rows(
    cells: Complex, *, vertices: bool, rows: Inequalities | None = None, exact: bool = False
) -> Iterator[RegionRow]:
    """One row a region; with their inequalities, where these are given; affine maps rounded once, where `exact`."""
    for nodes, shape in _parts(cells, exact):
        facets = _split(shape.units.tolist(), shape.facet_count)
        neighbours = _split(shape.neighbour.tolist(), shape.facet_count)
        more = _generators(cells, nodes) if vertices else itertools.repeat({})
        sides = itertools.repeat({}) if rows is None else _sides(rows, nodes)
        maps = zip(facets, neighbours, shape.weights.tolist(), shape.bias.tolist(), strict=True)
        names = nodes.columns()
        for values, (units, behind, weights, bias), generators, side in zip(
            nodes.rows(), maps, more, sides, strict=False
        ):
            node = dict(zip(names, values, strict=True))
            around = {name: node.pop(name) for name in nodes.more}
            shape_of = {"facets": units, "neighbours": behind, "weights": weights, "bias": bias}
            yield node | shape_of | around | generators | side  # type: ignore[misc]


def _parts(cells: Complex, exact: bool) -> Iterator[tuple[Nodes, Geometry]]:
    for nodes in iter_nodes(cells):
        first = int(nodes.region[0])
        yield nodes, geometry(cells, slice(first, first + len(nodes.region)), exact=exact)


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


def _sides(rows: Inequalities, nodes: Nodes) -> Iterator[dict[str, Any]]:
    """``A`` and ``b`` of some regions, row by row."""
    starts = rows.starts[nodes.region[0] : nodes.region[-1] + 2].tolist() if len(nodes.region) else []
    for part in itertools.starmap(slice, itertools.pairwise(starts)):
        yield {"A": rows.matrix[part].tolist(), "b": rows.bounds[part].tolist()}


def _write_json(cells: Complex, stream: BinaryIO, wanted: Wanted) -> None:
    head: dict[str, Any] = {"network": cells.network.name, "sha256": cells.network.sha256}
    head |= frame_of(cells.problem, wanted)
    head["regions"] = cells.num_regions
    rows = iter_rows(cells, vertices=wanted.vertices, rows=wanted.rows_of(cells), exact=wanted.exact)
    stream.write(json.dumps(head)[:-1].encode() + b', "rows": [')
    stream.writelines(json_rows(rows))
    stream.write(b"\n]}\n")


def _write_csv(cells: Complex, stream: BinaryIO, wanted: Wanted) -> None:
    nested = ("facets", "weights", "vertices", "rays", "A")
    vertices = wanted.vertices
    header: tuple[str, ...] = ("region", "pattern", "bounded", "degree", "point", "facets", "neighbours", "weights")
    header += ("bias", *more_columns(cells))
    rows = (
        [flat(value) if name in nested else value for name, value in row.items()]
        for row in iter_rows(cells, vertices=vertices, rows=wanted.rows_of(cells), exact=wanted.exact)
    )
    header += (("vertices", "rays") if vertices else ()) + (("A", "b") if wanted.inequalities else ())
    write_csv(stream, header, [rows])


def _write_npz(cells: Complex, stream: BinaryIO, wanted: Wanted) -> None:
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
        archive.write_pieces("bias", np.float64, shape, (part.bias for _, part in _parts(cells, wanted.exact)))
        archive.write_pieces(
            "weights",
            np.float64,
            (*shape, network.input_dim),
            (part.weights for _, part in _parts(cells, wanted.exact)),
        )
        rows = wanted.rows_of(cells)
        if rows is not None:
            archive.write("A", rows.matrix)
            archive.write("b", rows.bounds)
        write_frame(archive, cells.problem, wanted)
        if wanted.vertices:
            archive.write("generator_starts", cells.generators.starts)
            archive.write("generators", cells.generators.coordinates)
            archive.write("is_ray", cells.generators.is_ray)


def _write_parquet(cells: Complex, stream: BinaryIO, wanted: Wanted) -> None:
    rows = wanted.rows_of(cells)

    def batches() -> Iterator[Mapping[str, Any]]:
        for nodes, shape in _parts(cells, wanted.exact):
            offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(shape.facet_count)])
            columns: dict[str, Any] = {
                "region": nodes.region, "pattern": nodes.pattern, "bounded": nodes.bounded, "degree": nodes.degree,
                "point": nodes.point, "facets": NestedLists(starts=offsets, values=shape.units),
                "neighbours": Lists(starts=offsets, values=shape.neighbour),
                "weights": shape.weights, "bias": shape.bias, **nodes.more,
            }  # fmt: skip
            if wanted.vertices:
                found = cells.generators.take(nodes.region)
                columns |= {"vertices": chosen(found, ~found.is_ray), "rays": chosen(found, found.is_ray)}
            if rows is not None and len(nodes.region):
                first, last = rows.starts[nodes.region[0]], rows.starts[nodes.region[-1] + 1]
                columns |= {"A": Lists(starts=offsets, values=rows.matrix[first:last]),
                            "b": Lists(starts=offsets, values=rows.bounds[first:last])}  # fmt: skip
            yield columns

    write_parquet(stream, batches(), told=frame_of(cells.problem, wanted))


def _write_mat(cells: Complex, stream: BinaryIO, wanted: Wanted) -> None:
    rows = cells.inequalities(exact=wanted.exact)
    write_mat(cells, stream, rows, output_maps(cells.problem, cells.records, exact=wanted.exact), wanted.names)


_FORMATS: dict[str, Callable[[Complex, BinaryIO, Wanted], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".mat": _write_mat,
}

_STREAM_FORMATS: dict[str, Callable[[CellStream, BinaryIO, Wanted], None]] = {
    ".csv": streamed_csv,
    ".json": streamed_json,
    ".npz": streamed_npz,
    ".parquet": streamed_parquet,
}
