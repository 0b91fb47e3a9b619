"""The extracted function N^(X): a network reduced to the linear terms that its data points use.

Source: Trimmel, Petzka and Sminchisescu [TPS21].
Around point x_k, which N gives label i, the largest output is ``a+_k - a-_k``. Of these terms, taken
from one tropical representation of N for all points, the extracted function is made::

    N_i^(X)(x) = max over the points x_k with label i of a+_k(x)  -  max over all points x_l of a-_l(x)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.errors import DataError, MalformedNetworkError
from relureg.exact.float_matrices import Floats
from relureg.exact.ranges import chunks
from relureg.exact.rounding_bounds import gamma
from relureg.files import open_atomically
from relureg.frozen import Frozen
from relureg.maps.float_network import FloatNetwork
from relureg.maps.layer_merging import Merger
from relureg.maps.local import PointRegions, Report, classes_of, number_rows, outputs_at, regions_at
from relureg.maps.points import as_numbers, check_points
from relureg.network.model import Network

_QUERIES, _TERMS = 2048, 4096
"""Points and terms evaluated against each other at once: 64 MB of values."""

_FORMAT = "relureg-extracted-function"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ExtractedFunction(Frozen):
    """The function N^(X), a difference of maxima of affine functions; called like a network, on points (n, d).

    Terms that several points share (points with one label in one region) are kept once.
    """

    numerators: Floats
    """(P, d): the coefficients of the terms a+, in the order of their outputs."""
    numerator_constants: Floats
    """(P,)."""
    numerator_starts: NDArray[np.int64]
    """(m + 1,): output i has the terms ``numerator_starts[i]:numerator_starts[i + 1]``."""
    denominators: Floats
    """(Q, d): those of the terms a-."""
    denominator_constants: Floats
    """(Q,)."""
    shift: Floats
    """(d,): the source's coefficients, none of them negative, are those here plus `shift`, which cancels in N^(X)."""
    coefficient_bound: Floats
    """(d,): no coefficient of a term, nor any that it was computed from, is larger (the source's A_max)."""
    constant_bound: float
    """The same for constants."""
    num_roundings: int
    """More roundings than any coefficient has."""

    @property
    def output_dim(self) -> int:
        return len(self.numerator_starts) - 1

    @property
    def input_dim(self) -> int:
        return int(self.numerators.shape[1])

    @checked
    def __call__(self, points: ArrayLike) -> Floats:
        """(n, m): the outputs; -inf for one that no point was labelled with."""
        values, _ = self.evaluate(points)
        return values

    @checked
    def predict(self, points: ArrayLike) -> NDArray[np.int64]:
        """(n,): the class, the largest output; of a single output 1 where it is positive."""
        return classes_of(self(points))

    @checked
    def score(self, points: ArrayLike, labels: ArrayLike) -> float:
        """The share of points whose class is their label."""
        return float((self.predict(points) == np.asarray(labels)).mean())

    def evaluate(self, points: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
        """(n, m): the outputs; (n, m + 1): the numerator that is largest for each output, then the denominator."""
        array = _points(points, self.input_dim)
        values = np.empty((len(array), self.output_dim))
        places = np.empty((len(array), self.output_dim + 1), dtype=np.int64)
        for part in chunks(len(array), _QUERIES):
            below, places[part, -1] = _largest(array[part], self.denominators, self.denominator_constants)
            for output, (first, last) in enumerate(
                zip(self.numerator_starts[:-1].tolist(), self.numerator_starts[1:].tolist(), strict=True)
            ):
                terms = slice(first, last)
                above, place = _largest(array[part], self.numerators[terms], self.numerator_constants[terms])
                values[part, output], places[part, output] = above - below, first + place
        return values, places

    @checked
    def coefficients(self, points: ArrayLike) -> Floats:
        """(n, d): the gradient of the largest output of N^(X) at points."""
        values, places = self.evaluate(points)
        top = np.argmax(values, axis=1)
        above = self.numerators[places[np.arange(len(places)), top]]
        return np.asarray(above - self.denominators[places[:, -1]])

    def error_bound(self, points: Floats) -> Floats:
        """(n,): what rounding can make of the difference between N and N^(X) at points where they are equal.

        Each of the four numbers compared is a sum of products along the paths of the network, none of whose absolute
        values adds up to more than ``coefficient_bound @ |x| + constant_bound``.
        """
        size = np.abs(points) @ self.coefficient_bound + self.constant_bound
        return np.asarray(4 * gamma(self.num_roundings + 2 * self.input_dim + 8) * size)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the terms to a .npz file; `ExtractedFunction.load` reads it.

        Raises
        ------
        OutputError
            The file exists and `force` is not set, or it cannot be written.
        """
        head = np.array(json.dumps({"format": _FORMAT, "version": 1}))
        with open_atomically(Path(path), force=force) as stream:
            np.savez(stream, format=head, **{name: getattr(self, name) for name in _FIELDS})

    @staticmethod
    def load(path: str | Path) -> ExtractedFunction:
        """Read what `save` wrote.

        Raises
        ------
        MalformedNetworkError
            The file is missing, damaged, or another one.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                if json.loads(str(archive["format"]))["format"] != _FORMAT:
                    raise KeyError("format")
                arrays = {name: archive[name] for name in _FIELDS}
        except Exception as error:  # numpy, zipfile and json raise many kinds
            raise MalformedNetworkError(
                "not an extracted function; write one with ExtractedFunction.save", where=str(path)
            ) from error
        return _from_arrays(arrays, str(path))


_FIELDS = ExtractedFunction.__slots__


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCheck:
    """Theorem 3.3 of the source, at the data points: N^(X) has the label and the largest output of N."""

    num_points: int
    num_labels_equal: int
    num_ties: int
    """Points with another label, whose two largest outputs are closer than rounding can tell."""
    largest_deviation: float
    """The largest difference between the largest outputs."""
    num_deviations: int
    """Points where that difference is more than rounding can explain."""

    @property
    def passed(self) -> bool:
        return self.num_labels_equal + self.num_ties == self.num_points and not self.num_deviations


@checked
def extract(
    network: Network,
    points: ArrayLike,
    regions: PointRegions | None = None,
    *,
    every_output: bool = False,
    chunk: int | None = None,
    report: Report | None = None,
) -> ExtractedFunction:
    """Extract the linear terms that a network uses at data points (TropEx).

    Parameters
    ----------
    points : array_like, shape (n, d)
    regions : PointRegions, optional
        Of the same points, where they are known already.
    every_output : bool, optional
        Take the numerators of all outputs at each point, and not only that of its label. N^(X) then equals N in every
        output on the regions of the points, and takes m times the memory.
    chunk : int, optional
        Points at once.

    Raises
    ------
    DataError
        As `find_regions`; or there are no points.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> extracted = extract(xor, [[1, 1], [-0.25, -0.25], [-1, -1]])
    >>> extracted([[0, 0], [2, 5], [-0.5, -0.5]])[:, 0].tolist(), xor([[0, 0], [2, 5], [-0.5, -0.5]])[:, 0].tolist()
    ([1.0, -13.0, -1.0], [1.0, -13.0, -1.0])
    """
    floats, array = FloatNetwork.of(network), check_points(network, points)
    if not len(array):
        raise DataError("there are no points to extract terms at")
    found = regions if regions is not None else regions_at(floats, array, chunk, report)
    labels = np.argmax(outputs_at(floats, array, chunk), axis=1)
    return _gather(floats, found, labels, every_output=every_output, chunk=chunk, report=report)


@checked
def check_agreement(
    network: Network, function: ExtractedFunction, points: ArrayLike, *, chunk: int | None = None
) -> AgreementCheck:
    """Check Theorem 3.3 at the points that a function was extracted at: same label, same largest output."""
    array = check_points(network, points)
    outputs = outputs_at(FloatNetwork.of(network), array, chunk)
    values = function(array)
    bound = function.error_bound(array)
    deviation = np.abs(values.max(axis=1) - outputs.max(axis=1))
    equal = np.argmax(values, axis=1) == np.argmax(outputs, axis=1)
    close = outputs.max(axis=1) - outputs[np.arange(len(array)), np.argmax(values, axis=1)] <= bound
    return AgreementCheck(
        num_points=len(array),
        num_labels_equal=int(equal.sum()),
        num_ties=int((~equal & close).sum()),
        largest_deviation=float(deviation.max(initial=0.0)),
        num_deviations=int((~(deviation <= bound)).sum()),
    )


def _gather(
    floats: FloatNetwork,
    regions: PointRegions,
    labels: NDArray[np.intp],
    *,
    every_output: bool,
    chunk: int | None,
    report: Report | None,
) -> ExtractedFunction:
    network, merger = floats.network, Merger.over(floats)
    m, d = network.output_dim, network.input_dim
    point, output = _numerators(regions, labels, m if every_output else None)
    numerators, constants = np.empty((len(point), d)), np.empty(len(point))
    denominators, minus = np.empty((regions.num_regions, d)), np.empty(regions.num_regions)
    seen = np.zeros(regions.num_regions, dtype=np.bool_)
    for part in chunks(len(point), floats.chunk_size(chunk, 6 * floats.widest)):
        active = regions.active_of(point[part])
        above, below = merger.merge(active, output[part])
        numerators[part], constants[part] = _of_input(above.coefficients, len(active), d), above.constants
        region = regions.region[point[part]]
        denominators[region], minus[region] = _of_input(below.coefficients, len(active), d), below.constants
        seen[region] = True
        if report is not None:
            report("terms", part.stop, len(point))
    assert seen.all()
    function = ExtractedFunction(
        numerators=numerators, numerator_constants=constants,
        numerator_starts=np.searchsorted(output, np.arange(m + 1)).astype(np.int64),
        denominators=denominators, denominator_constants=minus, shift=merger.shift,
        coefficient_bound=merger.bounds.get(0, np.zeros(d)), constant_bound=float(merger.constant_bound),
        num_roundings=floats.num_roundings,
    )  # fmt: skip
    freeze(function)
    return function


def _numerators(
    regions: PointRegions, labels: NDArray[np.intp], num_outputs: int | None
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The points at which numerators are taken, each region and output once, ordered by output; and the outputs."""
    if num_outputs is not None:
        point = np.tile(regions.first, num_outputs)
        return point, np.repeat(np.arange(num_outputs), regions.num_regions)
    keys = np.stack([regions.region, labels], axis=1).astype(np.int64)
    _, first = number_rows(keys.view(np.uint8))
    order = np.argsort(labels[first], kind="stable")
    return first[order], labels[first[order]]


def _of_input(coefficients: object, count: int, dim: int) -> Floats:
    found = coefficients.get(0) if isinstance(coefficients, dict) else None
    return np.zeros((count, dim)) if found is None else np.asarray(found)


def _largest(points: Floats, coefficients: Floats, constants: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The largest of affine functions at points, and which it is: the first of several; -inf and -1 of none."""
    best = np.full(len(points), -np.inf)
    place = np.full(len(points), -1, dtype=np.int64)
    for part in chunks(len(constants), _TERMS):
        values = points @ coefficients[part].T + constants[part]
        where = np.argmax(values, axis=1)
        top = values[np.arange(len(points)), where]
        better = top > best
        best = np.where(better, top, best)
        place = np.where(better, where + part.start, place)
    return best, place


def _points(points: ArrayLike, dim: int) -> Floats:
    array = as_numbers(points)
    array = array.reshape(len(array), -1) if array.ndim > 2 else array
    if array.ndim != 2 or array.shape[1] != dim:
        raise DataError(f"points need shape (points, {dim}), not {array.shape}")
    if not np.isfinite(array).all():
        raise DataError("points need finite coordinates, not NaN or infinity")
    return array


def _from_arrays(arrays: dict[str, NDArray[np.float64]], place: str) -> ExtractedFunction:
    numerators, denominators = arrays["numerators"], arrays["denominators"]
    starts = arrays["numerator_starts"].astype(np.int64)
    d = numerators.shape[1] if numerators.ndim == 2 else -1
    sound = (
        denominators.ndim == 2
        and denominators.shape[1] == d
        and arrays["numerator_constants"].shape == (len(numerators),)
        and arrays["denominator_constants"].shape == (len(denominators),)
        and len(starts) > 1
        and starts[0] == 0
        and starts[-1] == len(numerators)
        and bool((np.diff(starts) >= 0).all())
    )
    if not sound:
        raise MalformedNetworkError("the arrays do not fit each other; the file is damaged", where=place)
    function = ExtractedFunction(**{
        **arrays, "numerator_starts": starts,
        "constant_bound": float(arrays["constant_bound"]), "num_roundings": int(arrays["num_roundings"]),
    })  # type: ignore[arg-type]  # fmt: skip
    freeze(function)
    return function
