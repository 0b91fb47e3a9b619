"""TropEx: merge the layers of a network, from the last to the first, into the tropical terms that hold around points.

Source: Trimmel, Petzka and Sminchisescu [TPS21], Algorithm 3.1 and Table 1.
Written for stages of maxima m = max(p, q) (see `maxima`), the merge of one
stage is this. Let A hold a term's coefficients of the stage's units and Amax an upper bound of all terms'
coefficients, all of them at least 0. With P+ and P- the positive and negative parts of p's matrix, and Q+, Q- those
of q's::

    K    = Amax max(P-, Q-)                    which all terms get, so that no coefficient is negative
    A   <- K + A [active] P + A [inactive] Q
    Amax <- K + Amax max(P+, Q+)
    a   <- a + A [active] p_0 + A [inactive] q_0

For a ReLU, where q = 0, these are the rules for ReLU and dense layer of Table 1 one after the other; a convolution is a
dense layer with a sparse matrix, a max pooling is a maximum of
units of which one is active, and for a leaky ReLU with slope t q is t p. Flattening moves nothing.

Batch normalisation is folded into the layer before or after it when a network is read, which gives the same terms as
its own rule: with scales s and ``K = Amax s-`` it makes A into ``A s + K`` and Amax into ``Amax |s|``. The layer before
then makes of A ``A s W + Amax (s- W + |s| W-) = A s W + Amax (s+ W- + s- W+)``, and the last bracket is ``(s W)-``.
Only next to the output map, where the source takes for K the sum over all outputs, does a negative scale give other
terms of the same function.

The same code merges in doubles and over the rationals: arrays of doubles, sparse matrices, arrays of fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Matrix, dense
from relureg.maps.float_forms import FloatForm, Numbers
from relureg.maps.float_network import FloatNetwork, FloatStage
from relureg.maps.maxima import MaximumStage, as_maxima
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.evaluation import add_to, iter_values
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Affine functions over the sources up to some stage, one for each of k points and outputs: the coefficients."""

    coefficients: Mapping[int, Numbers]
    """Source -> (k, size of that source)."""
    constants: Numbers
    """(k,)."""

    def __call__(self, sources: Mapping[int, Numbers]) -> Numbers:
        """(points, k), at the values of the sources, shape (points, size)."""
        values = [sources[source] @ matrix.T for source, matrix in self.coefficients.items()]
        return sum(values, start=self.constants[None, :] + np.zeros((len(sources[INPUT]), 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """What the merges of all points share."""

    network: Network
    stages: tuple[FloatStage, ...]
    """The matrices hold fractions where all is merged over the rationals."""
    output: FloatForm
    increments: Mapping[int, Mapping[int, Numbers]]
    """Stage (one more than the last for the output) -> source -> K, (size of that source,)."""
    bounds: Mapping[int, Numbers]
    """Source -> Amax, (size of that source,)."""
    constant_bound: Any
    """The sum of Amax times the absolute constants of all stages: no term's constant is larger."""

    @classmethod
    def of(cls, network: Network, *, exact: bool = False) -> Merger:
        """In doubles, or over the rationals."""
        if not exact:
            return cls.over(FloatNetwork.of(network))
        maxima, last = as_maxima(network)
        stages, output = tuple(map(_exact_stage, maxima)), _exact_form(last)
        return cls(network=network, stages=stages, output=output, **_shared(stages, output))

    @classmethod
    def over(cls, floats: FloatNetwork) -> Merger:
        """In doubles, on a network that is in doubles already."""
        shared = _shared(floats.stages, floats.output)
        return cls(network=floats.network, stages=floats.stages, output=floats.output, **shared)

    @property
    def shift(self) -> Numbers:
        """(d,): what the source's terms have besides those of `merge`, all the same: the last K, which cancels."""
        first = [terms[INPUT] for terms in self.increments.values() if INPUT in terms]
        return sum(first, start=np.zeros(self.network.input_dim))

    def sources(self, points: Numbers) -> dict[int, Numbers]:
        """The input and the maxima of all stages at points, each (points, size)."""
        maxima = iter_values(self.stages, points, lambda stage, sources: stage(sources), lambda _, m: m)
        return dict(enumerate([points, *maxima], start=INPUT))

    def iter_merges(self, active: NDArray[np.bool_], outputs: NDArray[np.intp]) -> Iterator[tuple[Terms, Terms]]:
        """Merge the layers into terms, and yield these each time one is merged: numerators and denominators.

        Parameters
        ----------
        active : (k, N)
            The active units in the region of each point.
        outputs : (k,)
            The output whose numerator is extracted for each.

        Yields
        ------
        Terms, Terms
            The first over all sources, with the output map merged; the last over the input alone. The increment K of
            the input is left out of both, as it cancels.
        """
        numerators = {s: dense(m[outputs]) for s, m in self.output.terms.items()}
        numerators[CONSTANT] = self.output.constant[outputs]
        denominators = {s: np.zeros_like(rows) for s, rows in numerators.items()}
        pair = (numerators, denominators)
        self._raise(len(self.stages) + 1, pair, len(active))
        yield _terms(numerators), _terms(denominators)
        for number in range(len(self.stages), 0, -1):
            if number in numerators:
                on = active[:, self.network.units_of(number)]
                for held in pair:
                    add_to(held, self.stages[number - 1].pass_back(held.pop(number), on))
            self._raise(number, pair, len(active))
            yield _terms(numerators), _terms(denominators)

    def merge(self, active: NDArray[np.bool_], outputs: NDArray[np.intp]) -> tuple[Terms, Terms]:
        """The terms over the input: all layers merged."""
        *_, last = self.iter_merges(active, outputs)
        return last

    def _raise(self, number: int, pair: tuple[dict[int, Numbers], dict[int, Numbers]], count: int) -> None:
        """Add the increments of a merge, but for those of the input."""
        for source, increment in self.increments[number].items():
            for terms in pair:
                if source != INPUT:
                    terms[source] = terms[source] + increment if source in terms else np.tile(increment, (count, 1))


def _shared(stages: tuple[FloatStage, ...], output: FloatForm) -> dict[str, Any]:
    """Increments and bounds, which do not depend on points."""
    number = len(stages) + 1
    negative = {s: _parts(m)[1] for s, m in output.terms.items()}
    increments = {number: {s: _column_sums(m) for s, m in negative.items()}}
    bounds = {
        s: increments[number][s] + np.maximum(_column_maxima(m), 0 * increments[number][s])
        for s, m in output.terms.items()
    }
    constant_bound = np.abs(output.constant).max() if len(output.constant) else 0
    for number in range(len(stages), 0, -1):
        stage = stages[number - 1]
        increments[number] = {}
        if number not in bounds:
            continue
        at_most, q = bounds[number], stage.q
        constants = np.abs(stage.p.constant) if q is None else np.maximum(abs(stage.p.constant), abs(q.constant))
        constant_bound = constant_bound + at_most @ constants
        for source in sorted({*stage.p.terms, *(() if q is None else q.terms)}):
            above, below = _larger(stage.p.terms.get(source), None if q is None else q.terms.get(source))
            increment = at_most @ below
            increments[number][source] = increment
            rise = increment + at_most @ above
            bounds[source] = bounds[source] + rise if source in bounds else rise
    return {"increments": increments, "bounds": bounds, "constant_bound": constant_bound}


def _terms(held: dict[int, Numbers]) -> Terms:
    coefficients = {source: matrix for source, matrix in held.items() if source != CONSTANT}
    return Terms(coefficients=coefficients, constants=held[CONSTANT])


def _exact_stage(stage: MaximumStage) -> FloatStage:
    z = _exact_form(stage.z)
    if stage.is_relu:
        return FloatStage(z=z, p=z, q=None)
    return FloatStage(z=z, p=_exact_form(stage.p), q=_exact_form(stage.q))


def _exact_form(form: AffineForm) -> FloatForm:
    def fractions(matrix: Any) -> Numbers:
        array = np.empty(matrix.shape, dtype=object)
        array[:] = np.array(matrix.fractions(), dtype=object).reshape(matrix.shape)
        return array

    return FloatForm(constant=fractions(form.constant)[:, 0], terms={s: fractions(m) for s, m in form.terms.items()})


def _parts(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """The positive and the negative part, both at least 0."""
    if isinstance(matrix, np.ndarray):
        return np.maximum(matrix, 0), np.maximum(-matrix, 0)
    return matrix.maximum(0), (-matrix).maximum(0)


def _larger(p: Matrix | None, q: Matrix | None) -> tuple[Matrix, Matrix]:
    """max(P+, Q+) and max(P-, Q-)."""
    if p is None or q is None:
        return _parts(q if p is None else p)
    if isinstance(p, np.ndarray) != isinstance(q, np.ndarray):
        p, q = (m if isinstance(m, np.ndarray) else m.toarray() for m in (p, q))
    pairs = zip(_parts(p), _parts(q), strict=True)
    above, below = (np.maximum(a, b) if isinstance(a, np.ndarray) else a.maximum(b) for a, b in pairs)
    return above, below


def _column_sums(matrix: Matrix) -> Numbers:
    return np.asarray(matrix.sum(axis=0)).reshape(-1)


def _column_maxima(matrix: Matrix) -> Numbers:
    largest = matrix.max(axis=0)
    return np.asarray(largest.toarray() if hasattr(largest, "toarray") else largest).reshape(-1)
