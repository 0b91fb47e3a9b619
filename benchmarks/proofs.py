"""What proofs of regions cost: bytes, and processor time to write and to check them.

    python benchmarks/proofs.py --only overt

The regions are listed first, which is not timed. The checker runs as the program that it is, in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from markdown import table

import relureg
from relureg.network import json_format

CHECKER = Path(__file__).parents[1] / "checker" / "check_proof.py"
CASES = (
    ("truth/rand_3-16-16-1.json", False),
    ("truth/rand_3-16-16-1.json", True),
    ("truth/rand_4-12-12-1.json", False),
    ("truth/rand_4-12-12-1.json", True),
    ("truth/rand_3-60-1.json", False),
    ("truth/rand_4-40-1.json", False),
    ("nets/overt_single_pendulum_small.nnet", False),
    ("nets/sherlock_car_2.nt", False),
    ("nets/sherlock_sine_const_2_20.onnx", False),
    ("nets/sherlock_inv_pend", False),
    ("nets/marabou_fc1_2_25x3_2.onnx", False),
    ("nets/acasxu_1_1_nnet.nnet", False),
    ("nets/acasxu_1_1_nnet.nnet", True),
    ("20-12-8-1", False),
)
"""Files of fixtures, or widths of a random network, and whether facets are proved as well."""


def problem(name: str) -> tuple[relureg.Network, relureg.Domain | None]:
    if name == "20-12-8-1":
        return relureg.random_network((20, 12, 8, 1), seed=1), relureg.Domain.box([-0.5] * 20, [0.5] * 20)
    network = relureg.load(f"fixtures/{name}")
    return network, relureg.Domain.box([-0.002] * 5, [0.002] * 5) if "acasxu" in name else None


def checked_in(proof: Path, network: relureg.Network, folder: Path) -> float:
    """Processor time of the checker, Python's start included."""
    file = folder / "network.json"
    file.write_bytes(json_format.write(network))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-S", CHECKER, proof, file], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="networks whose name contains this")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case, facets in CASES:
            if arguments.only not in case:
                continue
            network, domain = problem(case)
            cells = relureg.enumerate_regions(network, domain, jobs=1)
            proof = folder / "regions.proof"
            began = time.process_time()
            relureg.write_proof(cells, proof, facets=facets, force=True)
            written = time.process_time() - began
            count = cells.num_regions
            rate = count / checked_in(proof, network, folder)
            label = f"`{case}`" + ", with facets" * facets
            rows.append(
                [
                    label,
                    f"{count:,}",
                    f"{proof.stat().st_size / count:.0f}",
                    f"{1000 * written / count:.3g} ms",
                    f"{rate:,.0f}",
                ]
            )
            print("   ".join(rows[-1]), flush=True)
    print(table(["network", "regions", "bytes a region", "written in, a region", "checked, regions a second"], rows))


if __name__ == "__main__":
    main()
