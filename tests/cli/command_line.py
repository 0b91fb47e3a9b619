"""What tests of the command line share: commands in a process of their own, and what every wrong one leaves behind."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Finished = subprocess.CompletedProcess[str]
Run = Callable[..., Finished]
"""The fixture `run_relureg`."""

USAGE, INPUT = 2, 3
"""Exit codes."""

INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored
from relureg.cli.main import main
main()
"""
TELLING = "from relureg.cli import progress; progress.PLAIN_INTERVAL = 0.1"

PROGRESS = re.compile(r"relureg: ([\d,]+) regions, .*\n")
"""A line that tells how far a search has come."""


def started(*words: object, **options: Any) -> subprocess.Popen[str]:
    """A command in a process of its own, which an interrupt reaches, and which tells ten times a second how it gets on.

    Returned once it has read its network.
    """
    command = [sys.executable, "-c", TELLING + INTERRUPTIBLE, *map(str, words), "--verbose"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert process.stderr is not None
    assert "sha256" in process.stderr.readline()
    return process


def read_until_regions(process: subprocess.Popen[str]) -> None:
    """Read what it says until it has found some regions, however long a busy machine takes."""
    assert process.stderr is not None
    told = iter(process.stderr.readline, "")
    assert any((match := PROGRESS.fullmatch(line)) and int(match[1].replace(",", "")) > 1 for line in told)
    assert process.poll() is None


def check_one_line(done: Finished, exit_code: int, message: str) -> None:
    assert done.returncode == exit_code
    assert done.stderr.startswith(f"relureg: error: {message}")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
