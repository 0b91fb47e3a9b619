"""Local maps in files: one row a point, written chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from relureg.errors import UsageError
from relureg.maps.float_network import Floats
from relureg.maps.local import PointRegions, iter_maps
from relureg.maps.nearest import NearestFacets
from relureg.network.files import check_absent, open_atomically
from relureg.network.model import Network
from relureg.reports.npz import NpzWriter
from relureg.reports.parquet import require_pyarrow, write_parquet

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


def table_writer(path: str | Path, *, force: bool = False) -> Callable[[PointTable, BinaryIO], None]:
    """What writes a table of points; refuses early.

    Raises
    ------
    UsageError
        The suffix is not known, or pyarrow is missing.
    OutputError
        The file exists and `force` is not set.
    """
    path = Path(path)
    write = {".npz": _write_npz, ".parquet": _write_parquet}.get(path.suffix.lower())
    if write is None:
        raise UsageError("the suffix of a table of points is .npz or .parquet", where=str(path))
    if path.suffix.lower() == ".parquet":
        require_pyarrow()
    check_absent(path, force=force)
    return write


def save_points(table: PointTable, path: str | Path, *, force: bool = False) -> None:
    """Write a table of points; raises as `table_writer`."""
    write = table_writer(path, force=force)
    with open_atomically(Path(path), force=force) as stream:
        write(table, stream)


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


def _write_parquet(table: PointTable, stream: BinaryIO) -> None:
    def batches() -> Iterator[Columns]:
        for part, weights, bias in iter_maps(table.network, table.regions, chunk=table.chunk):
            patterns = {"pattern": table.regions.patterns(table.network, part)}
            yield patterns | _columns(table, part) | {"weights": weights, "bias": bias}

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
