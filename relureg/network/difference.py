"""What two networks differ in: their architecture, or how many of their parameters."""

from __future__ import annotations

from dataclasses import dataclass

from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Whether two networks have the same architecture, and in how many parameters they differ then."""

    same_architecture: bool
    """As many inputs, stages of the same kinds and widths, and as many outputs."""
    parameters: int | None
    """Weights and biases of the second; None where the architecture is another."""
    changed_parameters: int | None
    """How many of them are not exactly those of the first; None likewise."""


def difference(one: Network, two: Network) -> Difference:
    """What has changed from one network to another, exactly.

    Examples
    --------
    >>> xor = Network.from_layers([[[1, 1], [1, 1]], [[2, -4]]], [[1, 0], [-1]])
    >>> difference(xor, Network.from_layers([[[1, 1], [1, 1]], [[2, -3]]], [[1, 0], [0]]))
    Difference(same_architecture=True, parameters=9, changed_parameters=2)
    """
    if _shape(one) != _shape(two):
        return Difference(same_architecture=False, parameters=None, changed_parameters=None)
    pairs = list(zip(one.forms, two.forms, strict=True))
    return Difference(
        same_architecture=True,
        parameters=sum(_num_entries(mine, theirs) for mine, theirs in pairs),
        changed_parameters=sum(_num_different(mine, theirs) for mine, theirs in pairs),
    )


def _shape(network: Network) -> tuple[object, ...]:
    return network.input_dim, network.output_dim, tuple((stage.num_units, stage.kind) for stage in network.stages)


def _num_entries(one: AffineForm, two: AffineForm) -> int:
    """Of the constant and of the matrices on all sources that either form has: one of zeros is left out of a form."""
    return sum(_size(part) for part in (one.constant, *(dict(one.terms) | dict(two.terms)).values()))


def _num_different(one: AffineForm, two: AffineForm) -> int:
    different = _num_nonzero(one.constant - two.constant)
    for source in one.terms.keys() | two.terms.keys():
        mine, theirs = one.terms.get(source), two.terms.get(source)
        if mine is not None and theirs is not None:
            different += 0 if mine == theirs else _num_nonzero(mine - theirs)
        else:
            different += sum(_num_nonzero(matrix) for matrix in (mine, theirs) if matrix is not None)
    return different


def _num_nonzero(matrix: RationalMatrix) -> int:
    _, _, values = matrix.nonzeros()
    return len(values)


def _size(matrix: RationalMatrix) -> int:
    rows, columns = matrix.shape
    return rows * columns
