"""Parquet files written batch by batch; pyarrow is an optional extra, imported here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from relureg.packages import needing
from relureg.reports.exports.columns import Lists, NestedLists

Column = NDArray[Any] | Lists | NestedLists | list[Any]
"""A column of one batch: numbers, texts in ASCII, (n, k, ...) numbers as lists of k, lists, or Python objects."""


def require_pyarrow() -> None:
    """Raise `UsageError` when pyarrow is missing."""
    _pyarrow()


def write_parquet(
    stream: BinaryIO,
    batches: Iterable[Mapping[str, Column]],
    *,
    told: Mapping[str, Any] = MappingProxyType({}),
    is_large: bool = False,
) -> None:
    """Write batches with the same columns, a row group each; at least one batch.

    What is `told` besides becomes the file's metadata, as JSON. A file that `is_large` is written without dictionaries
    of values, which take time with numbers that are all different and make it larger, and tells the least and largest
    values of the first column alone.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    tables = (arrow.table({name: _array(arrow, column) for name, column in batch.items()}) for batch in batches)
    first = next(tables)
    if told:
        first = first.replace_schema_metadata({name: json.dumps(value) for name, value in told.items()})
        schema = first.schema
        tables = (table.replace_schema_metadata(schema.metadata) for table in tables)
    statistics = first.column_names[:1] if is_large else True
    with parquet.ParquetWriter(
        stream, first.schema, use_dictionary=not is_large, write_statistics=statistics
    ) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _array(arrow: Any, column: Column) -> Any:
    if isinstance(column, Lists | NestedLists):
        return arrow.ListArray.from_arrays(column.starts.astype(np.int32), _array(arrow, column.values))
    if isinstance(column, np.ndarray) and column.ndim > 1:
        starts = np.arange(0, column.shape[0] + 1, dtype=np.int32) * column.shape[1]
        return arrow.ListArray.from_arrays(starts, _array(arrow, column.reshape(-1, *column.shape[2:])))
    if isinstance(column, np.ndarray) and column.dtype.kind == "S":  # ASCII
        return arrow.array(column, type=arrow.binary()).cast(arrow.string())
    return arrow.array(column)


def _pyarrow() -> tuple[Any, Any]:
    with needing("Parquet files need pyarrow", "parquet", "choose another suffix"):
        import pyarrow
        import pyarrow.parquet
    return pyarrow, pyarrow.parquet
