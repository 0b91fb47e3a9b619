"""Regions and facets of a batch as two Parquet files; pyarrow is an optional extra, imported when needed.

``*.regions.parquet`` has a row for each region, ``*.facets.parquet`` one for each facet of each region, with the facet
key as words of 64 bits: bits of the units that are zero, then of those that are positive. Nothing is hashed, so that
equal words are equal keys.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.engine.facet_keys import hash_facets, packed_keys
from relureg.engine.records import Point, Records
from relureg.errors import OutputError
from relureg.files import open_atomically
from relureg.packages import needing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """Where the records of a batch are, and how to tell that they are whole."""

    names: tuple[str, str]
    """The files of regions and of facets."""
    digests: tuple[str, str]
    regions: int
    facets: int

    def is_intact(self, folder: Path) -> bool:
        """Whether both files are there as they were written."""
        return all(_digest(folder / name) == digest for name, digest in zip(self.names, self.digests, strict=True))


def require_pyarrow() -> None:
    """Raise `UsageError` when pyarrow is missing."""
    _pyarrow()


def key_words(num_units: int) -> int:
    """The number of words of a facet key."""
    return (2 * _padded(num_units) + 7) // 8


def store(records: Records, folder: Path, number: int) -> StoredBatch:
    """Write the records of a batch; raises `OutputError` where that fails."""
    arrow, parquet = _pyarrow()
    tables = _regions(arrow, records), _facets(arrow, records)
    names = (f"{number:08}.regions.parquet", f"{number:08}.facets.parquet")
    try:
        folder.mkdir(exist_ok=True)
        for name, table in zip(names, tables, strict=True):
            with open_atomically(folder / name, force=True) as stream:
                parquet.write_table(table, stream, compression="zstd")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(folder)) from error
    digests = (_digest(folder / names[0]) or "", _digest(folder / names[1]) or "")
    return StoredBatch(names=names, digests=digests, regions=records.num_regions, facets=len(records.facet_region))


def read(stored: StoredBatch, folder: Path, num_units: int) -> Records:
    """The records of a batch, as they were stored."""
    _, parquet = _pyarrow()
    regions, facets = (parquet.read_table(folder / name) for name in stored.names)
    count = stored.regions
    width = (num_units + 7) // 8

    def packed(name: str) -> NDArray[np.uint8]:
        joined = b"".join(regions[name].to_pylist())
        return np.frombuffer(joined, dtype=np.uint8).reshape(count, width)

    units = facets["units"].combine_chunks()
    points = regions["point"].to_pylist()
    exact: dict[int, Point] = {
        region: tuple(map(Fraction, texts)) for region, texts in enumerate(regions["exact_point"].to_pylist()) if texts
    }
    return Records(
        num_units=num_units,
        patterns=packed("pattern"),
        vanishing=packed("vanishing"),
        bounded=regions["bounded"].to_numpy(),
        points=np.array(points, dtype=np.float64).reshape(count, -1),
        exact_points=MappingProxyType(exact),
        facet_region=facets["region"].to_numpy().astype(np.int64),
        facet_on_boundary=facets["on_boundary"].to_numpy(),
        facet_starts=units.offsets.to_numpy().astype(np.int64),
        facet_units=units.values.to_numpy(),
    )


def _regions(arrow: Any, records: Records) -> Any:
    exact = records.exact_points
    return arrow.table({
        "pattern": _binary(arrow, records.patterns),
        "vanishing": _binary(arrow, records.vanishing),
        "bounded": arrow.array(records.bounded),
        "point": arrow.FixedSizeListArray.from_arrays(
            arrow.array(records.points.reshape(-1)), max(records.points.shape[1], 1)
        ),
        "exact_point": arrow.array(
            [list(map(str, exact[k])) if k in exact else None for k in range(records.num_regions)]
            if exact
            else [None] * records.num_regions,
            type=arrow.list_(arrow.string()),
        ),
    })  # fmt: skip


def _facets(arrow: Any, records: Records) -> Any:
    rows = len(records.facet_region)
    words = _key_words(records)
    _, sides = hash_facets(records)
    columns: dict[str, Any] = {
        "region": arrow.array(records.facet_region.astype(np.int32)),
        "on_boundary": arrow.array(records.facet_on_boundary),
        "side": arrow.array(sides),
        "units": arrow.ListArray.from_arrays(records.facet_starts.astype(np.int32), arrow.array(records.facet_units)),
    }
    columns |= {f"key{k}": arrow.array(np.ascontiguousarray(words[:, k])) for k in range(words.shape[1])}
    assert words.shape[0] == rows
    return arrow.table(columns)


def _key_words(records: Records) -> NDArray[np.uint64]:
    """(K, words): the facet keys."""
    keys = packed_keys(records, np.arange(len(records.facet_region)))
    padded = np.zeros((len(keys), 8 * key_words(records.num_units)), dtype=np.uint8)
    padded[:, : keys.shape[1]] = keys
    return padded.view("<u8")


def _padded(num_units: int) -> int:
    """Bytes of one packed half of a key."""
    return (num_units + 7) // 8


def _binary(arrow: Any, rows: NDArray[np.uint8]) -> Any:
    width = rows.shape[1]
    if not width:
        return arrow.array([b""] * len(rows), type=arrow.binary())
    kind = arrow.binary(width)
    return arrow.FixedSizeBinaryArray.from_buffers(kind, len(rows), [None, arrow.py_buffer(np.ascontiguousarray(rows))])


def _digest(path: Path) -> str | None:
    """A hash of a file; None where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return None


def _pyarrow() -> tuple[Any, Any]:
    with needing("Parquet parts need pyarrow", "outofcore"):
        import pyarrow
        import pyarrow.parquet
    return pyarrow, pyarrow.parquet
