"""Proofs of a complex, as files: the tree of its cells, every absence by multipliers, every region by a point.

The regions come from any engine, which is not asked how it knows. They say where to split, and what is to be proved
absent; then each step is proved by itself in integers before it is written (`multipliers`, `short_points`). The format
is described in docs/proofs.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relureg import stopping
from relureg.arguments import checked
from relureg.complex.complex import Complex
from relureg.engine.limits import Limits, Progress, Watch, watching
from relureg.errors import CheckFailedError, UsageError
from relureg.frozen import Frozen, read_only
from relureg.network import json_format
from relureg.network.model import Network
from relureg.network.slices import Slice
from relureg.proofs import checker
from relureg.proofs.leaf_facets import LeafFacets
from relureg.proofs.proof_file import ProofFile, header, open_proof
from relureg.proofs.questions import BATCH, MOST_ENTRIES, Question, answer_all, encoded
from relureg.proofs.rows import Walls
from relureg.proofs.tree import Leaf, Step, Tree

MOST_BOUNDED = 500
"""Units of a network that are bounded before all else: each takes a time that grows with those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFigures(Frozen):
    """What a proof that was written holds."""

    path: Path
    num_bytes: int
    """Of the file."""
    num_leaves: int
    """Regions."""
    num_closed: int
    """Sides of units that are proved empty on a cell."""
    claims: Mapping[str, int]
    """What is proved: ``regions``, and where facets are, ``facets``, ``boundary_facets`` and perhaps ``diameter``."""


@checked
def write_proof(
    cells: Complex,
    path: str | Path,
    *,
    facets: bool = False,
    diameter: bool = False,
    slice_of: Network | None = None,
    force: bool = False,
    timeout: float | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ProofFigures:
    """Write a proof of the number of regions of a complex, which a small program checks without relureg.

    Parameters
    ----------
    cells : Complex
        With all its regions.
    path : str or Path
        Compressed by gzip, whatever its name.
    facets : bool, optional
        Prove the region graph too: every facet, and that there are no others.
    diameter : bool, optional
        Claim the diameter of the region graph as well, which the checker finds by breadth-first search from every
        region. It needs `facets`.
    slice_of : Network, optional
        The network of which that of the complex is a slice (`Network.slice`); the proof is then one about that network
        and the slice. Without it, it is about the network of the complex.
    force : bool, optional
        Replace a file.
    timeout : float, optional
        Seconds.
    progress : callable, optional
        Called with a `Progress` every now and then.

    Returns
    -------
    ProofFigures

    Raises
    ------
    UsageError
        Not all regions are there, a diameter is claimed without facets, or the complex is not of a slice of `slice_of`.
    CheckFailedError
        Something that the engine says is not so.
    LimitReachedError
        The time is over; no file is written.
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, relureg
    >>> network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     figures = relureg.write_proof(relureg.enumerate_regions(network), f"{folder}/proof.gz")
    ...     dict(relureg.check_proof(figures.path, network).numbers)
    {'regions': 49}
    """
    if not cells.complete:
        raise UsageError(f"only a complete complex can be proved, and this one was stopped by {cells.stopped_by}")
    if diameter and not facets:
        raise UsageError("a diameter is proved by facets; ask for them as well")
    with watching(Limits(timeout=timeout), progress) as watch, open_proof(path, force=force) as file:
        claims = _claims(cells, facets=facets, diameter=diameter)
        about, told = _claim(cells, claims, slice_of)
        writer = TreeWriter(cells, file, watch, facets=facets, settled=settled_units(about, told))
        file.put(header([about], [told]))
        writer.write()
    return ProofFigures(
        path=Path(path), num_bytes=file.num_bytes, num_leaves=cells.num_regions, num_closed=writer.num_closed,
        claims=read_only(claims),
    )  # fmt: skip


def _claims(cells: Complex, *, facets: bool, diameter: bool) -> dict[str, int]:
    claims = {"regions": cells.num_regions}
    if facets:
        claims |= {"facets": cells.facets.num_inner, "boundary_facets": cells.facets.num_boundary}
    return claims | ({"diameter": cells.graph.diameter} if diameter else {})


def _claim(cells: Complex, numbers: dict[str, int], slice_of: Network | None) -> tuple[Network, dict[str, Any]]:
    """The network that the proof is about, and what it claims."""
    network = cells.network
    about, flat = (network, None) if slice_of is None or slice_of == network else (slice_of, network.slice)
    if about != network and (flat is None or flat.base.shape[0] != about.input_dim or about.on(flat) != network):
        raise UsageError("the complex is not one of a slice of that network")
    return about, {
        "kind": "regions",
        "numbers": numbers,
        "slice": None if flat is None else encoded_slice(flat),
        "walls": [encoded(row.integers) for row in Walls(cells.domain).rows],
    }


def encoded_slice(flat: Slice) -> dict[str, Any]:
    """As a proof holds it: inputs are these rows over a number, at the coordinates of the slice."""
    over = math.lcm(flat.base.denominator, flat.directions.denominator)
    columns = [matrix.numerators * (over // matrix.denominator) for matrix in (flat.base, flat.directions)]
    rows = [encoded([*base, *directions]) for base, directions in zip(*(c.tolist() for c in columns), strict=True)]
    return {"over": encoded([over])[0], "rows": rows}


def settled_units(network: Network, claim: dict[str, Any]) -> dict[int, bool]:
    """Units that the checker is to bound on the whole domain, in this order, and whether that gives them their sign."""
    whole = checker.Cell(claim, [checker.read_network(json_format.write(network))])
    if any(None in ends for ends in whole.ends) or network.num_units > MOST_BOUNDED:
        return {}
    for unit in range(network.num_units):
        if unit not in whole.signs:
            whole.step("bounds", unit)
    # Those that were only bounded may have helped to bound the ones behind.
    last = max((unit for unit in whole.bounds if unit in whole.signs), default=-1)
    return {unit: unit in whole.signs for unit in whole.bounds if unit <= last}


class TreeWriter:
    """Holds steps back until the questions about them are answered, many at once.

    Parameters
    ----------
    cells : Complex
    stream : GzipFile
    watch : Watch
    facets : bool
        Whether leaves tell of their facets.
    with_points : bool
        Whether leaves tell a point.
    settled : mapping of int to bool, optional
        What the checker finds of the whole domain, see `settled_units`.
    """

    def __init__(
        self,
        cells: Complex,
        file: ProofFile,
        watch: Watch,
        *,
        facets: bool = False,
        with_points: bool = True,
        settled: Mapping[int, bool] | None = None,
    ) -> None:
        self._cells, self._file, self._watch, self._with_points = cells, file, watch, with_points
        self._walls = Walls(cells.domain)
        self._bounded = list(settled or {})
        known = frozenset(unit for unit, has_sign in (settled or {}).items() if has_sign)
        self._tree = Tree(cells, self._walls, self._ask, known)
        self._facets = LeafFacets(cells, self._ask) if facets else None
        self._questions: list[Question] = []
        self._steps: list[Step] = []
        self.num_leaves = self.num_closed = self._entries = 0

    def write(self) -> None:
        """All steps."""
        if self._bounded:
            self._file.put(["bounds", *self._bounded])
        for step, leaf in self._tree.iter_steps():
            self._steps.append(step)
            self.num_closed += step[0] == "close"
            if leaf is not None:
                self._leaf(step, leaf)
            if len(self._questions) >= BATCH or self._entries >= MOST_ENTRIES:
                self._flush()
        self._flush()
        if self._facets is not None and self._facets.num_walls != self._cells.facets.num_boundary:
            raise CheckFailedError("the engine knows another number of facets on the boundary of the domain")

    def _leaf(self, step: Step, leaf: Leaf) -> None:
        if self._facets is not None:
            self._facets.add(leaf, step)
        self.num_leaves += 1

    def _ask(self, question: Question) -> None:
        self._questions.append(question)
        self._entries += question.scaled.size

    def _flush(self) -> None:
        if self._questions:
            answer_all(self._questions, self._walls)
        for step in self._steps:
            self._file.put(step if self._with_points or step[0] != "leaf" else step[:1])
        self._questions.clear()
        self._steps.clear()
        self._entries = 0
        self._watch.out_of_time(self.num_leaves, self.num_leaves / self._cells.num_regions)
        stopping.check()
