"""Times and memory of exports that stream, beside those of a count: `python benchmarks/exports.py [WIDTHS ...]`.

Each run is a process of its own. Those of one network take turns; told are the least processor time of each and the
largest resident memory of any. Files go into a folder that is removed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTHS = ("4,40,40,1",)
ROUNDS = 4

RUNS = {
    "count": "relureg.count_regions(network, jobs=2)",
    "batches": "sum(len(batch) for batch in relureg.iter_cells(network, jobs=2))",
    "parquet": "relureg.save_regions(relureg.iter_cells(network, jobs=2), folder + '/r.parquet', force=True)",
    "npz": "relureg.save_regions(relureg.iter_cells(network, jobs=2), folder + '/r.npz', force=True)",
    "parquet, A x <= b": "relureg.save_regions("
    "relureg.iter_cells(network, jobs=2), folder + '/r.parquet', inequalities=True, force=True)",
    "npz, A x <= b": "relureg.save_regions("
    "relureg.iter_cells(network, jobs=2), folder + '/r.npz', inequalities=True, force=True)",
}

PROGRAM = """
import json, resource, sys, time
import relureg
network, folder = relureg.random_network(json.loads(sys.argv[1]), seed=0), sys.argv[2]
import relureg.complex.count, relureg.complex.stream, relureg.reports.exports.region_files
began = time.process_time()
{run}
print(json.dumps([time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measured(widths: str, run: str, folder: str) -> tuple[float, float]:
    """Processor seconds and megabytes of one run."""
    command = [sys.executable, "-c", PROGRAM.format(run=RUNS[run]), f"[{widths}]", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def main() -> None:
    """Print a line a run."""
    for widths in sys.argv[1:] or WIDTHS:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            found: dict[str, list[tuple[float, float]]] = {run: [] for run in RUNS}
            for _ in range(ROUNDS):
                for run in RUNS:
                    found[run].append(measured(widths, run, folder))
        least = min(seconds for seconds, _ in found["count"])
        for run, pairs in found.items():
            seconds, megabytes = min(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
            print(f"{widths}  {run:18} {seconds:8.2f} s  {seconds / least:5.2f} x count  {megabytes:6.0f} MB")


if __name__ == "__main__":
    main()
