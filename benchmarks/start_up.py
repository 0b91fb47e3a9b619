"""How long a command on a tiny network takes from the shell, and which part of that is imports."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from machine import own_seconds
from networks import TRUTH

COMMAND = ("-m", "relureg", "count", str(TRUTH / "xor.json"))
"""Three regions: next to nothing is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """Seconds on the wall clock, and of processor time."""

    command: tuple[tuple[float, float], ...]
    """Of `relureg count fixtures/truth/xor.json`, run after run."""
    interpreter: tuple[tuple[float, float], ...]
    """Of `python -c pass`, in turn with it."""
    imports: dict[str, float]
    """Of one run under ``-X importtime``: seconds in each top-level package's own modules."""

    @property
    def lines(self) -> list[str]:
        """For people."""
        parts = sorted(self.imports.items(), key=lambda part: -part[1])[:8]
        return [
            f"relureg count fixtures/truth/xor.json   {_summary(self.command)}",
            f"python -c pass                          {_summary(self.interpreter)}",
            f"imports, by -X importtime               {1e3 * sum(self.imports.values()):.0f} ms: "
            + ", ".join(f"{name} {1e3 * spent:.0f}" for name, spent in parts),
        ]


def measure(runs: int) -> StartUp:
    """Measure, after one run of each that is not counted."""
    times = []
    for _ in range(runs + 1):
        times.append((_run(COMMAND), _run(("-c", "pass"))))
    command, interpreter = zip(*times[1:], strict=True)
    return StartUp(command=command, interpreter=interpreter, imports=_imports())


def _run(arguments: Sequence[str]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), own_seconds()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - wall, own_seconds() - processor


def _summary(runs: Sequence[tuple[float, float]]) -> str:
    wall, processor = zip(*runs, strict=True)
    return (
        f"{1e3 * median(wall):.0f} ms, least {1e3 * min(wall):.0f} ms, processor {1e3 * min(processor):.0f} ms, "
        f"{len(runs)} runs"
    )


def _imports() -> dict[str, float]:
    """Seconds that each top-level package spends in importing its modules, without what these import in turn."""
    run = subprocess.run([sys.executable, "-X", "importtime", *COMMAND], check=True, capture_output=True, text=True)
    spent: Counter[str] = Counter()
    for line in run.stderr.splitlines():
        # import time:  <own microseconds> | <with imports> |   <module, indented by depth>
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[0].strip().isdigit():
            package = columns[2].strip().partition(".")[0]
            spent[package if package not in sys.stdlib_module_names else "standard library"] += int(columns[0])
    return {package: microseconds / 1e6 for package, microseconds in spent.items()}
