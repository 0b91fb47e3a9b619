"""relureg estimate: what it tells, how it is asked, how it ends."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from relureg import random_network, save
from tests.cli.command_line import USAGE, Run, check_one_line, started

SMALL = "fixtures/truth/rand_3-16-16-1.json"
TRAINED = "fixtures/nets/hcas_pra0_tau00_nnet.nnet"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More regions than any test has time for."""
    path = tmp_path_factory.mktemp("nets") / "large.json"
    save(random_network([5, 60, 60, 60], seed=1), path)
    return path


def told(run_relureg: Run, *words: object, code: int = 0) -> dict[str, Any]:
    done = run_relureg("estimate", *map(str, words), "--json")
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_small_network_is_counted(run_relureg: Run) -> None:
    told_all = told(run_relureg, SMALL)
    assert told_all["exact"]
    assert told_all["complete"]
    assert told_all["regions"] == {"mean": 5092, "low": 5092, "high": 5092}
    assert [stage["mean"] for stage in told_all["per_stage"]] == [697, 5092]
    assert told_all["facets"]["mean"] == 14762
    assert told_all["relatively_bounded"]["mean"] == 4184
    assert told_all["at_least"] == 5092
    assert any(bound["name"] == "trivial" and bound["value"] == 2**32 for bound in told_all["bounds"])


def test_a_box_and_a_slice(run_relureg: Run) -> None:
    inside = told(run_relureg, "fixtures/truth/int_2-6-6-1.json", "--box", "-10", "10")
    assert (inside["regions"]["mean"], inside["facets"]["mean"], inside["share_bounded"]["mean"]) == (48, 82, 1)
    line = told(run_relureg, "fixtures/truth/int_2-6-6-1.json", "--through", "0,0;2,1")
    counted = json.loads(
        run_relureg("count", "fixtures/truth/int_2-6-6-1.json", "--through", "0,0;2,1", "--json").stdout
    )
    assert line["regions"]["mean"] == counted["regions"]


def test_the_same_seed_gives_the_same_answer_on_any_number_of_threads(run_relureg: Run, large: Path) -> None:
    words = (large, "--box", "-1", "1", "--precision", "90%")
    once, again = (told(run_relureg, *words, "--seed", "3", "--jobs", jobs) for jobs in (1, 4))
    for answer in (once, again):
        del answer["seconds"], answer["count_seconds"]
    assert once == again
    assert once["samples"] >= 16
    other = told(run_relureg, *words, "--seed", "4")
    assert other["regions"] != once["regions"]
    assert other["regions"]["low"] < once["regions"]["high"]
    assert once["regions"]["low"] < other["regions"]["high"]


def test_the_table_tells_what_it_rests_on(run_relureg: Run) -> None:
    done = run_relureg("estimate", TRAINED, "--precision", "20%", "--cores", "64", "--quiet")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"activation regions +about [\d,]+ +[\d,]+ to [\d,]+   \(95 % interval, \d+ samples\)", done.stdout
    )
    assert re.search(r"proven +at least [\d,]+", done.stdout)
    assert re.search(
        r"a count of all takes .* on 64 cores like those of this machine; .* of processor time", done.stdout
    )
    assert "Serra et al. 2018" in done.stdout
    assert done.stderr == ""


def test_a_limit_that_comes_first(run_relureg: Run, large: Path) -> None:
    done = run_relureg("estimate", large, "--precision", "0.01%", "--timeout", "4", "--json")
    assert done.returncode == 4
    document = json.loads(done.stdout)
    assert not document["complete"]
    assert document["stopped_by"] == "the time limit of 4 s"
    assert re.fullmatch(
        r"relureg: error: stopped by the time limit of 4 s: [\d,]+ regions? (is|are) a proven lower bound\n",
        done.stderr,
    )


def test_ctrl_c_tells_what_is_known(large: Path) -> None:
    with started("estimate", large, "--precision", "0.01%", "--json") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["stopped_by"] == "an interrupt"
    assert "interrupted: " in err


@pytest.mark.parametrize("text", ["0", "1", "200%", "-5%", "five", "", "nan", "%"])
def test_what_is_no_precision(run_relureg: Run, text: str) -> None:
    done = run_relureg("estimate", SMALL, "--precision", text)
    check_one_line(done, USAGE, f"--precision: {text!r} is no precision; write a share between 0 and 1 like 5% or 0.05")


def test_domains_in_which_nothing_is_estimated(run_relureg: Run, tmp_path: Path) -> None:
    flat = tmp_path / "flat.json"
    flat.write_text(json.dumps({"C": [[1, 1], [-1, 0], [0, -1]], "c": [0, -1, 0]}))
    counted, estimated = (
        run_relureg(command, "fixtures/truth/int_2-6-6-1.json", "--domain", flat) for command in ("count", "estimate")
    )
    assert (counted.returncode, counted.stderr) == (estimated.returncode, estimated.stderr) == (2, counted.stderr)
    assert "the domain has no interior" in estimated.stderr


def test_many_dimensions(run_relureg: Run, tmp_path: Path) -> None:
    """Where the splitter would hold 2^16 vertices, cells are held as dictionaries; those know of no facets."""
    many = tmp_path / "many.json"
    save(random_network([16, 6, 4], seed=1), many)
    counted, estimated = (
        json.loads(run_relureg(command, many, "--box", "-1", "1", "--json").stdout) for command in ("count", "estimate")
    )
    assert counted["engine"] == "dictionaries"
    assert estimated["regions"]["low"] <= counted["regions"] <= estimated["regions"]["high"]
    assert (estimated["facets"], estimated["average_degree"]) == (None, None)


def test_a_limit_in_many_dimensions(run_relureg: Run, tmp_path: Path) -> None:
    many = tmp_path / "many.json"
    save(random_network([60, 200, 200, 2], seed=1), many)
    done = run_relureg("estimate", many, "--box", "-20", "20", "--precision", "0.001", "--timeout", "3", "--json")
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("relureg: error: stopped by the time limit of 3 s: ")
    assert json.loads(done.stdout)["stopped_by"] == "the time limit of 3 s"
