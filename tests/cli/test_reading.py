"""How files of named arrays are read, as options of every command that takes a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Finished

ACTOR_CRITIC = Path("fixtures/checkpoints/actor_critic.pt")


def test_a_branch_is_listed_and_chosen(run_relureg: Callable[..., Finished]) -> None:
    refused = run_relureg("count", ACTOR_CRITIC)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.count("\n") == 1
    assert "choose with --prefix actor" in refused.stderr
    done = run_relureg("count", ACTOR_CRITIC, "--prefix", "actor", "--json")
    assert json.loads(done.stdout)["regions"] == 42
    assert run_relureg("count", ACTOR_CRITIC, "--prefix", "nobody").returncode == 2


def test_activations_and_outputs(run_relureg: Callable[..., Finished]) -> None:
    options = ("--prefix", "actor", "--activation", "leaky:0.01", "--output-relu", "--json")
    assert json.loads(run_relureg("count", ACTOR_CRITIC, *options).stdout)["regions"] == 138
    tanh = run_relureg("count", ACTOR_CRITIC, "--prefix", "actor", "--activation", "tanh")
    assert tanh.returncode == 2
    assert "'tanh' is not read; piecewise linear are relu, leaky:SLOPE" in tanh.stderr
    stated = run_relureg("count", "fixtures/truth/xor.json", "--activation", "relu")
    assert stated.returncode == 2
    assert "relureg JSON states its layers and activations" in stated.stderr
    cut = run_relureg("count", "fixtures/truth/xor.json", "--output-relu")
    assert "2 inputs - 2 - 1 - 1" in cut.stdout


@pytest.mark.parametrize("command", [("verify",), ("line", "--through", "0,0,0;1,1,1")])
def test_every_command_takes_them(command: tuple[str, ...], run_relureg: Callable[..., Finished]) -> None:
    name, *rest = command
    done = run_relureg(name, ACTOR_CRITIC, *rest, "--prefix", "actor", "--activation", "relu")
    assert done.returncode == 0, done.stderr
    assert "actor_critic: relu after every layer but the last, as asked for" in done.stderr
