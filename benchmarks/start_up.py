"""How long a start takes: Python alone, NumPy, relureg, and commands on a tiny network; medians of runs by turns.

    python benchmarks/start_up.py --runs 21 --before ../another/checkout

Python's bytecode is kept in a folder of its own, written by a first round that is not counted: as in a package that
pip has installed, nothing is compiled at a start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from machine import own_seconds
from markdown import table
from networks import TRUTH

COMMAND = ("-m", "relureg", "count", str(TRUTH / "xor.json"))
"""Three regions: next to nothing is computed."""

Seconds = tuple[float, float]
"""On the wall clock, and of processor time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """Seconds, run after run, of commands that took turns."""

    interpreter: tuple[Seconds, ...]
    """Of `python -c pass`."""
    numpy: tuple[Seconds, ...]
    """Of `python -c "import numpy"`."""
    package: tuple[Seconds, ...]
    """Of `python -c "import relureg"`."""
    command: tuple[Seconds, ...]
    """Of `relureg count fixtures/truth/xor.json`."""
    version: tuple[Seconds, ...]
    """Of `relureg --version`."""
    imports: dict[str, float]
    """Of one run of that count under ``-X importtime``: seconds in each top-level package's own modules."""

    @property
    def lines(self) -> list[str]:
        """For people."""
        packages = sorted(self.imports.items(), key=lambda package: -package[1])[:8]
        return [
            f"relureg count fixtures/truth/xor.json   {_summary(self.command)}",
            f"python -c pass                          {_summary(self.interpreter)}",
            f"imports, by -X importtime               {1e3 * sum(self.imports.values()):.0f} ms: "
            + ", ".join(f"{name} {1e3 * spent:.0f}" for name, spent in packages),
        ]


_ARGUMENTS = {
    "interpreter": ("-c", "pass"),
    "numpy": ("-c", "import numpy"),
    "package": ("-c", "import relureg"),
    "command": COMMAND,
    "version": ("-m", "relureg", "--version"),
}
_NAMES = {
    "interpreter": "python -c pass",
    "numpy": "import numpy",
    "package": "import relureg",
    "command": "relureg count xor",
    "version": "relureg --version",
}


def measure(runs: int) -> StartUp:
    """Measure the relureg that this Python imports."""
    (start,) = measure_by_turns([None], runs)
    return start


def measure_by_turns(folders: Sequence[Path | None], runs: int) -> list[StartUp]:
    """Measure the relureg in each of these folders, None for the one that is installed, after a round that warms up."""
    times: list[dict[str, list[Seconds]]] = [{name: [] for name in _ARGUMENTS} for _ in folders]
    with tempfile.TemporaryDirectory() as kept:
        environments = [_environment(folder, Path(kept)) for folder in folders]
        for number in range(runs + 1):
            for name, arguments in _ARGUMENTS.items():
                for taken, environment in zip(times, environments, strict=True):
                    seconds = _run(arguments, environment)
                    if number:
                        taken[name].append(seconds)
        return [
            StartUp(**{name: tuple(of) for name, of in taken.items()}, imports=_imports(environment))
            for taken, environment in zip(times, environments, strict=True)
        ]


def _environment(folder: Path | None, kept: Path) -> dict[str, str]:
    changed = {"PYTHONPYCACHEPREFIX": str(kept)} | ({} if folder is None else {"PYTHONPATH": str(folder.resolve())})
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | changed


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> Seconds:
    wall, processor = time.perf_counter(), own_seconds()
    # -P: what is imported is not what happens to be in the current folder.
    subprocess.run([sys.executable, "-P", *arguments], check=True, capture_output=True, env=environment)
    return time.perf_counter() - wall, own_seconds() - processor


def _summary(runs: Sequence[Seconds]) -> str:
    wall, processor = zip(*runs, strict=True)
    return (
        f"{1e3 * median(wall):.0f} ms, least {1e3 * min(wall):.0f} ms, processor {1e3 * min(processor):.0f} ms, "
        f"{len(runs)} runs"
    )


def _imports(environment: Mapping[str, str]) -> dict[str, float]:
    """Seconds that each top-level package spends in importing its modules, without what these import in turn."""
    command = [sys.executable, "-P", "-X", "importtime", *COMMAND]
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    spent: Counter[str] = Counter()
    for line in run.stderr.splitlines():
        # import time:  <own microseconds> | <with imports> |   <module, indented by depth>
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[0].strip().isdigit():
            package = columns[2].strip().partition(".")[0]
            spent[package if package not in sys.stdlib_module_names else "standard library"] += int(columns[0])
    return {package: microseconds / 1e6 for package, microseconds in spent.items()}


def _rows(start: StartUp, before: StartUp | None) -> list[list[str]]:
    """Medians and their ratios: to NumPy's in the same run, and to the other relureg's."""
    rows = []
    for name, title in _NAMES.items():
        wall, processor = (median(seconds) for seconds in zip(*getattr(start, name), strict=True))
        row = [title, f"{1e3 * wall:.0f} ms", f"{1e3 * processor:.0f} ms", f"{processor / _processor(start.numpy):.2f}"]
        if before is not None:
            row.append(f"{processor / _processor(getattr(before, name)):.2f}")
        rows.append(row)
    return rows


def _processor(runs: Sequence[Seconds]) -> float:
    return median(processor for _, processor in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11, help="of each command (11)")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a folder with another relureg, to compare with")
    options = parser.parse_args()
    start, *others = measure_by_turns([None, *filter(None, [options.before])], options.runs)
    header = ["start", "wall clock", "processor", "processor, to NumPy's"] + ["to the other relureg's"] * len(others)
    print(table(header, _rows(start, others[0] if others else None)))
    print("\n" + start.lines[-1])


if __name__ == "__main__":
    main()
