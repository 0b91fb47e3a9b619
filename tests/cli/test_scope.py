"""Where to look, on the command line: boxes, domains, slices and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.cli.main import run
from relureg.engine.limits import Limits, Workers

TRUTH = "fixtures/truth"
INT_2 = f"{TRUTH}/int_2-6-6-1.json"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert run([*words, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_domain_in_a_file_is_the_box_it_states(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("-10,10\n-10,10\n")
    (tmp_path / "b.vnnlib").write_text("".join(f"(assert (<= X_{k} 10))(assert (>= X_{k} -10))" for k in (0, 1)))
    for command in ("count", "graph", "regions"):
        box = answer(capsys, command, INT_2, "--box", "-10", "10")
        for name in ("b.csv", "b.vnnlib"):
            found = answer(capsys, command, INT_2, "--domain", str(tmp_path / name))
            assert found["regions"] == box["regions"] == 48
            assert found["facets"] == 82
    assert answer(capsys, "count", INT_2, "--box", "-10", "10")["boundary_facets"] == 23


def test_box_and_domain_are_cut_with_each_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"C": [[1, 1]], "c": [0]}')
    both = answer(capsys, "count", INT_2, "--box", "-10", "10", "--domain", str(tmp_path / "half.json"))
    (tmp_path / "all.json").write_text('{"C": [[1,1],[1,0],[-1,0],[0,1],[0,-1]], "c": [0,10,10,10,10]}')
    one = answer(capsys, "count", INT_2, "--domain", str(tmp_path / "all.json"))
    assert (both["regions"], both["facets"], both["boundary_facets"]) == (
        one["regions"],
        one["facets"],
        one["boundary_facets"],
    )


def test_slices_are_named_by_points_or_directions(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.array([[0.0, 0], [2, 1]]))
    counts = [
        answer(capsys, "count", INT_2, *words)["regions"]
        for words in (("--through", "0,0;2,1"), ("--through", str(tmp_path / "p.npy")), ("--slice", "0,0;4,2"))
    ]
    assert counts == [8, 8, 8]
    found = answer(capsys, "count", INT_2, "--through", "0,0;2,1/3")
    assert found["network"]["slice"] == {  # type: ignore[index]
        "label": "line through 2 points", "base": ["0", "0"], "directions": [["2", "1/3"]],
    }  # fmt: skip
    line = answer(capsys, "line", INT_2, "--through", "0,0;2,1")
    assert [row["t"]["float"] for row in line["rows"]] == [-2, -1, -0.5, -0.2, 0.1, 0.2, 0.5]  # type: ignore[attr-defined]
    assert line["rows"][0]["point"] == [-4, -2]  # type: ignore[index]
    assert answer(capsys, "line", INT_2, "--through", "0,0;2,1", "--segment")["regions"] == 4
    assert answer(capsys, "line", INT_2, "--box", "x1:1/2,1/2")["network"]["input_dim"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("code", "command", "message"),
    [
        (2, f"count {INT_2} --slice 0,0;1,0 --through 0,0;1,1", "name the slice once"),
        (2, f"count {INT_2} --through 0,0,0;1,1,1", "--through: 3 coordinates, but the network has 2 inputs"),
        (2, f"count {INT_2} --through 0,0;0,0", "--through: two of the points are the same"),
        (2, f"count {INT_2} --through 0,a;1,1", "--through: 'a' is not a number"),
        (2, f"count {INT_2} --slice 5,5;1,0 --box -1 1", "the slice misses the domain"),
        (2, f"count {INT_2} --box 1 1", "it is a single point"),
        (3, f"count {INT_2} --through missing.npy", "--through: missing.npy: no such file"),
        (3, f"count {INT_2} --domain {INT_2}", 'needs {"C"'),
        (2, f"verify {INT_2} {TRUTH}/int_3-6-6-1.json --through 0,0;1,1", "int_3-6-6-1: --through: 2 coordinates"),
        (2, f"line {INT_2}", "there are 2 inputs; name a line"),
        (2, f"plot {INT_2} -o /nowhere/a.svg", "folder does not exist"),
        (2, f"plot {INT_2} -o a.bmp", "a.bmp: the suffix is not one of"),
        (2, f"plot {INT_2} -o a.html", "three inputs are drawn as .html"),
        (2, f"plot {INT_2} -o a.svg --view x0:0,1", "--view: both bounds of every axis are needed"),
        (2, f"plot {INT_2} -o a.svg --levels one", "--levels: 'one' is not a number"),
        (2, f"plot {INT_2} -o a.svg --colour class", "between 2 to 12 outputs"),
        (2, "plot fixtures/nets/acasxu_tiny_5_5_5.nnet --quiet -o a.svg", "5 inputs cannot be drawn"),
        (4, f"plot {INT_2} -o a.svg --max-regions 5", "a picture needs all regions"),
        (2, f"animate {INT_2} -o a.png", "a.png: the suffix is not one of"),
        (2, f"animate {TRUTH}/saw_3.json -o a.gif", "frames show two inputs"),
    ],
)
def test_what_is_refused(code: int, command: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command.split()) == code
    stderr = capsys.readouterr().err
    assert message in stderr
    assert stderr.count("\n") == 1
    assert not list(ROOT.glob("a.*"))


@pytest.mark.parametrize("option", ["--box", "--slice", "--through"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "0",
        "a,b",
        "x",
        "x0:",
        "x0:1,2,3",
        "x9:0,1",
        "0,1_0",
        "1e400,2",
        "0,\uff11",
        "0;1",
        "nan,0;1,1",
        "y" * 5000,
    ],
)
def test_nonsense_is_one_short_line(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["count", INT_2, f"{option}={text}", "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"relureg: error: {option}: ")
    assert captured.err.count("\n") == 1
    assert len(captured.err) < 200


def test_a_count_that_hardly_began_names_what_would_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = relureg.Network.from_layers([rng.normal(size=(12, 40)), rng.normal(size=(1, 12))], [np.ones(12), [0]])
    relureg.save(many, tmp_path / "many.json")
    assert run(["count", str(tmp_path / "many.json"), "--max-regions", "3", "--quiet"]) == 4
    stderr = capsys.readouterr().err
    assert "3 regions are a proven lower bound; with 40 inputs, look at a part: a line (relureg line" in stderr
    assert all(word in stderr for word in ("--through", "--slice", "maps at", "--box"))
    assert stderr.count("\n") == 1
    assert run(["count", INT_2, "--max-regions", "3", "--quiet"]) == 4
    assert "look at a part" not in capsys.readouterr().err


def test_plot_tells_what_it_drew(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    found = answer(capsys, "plot", INT_2, "--box", "-10", "10", "-o", str(target))
    assert (found["regions"], found["regions_in_view"], found["facets_drawn"]) == (48, 48, 82)
    assert found["view"] == [[-10, -10], [10, 10]]
    assert found["files"] == [str(target)]
    assert target.exists()
    assert run(["plot", INT_2, "-o", str(target), "--quiet"]) == 2
    frames = answer(capsys, "animate", INT_2, f"{TRUTH}/xor.json", "-o", str(tmp_path / "a.gif"), "--dpi", "40")[
        "frames"
    ]
    assert [(frame["regions"], frame["facets"]) for frame in frames] == [(49, 84), (3, 2)]  # type: ignore[attr-defined]


def test_a_saved_complex_is_drawn_and_counted_where_it_lies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net, plane = f"{TRUTH}/int_3-6-6-1.json", ("--through", "0,0,0;1,2,0;0,1,3")
    saved, data = str(tmp_path / "cells.npz"), tmp_path / "data.csv"
    made = answer(capsys, "regions", net, *plane, "--save", saved, "--rows", "1")
    assert made["files"] == [saved]
    for command in ("count", "graph", "regions"):
        found = answer(capsys, command, saved)
        assert found["regions"] == 73
        assert found["network"]["slice"] == made["network"]["slice"]  # type: ignore[index]
    data.write_text("0,0,0\n1,2,0\n")
    pictures = [
        answer(capsys, "plot", *words, "--points", str(data), "-o", str(tmp_path / name))
        for words, name in (((net, *plane), "a.svg"), ((saved,), "b.svg"))
    ]
    assert (tmp_path / "a.svg").read_text() == (tmp_path / "b.svg").read_text()
    assert "distance along the slice" in (tmp_path / "b.svg").read_text()
    assert pictures[0]["view"] == pictures[1]["view"]
    assert run(["plot", saved, "--box", "0", "1", "-o", str(tmp_path / "c.svg")]) == 2
    assert run(["regions", net, "--save", str(tmp_path / "c.csv")]) == 2
    assert run(["regions", net, "--save", saved]) == 2
    both = str(tmp_path / "both.npz")
    assert run(["regions", net, "--save", both, "-o", str(tmp_path / "." / "both.npz")]) == 2
    assert "is the file of --save, too" in capsys.readouterr().err
    assert not Path(both).exists()
    assert run(["inspect", saved]) == 3
    assert "a saved complex is no network" in capsys.readouterr().err
    capsys.readouterr()
    with np.load(_table(net, plane, tmp_path), allow_pickle=False) as arrays:
        assert arrays["slice_base"].tolist() == [0, 0, 0]
        assert arrays["slice_directions"].tolist() == [[1, 2, 0], [0, 1, 3]]
    capsys.readouterr()
    # A network in a .npz file is still a network.
    np.savez(tmp_path / "net.npz", W0=np.eye(2), b0=np.zeros(2), W1=np.ones((1, 2)), b1=np.zeros(1))
    assert answer(capsys, "graph", str(tmp_path / "net.npz"))["regions"] == 4


def _table(net: str, plane: tuple[str, ...], folder: Path) -> Path:
    assert run(["regions", net, *plane, "-o", str(folder / "table.npz")]) == 0
    return folder / "table.npz"


def test_data_points_are_drawn_where_the_slice_is_nearest(tmp_path: Path) -> None:
    from relureg.cli.plot import _points
    from relureg.cli.scope import Scope, scoped
    from relureg.cli.work import Work
    from relureg.readers.formats import load

    network = load(Path(TRUTH) / "int_3-6-6-1.json")
    np.savetxt(tmp_path / "p.csv", [[1, 2, 3], [4, 5, 9]], delimiter=",")
    for scope, expected in (
        (Scope(slice_="1,1,1;2,0,0;0,1,0"), [[0, 1], [1.5, 4]]),
        (Scope(box="x0:0,9;x1:3,3;x2:0,9"), [[1, 3], [4, 9]]),
    ):
        seen, _ = scoped(network, scope)
        work = Work(scope=scope, engine="auto", limits=Limits(), workers=Workers())
        found = _points(network, seen, work, tmp_path / "p.csv")
        assert found is not None
        assert found == pytest.approx(np.array(expected))


def test_around_is_the_box_of_that_half_side(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "point.csv").write_text("1,-2\n")
    for command in ("count", "graph", "regions"):
        box = answer(capsys, command, INT_2, "--box", "x0:2/3,4/3;x1:-7/3,-5/3")
        for point in ("1,-2", str(tmp_path / "point.csv")):
            found = answer(capsys, command, INT_2, "--around", point, "--radius", "1/3")
            assert found["regions"] == box["regions"]
            assert found["facets"] == box["facets"]
    assert answer(capsys, "count", INT_2, "--around", "0,0", "--radius", "10")["regions"] == 48
    assert answer(capsys, "count", INT_2, "--around", "0,0", "--radius", "10")["boundary_facets"] == 23


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--around", "0,0"), "--around POINT and --radius EPS go together"),
        (("--radius", "1"), "--around POINT and --radius EPS go together"),
        (("--around", "0,0", "--radius", "1", "--box", "-1", "1"), "name the domain once"),
        (("--around", "0,0", "--radius", "1", "--domain", "absent.csv"), "name the domain once"),
        (("--around", "0,0;1,1", "--radius", "1"), "2 points where one is needed"),
        (("--around", "0,0,0", "--radius", "1"), "3 coordinates, but the network has 2 inputs"),
        (("--around", "0,inf", "--radius", "1"), "--around"),
        (("--around", "0,0", "--radius", "0"), "the radius is not positive"),
        (("--around", "0,0", "--radius", "inf"), "is not a finite number"),
        (("--around", "0,0", "--radius", "wide"), "is not a finite number"),
    ],
)
def test_around_that_says_no_box_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    assert run(["count", INT_2, *words]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert len(error.splitlines()) == 1
