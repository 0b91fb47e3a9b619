"""Ctrl-C, a reader that has gone, and a full disk: an exit code and one line, no traceback, no file."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command_line import INTERRUPTIBLE, Run, read_until_regions, started

COMMAND = [sys.executable, "-m", "relureg"]


def test_interrupting_a_long_count(fixtures: Path, tmp_path: Path) -> None:
    path = fixtures / "truth" / "rand_3-60-1.json"
    process = started("count", path, "--engine", "lp", "--json", cwd=tmp_path)
    read_until_regions(process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    document = json.loads(stdout)
    assert (process.returncode, document["complete"]) == (130, False)
    assert document["regions"] > 1
    assert "region" in stderr
    assert "engine lp: as asked for" in stderr
    assert stderr.splitlines()[-1].startswith("relureg: interrupted: ")
    assert list(tmp_path.iterdir()) == []


def test_interrupting_a_verification_in_processes(tmp_path: Path) -> None:
    words = ["verify", "--random", "400", "--widths", "3,8,8", "--jobs", "2", "--junit", "report.xml"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text():  # processes that work
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.strip()) == (130, "", "relureg: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_interrupting_the_terms_of_many_points(tmp_path: Path, fixtures: Path) -> None:
    # A Ctrl-C in the midst of the work, and one while the table is written: its temporary file is gone, too.
    np.save(tmp_path / "X.npy", np.random.default_rng(0).normal(size=(50_000, 64)))
    words = ["maps", "at", fixtures / "maps" / "digits-12-12.json", "--data", "X.npy", "-o", "points.npz"]
    for writing in (False, True):
        process = started(*words, *["--no-nearest"] * writing, cwd=tmp_path)
        begun = time.monotonic()
        while writing and len(list(tmp_path.iterdir())) < 2 and time.monotonic() < begun + 60:
            time.sleep(0.01)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        assert (process.returncode, stdout) == (130, "")
        assert stderr.splitlines()[-1] == "relureg: interrupted"
        assert "Traceback" not in stderr
        assert [path.name for path in tmp_path.iterdir()] == ["X.npy"]


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_interrupting_a_stream_of_regions(suffix: str, tmp_path: Path, fixtures: Path) -> None:
    """Once the file has been begun, of more regions than any machine finds meanwhile."""
    net = fixtures / "nets" / "acasxu_1_1_nnet.nnet"
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "regions", net, "--stream", "--inequalities", "-o", f"r{suffix}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    begun = time.monotonic()
    while not list(tmp_path.iterdir()) and time.monotonic() < begun + 60:
        time.sleep(0.01)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    told = rf"relureg: interrupted: [\d,]+ regions? (are|is) a proven lower bound; r\{suffix} has not been written"
    assert re.fullmatch(told, stderr.splitlines()[-1])
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_gone_is_no_news(fixtures: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [*COMMAND, "bounds", fixtures / "truth" / "xor.json"],
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", [["bounds", "fixtures/truth/xor.json"], ["--help"]])
def test_a_full_disk_is_named(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "relureg: error: standard output: cannot be written: No space left on device\n"


def test_a_full_disk_does_not_hide_another_error() -> None:
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "count", "missing.json", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stderr == "relureg: error: missing.json: no such file; check the path\n"


@pytest.mark.parametrize("words", ["bounds fixtures/truth/xor.json", "count fixtures/truth/xor.json --json", "--help"])
def test_a_closed_standard_output_is_named(run_relureg: Run, words: str) -> None:
    command = ["sh", "-c", f'exec "$0" -m relureg {words} >&-', sys.executable]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    message = "relureg: error: standard output: cannot be written: Bad file descriptor\n"
    assert (done.returncode, done.stderr) == (2, message)
    assert run_relureg("bounds", "fixtures/truth/xor.json").returncode == 0
