"""Points and labels from files: NumPy arrays, CSV and Parquet tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.errors import DataError, UsageError
from relureg.maps.float_network import Floats, check_points
from relureg.maps.local import num_classes
from relureg.network.model import Network

SUFFIXES = (".npy", ".npz", ".csv", ".parquet")

_NAMES = ("X", "x", "data", "points", "images")
"""The array of an archive that holds the points, where there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Points, and their labels where there are any."""

    points: Floats
    """(n, d)."""
    labels: NDArray[np.int64] | None
    """(n,): 0 to the number of classes - 1."""


def read_data(network: Network, path: str | Path, labels: str | None = None) -> Dataset:
    """Read points for a network, one row a point, and labels.

    Parameters
    ----------
    path : str or Path
        ``.npy``; ``.npz`` with one array, or one named X, x, data, points or images; ``.csv`` with or without a header;
        ``.parquet`` with a column for each input, or one column of lists. Arrays of more than two axes are flattened in
        row-major order.
    labels : str, optional
        A file of integers in the same formats, or the name of an array or a column in `path`.

    Raises
    ------
    DataError
        A file is missing or damaged, the points do not fit the network, a coordinate is no finite number, or a label
        is no class of the network.
    UsageError
        The suffix is not known, or the package that reads it is missing.
    """
    path = Path(path)
    columns, named = _read(path)
    inside = labels is not None and labels in named
    if labels is not None and not inside and not Path(labels).exists():
        known = f"; {path.name} has {', '.join(list(named)[:8])}" if named else ""
        raise DataError(f"neither a file nor the name of an array or column{known}", where=f"labels {labels}")
    chosen = columns if not inside else _without(columns, named, str(labels), path)
    points = check_points(network, chosen, where=str(path))
    if not len(points):
        raise DataError("there are no points in the file", where=str(path))
    if labels is None:
        return Dataset(points=points, labels=None)
    values = named[labels] if inside else _read(Path(labels))[0]
    return Dataset(points=points, labels=check_labels(network, values, len(points), where=f"labels {labels}"))


def check_labels(network: Network, labels: ArrayLike, count: int, *, where: str | None = None) -> NDArray[np.int64]:
    """Labels of `count` points as integers.

    Raises
    ------
    DataError
        Their number is another, or one is no integer from 0 to the number of classes - 1; says in which row.
    """
    array = np.asarray(labels)
    array = array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array
    if array.shape != (count,):
        raise DataError(f"{count:,} points need as many labels, not an array of shape {array.shape}", where=where)
    if array.dtype.kind not in "biuf":
        raise DataError(f"labels are integers, not entries of type {array.dtype}", where=where)
    most = num_classes(network) - 1
    wrong = ~((array >= 0) & (array <= most) & (array == np.floor(array)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"row {row} is {array[row]}; labels are integers from 0 to {most}", where=where)
    return array.astype(np.int64)


def _read(path: Path) -> tuple[Any, dict[str, Any]]:
    """The array of points in a file, and all its arrays or columns by name."""
    reader = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv, ".parquet": _read_parquet}.get(
        path.suffix.lower()
    )
    if reader is None:
        raise UsageError(f"the suffix of a file of points is one of {', '.join(SUFFIXES)}", where=str(path))
    if not path.is_file():
        raise DataError("no such file; check the path", where=str(path))
    try:
        return reader(path)
    except (DataError, UsageError, MemoryError):
        raise
    except Exception as error:  # numpy, pandas and pyarrow raise many kinds on damaged files
        raise DataError(f"cannot be read: {' '.join(str(error).split())[:200]}", where=str(path)) from error


def _read_npy(path: Path) -> tuple[Any, dict[str, Any]]:
    return np.load(path, allow_pickle=False), {}


def _read_npz(path: Path) -> tuple[Any, dict[str, Any]]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    found = next((name for name in _NAMES if name in arrays), None)
    if found is None and len(arrays) != 1:
        raise DataError(
            f"holds the arrays {', '.join(arrays) or 'none'}; name that of the points one of {', '.join(_NAMES)}",
            where=str(path),
        )
    return arrays[found] if found is not None else next(iter(arrays.values())), arrays


def _read_csv(path: Path) -> tuple[Any, dict[str, Any]]:
    pandas = _package("pandas", "CSV files of points")
    with path.open(encoding="utf-8", errors="replace") as stream:
        first = stream.readline()
    header = None if all(_is_number(cell) for cell in first.split(",")) else 0
    return _columns(pandas.read_csv(path, header=header, skipinitialspace=True), path)


def _read_parquet(path: Path) -> tuple[Any, dict[str, Any]]:
    parquet = _package("pyarrow.parquet", "Parquet files")
    return _columns(parquet.read_table(path).to_pandas(), path)


def _columns(frame: Any, path: Path) -> tuple[Any, dict[str, Any]]:
    named = {str(name): frame[name].to_numpy() for name in frame.columns}
    return _joined(named, path), named


def _without(points: Any, named: dict[str, Any], labels: str, path: Path) -> Any:
    """The points without the column of their labels; arrays of an archive are apart anyway."""
    if path.suffix.lower() == ".npz":
        return points
    return _joined({name: column for name, column in named.items() if name != labels}, path)


def _joined(named: dict[str, Any], path: Path) -> Any:
    """The columns of a table side by side, or the lists of its only column."""
    columns = list(named.values())
    if len(columns) == 1 and columns[0].dtype == object and len(columns[0]) and np.ndim(columns[0][0]):
        return np.stack(columns[0])
    if any(column.dtype.kind not in "biuf" for column in columns):
        return _Text(named, path)
    return np.stack(columns, axis=1) if columns else np.empty((0, 0))


class _Text:
    """A table with text in it, which is an error only once the columns are known to be points."""

    def __init__(self, named: dict[str, Any], path: Path) -> None:
        self._named, self._path = named, path

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        for name, column in self._named.items():
            for row, value in enumerate(column.tolist() if column.dtype.kind not in "biuf" else ()):
                if not _is_number(str(value)):
                    raise DataError(f"row {row}, column {name!r} is {value!r}, not a number", where=str(self._path))
        return np.array(list(self._named.values()), dtype=np.float64).T


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _package(name: str, what: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"{what} need {name.split('.')[0]}: pip install 'relureg[maps]'") from error
