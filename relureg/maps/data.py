"""Points and labels of a network from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.errors import DataError
from relureg.exact.float_matrices import Floats
from relureg.frozen import Frozen, read_only
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import classes_of, num_classes, outputs_at
from relureg.maps.points import check_points
from relureg.network.model import Network
from relureg.readers.point_tables import naming, read_table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Dataset(Frozen):
    """Points, and their labels where there are any."""

    points: Floats
    """(n, d)."""
    labels: NDArray[np.int64] | None
    """(n,): 0 to the number of classes - 1."""

    def __post_init__(self) -> None:
        for name in ("points", "labels"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def accuracy(self, classes: NDArray[np.int64]) -> float | None:
        """The share of points whose label stands in `classes`, (n,); None where there are no labels."""
        return None if self.labels is None else float((classes == self.labels).mean())


def read_data(network: Network, path: str | Path, labels: str | None = None) -> Dataset:
    """Read points for a network, one row a point, and labels.

    Parameters
    ----------
    path : str or Path
        Any file that `relureg.readers.point_tables` reads; arrays of more than two axes are flattened in row-major
        order.
    labels : str, optional
        A file of integers in the same formats, or the name of an array or a column in `path`.

    Raises
    ------
    DataError
        A file is missing or damaged, the points do not fit the network, a coordinate is no finite number, or a label
        is no class of the network.
    UsageError
        The package that reads a format is missing.
    """
    path = Path(path)
    with naming(path):
        table = read_table(path, labels)
    if labels is not None and table.labels is None and not Path(labels).exists():
        known = f"; {path.name} has {', '.join(table.names[:8])}" if table.names else ""
        raise DataError(f"neither a file nor the name of an array or column{known}", where=f"labels {labels}")
    if labels is None and table.names and table.points.shape[1:] == (network.input_dim + 1,):
        named = ", ".join(table.names[-8:])
        raise DataError(
            f"{table.points.shape[1]:,} columns, one more than {network.name} has inputs; "
            f"if one holds the labels, say which: {'..., ' * (len(table.names) > 8)}{named}",
            where=str(path),
        )
    points = check_points(network, _doubles(table.points), where=str(path))
    if not len(points):
        raise DataError("there are no points in the file", where=str(path))
    if labels is None:
        return Dataset(points=points, labels=None)
    values = table.labels
    if values is None:
        with naming(Path(labels)):
            values = read_table(Path(labels)).points
    return Dataset(points=points, labels=check_labels(network, _doubles(values), len(points), where=f"labels {labels}"))


@checked
def accuracy(network: Network, dataset: Dataset, *, chunk: int | None = None) -> float | None:
    """The share of points to which a network gives their label; None where there are no labels."""
    if dataset.labels is None:
        return None
    return dataset.accuracy(classes_of(outputs_at(FloatNetwork.of(network), dataset.points, chunk)))


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
        raise DataError(f"row {row} is {array[row]:g}; labels are integers from 0 to {most}", where=where)
    return array.astype(np.int64)


def _doubles(array: NDArray[Any]) -> NDArray[Any]:
    """Rationals rounded once; all else as it is."""
    return array.astype(np.float64) if array.dtype == object else array
