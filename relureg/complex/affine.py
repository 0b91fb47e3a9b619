"""A network on its regions: every unit and the output are affine there. In floats for many regions, exactly for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.evaluation import iter_values, last_value
from relureg.network.model import Network

_FEW_NUMBERS = 12
"""Coefficients of a map that its representation shows."""
_SHORT_TEXT = 80
"""Characters that they may take there."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AffineMap:
    """An exact affine map ``x -> matrix @ x + constant``; ``.floats`` and ``.fractions()`` of either give numbers.

    Examples
    --------
    >>> import relureg
    >>> relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json")).affine_map(48)
    <AffineMap R^2 -> R^1: 12 x0 - 18 x1 + 15>
    """

    matrix: RationalMatrix
    """(n, d)."""
    constant: RationalMatrix
    """(n, 1)."""

    def rows(self, index: Sequence[int]) -> AffineMap:
        """The map to some of the n values."""
        chosen = np.array(index, dtype=np.intp)
        return AffineMap(matrix=self.matrix.rows(chosen), constant=self.constant.rows(chosen))

    @property
    def texts(self) -> tuple[str, ...]:
        """Each value as people write it, exactly: ``12 x0 - 18 x1 + 15``."""
        rows = zip(self.matrix.fractions(), self.constant.fractions(), strict=True)
        return tuple(_written(row, constant) for row, (constant,) in rows)

    def __repr__(self) -> str:
        values, inputs = self.matrix.shape
        text = "; ".join(self.texts) if values * (inputs + 1) <= _FEW_NUMBERS else ""
        shown = f": {text}" if text and len(text) <= _SHORT_TEXT else ""
        return f"<AffineMap R^{inputs} -> R^{values}{shown}>"


def _written(row: Sequence[Fraction], constant: Fraction) -> str:
    terms = [(entry, f"x{axis}") for axis, entry in enumerate(row) if entry]
    if constant or not terms:
        terms.append((constant, ""))
    words: list[str] = []
    for number, (entry, name) in enumerate(terms):
        size = "" if name and abs(entry) == 1 else str(abs(entry))
        sign = ("-" if entry < 0 else "") if not number else ("- " if entry < 0 else "+ ")
        words.append(sign + " ".join(filter(None, (size, name))))
    return " ".join(words)


def exact_maps(network: Network, signs: NDArray[np.int8]) -> tuple[AffineMap, AffineMap]:
    """All N pre-activations, and the output, on the region with these signs (N,)."""
    *stages, output = iter_exact_maps(network, signs)
    return _map(RationalMatrix.vstack(stages, network.input_dim + 1)), _map(output)


def iter_exact_maps(network: Network, signs: NDArray[np.int8]) -> Iterator[RationalMatrix]:
    """The same stage by stage, then of the output: constants and matrices side by side, (n_l, d + 1) each."""
    d = network.input_dim
    one = RationalMatrix.identity(d + 1).rows([0])
    return iter_values(
        network.forms,
        RationalMatrix(np.eye(d, d + 1, k=1, dtype=np.int64).astype(object)),
        lambda form, sources: form.evaluate(one, sources),
        lambda stage, z: z.masked_rows(signs[network.units_of(stage)] > 0),
    )


def float_output_maps(network: Network, signs: NDArray[np.int8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The output's matrices (R, m, d) and constants (R, m) on regions with signs (R, N), composed in floats."""
    count, d = len(signs), network.input_dim
    composed = last_value(
        network.forms,
        np.broadcast_to(np.eye(d, d + 1, k=1), (count, d, d + 1)),
        _compose,
        lambda stage, z: np.where(signs[:, network.units_of(stage), None] > 0, z, 0.0),
    )
    return composed[:, :, 1:], composed[:, :, 0]


def _compose(form: AffineForm, sources: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The value of a form, (R, n, d + 1), constants first."""
    value = np.zeros((len(sources[INPUT]), form.size, sources[INPUT].shape[2]))
    value[:, :, 0] = form.constant.floats[:, 0]
    for source, matrix in form.terms.items():
        value += matrix.floats @ sources[source]
    return value


def _map(rows: RationalMatrix) -> AffineMap:
    return AffineMap(matrix=rows.columns(slice(1, None)), constant=rows.columns(slice(0, 1)))
