"""What goes to which stream, in which form: tables in a pipe and on a terminal, notices, help."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import relureg
from tests.cli.command_line import Run

INT = "fixtures/truth/int_2-6-6-1.json"
XOR = "fixtures/truth/xor.json"
ACAS = "fixtures/nets/acasxu_tiny_5_5_5.nnet"


def test_the_table_in_a_pipe_is_plain_text(run_relureg: Run) -> None:
    for command, expected in [("count", "activation regions   49   bounded 29   unbounded 20"), ("graph", "diameter  "),
                              ("inspect", "effective input dimension   2 of 2"), ("bounds", "484")]:  # fmt: skip
        done = run_relureg(command, INT, TERM="xterm-256color")
        assert (done.returncode, done.stderr) == (0, "")
        assert expected in done.stdout
        assert "\x1b" not in done.stdout
        assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_a_terminal_that_is_not_utf_8_still_gets_an_answer(run_relureg: Run) -> None:
    done = run_relureg("bounds", INT, PYTHONIOENCODING="koi8-r")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Mont\\xfafar 2017" in done.stdout


def test_a_terminal_gets_colours_unless_it_wants_none() -> None:
    for variables, coloured in [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]:
        leader, follower = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | variables
        done = subprocess.run(
            [sys.executable, "-m", "relureg", "count", XOR], stdout=follower, env=environment, timeout=60
        )
        os.close(follower)
        text = os.read(leader, 100_000).decode()
        os.close(leader)
        assert done.returncode == 0
        assert "Serra et al. 2018" in text
        assert ("\x1b[32m" in text) is coloured  # the checks that passed, in green


def test_notices_are_on_stderr_and_quiet_silences_them(run_relureg: Run) -> None:
    loud = run_relureg("count", ACAS, "--json")
    assert loud.stderr.splitlines()[0] == (
        "relureg: acasxu_tiny_5_5_5: line 7: 8 means for 5 inputs; the first 5 and the last are taken"
    )
    assert "sha256" in run_relureg("count", ACAS, "--verbose").stderr
    quiet = run_relureg("count", ACAS, "--json", "--quiet")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["regions"] == json.loads(loud.stdout)["regions"] == 32


def test_version_and_help(run_relureg: Run) -> None:
    version = run_relureg("--version")
    assert (version.returncode, version.stdout) == (0, f"relureg, version {relureg.__version__}\n")
    for words in ([], ["inspect"], ["count"], ["graph"], ["bounds"]):
        done = run_relureg(*words, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Example" in done.stdout
        assert f"relureg {words[0] if words else 'count'} fixtures/" in done.stdout
        assert "Exit codes: 0 done" in done.stdout


@pytest.mark.parametrize("command", ["inspect", "count", "graph", "line", "bounds"])
def test_every_example_of_the_help_runs(command: str, run_relureg: Run, tmp_path: Path) -> None:
    lines = run_relureg(command, "--help").stdout.split("Example")[1].splitlines()
    examples = [shlex.split(line)[1:] for line in lines if line.startswith("    relureg ")]
    assert examples
    for words in examples:
        for option in {"-o", "--journal", "--proof"} & set(words):  # files go elsewhere
            place = words.index(option) + 1
            words[place] = str(tmp_path / Path(words[place]).name)
        assert run_relureg(*words).returncode == 0
