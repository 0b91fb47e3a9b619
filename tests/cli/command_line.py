"""What every wrong command line must leave behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
"""The fixture `run_relureg`."""

USAGE, INPUT = 2, 3
"""Exit codes."""


def check_one_line(done: Finished, exit_code: int, message: str) -> None:
    assert done.returncode == exit_code
    assert done.stderr.startswith(f"relureg: error: {message}")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
