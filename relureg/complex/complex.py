"""The polyhedral complex of a network: its activation regions, their facets, and what proves them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked, figure, index
from relureg.complex import checks
from relureg.complex.affine import AffineMap, exact_maps, float_output_maps
from relureg.complex.checks import Check, Tally
from relureg.complex.coordinates import with_nearest_coordinates
from relureg.complex.faces import Faces, find_faces
from relureg.complex.facets import Facets, facet_units, match_facets
from relureg.complex.generators import generators_of
from relureg.complex.graph.hamming import HammingComparison, compare_with_hamming
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.locate import locate
from relureg.complex.polyhedron import Polyhedron, polyhedron
from relureg.engine.engines import ENGINES, choose
from relureg.engine.limits import Limits, Progress, Report, Workers, watching
from relureg.engine.records import Generators, Point, Records
from relureg.errors import CheckFailedError, LimitReachedError
from relureg.frozen import Frozen
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem

if TYPE_CHECKING:
    from relureg.complex.linear.notions import LinearRegions

MAX_DIM_DERIVED = 6
"""Largest dimension in which vertices are derived from inequalities unasked: a box has 2^r of them."""
MAX_FACES_UNASKED = 1_000_000
"""Most faces, by `Complex.face_estimate`, that the checks look at unasked: about a second's work."""

MAX_FACES = 100_000_000
"""Most faces, by the same estimate, that are looked at: minutes of work, in some 7 GB of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A region on the other side of a facet."""

    region: int
    units: tuple[int, ...]
    """The units that vanish on the facet."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Complex(Frozen):
    """All activation regions of a network, over the whole input space or inside a domain.

    Regions are numbered 0..R-1 in the order of their sign vectors (-, 0, +), whatever the engine. Two complexes are
    equal when network, domain and every column of their records are.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> xor.num_regions, xor.facets.num_inner, xor.graph.diameter
    (3, 2, 2)
    >>> [xor.pattern(region) for region in range(3)]
    ['00', '10', '11']
    >>> all(check.passed is not False for check in xor.checks)
    True
    """

    problem: Problem
    """Whose regions these are."""
    engine: str
    """The engine that found the regions."""
    records: Records
    stopped_by: str | None
    """The limit that ended the run early; None when every region is here."""
    jobs: int | None = None
    """Threads of the splitter for what is asked later; None is all cores."""

    @property
    def network(self) -> Network:
        return self.problem.network

    @property
    def domain(self) -> Domain | None:
        """None is the whole input space."""
        return self.problem.domain

    @property
    def complete(self) -> bool:
        """Whether every region is here; otherwise each one that is here is proven, and more exist."""
        return self.stopped_by is None

    # -- regions -----------------------------------------------------------------------------------

    @property
    def num_regions(self) -> int:
        """R, the number of activation regions; a proven lower bound when not `complete`."""
        return self.records.num_regions

    @property
    def essential_inputs(self) -> tuple[int, ...]:
        """The input coordinates in which the complex is described, the others being 0; see `Problem`."""
        return self.problem.essential_inputs

    @property
    def essential_dim(self) -> int:
        """The dimension that carries the complex: the rank of all rows applied to the input."""
        return self.problem.essential_dim

    @property
    def num_relatively_bounded(self) -> int:
        """Regions that contain no ray besides the directions along which the whole complex is invariant."""
        return int(self.records.bounded.sum())

    @property
    def num_bounded(self) -> int:
        """Regions that are bounded in the input space: none where the complex is invariant along a line."""
        return self.num_relatively_bounded if self.essential_dim == self.network.input_dim else 0

    @property
    def num_unbounded(self) -> int:
        return self.num_regions - self.num_bounded

    @cached_property
    def per_stage(self) -> tuple[int, ...]:
        """Regions of the networks cut off after stage 1, 2, ..., L, seen through the regions here."""
        signs = self.records.signs
        ends = np.cumsum(self.network.widths)
        return tuple(len(np.unique(signs[:, :end], axis=0)) for end in ends)

    def pattern(self, region: int) -> str:
        """The activation pattern: 1 for an active unit, stages separated by ``|``.

        Here as wherever a region is named, -1 is the last one; raises `ArgumentIndexError` where there is none.
        """
        signs = self.records.signs_of(np.array([self._region(region)]))[0]
        bits = "".join("1" if sign > 0 else "0" for sign in signs)
        ends = np.cumsum([0, *self.network.widths]).tolist()
        return "|".join(bits[start:end] for start, end in itertools.pairwise(ends))

    def point(self, region: int) -> Point:
        """An exact point inside a region."""
        return self.records.point(region)

    @checked
    def locate(self, points: ArrayLike) -> NDArray[np.int64]:
        """The number of the region that contains each point, decided exactly.

        Of a point on a facet or a smaller face, the region with the lowest number whose closure contains it. -1 for a
        point outside the domain, and for one in no listed region when the list is not complete.

        Parameters
        ----------
        points : array_like, shape (points, d)
            Floats are taken as the dyadic rationals they are; fractions and integers of any size are exact, too.

        Raises
        ------
        UsageError
            Another shape, or a coordinate that is NaN or infinite.

        Examples
        --------
        >>> import relureg
        >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
        >>> xor.locate([[0.25, 0.25], [-2, 0], [-1, 0]]).tolist()
        [2, 0, 0]
        """
        return locate(self.problem, self.records, points)

    # -- geometry ----------------------------------------------------------------------------------

    def polyhedron(self, region: int) -> Polyhedron:
        """A region by its irredundant inequalities, vertices and rays, exactly; see `Polyhedron`."""
        return polyhedron(self.problem, self.records, self._region(region))

    def affine_map(self, region: int) -> AffineMap:
        """The exact map from input to output on a region; ``.floats`` of matrix and constant rounds once."""
        _, output = exact_maps(self.network, self.records.signs_of(np.array([self._region(region)]))[0])
        return output

    @checked
    def affine_maps(self, regions: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The maps from input to output on many regions (all when left out), composed in floats.

        Returns
        -------
        matrices : ndarray, shape (regions, m, d)
        constants : ndarray, shape (regions, m)
            On region i of the list, the output is ``matrices[i] @ x + constants[i]``, up to rounding.
        """
        if regions is None:
            chosen = np.arange(self.num_regions)
        else:
            chosen = np.array([self._region(region) for region in np.ravel(np.asarray(regions))], dtype=np.int64)
        return float_output_maps(self.network, self.records.signs_of(chosen))

    @cached_property
    def generators(self) -> Generators:
        """The vertices and rays of all regions, as columns; found when first asked for, by a second run of the engine.

        Each coordinate is the double nearest to the exact one; a ray's largest entry is 1 in size.

        Raises
        ------
        CheckFailedError
            They contradict the list of regions.
        LimitReachedError
            There are more faces than `MAX_FACES`, and too many generators for memory.
        """
        return with_nearest_coordinates(self.problem, self.records, self.incidences)

    @cached_property
    def incidences(self) -> Generators:
        """The same with the engine's coordinates, good to some ten digits: for what only asks which rows vanish where.

        Raises as `generators` does.
        """
        self._require_room()
        return generators_of(self.problem, self.records, engine=self.engine, complete=self.complete, jobs=self.jobs)

    @cached_property
    def faces(self) -> Faces:
        """The faces of every dimension; raises as `facets` and `generators` do.

        Time and memory grow with the number of faces, about 3^r times that of regions: see `face_estimate`. Beyond
        `MAX_FACES` of them this is a `LimitReachedError`.
        """
        self._require_all("faces")
        return find_faces(self.records, self.incidences, self.essential_dim)

    @property
    def face_estimate(self) -> int:
        """About how many faces all regions have together: R 3^r, as many as cubes have."""
        return self.num_regions * int(3**self.essential_dim)

    @property
    def has_few_faces(self) -> bool:
        """Whether faces are looked at unasked: up to `MAX_FACES_UNASKED`, and where vertices are had for little."""
        is_derived = ENGINES[self.engine].find_generators is None
        return self.face_estimate <= MAX_FACES_UNASKED and not (is_derived and self.essential_dim > MAX_DIM_DERIVED)

    @property
    def f_vector(self) -> tuple[int, ...]:
        """(f_0, ..., f_r): faces of each dimension, vertices to regions, in the r essential dimensions.

        In the input space each face has d - r dimensions more.

        Examples
        --------
        >>> import relureg
        >>> cells = relureg.enumerate_regions(relureg.load("fixtures/truth/int_3-6-6-1.json"))
        >>> cells.f_vector, cells.f_vector_bounded
        ((119, 428, 511, 203), (119, 310, 272, 80))
        """
        return self.faces.f_vector

    @property
    def f_vector_bounded(self) -> tuple[int, ...]:
        """The same for the faces without a ray."""
        return self.faces.f_vector_bounded

    @property
    def vertices(self) -> NDArray[np.float64]:
        """(V, d): the distinct vertices, each coordinate the nearest double, in the order of their sign vectors.

        `polyhedron` has them exactly.
        """
        return self.generators.coordinates[self.faces.generator_of_vertex]

    def vertex_numbers(self, region: int) -> NDArray[np.int64]:
        """The rows of `vertices` that are vertices of a region."""
        number = self._region(region)
        start, stop = self.incidences.starts[number : number + 2].tolist()
        numbers = self.faces.vertex_of_generator[start:stop]
        return numbers[numbers >= 0]

    # -- facets and graph --------------------------------------------------------------------------

    @cached_property
    def facets(self) -> Facets:
        """The facets, each once.

        Raises
        ------
        LimitReachedError
            A limit stopped the enumeration, so that facets lack their second region.
        """
        self._require_all("facets and graph")
        return match_facets(self.records)

    @cached_property
    def graph(self) -> RegionGraph:
        """The region graph; raises as `facets` does."""
        return RegionGraph.from_facets(self.num_regions, self.facets.regions, checks.most_steps(self.network))

    def neighbours(self, region: int) -> tuple[Neighbour, ...]:
        """The regions across the facets of a region, ascending; raises as `facets` does.

        Examples
        --------
        >>> import relureg
        >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
        >>> xor.neighbours(1)
        (Neighbour(region=0, units=(0,)), Neighbour(region=2, units=(1,)))
        """
        number = self._region(region)
        start, stop = np.searchsorted(self.records.facet_region, [number, number + 1])
        behind = self.regions_behind[start:stop]
        found = [(int(other), start + row) for row, other in enumerate(behind.tolist()) if other >= 0]
        return tuple(Neighbour(region=other, units=facet_units(self.records, row)) for other, row in sorted(found))

    @cached_property
    def regions_behind(self) -> NDArray[np.int64]:
        """(K,): for each row of the facet columns of `records`, the region on the other side; -1 on the boundary."""
        return self.facets.regions_behind(len(self.records.facet_region))

    @cached_property
    def hamming(self) -> HammingComparison:
        """Distances in the region graph against Hamming distances of sign vectors; raises as `graph` does."""
        return compare_with_hamming(self)

    @cached_property
    def linear_regions(self) -> LinearRegions:
        """The other notions of region, counted; raises as `facets` does.

        Examples
        --------
        >>> import relureg
        >>> hat = relureg.Network.from_layers([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
        >>> found = relureg.enumerate_regions(hat).linear_regions
        >>> found.activation_regions, found.open_connected, found.closed_connected, found.affine_pieces
        (4, 4, 4, 3)
        """
        from relureg.complex.linear.notions import find_linear_regions

        return find_linear_regions(self)

    # -- proof -------------------------------------------------------------------------------------

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks that the list of regions passed or failed.

        Those that need all faces are among them where `has_few_faces`; otherwise, `face_checks` has them.
        """
        return self._checks(self.face_checks if self.has_few_faces else self._face_checks_left_out)

    def checks_of(self, *, faces: bool, graph: bool) -> tuple[Check, ...]:
        """`checks`, with those on faces and on the graph wherever asked for."""
        found = self._checks(self.face_checks) if faces else self.checks
        return (*found, *self.graph_checks) if graph else found

    def _checks(self, on_faces: tuple[Check, ...]) -> tuple[Check, ...]:
        witnesses, watertight, closed_form = self._region_checks
        return witnesses, watertight, *on_faces, closed_form

    @cached_property
    def _region_checks(self) -> tuple[Check, Check, Check]:
        return (
            checks.witnesses(self.problem, self.records),
            checks.watertight(self.records, self.facets) if self.complete else checks.incomplete("watertight"),
            checks.closed_form(self._tally),
        )

    @cached_property
    def face_checks(self) -> tuple[Check, ...]:
        """The checks that need the faces of every dimension."""
        if not self.complete:
            return checks.incomplete("euler"), checks.incomplete("faces")
        if self.face_estimate > MAX_FACES:
            return self._face_checks_left_out
        try:
            faces = self.faces
        except CheckFailedError as error:
            return tuple(Check(name=name, passed=False, detail=str(error)) for name in ("euler", "faces"))
        return checks.euler_of_faces(self._tally, faces), checks.faces_match(self._tally, faces, self.facets)

    @property
    def _face_checks_left_out(self) -> tuple[Check, ...]:
        detail = f"left out: about {figure(self.face_estimate)} faces"
        if self.face_estimate <= MAX_FACES:
            detail += "; face_checks and --faces look at them"
        return tuple(Check(name=name, passed=None, detail=detail) for name in ("euler", "faces"))

    @property
    def _tally(self) -> Tally:
        return Tally(
            problem=self.problem,
            regions=self.num_regions,
            inner_facets=self.facets.num_inner if self.complete else None,
        )

    @cached_property
    def graph_checks(self) -> tuple[Check, ...]:
        """The checks on the region graph; they need its diameter."""
        return checks.connected(self.graph), *checks.diameter(self.problem, self.graph)

    # -- files and identity ------------------------------------------------------------------------

    @checked
    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write everything to a .npz file; see `relureg.load_complex`.

        Raises
        ------
        OutputError
            The file exists and `force` is not set, or it cannot be written.
        """
        from relureg.complex.archive import save_complex

        save_complex(self, path, force=force)

    @staticmethod
    def load(path: str | Path, *, verify: bool = True) -> Complex:
        """Read what `save` wrote: the same as `relureg.load_complex`."""
        from relureg.complex.archive import load_complex

        return load_complex(path, verify=verify)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Complex):
            return NotImplemented
        return (
            self.problem == other.problem and self.stopped_by == other.stopped_by and self.records.equals(other.records)
        )

    def __hash__(self) -> int:
        return hash((self.network, self.num_regions))

    def _region(self, region: int) -> int:
        return index(region, self.num_regions, "region")

    def _require_room(self) -> None:
        if self.face_estimate > MAX_FACES:
            raise LimitReachedError(
                f"{self.num_regions:,} regions have about {figure(self.face_estimate)} faces, and at most "
                f"{MAX_FACES:,} are looked at; take a smaller domain"
            )

    def _require_all(self, what: str) -> None:
        if not self.complete:
            raise LimitReachedError(
                f"stopped by {self.stopped_by} after {self.num_regions:,} regions: {what} need all of them"
            )


@checked
def enumerate_regions(
    network: Network,
    domain: Domain | None = None,
    engine: str = "auto",
    *,
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    audit: bool = False,
    progress: Callable[[Progress], None] | None = None,
    scheduler: Any = None,
) -> Complex:
    """Find every activation region of a network, exactly.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only the part of the complex inside; the whole input space when left out. Where the domain fixes inputs, the
        complex is that of the network on the inputs left: see `Complex.network` and its `slice`.
    engine : {"auto", "split", "lp"}, optional
        ``split`` (the default) is the compiled splitter, ``lp`` the referee: exact rational linear programs,
        slow. Both are exact and give the same regions, facets and order.
    max_regions : int, optional
    timeout : float, optional
        Seconds. When a limit stops the run the result has ``complete`` False and holds the regions found.
    jobs : int, optional
        Threads of the splitter; all cores when left out. The result does not depend on it.
    audit : bool, optional
        Let the splitter decide every predicate in doubles and in integers, and stop on a contradiction. Slow.
    progress : callable, optional
        Called with a `Progress` every now and then.
    scheduler : str or distributed.Client, optional
        Who does the work, instead of threads; see `count_regions`. All regions are brought together here.

    Returns
    -------
    Complex

    Raises
    ------
    DomainError
        The domain does not fit the network or has no interior.
    EngineUnavailableError
        The engine needs a package that is not installed.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> relureg.enumerate_regions(network).num_regions
    49
    >>> relureg.enumerate_regions(network, relureg.Domain.box([-10, -10], [10, 10])).num_regions
    48
    """
    return enumerate_problem(
        Problem(network=network, domain=domain),
        engine,
        limits=Limits(max_regions=max_regions, timeout=timeout),
        workers=Workers(jobs=jobs, scheduler=scheduler, audit=audit),
        report=progress,
    )


def enumerate_problem(
    problem: Problem,
    engine: str = "auto",
    *,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | None = None,
) -> Complex:
    """`enumerate_regions` of a problem; raises as that does."""
    with watching(limits, report) as watch:
        problem = problem.restricted()
        chosen = choose(engine, problem)
        find = chosen.finder
        chosen.check_fits(workers)
        found = find(problem, workers, watch)
        return Complex(
            problem=problem,
            engine=chosen.name,
            records=found.records,
            stopped_by=found.stopped_by,
            jobs=workers.jobs,
        )
