"""What one pass through a network tells of its units' hyperplanes around points: values, and bounds of gradients.

On the region of a point each unit is affine. Its gradient takes a pass back through the network for each unit; a bound
of its norm comes with the values: the norm of a sum is at most the sum of the norms that go in, times the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.exact.float_matrices import Floats, forward, row_norms
from relureg.exact.rounding_bounds import FLOOR, SLACK, Rounded
from relureg.maps.float_forms import FloatForm, evaluate
from relureg.maps.float_network import FloatNetwork
from relureg.network.affine_forms import INPUT
from relureg.network.evaluation import iter_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiples:
    """Which numbers are multiples of one lower unit's z, whose hyperplane is then theirs; (n, size) of 0 and 1.

    A comparison with a unit that is off is such a number: ``max(z, 0) - 0``.
    """

    nonzero: Floats
    """0 where the number is 0 on the whole region."""
    multiple: Floats
    """1 where it is a multiple of the pre-activation of a unit, and not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The input, or the units of a stage, on the regions of n points; (n, size) each."""

    value: Rounded
    norm: Floats
    """No less than the norm of the gradient, also of that which is computed with absolute values all along."""
    multiples: Multiples


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBounds:
    """The pre-activations of a stage on the regions of n points."""

    value: Rounded
    """(n, n_l)."""
    norm: Floats
    """(n, n_l): as in `Source`."""
    gradient_norm: Floats | None
    """(n_l,): the norms themselves, where the stage reads the input alone."""
    repeats: NDArray[np.bool_] | None
    """(n, n_l): whether the unit's hyperplane is that of a lower unit; None: nowhere that is known."""
    units: Source


def iter_stage_bounds(floats: FloatNetwork, points: Floats, active: NDArray[np.bool_]) -> Iterator[StageBounds]:
    """Stage by stage, at points (n, d) in regions with these active units (n, N)."""

    def at_stage(number: int, sources: Mapping[int, Source]) -> StageBounds:
        stage, absolute = floats.stages[number - 1], floats.absolute.stages[number - 1]
        on, z = active[:, floats.network.units_of(number)], stage.z
        value, norm = _value(z, absolute.z, sources), _norm(absolute.z, sources)
        repeats = None
        if stage.q is None or absolute.q is None:
            here = on.astype(np.float64)
            units = Source(
                value=value.where(on), norm=np.where(on, norm, 0.0), multiples=Multiples(nonzero=here, multiple=here)
            )
        else:
            repeats = _multiples(z, sources).multiple > 0
            units = _chosen(on, _source(stage.p, absolute.p, sources), _source(stage.q, absolute.q, sources))
        return StageBounds(
            value=value, norm=norm, gradient_norm=_gradient_norm(z), repeats=repeats, units=units,
        )  # fmt: skip

    inputs = Source(
        value=Rounded.exactly(points),
        norm=np.ones_like(points),
        multiples=Multiples(nonzero=np.ones_like(points), multiple=np.zeros_like(points)),
    )
    return iter_values(range(1, len(floats.stages) + 1), inputs, at_stage, lambda _, jets: jets.units)


def _source(form: FloatForm, absolute: FloatForm, sources: Mapping[int, Source]) -> Source:
    return Source(
        value=_value(form, absolute, sources), norm=_norm(absolute, sources), multiples=_multiples(form, sources)
    )


def _chosen(on: NDArray[np.bool_], p: Source, q: Source) -> Source:
    """P where units are on, else q."""
    return Source(
        value=p.value.where(on, q.value),
        norm=np.where(on, p.norm, q.norm),
        multiples=Multiples(
            nonzero=np.where(on, p.multiples.nonzero, q.multiples.nonzero),
            multiple=np.where(on, p.multiples.multiple, q.multiples.multiple),
        ),
    )


def _value(form: FloatForm, absolute: FloatForm, sources: Mapping[int, Source]) -> Rounded:
    return evaluate(form, absolute, {source: sources[source].value for source in (INPUT, *form.terms)})


def _norm(absolute: FloatForm, sources: Mapping[int, Source]) -> Floats:
    """(n, size): no less than the norms of a form's gradients."""
    bound = np.zeros((len(sources[INPUT].norm), absolute.size))
    for source, matrix in absolute.terms.items():
        # Of the input, rows themselves are gradients.
        bound += row_norms(matrix) if source == INPUT else forward(sources[source].norm, absolute.floors[source])
    # Products of numbers that are not this small do not vanish; so a norm is 0 only where all terms are.
    return np.where(bound == 0, 0.0, np.maximum(bound * SLACK, FLOOR))


def _gradient_norm(form: FloatForm) -> Floats | None:
    if set(form.terms) <= {INPUT}:
        return row_norms(form.terms[INPUT]) if form.terms else np.zeros(form.size)
    return None


def _multiples(form: FloatForm, sources: Mapping[int, Source]) -> Multiples:
    nonzero, multiple = np.zeros(form.size), np.zeros(form.size)
    for source, pattern in form.patterns.items():
        nonzero = nonzero + forward(sources[source].multiples.nonzero, pattern)
        multiple = multiple + forward(sources[source].multiples.multiple, pattern)
    plain = form.constant == 0
    return Multiples(
        nonzero=((nonzero > 0) | ~plain).astype(np.float64),
        multiple=((nonzero == 1) & (multiple == 1) & plain).astype(np.float64),
    )
