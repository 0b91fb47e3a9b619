"""relureg count of several networks: rows like single counts, what has changed, and how a run ends before its time."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg.cli import count_table
from relureg.cli.main import run
from relureg.complex.checks import Check
from relureg.reports.count import CountReport
from relureg.reports.count_rows import CountRow, RowWriter
from tests.cli.command_line import INPUT, INTERRUPTIBLE, USAGE, Run, check_one_line

TRUTH = "fixtures/truth"
NETS = [f"{TRUTH}/{name}.json" for name in ("int_2-6-6-1", "rand_2-16-16-1", "int_3-6-6-1")]
XOR, INT, LONG = f"{TRUTH}/xor.json", NETS[0], "fixtures/nets/acasxu_1_1_nnet.nnet"
BROKEN = "fixtures/nets/MANIFEST.json"


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_are_the_counts_of_each_network_alone(run_relureg: Run, fixtures: Path) -> None:
    truth = json.loads((fixtures / "truth" / "counts.json").read_text())
    rows = documents(run_relureg("count", *NETS, "--json").stdout)
    assert [row["file"] for row in rows] == NETS
    for net, row in zip(NETS, rows, strict=True):
        known = truth[Path(net).stem]
        assert (row["regions"], row["bounded"], row["facets"]) == (known["regions"], known["bounded"], known["edges"])
        alone = json.loads(run_relureg("count", net, "--json").stdout)
        assert set(row) - set(alone) == {"file", "change"}
        unlike = {"seconds", "predicates"}
        assert all(row[key] == alone[key] for key in alone if key not in unlike)
    old, new = rows[0]["regions"], rows[1]["regions"]
    assert rows[0]["change"] is None
    assert rows[1]["change"] == {
        "same_architecture": False, "parameters": None, "changed_parameters": None, "regions": new - old,
        "ratio": new / old,
    }  # fmt: skip


def test_csv_and_files_hold_the_same_rows(run_relureg: Run, tmp_path: Path) -> None:
    printed = table(run_relureg("count", *NETS, "--csv", "-o", tmp_path / "a.csv").stdout)
    lines = run_relureg("count", *NETS, "--json", "-o", tmp_path / "a.jsonl").stdout
    written = table((tmp_path / "a.csv").read_text())
    assert printed == written
    assert documents(lines) == documents((tmp_path / "a.jsonl").read_text())
    for row, told in zip(printed, documents(lines), strict=True):
        assert (row["file"], row["sha256"]) == (told["file"], told["network"]["sha256"])
        assert (int(row["regions"]), int(row["bounded"])) == (told["regions"], told["bounded"])
        assert row["per_stage"].split() == [str(count) for count in told["per_stage"]]
        assert row["widths"].split() == [str(width) for width in told["network"]["widths"]]
        assert (row["complete"], row["watertight"], row["failed_checks"]) == ("True", "True", "")
        change = told["change"] or {}
        assert row["regions_change"] == str(change.get("regions", ""))
        assert row["regions_ratio"] == str(change.get("ratio", ""))


def test_what_has_changed_is_found_exactly(run_relureg: Run, tmp_path: Path) -> None:
    document = json.loads(Path(INT).read_text())
    document["layers"][0]["weight"][0][0] += 1
    document["layers"][1]["bias"][2] += 1
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))
    rows = table(run_relureg("count", INT, other, INT, INT, "--csv").stdout)
    assert [row["changed_parameters"] for row in rows] == ["", "2", "2", "0"]
    assert {row["parameters"] for row in rows[1:]} == {"67"}  # 2 * 6 + 6 + 6 * 6 + 6 + 6 + 1
    regions = [int(row["regions"]) for row in rows]
    assert regions[1] == relureg.count_regions(relureg.load(other)).num_regions
    assert [int(row["regions_change"]) for row in rows[1:]] == [b - a for a, b in itertools.pairwise(regions)]
    # On a slice too, where fewer weights are left, what is compared are the networks as they were read.
    sliced = table(run_relureg("count", INT, other, "--csv", "--through", "0,0;1,1").stdout)
    assert (sliced[1]["inputs"], sliced[1]["changed_parameters"]) == ("1", "2")


def test_the_table_for_people(run_relureg: Run) -> None:
    done = run_relureg("count", XOR, INT, INT)
    header, rule, *rows = done.stdout.splitlines()
    assert header.split()[:4] == ["network", "regions", "bounded", "change"]
    assert rule == "─" * len(header)
    assert [row.split()[:3] for row in rows] == [
        ["xor.json", "3", "0"],
        ["2", "-", "2"],
        ["int_2-6-6-1.json", "49", "29"],
        ["2", "-", "6"],
        ["int_2-6-6-1.json", "49", "29"],
    ]  # fmt: skip - what is told of a network is not told again
    assert rows[1] == "  2 - 2 - 1   2 ReLU units   whole space R^2"
    assert "+46  other widths" in rows[2]
    assert "+0       0 of 67" in rows[4]
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (done.returncode, done.stderr) == (0, "")


def test_long_names_and_large_numbers_are_folded(run_relureg: Run) -> None:
    lines = run_relureg("count", XOR, "fixtures/pictures/spiral/0000.json").stdout.splitlines()
    assert lines[2::3] == [XOR, "fixtures/pictures/spiral/0000.json"]
    ends = [line.index("regions") + len("regions") for line in lines[:1]]
    assert [line[: ends[0]].strip() for line in lines[3::3]] == ["3", "1,195"]
    assert max(map(len, lines)) <= 80

    cells = relureg.count_regions(relureg.load(XOR))
    row = CountRow.of_report(CountReport.of(cells, ()), file=XOR, change=None)
    row = dataclasses.replace(row, regions=10**17, bounded=10**17)
    name, numbers, place = RowWriter([XOR], "text").lines(row, before=row).splitlines()[-3:]
    assert (name, numbers.split()[:4]) == ("xor.json", ["regions", f"{10**17:,}", "bounded", f"{10**17:,}"])
    assert place.startswith("    ")
    assert len(numbers) <= 80


def test_one_network_has_its_own_answer_unless_a_table_is_asked_for(run_relureg: Run, tmp_path: Path) -> None:
    assert run_relureg("count", XOR).stdout.startswith("xor   2 inputs - 2 - 1")
    assert "file" not in json.loads(run_relureg("count", XOR, "--json").stdout)
    (row,) = table(run_relureg("count", XOR, "--csv").stdout)
    assert (row["file"], row["regions"], row["regions_change"]) == (XOR, "3", "")
    (row,) = table(run_relureg("count", "--csv", stdin=Path(XOR).read_bytes()).stdout)
    assert (row["file"], row["regions"]) == ("-", "3")
    run_relureg("count", XOR, "-o", tmp_path / "a.jsonl")
    assert documents((tmp_path / "a.jsonl").read_text())[0]["regions"] == 3


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_wrong_file_ends_the_run_with_its_name(form: str, run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for wrong, message in ((BROKEN, "an object was expected"), ("missing.onnx", "no such file")):
        done = run_relureg("count", XOR, wrong, INT, form, "-o", path)
        check_one_line(done, INPUT, f"{wrong}: {message}")
        assert list(tmp_path.iterdir()) == []
        if form == "--csv":
            assert [row["file"] for row in table(done.stdout)] == [XOR]
        else:
            first, last = documents(done.stdout)
            assert (first["regions"], last["error"]["where"], last["error"]["kind"]) == (3, wrong, "malformed")


def test_a_domain_that_does_not_fit_one_network(run_relureg: Run) -> None:
    done = run_relureg("count", XOR, NETS[2], "--through", "0,0;1,1", "--csv")
    assert done.returncode == USAGE
    assert NETS[2] in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(table(done.stdout)) == 1


def test_limits_hold_for_each_network(run_relureg: Run, tmp_path: Path) -> None:
    done = run_relureg("count", INT, XOR, NETS[2], "--max-regions", 20, "--csv", "-o", tmp_path / "a.csv")
    check_one_line(done, 4, f"{INT}: stopped by the limit of 20 regions: 20 regions are a proven lower bound (of 3")
    rows = table(done.stdout)
    assert [row["complete"] for row in rows] == ["False", "True", "False"]
    assert (rows[0]["regions"], rows[0]["stopped_by"]) == ("20", "the limit of 20 regions")
    assert [row["regions_change"] for row in rows] == ["", "", ""]
    assert table((tmp_path / "a.csv").read_text()) == rows
    assert ">= 20 " in run_relureg("count", INT, XOR, "--max-regions", 20).stdout


def test_a_limit_on_time_is_for_each_network(run_relureg: Run) -> None:
    # Six networks have three seconds together, of which the first one takes half a second.
    done = run_relureg("count", LONG, INT, *[XOR] * 4, "--timeout", 0.5, "--jobs", 1, "--quiet", "--json")
    check_one_line(done, 4, f"{LONG}: stopped by the time limit of 0.5 s: ")
    first, second, *_ = documents(done.stdout)
    assert (first["complete"], first["stopped_by"], second["regions"]) == (False, "the time limit of 0.5 s", 49)
    assert second["change"]["regions"] is None


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_rows_appear_at_once_and_stay_after_an_interrupt(form: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTIBLE, "count", XOR, LONG, XOR, form, "--jobs", "1", "--verbose"]
    process = subprocess.Popen(
        [*command, "-o", tmp_path / "a.csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    shown = [process.stdout.readline() for _ in range(2 if form == "--csv" else 1)]
    assert any("acasxu_1_1_nnet: sha256" in line for line in process.stderr)  # told once it is read
    assert process.poll() is None  # the second network takes hours
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith(f"relureg: {LONG}: interrupted: ")
    if form == "--csv":
        complete = [row["complete"] for row in table("".join(shown) + rest)]
    else:
        complete = [str(row["complete"]) for row in documents("".join(shown) + rest)]
    assert complete == ["True", "False"]
    assert list(tmp_path.iterdir()) == []


def test_a_failed_check_ends_the_run_after_its_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = count_table.count_with_progress

    def spoiled(network: relureg.Network, *args: Any, **kwargs: Any) -> relureg.RegionCount:
        counted = count(network, *args, **kwargs)
        bad = (Check(name="watertight", passed=False, detail="spoiled"),)
        return dataclasses.replace(counted, checks=bad) if network.name.startswith("int_2") else counted

    monkeypatch.setattr(count_table, "count_with_progress", spoiled)
    assert run(["count", XOR, INT, XOR, "--csv"]) == 5
    told = capsys.readouterr()
    assert [row["failed_checks"] for row in table(told.out)] == ["", "watertight"]
    assert told.err.startswith(f"relureg: error: {INT}: the check 'watertight' failed")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((XOR, "-"), "-: standard input holds one network"),
        ((XOR, INT, "--journal", "run.journal"), "--journal: is for one network alone"),
        ((XOR, INT, "--linear"), "--linear: is for one network alone"),
        ((XOR, INT, "--definitions"), "--definitions: is for one network alone"),
        ((XOR, INT, "--keep-regions"), "--keep-regions: is for one network alone"),
        ((XOR, INT, "--csv", "-o", "a.xlsx"), "a.xlsx: the suffix of a table is .csv or .jsonl"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], message: str, run_relureg: Run) -> None:
    done = run_relureg("count", *words)
    check_one_line(done, USAGE, message)
    assert done.stdout == ""


def test_files_are_not_replaced_without_force(run_relureg: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    check_one_line(run_relureg("count", XOR, INT, "-o", path), USAGE, f"{path}: the file exists")
    assert path.read_text() == "mine"
    assert run_relureg("count", XOR, INT, "-o", path, "--force", "--quiet").returncode == 0
    assert len(table(path.read_text())) == 2


def test_of_a_checkpoint_with_several_networks_one_is_chosen(run_relureg: Run) -> None:
    net = "fixtures/checkpoints/actor_critic.pt"
    rows = table(run_relureg("count", net, net, "--prefix", "actor", "--csv").stdout)
    assert [(row["regions"], row["changed_parameters"]) for row in rows[1:]] == [("42", "0")]
    assert run_relureg("count", net, net).returncode == INPUT
