"""Region graphs in files: one format a suffix, each written piece by piece."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.errors import UsageError
from relureg.files import check_absent, open_atomically
from relureg.reports.exports.columns import iter_edges, iter_nodes, more_columns, node_columns
from relureg.reports.exports.graph_xml import iter_gexf, iter_graphml
from relureg.reports.exports.lines import json_rows, write_csv
from relureg.reports.exports.npz import NpzWriter
from relureg.reports.exports.parquet import require_pyarrow, write_parquet


@checked
def save_graph(cells: Complex, path: str | Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write the region graph of a complex in the format of the suffix, whole or not at all.

    Nodes are regions with ``pattern``, ``bounded``, ``degree`` and ``point`` (an interior point); edges are facets with
    ``units``, those that vanish on it. Formats: ``.graphml``, ``.gexf``, ``.json`` (node-link), ``.npz`` (compressed
    sparse rows); ``.csv`` and ``.parquet`` hold the edges, and the nodes are beside them in a second file, for
    instance ``g.nodes.csv`` for ``g.csv``. The nodes of a `Neighbourhood` also have ``distance`` (facets away from the
    region of the point) and ``leading_out`` (facets that lead out, which ``degree`` counts, too).

    Parameters
    ----------
    cells : Complex
    path : str or Path
    force : bool, optional
        Replace existing files.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    UsageError
        The suffix is not known, or Parquet is asked for and pyarrow is missing.
    OutputError
        A file exists and `force` is not set, or it cannot be written.
    LimitReachedError
        The complex is not complete.
    """
    files = graph_files(path, force=force)
    _ = cells.graph  # raises before a file is begun
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_atomically(target, force=force)) for target, _ in files]
        for stream, (_, write) in zip(streams, files, strict=True):
            write(cells, stream)
    return tuple(target for target, _ in files)


def graph_files(path: str | Path, *, force: bool = False) -> list[tuple[Path, Callable[[Complex, BinaryIO], None]]]:
    """The files that `save_graph` makes, each with what writes it; raises as it does, before any long work."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"the suffix of a graph is one of {', '.join(_FORMATS)}", where=str(path))
    if suffix == ".parquet":
        require_pyarrow()
    names = [path, path.with_suffix(f".nodes{path.suffix}")]
    files = list(zip(names, _FORMATS[suffix], strict=False))
    for name, _ in files:
        check_absent(name, force=force)
    return files


def _write_graphml(cells: Complex, stream: BinaryIO) -> None:
    stream.writelines(line.encode() for line in iter_graphml(cells))


def _write_gexf(cells: Complex, stream: BinaryIO) -> None:
    stream.writelines(line.encode() for line in iter_gexf(cells))


def _write_json(cells: Complex, stream: BinaryIO) -> None:
    head = {"directed": False, "multigraph": False, "graph": {"name": cells.network.name}}
    stream.write(json.dumps(head)[:-1].encode() + b', "nodes": [')
    stream.writelines(json_rows(_json_nodes(cells)))
    stream.write(b'\n], "edges": [')
    stream.writelines(json_rows(_json_edges(cells)))
    stream.write(b"\n]}\n")


def _json_nodes(cells: Complex) -> Iterator[object]:
    names = ("id", *node_columns(cells)[1:])
    for part in iter_nodes(cells):
        for row in part.rows():
            yield dict(zip(names, row, strict=True))


def _json_edges(cells: Complex) -> Iterator[object]:
    for part in iter_edges(cells):
        for row in part.rows():
            yield dict(zip(("source", "target", "units"), row, strict=True))


def _write_csv_edges(cells: Complex, stream: BinaryIO) -> None:
    write_csv(stream, ("source", "target", "units"), (part.rows() for part in iter_edges(cells)))


def _write_csv_nodes(cells: Complex, stream: BinaryIO) -> None:
    write_csv(stream, node_columns(cells), (part.rows() for part in iter_nodes(cells)))


def _write_npz(cells: Complex, stream: BinaryIO) -> None:
    facets, records = cells.facets, cells.records
    with NpzWriter(stream) as archive:
        archive.write("starts", cells.graph.starts)
        archive.write("neighbours", cells.graph.neighbours)
        archive.write("edges", facets.regions)
        lengths = (records.facet_starts[1:] - records.facet_starts[:-1])[facets.record]
        archive.write("edge_unit_starts", np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]))
        pieces = (part.units.values for part in iter_edges(cells))
        archive.write_pieces("edge_units", records.facet_units.dtype, (int(lengths.sum()),), pieces)
        archive.write_pieces("pattern", f"S{max(_pattern_width(cells), 1)}", (cells.num_regions,),
                             (np.array(part.pattern, dtype="S") for part in iter_nodes(cells)))  # fmt: skip
        archive.write_pieces("bounded", np.bool_, (cells.num_regions,), (part.bounded for part in iter_nodes(cells)))
        archive.write("degree", cells.degrees)
        for name, column in more_columns(cells).items():
            archive.write(name, column)
        archive.write("point", records.points)


def _write_parquet_edges(cells: Complex, stream: BinaryIO) -> None:
    write_parquet(
        stream,
        ({"source": part.source, "target": part.target, "units": part.units} for part in iter_edges(cells)),
    )


def _write_parquet_nodes(cells: Complex, stream: BinaryIO) -> None:
    write_parquet(stream, (part.columns() for part in iter_nodes(cells)))


def _pattern_width(cells: Complex) -> int:
    return cells.network.num_units + max(len(cells.network.widths) - 1, 0)


_FORMATS: dict[str, tuple[Callable[[Complex, BinaryIO], None], ...]] = {
    ".graphml": (_write_graphml,),
    ".gexf": (_write_gexf,),
    ".json": (_write_json,),
    ".csv": (_write_csv_edges, _write_csv_nodes),
    ".npz": (_write_npz,),
    ".parquet": (_write_parquet_edges, _write_parquet_nodes),
}
"""Suffix -> what writes the file, and the one beside it."""
