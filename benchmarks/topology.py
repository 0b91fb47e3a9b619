"""What the topology of a decision costs: processor time and faces, phase by phase, the least of several runs.

python benchmarks/topology.py [RUNS]
"""

from __future__ import annotations

import sys
import time

import relureg
from relureg.topology.decision import Decision
from relureg.topology.decision_topology import topology_of_complex
from relureg.topology.homology import Infinity

NETWORKS = ("rand_2-100-1", "rand_3-16-16-1", "rand_4-12-12-1", "rand_3-60-1", "rand_4-40-1")


def main(runs: int) -> None:
    """A line a network: regions, faces, and seconds for the regions, for their faces, and for all of the topology."""
    print(f"{'network':16}{'regions':>10}{'faces':>12}{'regions s':>11}{'faces s':>10}{'topology s':>12}")
    for name in NETWORKS:
        decision = Decision.of(relureg.load(f"fixtures/truth/{name}.json"))
        least = [float("inf")] * 3
        for _ in range(runs):
            began = time.process_time()
            cells = relureg.enumerate_regions(decision.network, jobs=1)
            found = time.process_time()
            num_faces = sum(cells.f_vector)
            listed = time.process_time()
            topology_of_complex(cells, decision, Infinity.CLOSED)
            spans = found - began, listed - found, time.process_time() - listed
            least = [min(pair) for pair in zip(least, spans, strict=True)]
        print(f"{name:16}{cells.num_regions:>10,}{num_faces:>12,}" + "{:>11.2f}{:>10.2f}{:>12.2f}".format(*least))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
