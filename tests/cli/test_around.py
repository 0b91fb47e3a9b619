"""relureg around: what it tells of one point and of many, which files it writes, what it refuses, how it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest

import relureg
from relureg import maps
from tests.cli.command_line import INPUT, USAGE, Run, check_one_line

NET = "fixtures/truth/int_2-6-6-1.json"
XOR = "fixtures/truth/xor.json"
DATA = "fixtures/maps/xor.csv"


def told(run_relureg: Run, *words: object, code: int = 0) -> dict[str, Any]:
    done = run_relureg("around", *map(str, words), "--json")
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_shells_degrees_and_what_leads_out(run_relureg: Run) -> None:
    found = told(run_relureg, NET, "--at", "0.3,1/2", "--radius", "2")
    cells = relureg.enumerate_regions(relureg.load(NET), engine="lp")
    (centre,) = cells.locate([[0.3, 0.5]]).tolist()
    steps = cells.graph.distances_from(centre)
    ball = steps <= 2
    degrees = cells.graph.degrees
    edges = cells.graph.edges
    inside = ball[edges]
    assert found["regions"] == ball.sum()
    assert found["facets"] == inside.all(axis=1).sum()
    assert found["leading_out"] == (inside.sum(axis=1) == 1).sum()
    assert found["regions_beyond"] == (steps == 3).sum()
    assert found["average_degree"]["float"] == degrees[ball].mean()
    assert (found["min_degree"], found["max_degree"]) == (degrees[ball].min(), degrees[ball].max())
    signs = cells.records.signs[ball]
    assert found["unstable_units"] == [k for k in range(12) if len(set(signs[:, k].tolist())) > 1]
    assert [(one["distance"], one["regions"], one["average_degree"]) for one in found["shells"]] == [
        (k, (steps == k).sum(), degrees[steps == k].mean()) for k in range(3)
    ]
    assert [one["leading_out"] for one in found["shells"]] == [0, 0, found["leading_out"]]
    assert (found["complete"], found["stopped_by"], found["radius"], found["box_radius"]) == (True, None, 2, None)
    assert found["nearest_unit"] == maps.nearest_facets(relureg.load(NET), [[0.3, 0.5]]).unit[0]


def test_the_table(run_relureg: Run) -> None:
    done = run_relureg("around", NET, "--at", "0.3,1/2")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "point 0.3, 0.5" in lines
    found = told(run_relureg, NET, "--at", "0.3,1/2")
    assert f"regions {found['regions']} (within 1 facet)" in lines
    assert f"facets that lead out {found['leading_out']} (to {found['regions_beyond']} other regions)" in lines


def test_files_of_regions_and_graph_say_what_leads_out(run_relureg: Run, tmp_path: Path) -> None:
    near = relureg.regions_around(relureg.load(NET), [0.3, 0.5], radius=2)
    distance, out = near.distance.tolist(), near.num_leading_out.tolist()
    assert sum(out) == len(near.leading_out) > 0
    rows, graph = tmp_path / "near.json", tmp_path / "near.graphml"
    found = told(run_relureg, NET, "--at", "0.3,1/2", "--radius", "2", "-o", rows, "--graph", graph)
    assert found["files"] == [str(rows), str(graph)]
    written = json.loads(rows.read_text())["rows"]
    assert [row["distance"] for row in written] == distance
    assert [row["leading_out"] for row in written] == [row["neighbours"].count(-2) for row in written] == out
    assert [row["degree"] for row in written] == [len(row["facets"]) for row in written] == near.degrees.tolist()
    read = networkx.read_graphml(graph, node_type=int)
    assert sorted(map(sorted, read.edges)) == near.graph.edges.tolist()
    assert [read.nodes[k]["distance"] for k in range(len(distance))] == distance
    assert [read.nodes[k]["leading_out"] for k in range(len(distance))] == out


@pytest.mark.parametrize("suffix", ["csv", "npz", "parquet"])
def test_other_files(run_relureg: Run, tmp_path: Path, suffix: str) -> None:
    near = relureg.regions_around(relureg.load(NET), [0.3, 0.5])
    rows, graph = tmp_path / f"near.{suffix}", tmp_path / f"graph.{suffix}"
    told(run_relureg, NET, "--at", "0.3,1/2", "-o", rows, "--graph", graph)
    for path in (rows, graph if suffix == "npz" else tmp_path / f"graph.nodes.{suffix}"):
        if suffix == "csv":
            read: Any = [
                (int(row["distance"]), int(row["leading_out"])) for row in csv.DictReader(path.read_text().splitlines())
            ]
        elif suffix == "npz":
            with np.load(path) as archive:
                read = list(zip(archive["distance"].tolist(), archive["leading_out"].tolist(), strict=True))
        else:
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(path)
            read = list(zip(*(table[name].to_pylist() for name in ("distance", "leading_out")), strict=True))
        assert read == list(zip(near.distance.tolist(), near.num_leading_out.tolist(), strict=True))


def test_files_of_a_whole_complex_have_no_such_columns(run_relureg: Run, tmp_path: Path) -> None:
    run_relureg("regions", NET, "-o", tmp_path / "all.csv")
    assert "distance" not in (tmp_path / "all.csv").read_text().splitlines()[0]


def test_a_row_of_a_file_is_the_point_that_it_holds(run_relureg: Run) -> None:
    row = told(run_relureg, XOR, "--at", DATA, "--labels", "label", "--row", "3")
    point = told(run_relureg, XOR, "--at", ",".join(map(str, row["at"])))
    assert {**row, "seconds": 0} == {**point, "seconds": 0}


def test_the_nearest_and_limits(run_relureg: Run) -> None:
    nearest = told(run_relureg, NET, "--at", "0.3,1/2", "--max-regions", "6")
    assert (nearest["regions"], nearest["complete"], nearest["stopped_by"]) == (6, True, None)
    done = run_relureg("around", NET, "--at", "0.3,1/2", "--max-regions", "6", "--radius", "3", "--json")
    assert done.returncode == 4
    assert done.stderr == "relureg: error: stopped by the limit of 6 regions: 6 regions found by then\n"
    cut = json.loads(done.stdout)
    assert (cut["regions"], cut["complete"], cut["stopped_by"]) == (6, False, "the limit of 6 regions")


def test_slices_and_fixed_inputs_take_the_point_in_all_inputs(run_relureg: Run) -> None:
    network = relureg.load("fixtures/truth/int_3-6-6-1.json")
    flat = relureg.Slice.through([[0, 0, 0], [1, 2, 0], [0, 1, 3]])
    near = relureg.regions_around(network.on(flat), [0.5, 0.25], radius=2)
    words = ("fixtures/truth/int_3-6-6-1.json", "--through", "0,0,0;1,2,0;0,1,3", "--radius", "2")
    found = told(run_relureg, *words, "--at", "1/2,5/4,3/4")
    assert (found["at"], found["regions"], found["leading_out"]) == (
        [0.5, 0.25],
        near.num_regions,
        len(near.leading_out),
    )
    check_one_line(
        run_relureg("around", *words, "--at", "1,1,1"),
        USAGE,
        "--at: the point lies outside the domain: it is not on the flat",
    )
    fixed = told(run_relureg, NET, "--box", "x0:1/3,1/3", "--at", "1/3,2", "--box-radius", "4")
    counted = json.loads(run_relureg("count", NET, "--box", "x0:1/3,1/3;x1:-2,6", "--json").stdout)
    assert (fixed["at"], fixed["regions"]) == ([2], counted["regions"])


def test_of_several_points_rows_are_printed(run_relureg: Run, tmp_path: Path) -> None:
    words = (XOR, "--at", DATA, "--labels", "label", "--box-radius", "1")
    done = run_relureg("around", *words, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    counted = []
    for row in np.loadtxt(DATA, delimiter=",", skiprows=1)[:, :2].tolist():
        box = relureg.Domain.box([x - 1 for x in row], [x + 1 for x in row])
        counted.append(relureg.enumerate_regions(relureg.load(XOR), box, engine="lp").num_regions)
    assert [int(row["regions"]) for row in rows] == counted
    document = told(run_relureg, *words)
    assert document["command"] == "around-data"
    assert [row["regions"] for row in document["rows"]] == counted
    assert (document["points"], document["box_radius"]) == (len(counted), "1")
    for name in ("rows.csv", "rows.jsonl"):
        found = told(run_relureg, *words, "-o", tmp_path / name)
        assert found["files"] == [str(tmp_path / name)]
    assert (tmp_path / "rows.csv").read_text() == done.stdout
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == document["rows"]
    summary = run_relureg("around", *words, "-o", tmp_path / "again.csv").stdout
    assert f"{min(counted)}" in next(line for line in summary.splitlines() if line.split()[:1] == ["regions"])


def test_rows_that_a_limit_cuts_short(run_relureg: Run, tmp_path: Path) -> None:
    words = ("around", NET, "--at", "0,0;1,1/3", "--radius", "2", "--max-regions", "4", "-o", tmp_path / "cut.csv")
    done = run_relureg(*words)
    assert done.returncode == 4
    assert done.stderr == ("relureg: error: stopped by the limit of 4 regions: of 2 points 2 were cut short\n")
    rows = list(csv.DictReader((tmp_path / "cut.csv").read_text().splitlines()))
    assert [(row["regions"], row["complete"]) for row in rows] == [("4", "False")] * 2


def test_a_time_limit(run_relureg: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    relureg.save(relureg.random_network([60, 40, 40], seed=1), large)
    one = ",".join(["0.1"] * 60)
    done = run_relureg("around", large, "--at", one, "--radius", "9", "--timeout", "3", "--json")
    assert done.returncode == 4
    assert "stopped by the time limit of 3 s" in done.stderr
    many = run_relureg("around", large, "--at", f"{one};{one}", "--radius", "9", "--timeout", "3", "-o",
                       tmp_path / "rows.csv")  # fmt: skip
    assert many.returncode == 4
    assert not (tmp_path / "rows.csv").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--at", "0"), USAGE, "--at: 1 coordinate, but the network has 2 inputs"),
        (("--at", "missing.csv"), INPUT, "--at: missing.csv: no such file"),
        (("--at", "a,b"), USAGE, "--at: 'a' is not a number"),
        (("--at", "0,0", "--row", "1"), USAGE, "--row: there is no row 1; rows are 0 to 0"),
        (("--at", "0,0", "--labels", "y"), USAGE, "--at: labels are those of a file"),
        (("--at", DATA, "--labels", "labels"), INPUT, f"--at: {DATA}: there is no column 'labels'"),
        (("--at", "0,0", "--radius", "1", "--box-radius", "1"), USAGE, "--radius counts facets"),
        (("--at", "0,0", "--box-radius", "-1"), USAGE, "--box-radius: the radius is not positive"),
        (("--at", "0,0", "--box-radius", "x"), USAGE, "--box-radius: 'x' is not a finite number"),
        (("--at", "3,0", "--box", "0", "1"), USAGE, "--at: the point lies outside the domain"),
        (("--at", "0,0;3,0", "--box", "0", "1"), USAGE, "--at: point 1: the point lies outside the domain"),
        (("--at", "0,0", "-o", "near.txt"), USAGE, "near.txt: the suffix of a list of regions is one of"),
        (("--at", "0,0", "--graph", "near.txt"), USAGE, "near.txt: the suffix of a graph is one of"),
        (("--at", "0,0;1,1", "-o", "rows.npz"), USAGE, "rows.npz: the suffix of a list of points is .csv or .jsonl"),
        (("--at", "0,0;1,1", "--graph", "g.csv"), USAGE, "--graph: the graph is that of one point"),
        (("--at", "0,0", "-o", "a.csv", "--graph", "a.csv"), USAGE, "-o: is a file of --graph, too"),
        ((), USAGE, "Missing option '--at'."),
        (("--at", "0,0", "--around", "0,0"), USAGE, "No such option '--around'"),
    ],
)
def test_wrong_usage(run_relureg: Run, words: tuple[str, ...], code: int, message: str) -> None:
    check_one_line(run_relureg("around", XOR, *words), code, message)
