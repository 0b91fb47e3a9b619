"""Tables of numbers in files, one row a point: .npy, .npz, .csv, .json and .parquet."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from relureg.errors import DataError, DomainError
from relureg.files import DAMAGED_ARRAY, DAMAGED_HEADER, GZIP_MAGIC
from relureg.packages import needing
from relureg.readers.text_tables import Numbers, Source, read_csv, read_rows
from relureg.readers.texts import read_data, unpacked_suffix

_MAX_UNPACKED = 4 * 2**30
"""Bytes that the arrays read from a packed file may take: more is an accident or an attack."""

FINITE = "finite numbers are needed"

_NAMES = ("X", "x", "data", "points", "images")
"""The array of an archive that holds the points, where there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a file of points holds."""

    points: Numbers
    """(n, ...): a row a point."""
    labels: Numbers | None
    """(n,): the array or column that was asked for by name; None where the file has none of that name."""
    names: tuple[str, ...]
    """The arrays or columns that can be asked for."""


def read_table(path: Path, label: str | None = None, *, finite: bool = True) -> Table:
    """Read a file of points; within `naming`, so that errors name the file.

    Parameters
    ----------
    path : Path
        ``.npy``; ``.npz`` with one array, or one named X, x, data, points or images; ``.csv`` or ``.txt``, a line a
        point, with or without a header; ``.json``, a list of lists; ``.parquet``, a column or a part of a list for each
        input. In the texts, also ``p/q`` (in JSON as a string) is a number, and exact. Any of them may be packed by
        gzip, and end in ``.gz``.
    label : str, optional
        An array or a column to keep apart. The columns of a ``.csv`` file without a header are named 0, 1, ...
    finite : bool, optional
        Whether infinities are refused; NaN always is.

    Raises
    ------
    DataError
        The file is missing, damaged, of another form or too large, or an entry is no number; says where.
    UsageError
        pyarrow is needed and missing.
    """
    if not path.exists():
        raise DataError("no such file; check the path")
    if path.is_dir():
        raise DataError("is a directory; name a file in it")
    if not path.is_file():
        raise DataError("is no regular file; name a file")
    if not path.stat().st_size:
        raise DataError("the file is empty")
    suffix = unpacked_suffix(path)
    if suffix == ".json":
        return Table(points=read_rows(path, finite=finite), labels=None, names=())
    read = _READERS.get(suffix)
    if read is None:
        raise DataError(f"the suffix is none of {', '.join(SUFFIXES)}, with or without .gz")
    with path.open("rb") as stream:
        is_packed = stream.read(2) == GZIP_MAGIC
    content = read_data(path) if is_packed else None
    return read(lambda: path.open("rb") if content is None else io.BytesIO(content), label, finite)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors of reading a file name it."""
    try:
        yield
    except (DataError, DomainError) as error:
        raise error.within(str(path)) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except MemoryError as error:
        raise DataError("does not fit into memory", where=str(path)) from error


def _read_npy(source: Source, label: str | None, finite: bool) -> Table:
    with source() as stream:
        return Table(points=_finite(_rows(_array(stream)), finite), labels=None, names=())


def _read_npz(source: Source, label: str | None, finite: bool) -> Table:
    try:
        with source() as stream, zipfile.ZipFile(stream) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            chosen = next((name for name in _NAMES if name in members and name != label), None)
            others = [name for name in members if name != label]
            if chosen is None and len(others) != 1:
                held = ", ".join(members) or "none"
                raise DataError(f"holds the arrays {held}; name that of the points one of {', '.join(_NAMES)}")
            found = {}
            for name in (chosen or others[0], label):
                if name is not None and name in members:
                    _check_size(members[name].file_size)
                    with archive.open(members[name]) as member:
                        found[name] = _array(member)  # type: ignore[arg-type]  # reading is all that is asked of it
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:  # damaged; packed or locked
        raise DataError(f"is no archive of arrays: {error}") from error
    labels = found.get(label) if label is not None else None
    return Table(points=_finite(_rows(found[chosen or others[0]]), finite), labels=labels, names=tuple(members))


def _array(stream: BinaryIO) -> Numbers:
    """One array of numbers in NumPy's format; objects, which would have to be unpickled, never are read."""
    try:
        array = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except DAMAGED_ARRAY as error:
        said = "its header is damaged" if isinstance(error, DAMAGED_HEADER) else " ".join(str(error).split())
        objects = "it holds Python objects, which are not unpickled; save numbers"
        raise DataError(f"is no array of numbers: {objects if 'allow_pickle' in said else said}") from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"is no array of numbers: numbers are needed, not entries of type {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise DataError(f"holds numbers of type {array.dtype}; save doubles (float64)")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def _rows(array: Numbers) -> Numbers:
    if array.ndim == 0:
        raise DataError("holds a single number; rows are needed")
    return array


def refuse_entries(array: Numbers, wrong: NDArray[np.bool_], need: str, *, where: str | None = None) -> None:
    """Raise `DataError`, which tells the place of the first entry that is wrong, if there is one."""
    if wrong.any():
        row, *rest = (int(axis) for axis in np.unravel_index(int(np.argmax(wrong)), array.shape))
        column = f", column {', '.join(map(str, rest))}" if rest else ""
        raise DataError(f"row {row}{column} is {array[row, *rest]}; {need}", where=where)


def _finite(array: Numbers, finite: bool) -> Numbers:
    refuse_entries(array, ~np.isfinite(array) if finite else np.isnan(array), FINITE)
    return array


def _read_csv(source: Source, label: str | None, finite: bool) -> Table:
    array, names = read_csv(source, finite=finite)
    return _of_columns({name: array[:, k : k + 1] for k, name in enumerate(_distinct(names))}, label)


def _read_parquet(source: Source, label: str | None, finite: bool) -> Table:
    with needing("Parquet files need pyarrow", "parquet"):
        import pyarrow as arrow
        from pyarrow import parquet
    try:
        with source() as stream, parquet.ParquetFile(stream) as file:
            groups = (file.metadata.row_group(k).total_byte_size for k in range(file.num_row_groups))
            _check_size(max(8 * file.metadata.num_rows * file.metadata.num_columns, sum(groups)))
            table = file.read()
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"is no Parquet file: {' '.join(str(error).split())[:200]}") from error
    names = _distinct(table.column_names)
    columns = {name: _flat(arrow, table.column(k), name) for k, name in enumerate(names)}
    for name, column in columns.items():
        try:
            _finite(column, finite)
        except DataError as error:
            raise error.within(f"column {name!r}") from error
    return _of_columns(columns, label)


def _flat(arrow: Any, column: Any, name: str) -> Numbers:
    """A column of numbers, or of equally long lists of them, as (n, w)."""
    count = len(column)
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"column {name!r}, row {row} is null; finite numbers are needed")
    array = column.combine_chunks()
    array = array.combine_chunks() if isinstance(array, arrow.ChunkedArray) else array
    kind = arrow.types
    if kind.is_integer(array.type) or kind.is_floating(array.type) or kind.is_boolean(array.type):
        values: Numbers = array.to_numpy(zero_copy_only=False)
        return values.reshape(count, 1)
    if not (kind.is_list(array.type) or kind.is_large_list(array.type) or kind.is_fixed_size_list(array.type)):
        raise DataError(f"column {name!r} holds {array.type}; numbers are needed")
    lengths = np.array(array.value_lengths())
    if len(lengths) and (lengths != lengths[0]).any():
        row = int(np.argmax(lengths != lengths[0]))
        raise DataError(f"column {name!r}, row {row} has {lengths[row]} numbers, but row 0 has {lengths[0]}")
    inner = arrow.chunked_array([array.flatten()])
    return _flat(arrow, inner, name).reshape(count, -1) if count else np.empty((0, 0))


def _of_columns(columns: dict[str, Numbers], label: str | None) -> Table:
    """Columns (n, w) side by side, and that of the labels apart."""
    kept = [column for name, column in columns.items() if name != label]
    labels = None if label is None or label not in columns else columns[label]
    points = np.concatenate(kept, axis=1) if kept else np.empty((len(labels) if labels is not None else 0, 0))
    return Table(points=points, labels=labels, names=tuple(columns))


def _distinct(names: Iterable[str]) -> list[str]:
    found = list(names)
    twice = next((name for k, name in enumerate(found) if name in found[:k]), None)
    if twice is not None:
        raise DataError(f"two columns are named {twice!r}; give each a name of its own")
    return found


def _check_size(size: int) -> None:
    if size > _MAX_UNPACKED:
        raise DataError(f"unpacks to {size / 2**30:,.1f} GiB; at most {_MAX_UNPACKED // 2**30} GiB are read")


_READERS: dict[str, Callable[[Source, str | None, bool], Table]] = {
    ".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv, ".txt": _read_csv, ".parquet": _read_parquet,
}  # fmt: skip

SUFFIXES = (*_READERS, ".json")
"""The suffixes of files of points; ``.gz`` may follow."""
