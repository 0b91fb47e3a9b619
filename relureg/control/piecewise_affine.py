"""A piecewise affine function by its regions: made of a complex or read from a file, evaluated without the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked, index
from relureg.complex.complex import Complex
from relureg.complex.halfspaces import output_maps
from relureg.errors import DataError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.exact.rounding_bounds import ROUNDOFF
from relureg.files import DAMAGED_ARRAY, open_atomically
from relureg.frozen import Frozen
from relureg.packages import needing

_MOST_NUMBERS = 1 << 22
"""Values of inequalities at points that are held at once."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PiecewiseAffine(Frozen):
    """A function that is ``gains[i] @ x + offsets[i]`` where ``matrix @ x <= bounds`` in the rows of region i.

    All numbers are doubles, and a state is put into a region by doubles: next to a facet it may be the region on the
    other side, where the function, which is continuous, is the same up to rounding. `Complex.locate` decides exactly.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> function = relureg.PiecewiseAffine.of(xor, input_names=["a", "b"])
    >>> function
    <PiecewiseAffine R^2 -> R^1: 3 regions>
    >>> function([[1, 0.5], [-1, 0], [0.5, 0]]).tolist(), function.locate([[1, 0.5], [-1, 0], [0.5, 0]]).tolist()
    ([[-2.0], [-1.0], [0.0]], [2, 0, 2])
    """

    starts: NDArray[np.int64]
    """(R + 1,): region i has the rows ``starts[i]:starts[i + 1]``."""
    matrix: Floats
    """(F, d): A."""
    bounds: Floats
    """(F,): b."""
    gains: Floats
    """(R, m, d)."""
    offsets: Floats
    """(R, m)."""
    domain_matrix: Floats
    """(W, d): the function is meant where ``domain_matrix @ x <= domain_bounds``; without rows, everywhere."""
    domain_bounds: Floats
    """(W,)."""
    input_names: tuple[str, ...] = ()
    """d names, or none."""

    def __post_init__(self) -> None:
        """Raise `UsageError` where the shapes do not fit together."""
        regions, outputs, dim = self.gains.shape if self.gains.ndim == 3 else (-1, -1, -1)
        fits = (
            regions > 0
            and self.offsets.shape == (regions, outputs)
            and self.starts.shape == (regions + 1,)
            and self.matrix.shape == (int(self.starts[-1]), dim)
            and self.bounds.shape == (len(self.matrix),)
            and self.domain_matrix.shape == (len(self.domain_bounds), dim)
            and len(self.input_names) in (0, dim)
            and self.starts[0] == 0
            and bool((np.diff(self.starts) >= (regions > 1)).all())
        )
        if not fits:
            raise UsageError("the arrays of a piecewise affine function do not fit together")

    # -- making ------------------------------------------------------------------------------------

    @classmethod
    @checked
    def of(cls, cells: Complex, *, exact: bool = False, input_names: Sequence[str] = ()) -> PiecewiseAffine:
        """The function of a complex.

        Parameters
        ----------
        cells : Complex
        exact : bool, optional
            Round inequalities, gains and offsets once, from rationals; slow.
        input_names : sequence of str, optional
            d names, or none.

        Raises
        ------
        UsageError
            Another number of names.
        LimitReachedError
            The complex is not complete.
        """
        _ = cells.facets  # raises where some are missing
        rows = cells.inequalities(exact=exact)
        gains, offsets = output_maps(cells.problem, cells.records, exact=exact)
        domain, dim = cells.domain, cells.network.input_dim
        return cls(
            starts=rows.starts,
            matrix=rows.matrix,
            bounds=rows.bounds,
            gains=gains,
            offsets=offsets,
            domain_matrix=np.zeros((0, dim)) if domain is None else -domain.normals.floats,
            domain_bounds=np.zeros(0) if domain is None else domain.constants.floats[:, 0],
            input_names=tuple(input_names),
        )

    @classmethod
    @checked
    def load(cls, path: str | Path) -> PiecewiseAffine:
        """Read what `save` wrote, or what `save_regions` with inequalities did.

        Parameters
        ----------
        path : str or Path
            ``.npz``, ``.mat``, ``.json`` or ``.parquet``.

        Raises
        ------
        DataError
            The file cannot be read, or holds no such function: without ``A`` and ``b``, for instance.
        UsageError
            Another suffix, or a package that reads the format is missing.
        """
        path = Path(path)
        read = _READERS.get(path.suffix.lower())
        if read is None:
            raise UsageError(f"the suffix of a function is one of {', '.join(_READERS)}", where=str(path))
        try:
            return read(path)
        except FileNotFoundError as error:
            raise DataError("no such file; check the path", where=str(path)) from error
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
        except KeyError as error:
            raise DataError(
                f"holds no function with inequalities: {error.args[0]} is missing; write it with --inequalities",
                where=str(path),
            ) from error
        except (*DAMAGED_ARRAY, UsageError) as error:
            if isinstance(error, UsageError) and "do not fit" not in str(error):
                raise
            raise DataError(f"holds no piecewise affine function: {error}", where=str(path)) from error

    @checked
    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the function to a ``.npz`` file, whole or not at all, with the names of `save_regions`.

        Raises
        ------
        UsageError
            Another suffix.
        OutputError
            The file exists and `force` is not set, or it cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".npz":
            raise UsageError("the suffix of a saved function is .npz", where=str(path))
        arrays: dict[str, Any] = {
            "facet_starts": self.starts, "A": self.matrix, "b": self.bounds, "weights": self.gains,
            "bias": self.offsets, "domain_A": self.domain_matrix, "domain_b": self.domain_bounds,
        }  # fmt: skip
        if self.input_names:
            arrays["input_names"] = np.array(self.input_names)
        with open_atomically(path, force=force) as stream:
            np.savez(stream, **arrays)

    # -- asking ------------------------------------------------------------------------------------

    @property
    def num_regions(self) -> int:
        """The number of regions, R."""
        return len(self.gains)

    @property
    def input_dim(self) -> int:
        """The number of inputs, d."""
        return int(self.gains.shape[2])

    @property
    def output_dim(self) -> int:
        """The number of outputs, m."""
        return int(self.gains.shape[1])

    def region(self, number: int) -> tuple[Floats, Floats, Floats, Floats]:
        """A, b, F and g of a region: the function is ``F @ x + g`` where ``A @ x <= b``."""
        i = index(number, self.num_regions, "region")
        rows = slice(int(self.starts[i]), int(self.starts[i + 1]))
        return self.matrix[rows], self.bounds[rows], self.gains[i], self.offsets[i]

    @checked
    def locate(self, points: ArrayLike) -> NDArray[np.int64]:
        """(points,): the region of each of the points, of shape (points, d); -1 for a point outside the domain.

        The region that a point is deepest inside of, or least far outside of where it lies on the rounded facets of
        all: without a tolerance. Whether it lies in the domain is decided exactly. Time grows with points times rows.
        """
        array = self._points(points)
        found = np.zeros(len(array), dtype=np.int64)
        if len(self.matrix):
            norms = np.linalg.norm(self.matrix, axis=1)
            scale = np.where(norms > 0, norms, 1.0)
            step = max(1, _MOST_NUMBERS // len(self.matrix))
            for first in range(0, len(array), step):
                part = array[first : first + step]
                outside = (self.matrix @ part.T - self.bounds[:, None]) / scale[:, None]
                found[first : first + step] = np.maximum.reduceat(outside, self.starts[:-1], axis=0).argmin(axis=0)
        found[self._is_outside(array)] = -1
        return found

    @checked
    def __call__(self, points: ArrayLike) -> Floats:
        """(points, m): the function at points of shape (points, d); NaN outside the domain."""
        array = self._points(points)
        regions = self.locate(array)
        values: Floats = np.einsum("pmd,pd->pm", self.gains[regions], array) + self.offsets[regions]
        values[regions < 0] = np.nan
        return values

    def __repr__(self) -> str:
        plural = "" if self.num_regions == 1 else "s"
        return f"<PiecewiseAffine R^{self.input_dim} -> R^{self.output_dim}: {self.num_regions:,} region{plural}>"

    def _points(self, points: ArrayLike) -> Floats:
        array = np.asarray(points, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.input_dim:
            raise UsageError(f"points need shape (points, {self.input_dim}), not {array.shape}")
        if not np.isfinite(array).all():
            raise UsageError("points need finite coordinates, not NaN or infinity")
        return array

    def _is_outside(self, points: Floats) -> NDArray[np.bool_]:
        """Whether each point lies outside the domain as its doubles state it: by rationals where doubles may err."""
        if not len(self.domain_bounds):
            return np.zeros(len(points), dtype=np.bool_)
        beyond = points @ self.domain_matrix.T - self.domain_bounds
        size = np.abs(points) @ np.abs(self.domain_matrix).T + np.abs(self.domain_bounds)
        error = 4 * (self.input_dim + 2) * ROUNDOFF * size
        is_outside = np.asarray((beyond > error).any(axis=1), dtype=np.bool_)
        for point in np.flatnonzero((np.abs(beyond) <= error).any(axis=1) & ~is_outside).tolist():
            x = [Fraction(entry) for entry in points[point].tolist()]
            rows = RationalMatrix.from_floats(self.domain_matrix).fractions()
            is_outside[point] = any(
                sum((a * entry for a, entry in zip(row, x, strict=True)), Fraction(0)) > Fraction(bound)
                for row, bound in zip(rows, self.domain_bounds.tolist(), strict=True)
            )
        return is_outside


def _made(arrays: Any, starts: Any, names: Sequence[str], domain: tuple[Any, Any] | None) -> PiecewiseAffine:
    """From arrays A, b, weights and bias."""
    names_of = ("A", "b", "weights", "bias")
    matrix, bounds, gains, offsets = (np.asarray(arrays[name], dtype=np.float64) for name in names_of)
    dim = gains.shape[-1] if gains.ndim == 3 else 0
    domain_matrix, domain_bounds = (np.zeros((0, dim)), np.zeros(0)) if domain is None else domain
    return PiecewiseAffine(
        starts=np.asarray(starts, dtype=np.int64),
        matrix=matrix.reshape(-1, dim),
        bounds=bounds.reshape(-1),
        gains=gains,
        offsets=offsets,
        domain_matrix=np.asarray(domain_matrix, dtype=np.float64).reshape(-1, dim),
        domain_bounds=np.asarray(domain_bounds, dtype=np.float64).reshape(-1),
        input_names=tuple(map(str, names)),
    )


def _read_npz(path: Path) -> PiecewiseAffine:
    with np.load(path, allow_pickle=False) as archive:
        names = archive["input_names"].tolist() if "input_names" in archive else ()
        domain = (archive["domain_A"], archive["domain_b"]) if "domain_A" in archive else None
        _require(archive, "A", "b", "weights", "bias", "facet_starts")
        return _made(archive, archive["facet_starts"], names, domain)


def _read_mat(path: Path) -> PiecewiseAffine:
    with needing(".mat files need SciPy", "lp", "choose another suffix"):
        import scipy.io
    try:
        found = scipy.io.loadmat(path)
    except (scipy.io.matlab.MatReadError, NotImplementedError) as error:
        raise ValueError(error) from error
    _require(found, "A", "b", "F", "g", "domain_A", "domain_b")
    rows, gains = list(found["A"][:, 0]), list(found["F"][:, 0])
    names = [str(name[0]) for name in found["input_names"][:, 0]] if "input_names" in found else []
    arrays = {
        "A": np.concatenate(rows), "b": np.concatenate(list(found["b"][:, 0])),
        "weights": np.array(gains), "bias": np.array(list(found["g"][:, 0]))[:, :, 0],
    }  # fmt: skip
    starts = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
    return _made(arrays, starts, names, (found["domain_A"], found["domain_b"]))


def _read_json(path: Path) -> PiecewiseAffine:
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise ValueError("a document with rows is needed")
    _require(document, "rows")
    _require(document["rows"][0] if document["rows"] else {}, "A", "b", "weights", "bias")
    return _of_rows(document["rows"], document.get("inputs", ()), document.get("domain"))


def _read_parquet(path: Path) -> PiecewiseAffine:
    with needing("Parquet files need pyarrow", "parquet", "choose another suffix"):
        import pyarrow
        import pyarrow.parquet
    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(error) from error
    _require(table.column_names, "A", "b", "weights", "bias")
    told = {key.decode(): json.loads(value) for key, value in (table.schema.metadata or {}).items()
            if key in (b"inputs", b"domain")}  # fmt: skip
    rows = table.select(["A", "b", "weights", "bias"]).to_pylist()
    return _of_rows(rows, told.get("inputs", ()), told.get("domain"))


def _of_rows(rows: list[dict[str, Any]], names: Sequence[str], domain: dict[str, Any] | None) -> PiecewiseAffine:
    counts = [len(row["A"]) for row in rows]
    arrays = {
        "A": [row for region in rows for row in region["A"]], "b": [bound for region in rows for bound in region["b"]],
        "weights": [region["weights"] for region in rows], "bias": [region["bias"] for region in rows],
    }  # fmt: skip
    starts = np.concatenate([[0], np.cumsum(counts)])
    return _made(arrays, starts, names, None if domain is None else (domain["A"], domain["b"]))


def _require(held: Any, *names: str) -> None:
    for name in names:
        if name not in held:
            raise KeyError(name)


_READERS: dict[str, Callable[[Path], PiecewiseAffine]] = {
    ".npz": _read_npz,
    ".mat": _read_mat,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
