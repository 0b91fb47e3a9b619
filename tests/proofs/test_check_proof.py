"""The checker: it stands alone, and no way to falsify a proof gets past it."""

from __future__ import annotations

import ast
import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg.network import json_format
from relureg.proofs.checker import RefusedError, check, read_network
from tests.proofs.lines import Lines, check_refused, read, said, write

CHECKER = Path(__file__).parents[2] / "checker" / "check_proof.py"
NUMBERS = {"regions": 48, "facets": 82, "boundary_facets": 23, "diameter": 10}
"""Of int_2-6-6-1 in [-10, 10]^2, by the splitter and the referee (`test_scope.py` and others count it too)."""


@pytest.fixture(scope="module")
def network(fixtures: Path) -> bytes:
    return (fixtures / "truth" / "int_2-6-6-1.json").read_bytes()


@pytest.fixture(scope="module")
def proof(network: bytes, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    """With facets and the diameter, in a box."""
    cells = relureg.enumerate_regions(json_format.read(network, name=""), relureg.Domain.box([-10, -10], [10, 10]))
    path = tmp_path_factory.mktemp("proof") / "box.proof"
    relureg.write_proof(cells, path, facets=True, diameter=True)
    return read(path)


@pytest.fixture
def lines(proof: Lines) -> Lines:
    return copy.deepcopy(proof)


def at(lines: Lines, kind: str, number: int = 0) -> int:
    """Where the step of that kind and number is."""
    return [k for k, line in enumerate(lines) if isinstance(line, list) and line[0] == kind][number]


def entry(lines: Lines, kind: str, number: int = 0) -> tuple[list[Any], int]:
    """The leaf that says something of that kind of a row, and where."""
    found = [(line, k) for line in lines[1:] for k in range(2, len(line)) if line[0] == "leaf" and line[k][0] == kind]
    return found[number]


def claim(lines: Lines) -> dict[str, Any]:
    found: dict[str, Any] = lines[0]["claims"][0]
    return found


def numbers(lines: Lines) -> dict[str, int]:
    found: dict[str, int] = claim(lines)["numbers"]
    return found


def row_of(lines: Lines, leaf: list[Any], k: int) -> int:
    """The row that entry k of a leaf is about: after the four walls, the units that it was split by."""
    pending, cuts = list[list[int]](), list[int]()
    for line in lines[1:]:
        if line is leaf:
            break
        if line[0] == "split":
            cuts = [*cuts, line[1]]
            pending.append(cuts)
        elif line[0] == "leaf":
            cuts = pending.pop()
    return [-1, -2, -3, -4, *cuts][k - 2]


def test_the_proof_proves_what_is_known(lines: Lines, network: bytes, tmp_path: Path) -> None:
    words = said(lines, tmp_path, network)
    assert "exactly 48 activation regions in the box [-10, 10]^2" in words[0]
    assert words[1:] == [
        "they share exactly 82 facets, and have 23 on the boundary",
        "their region graph has average degree 41/12, least 2, largest 6",
        "their region graph is connected and has diameter 10",
    ]
    assert lines[0]["claims"][0]["numbers"] == NUMBERS


def test_the_checker_can_be_read_and_needs_python_alone() -> None:
    text = CHECKER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    modules = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names}
    assert {str(module).split(".")[0] for module in modules} <= sys.stdlib_module_names


def test_the_checker_is_a_program(proof: Lines, network: bytes, fixtures: Path, tmp_path: Path) -> None:
    good = write(proof, tmp_path / "good.proof")
    bad = write(proof[:-1], tmp_path / "bad.proof")
    # -I and -S: neither the folder nor the installed packages can be imported.
    run = [sys.executable, "-I", "-S", str(CHECKER)]
    net = str(fixtures / "truth" / "int_2-6-6-1.json")
    done = subprocess.run([*run, str(good), net], capture_output=True, text=True)
    sha256 = json_format.read(network, name="").sha256
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "proved:",
        f"the network with sha256 {sha256} has exactly 48 activation regions in the box [-10, 10]^2",
        "they share exactly 82 facets, and have 23 on the boundary",
        "their region graph has average degree 41/12, least 2, largest 6",
        "their region graph is connected and has diameter 10",
    ]
    done = subprocess.run([*run, str(bad), net], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"refused: line {len(proof) - 1}: 'nothing' where a cell is to be divided")
    done = subprocess.run([*run, str(tmp_path / "none.proof"), net], capture_output=True, text=True)
    assert done.returncode == 1
    assert "No such file" in done.stderr


# -- falsified: the tree


def leave_out_a_leaf(lines: Lines) -> None:
    del lines[at(lines, "leaf", 5)]


def leave_out_the_last_leaf(lines: Lines) -> None:
    del lines[at(lines, "leaf", -1)]


def tell_a_leaf_twice(lines: Lines) -> None:
    lines.insert(at(lines, "leaf", 5), lines[at(lines, "leaf", 5)])


def add_a_leaf_at_the_end(lines: Lines) -> None:
    lines.append(lines[at(lines, "leaf", -1)])


def split_by_another_unit(lines: Lines) -> None:
    lines[at(lines, "split")][1] = (lines[at(lines, "split")][1] + 1) % 6


def split_by_a_unit_of_a_later_stage(lines: Lines) -> None:
    lines[at(lines, "split")][1] = 7


def split_by_the_same_unit_again(lines: Lines) -> None:
    lines.insert(at(lines, "split"), lines[at(lines, "split")])


def split_by_the_last_unit_from_behind(lines: Lines) -> None:
    lines[at(lines, "split")][1] -= 12


def swap_two_leaves(lines: Lines) -> None:
    one, two = at(lines, "leaf", 3), at(lines, "leaf", 9)
    lines[one], lines[two] = lines[two], lines[one]


# -- falsified: what is closed


def close_the_other_side(lines: Lines) -> None:
    lines[at(lines, "close")][2] *= -1


def close_no_side(lines: Lines) -> None:
    lines[at(lines, "close")][2] = 0


def close_without_multipliers(lines: Lines) -> None:
    del lines[at(lines, "close", 3)][3:]


def close_with_fewer_rows(lines: Lines) -> None:
    del lines[at(lines, "close", 3)][4:]


def close_with_a_row_without_its_multiplier(lines: Lines) -> None:
    lines[at(lines, "close", 3)].append(0)


def change_a_multiplier(lines: Lines) -> None:
    lines[at(lines, "close", 3)][3] *= 1000


def change_the_sign_of_a_multiplier(lines: Lines) -> None:
    step = lines[at(lines, "close", 3)]
    step[3] = -step[3]


def a_multiplier_of_zero(lines: Lines) -> None:
    lines[at(lines, "close", 3)][3] = 0


def a_multiplier_that_is_no_integer(lines: Lines) -> None:
    lines[at(lines, "close", 3)][3] += 0.5


def use_a_row_whose_sign_is_not_known(lines: Lines) -> None:
    step = lines[at(lines, "close", 0)]
    step += [step[1], 10**9]


def use_a_row_that_does_not_exist(lines: Lines) -> None:
    lines[at(lines, "close", 0)] += [13, 1]


def use_an_output(lines: Lines) -> None:
    """Which may be negative."""
    lines[at(lines, "close", 0)] += [12, 1]


def use_a_wall_that_does_not_exist(lines: Lines) -> None:
    lines[at(lines, "close", 0)] += [-5, 1]


def a_sign_that_is_no_integer(lines: Lines) -> None:
    """With which the sum would be computed in doubles."""
    lines[at(lines, "close", 3)][2] *= 1.0


def end_a_cell_without_a_region(lines: Lines) -> None:
    lines[at(lines, "leaf", 3)] = ["empty", -1, 1]


def cut_a_region(lines: Lines) -> None:
    k = at(lines, "leaf", 3)
    lines[k : k + 1] = [["cut", 0, lines[k][1][0], lines[k][1][1]], lines[k], lines[k]]


def close_a_cell_that_has_a_region(lines: Lines) -> None:
    """A weak bound: the negative side of a split is closed by a wall that does not exclude it, and left out."""
    k = next(k for k in range(1, len(lines)) if [line[0] for line in lines[k : k + 2]] == ["split", "leaf"])
    lines[k : k + 2] = [["close", lines[k][1], -1, 1, -1, 1]]


# -- falsified: leaves


def move_a_point_into_another_region(lines: Lines) -> None:
    lines[at(lines, "leaf", 5)][1] = lines[at(lines, "leaf", 9)][1]


def move_a_point_out_of_the_domain(lines: Lines) -> None:
    lines[at(lines, "leaf", 5)][1] = [1, 50, 50]


def move_a_point_onto_the_boundary(lines: Lines) -> None:
    """Of the first cell in the plane, a corner of the box."""
    lines[at(lines, "leaf", 0)][1] = [1, *((10 if x > 0 else -10) for x in lines[at(lines, "leaf", 0)][1][1:])]


def a_point_turned_inside_out(lines: Lines) -> None:
    lines[at(lines, "leaf", 5)][1] = [-x for x in lines[at(lines, "leaf", 5)][1]]


def a_point_at_infinity(lines: Lines) -> None:
    lines[at(lines, "leaf", 5)][1][0] = 0


def a_point_of_another_space(lines: Lines) -> None:
    lines[at(lines, "leaf", 5)][1].append(0)


def a_point_of_doubles(lines: Lines) -> None:
    step = lines[at(lines, "leaf", 5)]
    step[1] = [float(x) for x in step[1]]


def a_leaf_too_early(lines: Lines) -> None:
    lines.insert(1, lines[at(lines, "leaf", 5)])


# -- falsified: facets


def leave_out_a_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    del leaf[k]


def leave_out_a_row_without_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "none", 3)
    del leaf[k]


def tell_a_facet_twice(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf.append(leaf[k])


def tell_two_rows_in_the_wrong_order(lines: Lines) -> None:
    leaf, k = entry(lines, "met", 3)
    leaf[2], leaf[k] = leaf[k], leaf[2]


def deny_a_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "met", 3)
    leaf[k] = ["none", 1]


def deny_a_facet_by_itself(lines: Lines) -> None:
    leaf, k = entry(lines, "met", 3)
    leaf[k] = ["none", 1, row_of(lines, leaf, k), 1]


def deny_a_facet_by_a_unit_that_is_closed(lines: Lines) -> None:
    """It does not cut out the leaf, and its sign may rest on the row itself."""
    leaf, k = entry(lines, "met", 3)
    closed = next(line[1] for line in reversed(lines[: lines.index(leaf)]) if line[0] == "close")
    leaf[k] = ["none", 1, closed, 1]


def deny_a_facet_on_a_wall_by_the_wall(lines: Lines) -> None:
    """Of -f, with f the wall, the box says that it is nowhere positive: the wall must not speak for itself."""
    leaf, k = next((line, k) for line in lines[1:] if line[0] == "leaf" for k in range(2, 6) if line[k][0] == "facet")
    leaf[k] = ["none", 1]


def claim_a_facet_on_a_wall(lines: Lines) -> None:
    leaf, k = next((line, k) for line in lines[1:] if line[0] == "leaf" for k in range(2, 6) if line[k][0] == "none")
    leaf[k] = ["facet", [1, -100, 0]]


def meet_a_facet_on_a_wall(lines: Lines) -> None:
    leaf, k = next(
        (line, k) for line in reversed(lines[1:]) if line[0] == "leaf" for k in range(2, 6) if line[k][0] == "none"
    )
    leaf[k] = ["met", 0]


def meet_another_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "met", 3)
    leaf[k][1] += 1


def meet_a_facet_of_its_own(lines: Lines) -> None:
    """The next one that is told of is in the same leaf, on another row."""
    leaves = [line for line in lines[1:] if line[0] == "leaf"]
    leaf = next(leaf for leaf in leaves if sum(told[0] == "facet" for told in leaf[6:]) > 1)
    before = sum(told[0] == "facet" for other in leaves[: leaves.index(leaf)] for told in other[6:])
    k = max(k for k in range(6, len(leaf)) if leaf[k][0] == "facet")
    leaf[k] = ["met", before]


def meet_a_facet_that_is_told_later(lines: Lines) -> None:
    leaf, k = entry(lines, "met", 0)
    leaf[k][1] = 60


def tell_of_a_facet_again_as_new(lines: Lines) -> None:
    """By the leaf behind it, with a point beyond, which lies in the first leaf."""
    leaf, k = entry(lines, "met", 0)
    leaf[k] = ["facet", lines[at(lines, "leaf", 0)][1]]


def a_point_that_is_not_beyond(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][1] = leaf[1]


def a_way_that_leaves_elsewhere(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][1] = [1, 1000, -1000]


def something_else_of_a_row(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][0] = "ridge"


# -- falsified: the header


def more_regions(lines: Lines) -> None:
    numbers(lines)["regions"] += 1


def fewer_facets(lines: Lines) -> None:
    numbers(lines)["facets"] -= 1


def a_false_diameter(lines: Lines) -> None:
    numbers(lines)["diameter"] += 1


def another_claim(lines: Lines) -> None:
    numbers(lines)["vertices"] = 58


def a_diameter_without_facets(lines: Lines) -> None:
    del numbers(lines)["facets"], numbers(lines)["boundary_facets"]


def facets_that_are_not_claimed(lines: Lines) -> None:
    lines[0]["claims"][0]["numbers"] = {"regions": 48}


def another_version(lines: Lines) -> None:
    lines[0]["version"] = 1


def another_format(lines: Lines) -> None:
    lines[0]["format"] = "relureg-journal"


def another_network(lines: Lines) -> None:
    lines[0]["networks"][0] = lines[0]["networks"][0][::-1]


def a_network_more(lines: Lines) -> None:
    lines[0]["networks"] *= 2


def goals_of_regions(lines: Lines) -> None:
    """With which cells might be closed that have regions."""
    claim(lines)["goals"] = [[">", 1, 0, 0, 0, 1]]


def no_claim(lines: Lines) -> None:
    lines[0]["claims"] = []


def leave_out_all_facets(lines: Lines) -> None:
    """Which is none: what is left is a proof of the number of regions."""
    lines[0]["claims"][0]["numbers"] = {"regions": 48}
    for line in lines[1:]:
        if line[0] == "leaf":
            del line[2:]


def a_larger_domain(lines: Lines) -> None:
    leave_out_all_facets(lines)
    claim(lines)["walls"] = [[10 * wall[0], *wall[1:]] for wall in claim(lines)["walls"]]


def a_smaller_domain(lines: Lines) -> None:
    leave_out_all_facets(lines)
    claim(lines)["walls"][0][0] = 1


def a_domain_without_a_wall(lines: Lines) -> None:
    leave_out_all_facets(lines)
    del claim(lines)["walls"][3]


def a_wall_twice(lines: Lines) -> None:
    claim(lines)["walls"].append([2 * entry for entry in claim(lines)["walls"][0]])


def a_wall_without_direction(lines: Lines) -> None:
    claim(lines)["walls"].append([1, 0, 0])


def a_slice(lines: Lines) -> None:
    leave_out_all_facets(lines)
    claim(lines)["slice"] = {"over": 1, "rows": [[0, 1, 1], [0, 1, -1]]}


def a_slice_of_other_inputs(lines: Lines) -> None:
    claim(lines)["slice"] = {"over": 1, "rows": [[0, 1, 0]]}


def nothing_in_a_step(lines: Lines) -> None:
    lines.insert(1, [])


FALSIFIED = {
    leave_out_a_leaf: "unit 5 may have the sign 1",
    leave_out_the_last_leaf: "'nothing' where a cell is to be divided or closed",
    tell_a_leaf_twice: "'leaf' where a cell is to be divided or closed",
    add_a_leaf_at_the_end: "something follows the last cell",
    split_by_another_unit: "no unit without a sign",
    split_by_a_unit_of_a_later_stage: "unit 7 is not affine here, and may divide a region",
    split_by_the_same_unit_again: "no unit without a sign",
    split_by_the_last_unit_from_behind: "is not affine here",
    swap_two_leaves: "the point is not strictly inside the leaf",
    close_the_other_side: "unit . may have the sign",
    close_no_side: "row . has no sign",
    close_without_multipliers: "not understood",
    close_with_fewer_rows: "unit .* may have the sign",
    close_with_a_row_without_its_multiplier: "not understood",
    change_a_multiplier: "unit .* may have the sign",
    change_the_sign_of_a_multiplier: "or its multiplier is -",
    a_multiplier_of_zero: "or its multiplier is 0",
    a_multiplier_that_is_no_integer: "is no integer",
    a_sign_that_is_no_integer: "is no integer",
    use_a_row_whose_sign_is_not_known: "unit . may have the sign|row . has no sign",
    use_a_row_that_does_not_exist: "row 13 has no sign",
    use_an_output: "row 12 has no sign",
    use_a_wall_that_does_not_exist: "row -5 has no sign",
    close_a_cell_that_has_a_region: "unit . may have the sign -1",
    end_a_cell_without_a_region: "'empty' where a cell is to be divided or closed",
    cut_a_region: "'cut' where a cell is to be divided or closed",
    move_a_point_into_another_region: "the point is not strictly inside the leaf",
    move_a_point_out_of_the_domain: "the point is not strictly inside the leaf",
    move_a_point_onto_the_boundary: "the point is not strictly inside the leaf",
    a_point_turned_inside_out: "not a point of this space",
    a_point_at_infinity: "not a point of this space",
    a_point_of_another_space: "not a point of this space",
    a_point_of_doubles: "is no integer",
    a_leaf_too_early: "'leaf' where a cell is to be divided or closed",
    leave_out_a_facet: "not each row of the leaf is told of once",
    leave_out_a_row_without_facet: "not each row of the leaf is told of once",
    tell_a_facet_twice: "not each row of the leaf is told of once",
    tell_two_rows_in_the_wrong_order: "may have a facet|does not show that row -1 carries a facet",
    deny_a_facet: "row . may have a facet",
    deny_a_facet_by_itself: "row . may have a facet",
    deny_a_facet_by_a_unit_that_is_closed: "row . is compared with what is no row of the leaf",
    deny_a_facet_on_a_wall_by_the_wall: "row -. may have a facet",
    claim_a_facet_on_a_wall: "does not show that row -. carries a facet",
    meet_a_facet_on_a_wall: "does not show that row -. carries a facet",
    meet_another_facet: "does not show that row . carries a facet",
    meet_a_facet_of_its_own: "does not show that row . carries a facet",
    meet_a_facet_that_is_told_later: "not understood: IndexError",
    tell_of_a_facet_again_as_new: "a facet inside the domain is told of by one leaf alone|does not show that",
    a_point_that_is_not_beyond: "does not show that row .* carries a facet",
    a_way_that_leaves_elsewhere: "does not show that row .* carries a facet",
    something_else_of_a_row: "'ridge' of row .* is not understood",
    more_regions: "'regions': 49.* claimed, .*'regions': 48.* proved",
    fewer_facets: "'facets': 81.* claimed, .*'facets': 82.* proved",
    a_false_diameter: "'diameter': 11.* claimed, .*'diameter': 10.* proved",
    another_claim: "'vertices': 58} claimed",
    a_diameter_without_facets: "not each row of the leaf is told of once",
    facets_that_are_not_claimed: "not each row of the leaf is told of once",
    another_version: "no proof in version 2",
    another_format: "no proof in version 2",
    another_network: "it is of networks with sha256",
    a_network_more: "it is of networks with sha256",
    goals_of_regions: "'leaf' where a cell|a leaf says nothing of goals|not understood: KeyError",
    no_claim: "no proof in version 2",
    a_larger_domain: "unit . may have the sign",
    a_smaller_domain: "the point is not strictly inside",
    a_domain_without_a_wall: "unit . may have the sign",
    a_wall_twice: "a wall stands twice",
    a_wall_without_direction: "a wall does not fit the inputs",
    a_slice: "unit . may have the sign|the point is not strictly inside",
    a_slice_of_other_inputs: "the slice does not fit the network",
    nothing_in_a_step: "not understood: ValueError",
}


@pytest.mark.parametrize(("falsify", "reason"), FALSIFIED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_falsified_proof_is_refused(
    falsify: Callable[[Lines], None], reason: str, lines: Lines, network: bytes, tmp_path: Path
) -> None:
    falsify(lines)
    check_refused(lines, network, tmp_path, f"^line \\d+.*({reason})")


def test_a_network_with_another_weight_is_refused(lines: Lines, network: bytes, tmp_path: Path) -> None:
    changed = network.replace(b"-2.0", b"-3.0", 1)
    assert changed != network
    check_refused(lines, changed, tmp_path, "line 1: it is of networks with sha256")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-20] + bytes(20),
        lambda data: b"relureg-proof",
        lambda data: data[:100] + b"\xff\xff\xff" + data[103:],
    ],
    ids=["empty", "truncated", "wrong sum", "a text", "damaged"],
)
def test_a_damaged_file_is_refused(
    change: Callable[[bytes], bytes], proof: Lines, network: bytes, tmp_path: Path
) -> None:
    path = write(proof, tmp_path / "damaged.proof")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RefusedError, match=r"^line \d+"):
        check(str(path), network)


def test_no_facet_is_taken_for_another(lines: Lines, network: bytes, tmp_path: Path) -> None:
    """Of two leaves across one hyperplane, too, which lie on different sides, and elsewhere."""
    leaf, k = next((line, k) for line in reversed(lines[1:]) for k in range(6, len(line)) if line[k][0] == "met")
    right, count = leaf[k][1], sum(told[0] == "facet" for line in lines[1:] if line[0] == "leaf" for told in line[6:])
    assert count == NUMBERS["facets"]
    for number in range(count):
        leaf[k][1] = number
        if number != right:
            check_refused(lines, network, tmp_path, "does not show that row . carries a facet|IndexError")


def _layer(**changes: Any) -> dict[str, Any]:
    return {"weight": [[1, 2]], "bias": [0], "activation": "relu"} | changes


def _net(*layers: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"format": "relureg-network", "version": 1, "layers": layers} | changes).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not understood"),
        (b"[]", "not understood"),
        (_net(), "not understood"),
        (_net(_layer(), format="onnx"), "no network in version 1 of relureg JSON"),
        (_net(_layer(), version=2), "no network in version 1 of relureg JSON"),
        (_net(_layer(weight=[[1, float("nan")]])), "not understood"),
        (_net(_layer(weight=[[1, 2], [3, 4]])), "layer 1 does not fit"),
        (_net(_layer(), _layer()), "layer 2 does not fit"),
        (_net(_layer(), _layer(weight=[[1]], skips=[{"from": 2, "weight": [[1]]}])), "layer 2 does not fit"),
        (_net(_layer(activation="linear"), _layer(weight=[[1]])), "layer 1: convert it by relureg first"),
        (_net(_layer()), "layer 1: convert it by relureg first"),
        (
            _net(_layer(), _layer(weight=[[1]], activation="linear", skips=[{"from": 1, "weight": [[1]]}])),
            "does not fit",
        ),
        (_net(_layer(activation="tanh")), "layer 1: convert it by relureg first"),
    ],
)
def test_what_is_no_network_is_refused(data: bytes, reason: str, lines: Lines, tmp_path: Path) -> None:
    check_refused(lines, data, tmp_path, f"^line 0.*{reason}")


@pytest.mark.parametrize(
    "network",
    [
        _net(_layer(), _layer(weight=[[1]], activation="linear")),
        _net(_layer()),
        _net(_layer(weight=[["1/3", 0.1]], bias=["-7"]), _layer(weight=[[1]], skips=[{"from": 0, "weight": [[1, 0]]}])),
        _net(_layer(), _layer(weight=[[1]], skips=[{"from": 1, "weight": [[-1]]}])),
        _net(_layer(activation="linear")),
    ],
    ids=["plain", "ends in a ReLU", "rational, residual", "terms that cancel", "affine"],
)
def test_the_checker_knows_a_network_by_the_same_hash(network: bytes) -> None:
    again = json_format.write(json_format.read(network, name=""))
    assert read_network(again)[2] == json_format.read(network, name="").sha256


def test_nothing_false_is_accepted(proof: Lines, network: bytes, tmp_path: Path) -> None:
    """Any one number changed: what is still accepted, such as a point moved within its region, proves the same."""
    chance, proved = random.Random(1), said(proof, tmp_path, network)
    places = [(k, path) for k, line in enumerate(proof[1:], start=1) for path in _numbers(line)]
    accepted = 0
    for k, path in chance.sample(places, 150):
        lines = copy.deepcopy(proof)
        holder = lines[k]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = _another(holder[path[-1]], chance)
        try:
            assert said(lines, tmp_path, network) == proved
            accepted += 1
        except RefusedError:
            pass
    assert 0 < accepted < 75


def _numbers(value: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Where the integers of a step are."""
    if isinstance(value, list):
        return [found for k, inner in enumerate(value) for found in _numbers(inner, (*path, k))]
    return [path] if isinstance(value, int) else []


def _another(value: int, chance: random.Random) -> int:
    return chance.choice([-value, value + 1, value - 1, 2 * value + 1, 0, value * 1000 + 7])
