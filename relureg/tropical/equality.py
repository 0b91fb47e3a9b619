"""Whether two networks compute the same function, proved on the exact complex of both together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from relureg.arguments import checked
from relureg.complex.enumeration import enumerate_regions
from relureg.engine.limits import Progress
from relureg.engine.records import Point
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Network, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """Whether two networks agree, and where not."""

    equal: bool
    regions: int
    """Regions of the two networks laid over each other, on each of which the difference is affine."""
    witness: Point | None
    """A point at which they differ, exactly; None when they are equal."""


@checked
def same_function(
    one: Network,
    other: Network,
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Equality:
    """Decide whether two networks compute the same function on the whole input space.

    The difference of their outputs is made a last stage of the two networks side by side. It is affine on each region,
    and the engine decides exactly on which it vanishes: the networks are equal if it does on all.

    Raises
    ------
    UsageError
        Inputs or outputs differ in number.
    LimitReachedError
        A limit stopped the enumeration before every region was looked at, and no difference was found till then.

    Examples
    --------
    >>> identity = Network.from_layers([[[1], [-1]], [[1, -1]]], [[0, 0], [0]])
    >>> same_function(identity, Network.from_layers([[[1]]], [[0]]))
    Equality(equal=True, regions=2, witness=None)
    """
    if (one.input_dim, one.output_dim) != (other.input_dim, other.output_dim):
        raise UsageError(
            f"a network from {one.input_dim} inputs to {one.output_dim} outputs cannot equal one "
            f"from {other.input_dim} to {other.output_dim}"
        )
    cells = enumerate_regions(
        difference(one, other), max_regions=max_regions, timeout=timeout, jobs=jobs, progress=progress
    )
    differs = np.flatnonzero((cells.records.signs[:, -one.output_dim :] != 0).any(axis=1))
    witness = cells.point(int(differs[0])) if len(differs) else None
    if witness is None and not cells.complete:
        raise LimitReachedError(
            f"stopped by {cells.stopped_by}: the networks agree on the {cells.num_regions:,} regions found so far"
        )
    return Equality(equal=witness is None, regions=cells.num_regions, witness=witness)


def difference(one: Network, other: Network) -> Network:
    """Two networks side by side, and the difference of their outputs as units of a last stage."""
    sizes = [_sizes(one), _sizes(other)]
    stages = []
    for number in range(max(len(one.stages), len(other.stages))):
        forms = [
            _spread(network.stages[number].pre_activation, side, sizes)
            for side, network in enumerate((one, other))
            if number < len(network.stages)
        ]
        stages.append(Stage(pre_activation=AffineForm.concatenate(forms)))
    minus = RationalMatrix.identity(other.output_dim)
    last = _spread(one.output, 0, sizes) + _spread(other.output, 1, sizes).map(-minus)
    return one.replace(
        name=f"{one.name} - {other.name}",
        stages=(*stages, Stage(pre_activation=last)),
        output=AffineForm.of_source(len(stages) + 1, one.output_dim),
    )


def _sizes(network: Network) -> dict[int, int]:
    return dict(enumerate(network.widths, start=1))


def _spread(form: AffineForm, side: int, sizes: list[dict[int, int]]) -> AffineForm:
    """The form of one network over sources that hold the units of both, those of the first network first."""
    terms = {}
    for source, matrix in form.terms.items():
        if source == INPUT:
            terms[source] = matrix
            continue
        blocks = [RationalMatrix.zeros(form.size, both.get(source, 0)) for both in sizes]
        blocks[side] = matrix
        terms[source] = RationalMatrix.hstack(blocks, form.size)
    return AffineForm(constant=form.constant, terms=terms)
