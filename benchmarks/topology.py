"""What topology, persistence and spectrum cost: processor time phase by phase, the least of several runs.

python benchmarks/topology.py [topology|persistence|spectrum ...] [RUNS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

import relureg
from relureg.complex.decision_cut import find_decision_cut
from relureg.engine.limits import Limits, Workers
from relureg.topology.decision import Decision
from relureg.topology.decision_topology import topology_of_complex
from relureg.topology.homology import Infinity

NETWORKS = ("rand_2-100-1", "rand_3-16-16-1", "rand_4-12-12-1", "rand_3-60-1", "rand_4-40-1")
IN_BOXES = (("rand_2-16-16-1", 3), ("rand_3-16-16-1", 2), ("rand_4-12-12-1", 1))
"""Networks, each with half the side of a box around 0."""


class Stopwatch:
    """Laps of processor time, and the least of each over several runs."""

    def __init__(self) -> None:
        self.least: list[float] = []
        self.start()

    def start(self) -> None:
        """Begin a run."""
        self._lap, self._began = 0, time.process_time()

    def lap(self) -> None:
        """End a lap, and begin the next."""
        span = time.process_time() - self._began
        if self._lap == len(self.least):
            self.least.append(span)
        self.least[self._lap] = min(self.least[self._lap], span)
        self._lap, self._began = self._lap + 1, time.process_time()


def topology(runs: int) -> None:
    """A line a network: seconds for the regions, for the number of their faces, and for all of the topology."""
    row("network", ("regions", "faces", "regions s", "faces s", "topology s"))
    for name in NETWORKS:
        decision = Decision.of(network_of(name))
        watch = Stopwatch()
        for _ in range(runs):
            watch.start()
            cells = relureg.enumerate_regions(decision.network, jobs=1)
            watch.lap()
            num_faces = sum(cells.f_vector)
            watch.lap()
            topology_of_complex(cells, decision, Infinity.CLOSED)
            watch.lap()
        row(name, (cells.num_regions, num_faces, *watch.least))


def persistence(runs: int) -> None:
    """A line a network in a box: seconds for the regions with their graph, and for the persistence of output 0."""
    row("network, box", ("regions", "simplices", "classes", "regions s", "persist. s"))
    for name, half in IN_BOXES:
        network = network_of(name)
        watch = Stopwatch()
        for _ in range(runs):
            watch.start()
            cells = relureg.enumerate_regions(network, box_of(network, half), jobs=1)
            _ = cells.graph
            watch.lap()
            diagram = relureg.persistence(cells)
            watch.lap()
        counts = (cells.num_regions, diagram.num_simplices, len(diagram.pairs))
        row(f"{name}, {half}", (*counts, *watch.least))


def spectrum(runs: int) -> None:
    """A line a network: seconds for regions and graph, eigenvalues, distances, decision cut, and volumes in a box."""
    row("network, box", ("regions", "regions s", "spectrum s", "distances s", "cut s", "volumes s"))
    for name, half in [*((name, None) for name in NETWORKS[:3]), *IN_BOXES[:2]]:
        network = network_of(name)
        box = None if half is None else box_of(network, half)
        watch = Stopwatch()
        for _ in range(runs):
            watch.start()
            cells = relureg.enumerate_regions(network, box, jobs=1)
            graph = cells.graph
            watch.lap()
            _ = graph.spectrum
            watch.lap()
            _ = graph.distance_distribution
            watch.lap()
            find_decision_cut(cells, 0, limits=Limits(), workers=Workers(jobs=1))
            watch.lap()
            if box is not None:
                _ = cells.volumes.entropy
                watch.lap()
        row(name if half is None else f"{name}, {half}", (cells.num_regions, *watch.least))


def network_of(name: str) -> relureg.Network:
    """A network whose counts are known."""
    return relureg.load(f"fixtures/truth/{name}.json")


def box_of(network: relureg.Network, half: float) -> relureg.Domain:
    """[-half, half] in each input."""
    return relureg.Domain.box([-half] * network.input_dim, [half] * network.input_dim)


def row(name: str, columns: Iterable[str | float]) -> None:
    """Print a line: a name, texts and whole numbers as they are, seconds with two digits."""
    texts = [f"{x:,}" if isinstance(x, int) else f"{x:.2f}" if isinstance(x, float) else x for x in columns]
    print(f"{name:18}" + "".join(f"{text:>12}" for text in texts), flush=True)


TABLES = {"topology": topology, "persistence": persistence, "spectrum": spectrum}


def main(arguments: Sequence[str]) -> None:
    """The tables asked for, or all."""
    runs = next((int(word) for word in arguments if word.isdigit()), 4)
    for name in [word for word in arguments if not word.isdigit()] or TABLES:
        TABLES[name](runs)


if __name__ == "__main__":
    main(sys.argv[1:])
