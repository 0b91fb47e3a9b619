"""The polyhedral complex of a network: its activation regions, their facets, and what proves them."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relureg.arguments import checked, index
from relureg.complex import face_checks, face_limits, region_checks
from relureg.complex.affine import AffineMap, exact_maps, float_output_maps
from relureg.complex.checks import Check, ComplexSize
from relureg.complex.coordinates import with_nearest_coordinates
from relureg.complex.faces import Faces, find_faces
from relureg.complex.facet_walls import walls_of
from relureg.complex.facets import Facets, Neighbour, match_facets, neighbours
from relureg.complex.generators import generators_of
from relureg.complex.graph.hamming import HammingComparison, compare_with_hamming
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.halfspaces import Inequalities, inequalities
from relureg.complex.locate import locate
from relureg.complex.polyhedron import Polyhedron, polyhedron
from relureg.complex.region import Region
from relureg.complex.result import Result
from relureg.engine.choice import EngineChoice
from relureg.engine.engines import ENGINES
from relureg.engine.records import Generators, Point, Records
from relureg.errors import LimitReachedError
from relureg.frozen import Frozen
from relureg.network.patterns import regions_per_stage, texts
from relureg.network.problem import Problem
from relureg.showing import Drawn

if TYPE_CHECKING:
    import networkx

    from relureg.complex.linear.notions import LinearRegions
    from relureg.complex.volumes import Volumes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Complex(Result, Drawn, Frozen):
    """All activation regions of a network, over the whole input space or inside a domain.

    Regions are numbered 0..R-1 in the order of their sign vectors (-, 0, +), whatever the engine; wherever a region is
    named, -1 is the last one, and where there is none, this is an `ArgumentIndexError`. Two complexes are equal when
    network, domain and every column of their records are. What is asked for is found once, and kept.

    Examples
    --------
    >>> import relureg
    >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
    >>> xor
    <Complex of 'xor': 3 regions in R^2>
    >>> xor.facets.num_inner, xor.graph.diameter
    (2, 2)
    >>> [xor.pattern(region) for region in range(3)]
    ['00', '10', '11']
    >>> all(check.passed is not False for check in xor.checks)
    True
    """

    problem: Problem
    """Whose regions these are."""
    engine: str = field(compare=False)
    """The engine that found the regions."""
    records: Records
    stopped_by: str | None
    """The limit that ended the run early; None when every region is here."""
    jobs: int | None = field(default=None, compare=False)
    """Threads of the splitter for what is asked later; None is all cores."""
    engine_choice: EngineChoice | None = field(default=None, compare=False)
    """Why that engine; None where the regions were read from a file, or found around a point."""

    # -- regions -----------------------------------------------------------------------------------

    @property
    def num_regions(self) -> int:
        """R, the number of activation regions; a proven lower bound when not `complete`."""
        return self.records.num_regions

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
        return regions_per_stage(self.network.widths, self.records.signs)

    def pattern(self, region: int) -> str:
        """The activation pattern: 1 for an active unit, stages separated by ``|``."""
        return texts(self._signs_of(region) > 0, self.network.widths)[0]

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

    def __len__(self) -> int:
        return self.num_regions

    def __bool__(self) -> bool:
        return True  # a complex is there, be it one whose search was stopped before its first region

    def __iter__(self) -> Iterator[Region]:
        return (Region(cells=self, number=number) for number in range(self.num_regions))

    @overload
    def __getitem__(self, region: SupportsIndex) -> Region: ...
    @overload
    def __getitem__(self, region: slice) -> tuple[Region, ...]: ...
    def __getitem__(self, region: SupportsIndex | slice) -> Region | tuple[Region, ...]:
        """A region, or those of a slice, as in a list.

        Examples
        --------
        >>> import relureg
        >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
        >>> xor[1]
        <Region 1 of 'xor': 10, unbounded, 2 neighbours>
        >>> [region.number for region in xor[1].neighbours], xor[-1].affine_map
        ([0, 2], <AffineMap R^2 -> R^1: -2 x0 - 2 x1 + 1>)
        """
        if isinstance(region, slice):
            return tuple(Region(cells=self, number=number) for number in range(self.num_regions)[region])
        return Region(cells=self, number=self._region(operator.index(region)))

    # -- geometry ----------------------------------------------------------------------------------

    def polyhedron(self, region: int) -> Polyhedron:
        """A region by its irredundant inequalities, vertices and rays, exactly; see `Polyhedron`."""
        return polyhedron(self.problem, self.records, self._region(region))

    def affine_map(self, region: int) -> AffineMap:
        """The exact map from input to output on a region; ``.floats`` of matrix and constant rounds once."""
        return exact_maps(self.network, self._signs_of(region)[0])[1]

    @checked
    def affine_maps(self, regions: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The maps from input to output on many regions (all when left out), composed in floats.

        Returns
        -------
        matrices : ndarray, shape (regions, m, d)
        constants : ndarray, shape (regions, m)
            On region i of the list, the output is ``matrices[i] @ x + constants[i]``, up to rounding.
        """
        numbers = range(self.num_regions) if regions is None else np.ravel(np.asarray(regions))
        return float_output_maps(self.network, self._signs_of(*numbers))

    def inequalities(self, *, exact: bool = False) -> Inequalities:
        """The irredundant inequalities ``A x <= b`` of all regions, as columns; see `Inequalities`.

        `polyhedron` has those of one region with its vertices. Inside a domain, which of its rows carries a facet is
        found by a second run of the engine.

        Parameters
        ----------
        exact : bool, optional
            Also as integers, and doubles rounded once; slow. Otherwise composed in doubles, ten times as fast or more.

        Raises
        ------
        CheckFailedError
            The list of regions contradicts itself.
        LimitReachedError
            A limit was reached meanwhile.
        """
        return inequalities(self.problem, self.records, self.facet_walls, exact=exact)

    @cached_property
    def facet_walls(self) -> NDArray[np.int64]:
        """(K,): for each facet of the records the row of the domain that carries it, -1 where a region lies behind."""
        is_whole = self.complete and type(self) is Complex
        return walls_of(self.problem, self.records, engine=self.engine, is_whole=is_whole, jobs=self.jobs)

    @cached_property
    def generators(self) -> Generators:
        """The vertices and rays of all regions, as columns, found by a second run of the engine.

        Each coordinate is the double nearest to the exact one; a ray's largest entry is 1 in size.

        Raises
        ------
        CheckFailedError
            They contradict the list of regions.
        LimitReachedError
            There are more faces than `face_limits.MAX_FACES`, and too many generators for memory.
        """
        return with_nearest_coordinates(self.problem, self.records, self.incidences)

    @cached_property
    def incidences(self) -> Generators:
        """The same with the engine's coordinates, good to some ten digits: for what only asks which rows vanish where.

        Raises as `generators` does.
        """
        face_limits.require_room(self.num_regions, self.face_estimate)
        return generators_of(self.problem, self.records, engine=self.engine, complete=self.complete, jobs=self.jobs)

    @cached_property
    def faces(self) -> Faces:
        """The faces of every dimension; raises as `facets` and `generators` do.

        Time and memory grow with the number of faces, about 3^r times that of regions: see `face_estimate`.
        """
        self._require_all("faces")
        return find_faces(self.records, self.incidences, self.essential_dim)

    @property
    def face_estimate(self) -> int:
        """About how many faces all regions have together: R 3^r, as many as cubes have."""
        return face_limits.estimate_faces(self.num_regions, self.essential_dim)

    @property
    def has_few_faces(self) -> bool:
        """Whether the checks look at the faces unasked: few of them, and vertices that are had for little."""
        is_derived = ENGINES[self.engine].find_generators is None
        return face_limits.are_checked_unasked(self.face_estimate, self.essential_dim, is_derived=is_derived)

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
        return self.faces.vertices_of(self.incidences, self._region(region))

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
        return RegionGraph.from_facets(self.num_regions, self.facets.regions, region_checks.most_steps(self.network))

    @property
    def degrees(self) -> NDArray[np.int64]:
        """(R,): the number of neighbours of each region."""
        return self.graph.degrees

    def neighbours(self, region: int) -> tuple[Neighbour, ...]:
        """The regions across the facets of a region, ascending; raises as `facets` does.

        Examples
        --------
        >>> import relureg
        >>> xor = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json"))
        >>> xor.neighbours(1)
        (Neighbour(region=0, units=(0,)), Neighbour(region=2, units=(1,)))
        """
        return neighbours(self.records, self.facets.regions_behind, self._region(region))

    def to_networkx(self) -> networkx.Graph[Any]:
        """The region graph for networkx, with what is known of regions and facets; raises as `facets` does.

        Nodes 0..R-1 have ``pattern``, ``bounded``, ``degree``, ``point`` (inside), ``weights`` (m lists of d numbers)
        and ``bias`` (m numbers) of the affine map, as doubles; edges have ``units``, those that vanish on the facet.

        Examples
        --------
        >>> import relureg
        >>> graph = relureg.enumerate_regions(relureg.load("fixtures/truth/xor.json")).to_networkx()
        >>> graph.nodes[1]["pattern"], graph.edges[0, 1]["units"]
        ('10', [0])
        """
        from relureg.complex.graph.networkx_graph import graph_with_attributes

        is_full = self.essential_dim == self.network.input_dim
        return graph_with_attributes(self.network, self.records, self.facets, is_full=is_full)

    @cached_property
    def hamming(self) -> HammingComparison:
        """Distances in the region graph against Hamming distances of sign vectors; raises as `graph` does."""
        return compare_with_hamming(self.records, self.graph)

    @cached_property
    def linear_regions(self) -> LinearRegions:
        """The other notions of region, counted; raises as `facets` does.

        Examples
        --------
        >>> import relureg
        >>> hat = relureg.Network.from_layers([[[1], [1], [1]], [[1, -2, 1]]], [[0, -1, -2], [0]])
        >>> linear = relureg.enumerate_regions(hat).linear_regions
        >>> linear.activation_regions, linear.open_connected, linear.closed_connected, linear.affine_pieces
        (4, 4, 4, 3)
        """
        from relureg.complex.linear.notions import find_linear_regions

        facets = self.facets
        incidences = self.incidences if self.face_estimate <= face_limits.MAX_FACES_COUNTED else None
        return find_linear_regions(self.problem, self.records, facets, incidences)

    @cached_property
    def volumes(self) -> Volumes:
        """The exact volumes of the regions in a bounded domain of up to three inputs, and their entropy.

        Raises
        ------
        UsageError
            There are more inputs, or the domain is not bounded.
        LimitReachedError
            As `generators` does.

        Examples
        --------
        >>> import relureg
        >>> xor = relureg.load("fixtures/truth/xor.json")
        >>> volumes = relureg.enumerate_regions(xor, relureg.Domain.box([-1, -1], [1, 1])).volumes
        >>> [str(volume) for volume in volumes.regions], round(volumes.entropy, 4)
        (['1/2', '3/2', '2'], 0.9743)
        """
        from relureg.complex.volumes import find_volumes

        return find_volumes(self.problem, self.records, lambda: self.incidences)

    # -- proof -------------------------------------------------------------------------------------

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the list of regions, with those on faces where `has_few_faces`; a failed one is a defect."""
        return self.checks_of(faces=False, graph=False)

    def checks_of(self, *, faces: bool, graph: bool) -> tuple[Check, ...]:
        """`checks`, with those on faces and on the graph wherever asked for."""
        witnesses, watertight, closed_form = self._region_checks
        on_faces = self.face_checks if faces or self.has_few_faces else face_checks.left_out(self._size)
        return witnesses, watertight, *on_faces, closed_form, *(self.graph_checks if graph else ())

    @cached_property
    def face_checks(self) -> tuple[Check, ...]:
        """The checks that need the faces of every dimension."""
        return face_checks.check_faces(self._size, lambda: self.faces)

    @cached_property
    def graph_checks(self) -> tuple[Check, ...]:
        """The checks on the region graph; they need its diameter."""
        return region_checks.connected(self.graph), *region_checks.diameter(self.problem, self.graph)

    @cached_property
    def _region_checks(self) -> tuple[Check, Check, Check]:
        return region_checks.check_regions(self._size, self.records, self._known_facets)

    @property
    def _size(self) -> ComplexSize:
        return ComplexSize.of(self.problem, self.num_regions, self._known_facets)

    @property
    def _known_facets(self) -> Facets | None:
        return self.facets if self.complete else None

    # -- files and identity ------------------------------------------------------------------------

    @checked
    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write everything to a .npz file; see `relureg.load_complex`.

        Raises
        ------
        OutputError
            The file exists and `force` is not set, or it cannot be written.
        """
        from relureg.complex.archive import write_complex

        write_complex(self, Path(path), force=force)

    @staticmethod
    @checked
    def load(path: str | Path, *, verify: bool = True) -> Complex:
        """Read what `save` wrote: the same as `relureg.load_complex`."""
        from relureg.complex.archive import read_complex

        return read_complex(Path(path), Complex, verify=verify)

    def __hash__(self) -> int:
        return hash((self.network, self.num_regions))  # the same in every process

    def __repr__(self) -> str:
        return f"<Complex of {self.found_in(self.num_regions)}>"

    def _region(self, region: int) -> int:
        return index(region, self.num_regions, "region")

    def _signs_of(self, *regions: int) -> NDArray[np.int8]:
        return self.records.signs_of(np.array([self._region(region) for region in regions], dtype=np.int64))

    def _require_all(self, what: str) -> None:
        if not self.complete:
            raise LimitReachedError(
                f"stopped by {self.stopped_by} after {self.num_regions:,} regions: {what} need all of them"
            )
