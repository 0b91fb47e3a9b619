"""The range of a network: the exact minimum and maximum of each output, and where they are attained.

Over an unbounded domain an output may grow without bound. Far out a network is the network without its constants, up to
a bounded difference. So it does iff that one is positive in some direction of the recession cone; a search over the
faces of the cube ``|v| <= 1`` finds such a direction or proves that there is none. Then a maximum is attained, since
each of the finitely many pieces attains its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from relureg.arguments import checked
from relureg.behaviour.incumbent import Goal, Point, float_values
from relureg.behaviour.search import ManyCellsError, Search
from relureg.behaviour.space import Space
from relureg.behaviour.vertex_search import MOST_INPUTS, maximum_at_vertices
from relureg.engine.limits import Limits, Progress, Watch, watching
from relureg.errors import UsageError
from relureg.exact.numbers import Number, exact_point
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.words import plural

MOST_CELLS = 400
"""Of a search in few inputs: then the vertices of all regions are looked at instead."""
_DIRECTIONS = 1000
"""Directions that are tried before a search for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremum:
    """The largest or smallest value of an output."""

    value: Fraction | None
    """Exactly; None: there is none, it is unbounded."""
    point: Point
    """(d,): where it is attained; if unbounded, where the ray begins."""
    ray: Point | None
    """(d,): if unbounded, the output grows (falls) without bound along ``point + t ray``; else None."""
    cells: int
    """How many cells the search looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """All values of an output, or of a combination of outputs: a closed interval."""

    direction: tuple[Fraction, ...]
    """(m,): the combination ``direction . y``; of an output alone a unit vector."""
    minimum: Extremum
    maximum: Extremum


@checked
def output_range(
    network: Network,
    domain: Domain | None = None,
    *,
    direction: Sequence[Number] | None = None,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Range, ...]:
    """The exact minimum and maximum of each output, or of one combination of them.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        A closed polyhedron, which may be flat; the whole input space when left out.
    direction : sequence of m numbers, optional
        The range of ``direction . y`` instead of one range an output; floats are the dyadic rationals they are.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then, whose `regions` are the cells looked at so far.

    Returns
    -------
    tuple of Range
        One for each output; one alone with a direction.

    Raises
    ------
    DomainError
        The domain is empty, or one of another number of inputs.
    UsageError
        The direction does not fit the outputs.
    LimitReachedError
        The time is over.

    Examples
    --------
    >>> import relureg
    >>> (found,) = output_range(relureg.load("fixtures/truth/xor.json"), relureg.Domain.box([0, 0], [1, 1]))
    >>> found.minimum.value, found.maximum.value, found.maximum.point
    (Fraction(-3, 1), Fraction(1, 1), (Fraction(0, 1), Fraction(0, 1)))
    """
    if domain is not None:
        domain.check_fits(network)
    with watching(Limits(timeout=timeout), progress) as watch:
        space = Space.of(domain, network.input_dim)
        directions = unit_directions(network) if direction is None else [_exact(direction, network)]
        return tuple(
            Range(
                direction=along,
                minimum=_minimum(network, space, along, watch),
                maximum=_maximum(network, space, along, watch),
            )
            for along in directions
        )


def unit_directions(network: Network) -> list[Point]:
    """The direction of each output."""
    m = network.output_dim
    return [tuple(Fraction(int(i == k)) for i in range(m)) for k in range(m)]


def maximum_along(
    network: Network, space: Space, direction: Point, watch: Watch, floor: Fraction | None = None
) -> tuple[Extremum | None, int]:
    """The maximum of ``direction . y``, None where it does not exceed a floor; and how many cells were looked at."""
    along = network.output.map(RationalMatrix.from_fractions([list(direction)], len(direction)))
    network = network.replace(output=along, outputs=())
    cells = 0
    if not space.is_bounded:
        ray, cells = growing_ray(network, space, watch)
        if ray is not None:
            return Extremum(value=None, point=space.any_point(), ray=ray, cells=cells), cells
    is_small = space.dim <= MOST_INPUTS and space.is_bounded and space.is_full and _has_width(space)
    search = Search(
        network=network, space=space, goal=Goal(floor=floor), watch=watch, most_cells=MOST_CELLS if is_small else None
    )
    try:
        found = search.run()
        best = None if found.value is None or found.point is None else (found.value, found.point)
    except ManyCellsError:
        best = maximum_at_vertices(network, space, watch, search.best)
    cells += search.looked_at
    if best is None or (floor is not None and best[0] <= floor):
        return None, cells
    return Extremum(value=best[0], point=best[1], ray=None, cells=cells), cells


def _has_width(space: Space) -> bool:
    """Whether no input is fixed."""
    return all(a is not None and b is not None and a < b for a, b in zip(space.low, space.high, strict=True))


def growing_ray(network: Network, space: Space, watch: Watch) -> tuple[Point | None, int]:
    """A direction of the recession cone along which the one output grows without bound, if any; and cells looked at."""
    linear = without_constants(network)
    cone = space.cone()
    rng = np.random.default_rng(0)
    low, high = cone.box
    sample = low + (high - low) * rng.random((_DIRECTIONS, space.dim))
    # Numbers that are short: a ray is to be read.
    sample = np.round(sample * 64) / 64
    values = float_values(linear, sample)
    best = sample[0 if values is None else int(values[:, 0].argmax())]
    ray: Point = tuple(map(Fraction, best.tolist()))
    if cone.program.holds_at(ray) and linear.exact_output(ray)[0] > 0:
        return ray, 0
    cells = 0
    for axis in range(space.dim):
        for value in (Fraction(1), Fraction(-1)):
            face = cone.face(axis, value)
            if face is None:
                continue
            found = Search(network=linear, space=face, goal=Goal(is_strict=(True,)), watch=watch).run()
            cells += found.cells
            if found.point is not None:
                return found.point, cells
    return None, cells


def without_constants(network: Network) -> Network:
    """The network with all constants 0: what it looks like far out."""
    return network.with_forms(
        [_linear(stage.pre_activation) for stage in network.stages], _linear(network.output), notices=()
    )


def _linear(form: AffineForm) -> AffineForm:
    return AffineForm(constant=RationalMatrix.zeros(form.size, 1), terms=form.terms)


def _minimum(network: Network, space: Space, direction: Point, watch: Watch) -> Extremum:
    found = _maximum(network, space, tuple(-x for x in direction), watch)
    value = None if found.value is None else -found.value
    return Extremum(value=value, point=found.point, ray=found.ray, cells=found.cells)


def _maximum(network: Network, space: Space, direction: Point, watch: Watch) -> Extremum:
    found, _ = maximum_along(network, space, direction, watch)
    assert found is not None  # without a floor there is one
    return found


def _exact(direction: Sequence[Number], network: Network) -> Point:
    if len(direction) != network.output_dim:
        raise UsageError(
            f"a direction of {plural(len(direction), 'coefficient')}, but the network has "
            f"{plural(network.output_dim, 'output')}"
        )
    return exact_point(direction, network.output_dim)
