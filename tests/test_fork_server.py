"""The server by which tests run commands: what is forked is the program, and nothing is left behind."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fork_server import ForkServer

XOR = "fixtures/truth/xor.json"
ENDLESS = "fixtures/nets/acasxu_1_1_nnet.nnet"


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("--version",), b""),
        (("inspect", XOR), b""),
        (("count", "--quiet", "--engine", "gpu", XOR, "--json"), b""),
        (("inspect",), Path(XOR).read_bytes()),
        (("count", "-"), b"{"),
        (("regions", XOR, "-o", "/nowhere/regions.csv"), b""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_it_is_the_same_program(
    words: tuple[str, ...], stdin: bytes, run_process: Callable[..., object], run_relureg: Callable[..., object]
) -> None:
    real, forked = run_process(*words, stdin=stdin), run_relureg(*words, stdin=stdin)
    assert vars(real) == vars(forked)


def test_the_environment_is_that_of_the_moment(
    run_relureg: Callable[..., subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("COLUMNS", "50")
    narrow = run_relureg("--help").stdout
    monkeypatch.setenv("COLUMNS", "90")
    assert len(run_relureg("--help").stdout.splitlines()) < len(narrow.splitlines())


def test_a_command_that_takes_too_long_is_ended(fork_server: ForkServer, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        fork_server.run(["count", str(Path(ENDLESS).resolve())], stdin=b"", folder=tmp_path, timeout=0.3)
    done = fork_server.run(["inspect", XOR, "--json"], stdin=b"", folder=tmp_path, timeout=60)
    assert json.loads(done.stdout)["error"]["where"] == XOR  # there is no such file in that folder


def test_it_goes_with_whoever_started_it() -> None:
    script = (
        "import os; from pathlib import Path; from tests.fork_server import ForkServer\n"
        "server = ForkServer(Path.cwd()); server.run(['--version'], stdin=b'', folder=Path.cwd(), timeout=60)\n"
        "print(server.process.pid, flush=True); os._exit(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    place = Path("/proc", done.stdout.strip(), "stat")
    for _ in range(600):
        if not place.exists() or place.read_text().rsplit(") ", 1)[1].startswith("Z"):
            return
        time.sleep(0.1)
    raise AssertionError("the server is still there")
