"""Linear maps between the local maps of two networks, and what a network classifies after them.

Source: Sattelberg, Cavalieri, Kirby, Peterson and Beveridge [S+23], Section 2.4.2, equation (8) and Table 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked
from relureg.engine.records import freeze
from relureg.errors import UsageError
from relureg.exact.float_matrices import Floats
from relureg.frozen import Frozen
from relureg.maps.clustering import map_rows
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import Report, classes_of, outputs_at, regions_at
from relureg.maps.points import check_points
from relureg.network.model import Network
from relureg.words import plural


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RelatedMaps(Frozen):
    """The maps of one network, sent by a matrix for each output to those of another."""

    matrices: Floats
    """(m, d + 1, d + 1): M_j, for which ``C_j,first @ M_j`` is nearest to ``C_j,second``, by least squares."""
    residual: Floats
    """(m,): the Frobenius norm of the difference at the training points, relative to that of C_j,second."""
    classes: NDArray[np.int64]
    """(q,): the classes of the test points by the first network's maps, sent to the second's."""
    agreement: float
    """The share of test points that get the class the second network gives them."""
    accuracy: float | None
    """The share of test points that get their label, where there are labels."""


@checked
def relate_maps(
    first: Network,
    second: Network,
    points: ArrayLike,
    test: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    chunk: int | None = None,
    report: Report | None = None,
) -> RelatedMaps:
    """Find the matrices M_j by least squares at points, and classify test points by the maps they yield.

    Of several best matrices the one with the least norm is taken.

    Parameters
    ----------
    first, second : Network
        With equally many inputs and outputs.
    points : array_like, shape (n, d)
    test : array_like, shape (q, d)
    labels : array_like of int, shape (q,), optional
        The true classes of the test points.

    Raises
    ------
    DataError
        As `find_regions`.
    UsageError
        The networks have different inputs or outputs.
    """
    if (first.input_dim, first.output_dim) != (second.input_dim, second.output_dim):
        raise UsageError(
            f"{first.name} maps {plural(first.input_dim, 'input')} to {plural(first.output_dim, 'output')}, "
            f"{second.name} {second.input_dim} to {second.output_dim}; both need the same"
        )
    base, array = check_points(first, points), check_points(first, test)
    source, target = FloatNetwork.of(first), FloatNetwork.of(second)
    regions = [regions_at(floats, base, chunk, report) for floats in (source, target)]
    test_regions = regions_at(source, array, chunk, report)
    m, d = first.output_dim, first.input_dim
    matrices, residual = np.empty((m, d + 1, d + 1)), np.empty(m)
    values = np.empty((len(array), m))
    homogeneous = np.concatenate([array, np.ones((len(array), 1))], axis=1)
    for output in range(m):
        rows, wanted = (
            map_rows(floats, found, output, chunk) for floats, found in zip((source, target), regions, strict=True)
        )
        matrices[output], _, _, _ = np.linalg.lstsq(rows, wanted, rcond=None)
        size = float(np.linalg.norm(wanted))
        residual[output] = float(np.linalg.norm(rows @ matrices[output] - wanted)) / size if size else 0.0
        sent = map_rows(source, test_regions, output, chunk) @ matrices[output]
        values[:, output] = (sent * homogeneous).sum(axis=1)
        if report is not None:
            report("outputs related", output + 1, m)
    classes = classes_of(values)
    original = classes_of(outputs_at(target, array, chunk))
    found = RelatedMaps(
        matrices=matrices, residual=residual, classes=classes, agreement=float((classes == original).mean()),
        accuracy=None if labels is None else float((classes == np.asarray(labels)).mean()),
    )  # fmt: skip
    freeze(found)
    return found
