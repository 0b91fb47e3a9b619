"""A run that is told, gone on with or stored says the question that was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg.engine.runs import journal, journal_file
from tests.cli.command_line import Run

QUESTIONS: dict[str, list[str]] = {
    "plane in a box": [
        "fixtures/truth/rand_4-12-12-1.json",
        "--through",
        "0,0,0,0;1,1/3,0,0;0,1,2,0",
        "--box",
        "-3",
        "3",
    ],
    "an input fixed": ["fixtures/truth/int_3-6-6-1.json", "--box", "x0:1/3,1/3;x1:-2,2"],
    "raw numbers in a box": ["fixtures/nets/acasxu_tiny_5_5_5.nnet", "--box", "-1", "1", "--raw"],
}

TIMES = {"seconds", "cpu_seconds", "exact_share"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_interrupted_count_is_that_of_the_question(name: str, run_relureg: Run, tmp_path: Path) -> None:
    journal = tmp_path / "run.journal"
    plain = document(run_relureg("count", *QUESTIONS[name], "--json"))
    run_relureg("count", *QUESTIONS[name], "--journal", str(journal), "--max-regions", "1")
    resumed = document(run_relureg("resume", str(journal), "--json"))
    assert (plain.pop("engine_choice")["engine"], resumed.pop("engine_choice")) == (
        "split",
        None,
    )  # the journal tells it
    assert _untimed(resumed) == _untimed(plain)
    told = document(run_relureg("status", str(journal), "--json"))
    assert (told["network"], told["domain"], told["regions"]) == (plain["network"], plain["domain"], plain["regions"])


def test_the_titles_are_those_of_the_question(run_relureg: Run, tmp_path: Path) -> None:
    journal, question = tmp_path / "run.journal", QUESTIONS["plane in a box"]
    counted = run_relureg("count", *question, "--journal", str(journal))
    others = run_relureg("resume", journal), run_relureg("status", journal)
    titles = [done.stdout.splitlines()[0] for done in (counted, *others)]
    assert titles[0] == titles[1] == titles[2]
    assert "plane through 3 points" in titles[0]


def test_another_slice_is_another_question(tmp_path: Path) -> None:
    network = relureg.Network.from_layers([[[1, 0, 0], [1, 1, 0]], [[1, 1]]], [[0, 1], [0]])
    one, other = (network.on(relureg.Slice.along([0, 0, z], [[1, 0, 0], [0, 1, 0]])) for z in (0, 1))
    assert one == other  # the same numbers
    relureg.count_regions(one, journal=tmp_path / "run.journal")
    for asked in (other, one.replace(slice=None)):
        with pytest.raises(relureg.errors.UsageError, match="another slice"):
            relureg.count_regions(asked, journal=tmp_path / "run.journal")
    relureg.count_regions(one.replace(slice=None), journal=tmp_path / "plain.journal")
    with pytest.raises(relureg.errors.UsageError, match="another slice"):
        relureg.count_regions(one, journal=tmp_path / "plain.journal")


def test_an_older_journal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (journal, journal_file):
        monkeypatch.setattr(module, "VERSION", 1)
    relureg.count_regions(relureg.load("fixtures/truth/xor.json"), journal=tmp_path / "run.journal")
    monkeypatch.undo()
    with pytest.raises(relureg.errors.JournalError, match="it has version 1, this relureg reads 2"):
        relureg.resume(tmp_path / "run.journal")


def _untimed(value: Any) -> Any:
    """The document without what a clock said."""
    return {k: _untimed(v) for k, v in value.items() if k not in TIMES} if isinstance(value, dict) else value


def document(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found
