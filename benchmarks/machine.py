"""What was measured on: facts about machine and software that name no host, and whether others use it too."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import relureg
from relureg.engine import split

IDLE = 0.1
"""Cores that other processes may use while the machine counts as idle."""

_LOOK = 0.5
"""Seconds over which that is looked at."""


def facts() -> dict[str, Any]:
    """Processor, cores, and the versions of what takes part."""
    module = split.module()
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "relureg": relureg.__version__,
        "module": module.__name__.rpartition(".")[2],
        "compiler": _compiler(Path(module.__file__)),
    }


def busy_seconds() -> float | None:
    """Processor time of all processes since the machine started; None where the system does not say."""
    try:
        user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    except (OSError, ValueError):
        return None
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in usage)


class Others:
    """How many cores other processes use, from when this is made."""

    def __init__(self) -> None:
        self._begin = (time.perf_counter(), busy_seconds(), own_seconds())

    @property
    def cores(self) -> float | None:
        wall, busy, own = self._begin
        now = busy_seconds()
        if busy is None or now is None:
            return None
        return max(0.0, (now - busy) - (own_seconds() - own)) / (time.perf_counter() - wall)


def wait_until_idle(most: float) -> None:
    """Wait until others leave the machine alone, at most so many seconds."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        others = Others()
        time.sleep(_LOOK)
        if (others.cores or 0) <= IDLE:
            return


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _compiler(module: Path) -> str | None:
    """What the compiler wrote about itself into the module, if it did."""
    found = re.search(rb"(GCC: \([^)\0]*\) [\d.]+|clang version [\d.]+)", module.read_bytes())
    return found[0].decode() if found else None
