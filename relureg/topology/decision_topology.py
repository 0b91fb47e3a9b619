"""The topology of a decision: the boundary, its sides, the regions of classes, by their Betti numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from relureg import stopping
from relureg.arguments import checked, finite
from relureg.complex.checks import Check
from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_problem
from relureg.engine.limits import Limits, Progress, Report, Workers
from relureg.errors import UsageError
from relureg.exact.numbers import Number
from relureg.frozen import Frozen
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.showing import Shown
from relureg.topology.decision import BOUNDARY, Decision, Selection
from relureg.topology.face_complex import FaceComplex
from relureg.topology.homology import Betti, Homology, Infinity, homology
from relureg.topology.topology_checks import check_topology
from relureg.words import short

SPACE = "space"
"""The name of the part that is the whole input space, or the whole domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyPart(Frozen):
    """A union of faces, and what is in it."""

    name: str
    """``boundary``, ``above``, ``strictly below``, ``class 3``, ..., or ``space`` for all of the domain."""
    relation: str
    """Where it is, as in ``y0 >= 0``."""
    is_open: bool
    """Whether it is open in the domain; otherwise closed."""
    f_vector: tuple[int, ...]
    """(r + 1,): the relatively open faces in it by dimension, in the r essential dimensions."""
    homology: Homology

    @property
    def betti(self) -> Betti:
        """(b_0, ..., b_d): components, holes, voids, ..., over the integers modulo 2."""
        return self.homology.modulo_2

    @property
    def betti_rational(self) -> Betti:
        """The same over the rationals."""
        return self.homology.rational

    @property
    def num_components(self) -> int:
        """How many connected components there are."""
        return self.homology.modulo_2[0]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DecisionTopology(Shown, Frozen):
    """The Betti numbers of a decision boundary and of what it separates.

    Examples
    --------
    >>> import relureg
    >>> found = relureg.decision_topology(relureg.load("fixtures/truth/dup_dead_2.json"))
    >>> found
    <DecisionTopology of 'dup_dead_2': boundary y0 = 0 with Betti numbers 1, 1, 0>
    >>> found["above"].betti, found["below"].betti
    ((1, 1, 0), (1, 0, 0))
    >>> all(check.passed is not False for check in found.checks)
    True
    """

    cells: Complex
    """The complex, cut along the decision boundary by units that the network has besides its own."""
    infinity: str
    """The convention at infinity: ``closed``, ``compactified`` or ``bounded``."""
    parts: tuple[TopologyPart, ...]
    checks: tuple[Check, ...]
    """Those of the topology, then those of the complex; a failed one is a defect."""

    def __getitem__(self, name: str) -> TopologyPart:
        """A part by its name; raises `UsageError` where there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        raise UsageError(f"there is no part {short(name)}: {', '.join(part.name for part in self.parts)}")

    @property
    def boundary(self) -> TopologyPart:
        """The decision boundary."""
        return self[BOUNDARY]

    def __repr__(self) -> str:
        part = self.boundary
        numbers = ", ".join(map(str, part.betti))
        return (
            f"<DecisionTopology of {self.cells.network.name!r}: boundary {part.relation} with Betti numbers {numbers}>"
        )


@checked
def decision_topology(
    network: Network,
    domain: Domain | None = None,
    *,
    output: int | None = None,
    level: Number = 0,
    of_class: int | None = None,
    infinity: Literal["closed", "compactified", "bounded"] = "closed",
    engine: str = "auto",
    max_regions: int | None = None,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
) -> DecisionTopology:
    """The Betti numbers of a decision boundary, of its sides, and of the regions of classes.

    With one output, or with `output`, the boundary is ``{y = level}`` and its sides ``>=``, ``>``, ``<=`` and ``<``.
    With several outputs it is where two of them are the largest, and each class has the region where its output is the
    largest. With `of_class` the output is compared with the largest of the others.

    Parameters
    ----------
    network : Network
    domain : Domain, optional
        Only what lies inside; the whole input space when left out.
    output : int, optional
        The output whose level is meant.
    level : number, optional
        A float is the dyadic rational it is.
    of_class : int, optional
    infinity : {"closed", "compactified", "bounded"}, optional
        The set as it lies in R^d; closed in the sphere that R^d and a point at infinity are; its bounded faces alone.
    engine, max_regions, timeout, jobs, progress
        As for `enumerate_regions`; `timeout` holds for all of the work.

    Raises
    ------
    UsageError
        There is no such output or class, or options that exclude each other.
    DomainError
        The domain does not fit the network or has no interior.
    LimitReachedError
        A limit has been reached, or there are too many faces.

    Examples
    --------
    >>> import relureg
    >>> saw = relureg.load("fixtures/truth/saw_3.json")
    >>> relureg.decision_topology(saw, level=0.5).boundary.num_components
    8
    """
    return topology_of(
        Decision.of(network, output=output, level=finite("level", level), of_class=of_class),
        domain,
        Infinity(infinity),
        engine,
        limits=Limits(max_regions=max_regions, timeout=timeout),
        workers=Workers(jobs=jobs),
        report=progress,
    )


def topology_of(
    decision: Decision,
    domain: Domain | None = None,
    infinity: Infinity = Infinity.CLOSED,
    engine: str = "auto",
    *,
    limits: Limits = Limits(),
    workers: Workers = Workers(),
    report: Report | bool | None = None,
) -> DecisionTopology:
    """`decision_topology` of a decision, within limits, by those who work; raises as that does."""
    with stopping.within(limits.timeout):
        problem = Problem(network=decision.network, domain=domain)
        cells = enumerate_problem(problem, engine, limits=limits, workers=workers, report=report)
        return topology_of_complex(cells, decision, infinity)


def topology_of_complex(cells: Complex, decision: Decision, infinity: Infinity) -> DecisionTopology:
    """The same of the complex of ``decision.network``; raises `LimitReachedError` and `CheckFailedError`."""
    faces = FaceComplex.of(cells)
    dim = cells.network.input_dim
    where = "all inputs" if cells.domain is None else "the domain"
    space = Selection(name=SPACE, relation=where, chosen=np.ones(faces.num_cells, np.bool_))
    unions, parts = [], []
    for part in (*decision.iter_selections(faces), space):
        found = homology(faces, part, infinity, dim)
        counts = np.bincount(faces.chains.dims[part.chosen], minlength=faces.dim + 1)
        unions.append((part, found))
        parts.append(
            TopologyPart(
                name=part.name,
                relation=part.relation,
                is_open=part.is_open,
                f_vector=tuple(counts.tolist()),
                homology=found,
            )
        )
    checks = check_topology(cells, decision, faces, unions, infinity)
    return DecisionTopology(
        cells=cells,
        infinity=infinity.value,
        parts=tuple(parts),
        checks=(*checks, *cells.checks_of(faces=True, graph=False)),
    )
