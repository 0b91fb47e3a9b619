"""What several folders of tests share: the fixture files, and the command line as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fork_server import ForkServer

# Tests run beside each other, in as many processes as there are cores: in each of them, and in what they start, one
# thread of linear algebra is enough. More would wait for each other, busily.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The suite tries the same examples every time; `make sweep` looks for others with --hypothesis-profile=explore.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parents[1]

Finished = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return ROOT / "fixtures"


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    server = ForkServer(ROOT)
    yield server
    server.close()


@pytest.fixture(scope="session")
def run_process() -> Callable[..., Finished]:
    """Run ``relureg ARGUMENTS`` in a process of its own, in the project's folder, with `stdin` piped in."""

    def run(*arguments: object, stdin: bytes = b"", **environment: str) -> Finished:
        words = [str(argument) for argument in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "relureg", *words],
            input=stdin,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, **environment},
            timeout=120,
        )
        return _decoded(words, done)

    return run


@pytest.fixture(scope="session")
def run_relureg(fork_server: ForkServer, run_process: Callable[..., Finished]) -> Callable[..., Finished]:
    """The same many times faster, by a fork; with an environment, which may be read at the start, as `run_process`."""

    def run(*arguments: object, stdin: bytes = b"", **environment: str) -> Finished:
        if environment:
            return run_process(*arguments, stdin=stdin, **environment)
        words = [str(argument) for argument in arguments]
        return _decoded(words, fork_server.run(words, stdin=stdin, folder=ROOT, timeout=120))

    return run


def _decoded(words: list[str], done: subprocess.CompletedProcess[bytes]) -> Finished:
    return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())
