"""Every script under benchmarks/, docs/ and fixtures/ runs in its smallest form and prints what it is there for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import relureg

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> str:
    """What a script prints; its folder is the root of the repository, as in the documents."""
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(markdown: str) -> dict[str, list[str]]:
    """The cells of every table row, by the first of them; the last row of that name where there are several."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if "|" in line]
    return {row[0]: row[1:] for row in cells}


def test_suite_and_compare(tmp_path: Path) -> None:
    times = tmp_path / "times.json"
    printed = rows(run("benchmarks/suite.py", "--only", "int_2-6", "--runs", "1", "--no-start-up", "-o", times))
    dim, regions = printed["int_2-6-6-1"][:2]
    assert (dim, regions, printed["int_2-6-6-1"][-2:]) == ("2", "49", ["equal", "yes"])
    assert rows(run("benchmarks/compare.py", times, times))["int_2-6-6-1"][2:] == ["1.00", "1.00", "-"]
    document = json.loads(times.read_text())
    document["results"][0]["regions"] += 1
    times.with_name("other.json").write_text(json.dumps(document))
    command = [sys.executable, "benchmarks/compare.py", times, times.with_name("other.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "COUNTS DIFFER: int_2-6-6-1: 49 and 50" in done.stdout) == (1, True)


def test_suite_times_the_start(tmp_path: Path) -> None:
    printed = run("benchmarks/suite.py", "--only", "xor", "--runs", "1")
    assert re.search(
        r"relureg count fixtures/truth/xor.json +\d+ ms.*\npython -c pass +\d+ ms.*\nimports, .* relureg ", printed
    )


def test_start_up_is_compared_with_numpy_and_another_relureg() -> None:
    printed = rows(run("benchmarks/start_up.py", "--runs", "1", "--before", ROOT))
    assert printed["import numpy"][2] == "1.00"
    assert [len(printed[name]) for name in ("import relureg", "relureg count xor", "relureg --version")] == [4, 4, 4]
    assert float(printed["import relureg"][2]) < 1  # NumPy is not imported before it is needed


def test_a_range_is_timed_beside_a_mixed_integer_program() -> None:
    printed = rows(run("benchmarks/ranges.py", "--only", "range, sherlock_car"))
    mine, _, theirs, _ = printed["range, sherlock_car_2, [-0.2, 0.2]^4"]
    assert mine == "104.546585 .. 105"
    least, most = map(float, theirs.split(" .. "))
    assert abs(least - 104.546585) < 1e-5
    assert abs(most - 105) < 1e-5


def test_proofs_are_timed() -> None:
    regions, size, _, _ = rows(run("benchmarks/proofs.py", "--only", "sine"))["`nets/sherlock_sine_const_2_20.onnx`"]
    assert regions == "1,244"
    assert 100 < int(size) < 400


def test_a_callback_is_timed_beside_a_step_of_training() -> None:
    printed = rows(run("benchmarks/callback.py", "--steps", "2"))
    for network, where in (("2-16-16-1", "whole space"), ("784-32-10", "a plane through three points")):
        place, _, call, regions, _ = printed[network]
        assert (place, call.endswith(" ms")) == (where, True)
        assert int(regions.removeprefix("at least ").replace(",", "")) > 100


def test_regions_around_a_point_are_timed() -> None:
    printed = rows(run("benchmarks/around.py", "--only", "small", "--regions", "5", "--no-peer"))
    assert printed["small"][:3] == ["3-16-16-1", "whole space", "5"]
    assert printed["small box"][1:3] == ["[0, 1]^d", "5"]


def test_peers_frame_the_same_network_twice(tmp_path: Path) -> None:
    report = tmp_path / "peers.json"
    printed = run("benchmarks/peers.py", "--only", "relureg", "--network", "rand_2-16-16-1", "-o", report)
    assert rows(printed)["relureg, rand_2-16-16-1"][1:6] == ["564", "564", "1,092", "1,092", "right"]
    (result,) = json.loads(report.read_text())["results"]
    assert (result["verdict"], result["answer"]["regions"]) == ("right", 564)


@pytest.mark.parametrize("peer", ["affinitree", "regioncam", "relucent"])
def test_scripts_of_peers_say_what_is_missing(peer: str) -> None:
    # The tools themselves are no dependency; a script must still be Python that runs up to its import.
    command = [sys.executable, "-I", "-c", f"import sys; sys.modules[{peer!r}] = None; sys.path[:0] = ['.'];"
               f"import runpy; runpy.run_path('{peer}_regions.py', run_name='__main__')"]  # fmt: skip
    folder = ROOT / "benchmarks" / "peer_scripts"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: import of {peer} halted; None in sys.modules"


def test_scaling(tmp_path: Path) -> None:
    measured = run("benchmarks/scaling.py", "measure", "--small")
    assert re.findall(r"^strong: (\d) workers, ([\d,]+) regions", measured, re.M) == [("1", "13,373"), ("2", "13,373")]
    journal = tmp_path / "run"
    relureg.count_regions(relureg.load(ROOT / "fixtures" / "truth" / "rand_4-12-12-1.json"), journal=journal, jobs=1)
    simulated = run("benchmarks/scaling.py", "simulate", journal, "--units", "8", "--small")
    assert re.search(r"^\d+\.\d\d ms of processor time a unit", simulated, re.M)
    assert len(re.findall(r"efficiency +\d+\.\d%", simulated)) == 2


def test_maps() -> None:
    printed = run("benchmarks/maps.py", "dense", "strokes", "12")
    assert printed.startswith("dense, 128 units, 12 points of strokes\n")
    assert "AgreementCheck(num_points=12, num_labels_equal=12, num_ties=0" in printed


def test_the_picture_of_the_counterexample_is_the_one_in_the_documents(tmp_path: Path) -> None:
    run("docs/examples/counterexample_picture.py", tmp_path / "picture.svg")
    # Coordinates may differ between versions of the library that draws, what is drawn may not.
    shown = (ROOT / "docs" / "pictures" / "counterexample.svg").read_text()
    drawn = (tmp_path / "picture.svg").read_text()
    assert len(re.findall("<path", drawn)) == len(re.findall("<path", shown)) > 50


def test_published_numbers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert run("docs/examples/published_numbers.py", "--only", "2,1,4", "-o", page) == "(2, 1, 4) 11.0 regions\n"
    assert "| 2 | 4 | 11 | 11 | 11 | 4.5 | 4 |" in page.read_text()


def test_trained_networks(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs.json"
    printed = run("docs/examples/train_blobs.py", "--widths", "2,4,4", "--seed", "1", "--steps", "5", "-o", blobs)
    assert re.fullmatch(r"blobs_2-4-4_seed1: \d+\.\d % of the samples classified correctly\n", printed)
    assert relureg.load(blobs).widths == (4, 4)
    run("fixtures/pictures/train.py", tmp_path, "3")
    assert relureg.load(tmp_path / "pendulum.json").widths == (16, 16)
    assert relureg.load(tmp_path / "spiral" / "0003.json").widths == (16, 16, 16)
    # Before its first step the network is the one that is shipped, but for sums in another order.
    assert relureg.load(tmp_path / "spiral" / "0000.json") == relureg.load(
        ROOT / "fixtures" / "pictures" / "spiral" / "0000.json"
    )


def test_the_study_of_local_maps() -> None:
    page = run(
        "docs/studies/local_maps.py", "--kinds", "dense", "--seeds", "2", "--epochs", "1", "--k", "1", "--images", "60"
    )
    assert re.search(r"^\| dense \| \d", page, re.M)
    assert "**Agrees:**" in page
