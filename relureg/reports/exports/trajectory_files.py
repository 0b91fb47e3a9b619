"""Trajectories of closed loops in files: a row a state."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from relureg.control.closed_loop import Trajectory
from relureg.errors import UsageError
from relureg.files import check_absent, open_atomically
from relureg.reports.exports.lines import json_rows, write_csv
from relureg.reports.trace import state_facts

_SUFFIXES = (".csv", ".json")


def check_trajectory_file(path: Path, *, force: bool) -> None:
    """Raise what `save_trajectory` raises, before any work."""
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"the suffix of a trajectory is one of {', '.join(_SUFFIXES)}", where=str(path))
    check_absent(path, force=force)


def save_trajectory(found: Trajectory, path: Path, *, force: bool = False) -> None:
    """Write a trajectory: step, state x0, x1, ..., control u0, u1, ... and pattern; exact numbers as texts p/q.

    Raises
    ------
    UsageError
        The suffix is neither ``.csv`` nor ``.json``.
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    """
    check_trajectory_file(path, force=force)
    rows = state_facts(found)
    with open_atomically(path, force=force) as stream:
        if path.suffix.lower() == ".json":
            stream.write(json.dumps({"steps": found.num_steps, "exact": found.is_exact})[:-1].encode() + b', "rows": [')
            stream.writelines(json_rows(dataclasses.asdict(row) for row in rows))
            stream.write(b"\n]}\n")
            return
        header = ["step", *(f"x{k}" for k in range(found.states.shape[1]))]
        header += [*(f"u{k}" for k in range(found.controls.shape[1])), "pattern"]
        lines = (
            [row.step, *(row.exact_state or row.state), *(row.exact_control or row.control), row.pattern]
            for row in rows
        )
        write_csv(stream, header, [lines])
