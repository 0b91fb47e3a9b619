"""The preimage of a set of outputs, as exact polyhedra; and the image of a domain.

The conditions on the outputs become units of one more stage. They cut each region of the network into parts on which
each condition holds everywhere or nowhere inside, so that the preimage is a union of regions of the longer network: an
engine finds them, and all that is known of a complex is known of the pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from relureg.arguments import checked
from relureg.behaviour.polytopes import Polytope, hull, volume
from relureg.behaviour.properties import condition_form
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_problem
from relureg.complex.polyhedron import Polyhedron
from relureg.engine.limits import Limits, Progress, Workers
from relureg.errors import LimitReachedError, UsageError
from relureg.network.domain import Domain
from relureg.network.model import Network, Stage
from relureg.network.problem import Problem
from relureg.network.specification import Condition, Specification
from relureg.readers.data_files import read_specification


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preimage:
    """All inputs whose outputs lie in a set, but for parts without an interior."""

    cells: Complex
    """Of the network with the conditions as units of one more stage."""
    regions: tuple[int, ...]
    """Those of its regions whose closure lies in the preimage; no two of them overlap."""

    def __len__(self) -> int:
        return len(self.regions)

    def __iter__(self) -> Iterator[Polyhedron]:
        """The pieces, as polyhedra."""
        return (self.cells.polyhedron(region) for region in self.regions)

    def pattern(self, region: int) -> str:
        """The signs of the network's own units on a piece."""
        stages = self.cells.network.stages
        own = sum(stage.pre_activation.size for stage in stages[:-1])
        signs = self.cells.records.signs_of(np.array([region]))[0, :own]
        return "".join("+" if sign > 0 else "-" if sign < 0 else "0" for sign in signs.tolist())

    @property
    def is_bounded(self) -> bool:
        """Whether all pieces are bounded."""
        return all(piece.is_bounded for piece in self)

    def volume(self) -> Fraction | None:
        """Of all pieces together, exactly; None where it is infinite."""
        total = Fraction(0)
        for piece in self:
            if not piece.is_bounded:
                return None
            total += volume(piece.vertices, piece.incidence)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePiece:
    """The outputs on one region."""

    region: int
    """Its number in the complex of the network on the domain."""
    polytope: Polytope
    """In R^m; flat where the region's affine map is singular."""


@checked
def preimage(
    network: Network,
    target: Domain | Specification | str | Path,
    domain: Domain | None = None,
    *,
    engine: str = "auto",
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
) -> Preimage:
    """All inputs whose outputs lie in a set, as a union of polyhedra, exactly.

    Parameters
    ----------
    network : Network
    target : Domain, Specification, str or Path
        A closed polyhedron in the space of the m outputs; or the inputs that violate a property, or a ``.vnnlib`` file
        that states one. Strict inequalities and others have the same preimage here, which is closed.
    domain : Domain, optional
        The part of the input space to look in; all of it when left out.
    engine, max_regions, timeout, jobs, progress
        As of `enumerate_regions`; they count parts of regions, outside of the preimage as well.

    Returns
    -------
    Preimage
        Of the pieces that have an interior in the domain. Others, such as the points at which ``|x| = 1``, are none.

    Raises
    ------
    DataError
        The file cannot be read or does not fit the network.
    DomainError, UsageError
        The domain or the set does not fit the network.
    LimitReachedError
        A limit was reached before all pieces were found.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> square = relureg.Domain.box([0, 0], [1, 1])
    >>> found = preimage(xor, relureg.Domain.box([0], [1]), square)
    >>> len(found), found.volume()
    (1, Fraction(1, 8))
    """
    specification = _specification(network, target)
    shared, conditions = _split(specification)
    inputs = _domain_of(shared, network.input_dim)
    if domain is not None:
        domain.check_fits(network)
    within = inputs if domain is None else domain if inputs is None else domain.intersect(inputs)
    form = condition_form(network, conditions)
    longer = network.replace(stages=(*network.stages, Stage(pre_activation=form, name="conditions")))
    problem = Problem(network=longer, domain=within)
    limits, workers = Limits(max_regions=max_regions, timeout=timeout), Workers(jobs=jobs)
    cells = _all_regions(problem, engine, limits, workers, progress, "preimage")
    signs = cells.records.signs_of(np.arange(cells.num_regions))[:, network.num_units :]
    strict = np.array([condition.is_strict for condition in conditions], dtype=np.bool_)
    holds = np.where(strict, signs > 0, signs >= 0)  # what is 0 on a region is not below 0
    chosen = np.zeros(cells.num_regions, dtype=np.bool_)
    for case in specification.cases:
        chosen |= holds[:, [conditions.index(condition) for condition in case if condition not in shared]].all(axis=1)
    return Preimage(cells=cells, regions=tuple(np.flatnonzero(chosen).tolist()))


@checked
def image(
    network: Network,
    domain: Domain | None = None,
    *,
    engine: str = "auto",
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
) -> tuple[ImagePiece, ...]:
    """All outputs, as a union of polyhedra: the image of each region, exactly.

    Parameters are those of `enumerate_regions`.

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    LimitReachedError
        A limit was reached before all regions were found.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> [piece.polytope.vertices for piece in image(xor, relureg.Domain.box([0, 0], [1, 1]))][0]
    ((Fraction(-3, 1),), (Fraction(1, 1),))
    """
    problem = Problem(network=network, domain=domain)
    limits, workers = Limits(max_regions=max_regions, timeout=timeout), Workers(jobs=jobs)
    cells = _all_regions(problem, engine, limits, workers, progress, "image")
    return tuple(ImagePiece(region=k, polytope=_image_of(cells, k)) for k in range(cells.num_regions))


def _all_regions(
    problem: Problem,
    engine: str,
    limits: Limits,
    workers: Workers,
    progress: Callable[[Progress], None] | bool | None,
    name: str,
) -> Complex:
    """Of a problem, of which a limit leaves nothing that could be told."""
    cells = enumerate_problem(problem, engine, limits=limits, workers=workers, report=progress)
    if not cells.complete:
        raise LimitReachedError(f"stopped by {cells.stopped_by}: not all pieces of the {name} were found")
    return cells


def _image_of(cells: Complex, region: int) -> Polytope:
    polyhedron, affine = cells.polyhedron(region), cells.affine_map(region)
    turned = affine.matrix.T
    points = (polyhedron.vertices @ turned).fractions()
    offset = [x for (x,) in affine.constant.fractions()]
    rays = (polyhedron.rays @ turned).fractions()
    lines = (polyhedron.lines @ turned).fractions()
    rays = [*rays, *lines, *([-x for x in line] for line in lines)]
    return hull([[x + y for x, y in zip(point, offset, strict=True)] for point in points], rays)


def _specification(network: Network, target: Domain | Specification | str | Path) -> Specification:
    """The set as conditions, of which a union of cases is asked for."""
    if isinstance(target, str | Path):
        target = read_specification(Path(target), network)
    if isinstance(target, Domain):
        if target.dim != network.output_dim:
            raise UsageError(f"the set is one of {target.dim} outputs, and the network has {network.output_dim}")
        flat = [] if target.equations is None else target.equations.fractions()
        rows = [*target.rows.fractions(), *flat, *([-x for x in row] for row in flat)]
        case = tuple(
            Condition(inputs={}, outputs={k: -x for k, x in enumerate(row[1:]) if x}, constant=-row[0], is_strict=False)
            for row in rows
        )
        return Specification(
            label=target.label, input_dim=network.input_dim, output_dim=network.output_dim, cases=(case,)
        )
    if (target.input_dim, target.output_dim) != (network.input_dim, network.output_dim):
        raise UsageError(
            f"the set is of {target.input_dim} inputs and {target.output_dim} outputs, "
            f"and the network has {network.input_dim} and {network.output_dim}"
        )
    return target


def _split(specification: Specification) -> tuple[list[Condition], list[Condition]]:
    """The conditions on inputs alone that all cases share; and all others."""
    cases = specification.cases
    first = cases[0] if cases else ()
    shared = [one for one in first if not one.outputs and one.inputs and all(one in case for case in cases)]
    others = [one for case in cases for one in case if one not in shared]
    return shared, [one for k, one in enumerate(others) if one not in others[:k]]


def _domain_of(conditions: list[Condition], dim: int) -> Domain | None:
    if not conditions:
        return None
    rows = [[condition.inputs.get(j, Fraction(0)) for j in range(dim)] for condition in conditions]
    return Domain.polytope(rows, [-condition.constant for condition in conditions])
