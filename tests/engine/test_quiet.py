"""What cddlib writes to standard error from C is not seen, and what others write there meanwhile is."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from cdd import gmp

import relureg
from relureg.engine import lp
from relureg.engine.quiet import without_lines

PIVOTS = b"max number 5000 of pivots performed in Phase I. Switch to the anticycling phase.\n"
LIBC = ctypes.CDLL(None)


def test_cddlib_is_not_heard(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    solve = gmp.linprog_solve

    def talkative(program: Any, **options: Any) -> None:
        LIBC.dprintf(2, PIVOTS)
        LIBC.dprintf(2, b"dd_FindDualFeasibleBasis: Pivot on %ld %ld.\n", 1, 2)
        LIBC.dprintf(2, b"another thread\n")
        solve(program, **options)

    monkeypatch.setattr(gmp, "linprog_solve", talkative)
    network = relureg.load(Path(__file__).parents[2] / "fixtures" / "truth" / "xor.json")
    assert relureg.count_regions(network, engine="lp").num_regions == 3
    heard = capfd.readouterr()
    assert heard.out == ""
    assert set(heard.err.splitlines()) == {"another thread"}


def test_threads_lose_nothing_and_the_descriptor_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = os.fstat(2)

    def work(number: int) -> None:
        for step in range(50):
            with without_lines(lp._CDDLIB):
                LIBC.dprintf(2, PIVOTS)
                os.write(2, f"{number} {step}\n".encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(capfd.readouterr().err.splitlines()) == sorted(f"{n} {k}" for n in range(4) for k in range(50))
    assert (os.fstat(2).st_ino, os.fstat(2).st_dev) == (before.st_ino, before.st_dev)


def test_an_error_inside_gives_standard_error_back(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with without_lines(lp._CDDLIB):
            LIBC.dprintf(2, PIVOTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_standard_error_that_is_closed() -> None:
    script = """
        import os, relureg
        os.close(2)
        print(relureg.count_regions(relureg.load("fixtures/truth/xor.json"), engine="lp").num_regions)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "3\n")
