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
from relureg.proofs.checker import RefusedError, check, content_hash, diameter, read_network
from tests.proofs.lines import Lines, check_refused, numbers, read, write

CHECKER = Path(__file__).parents[2] / "checker" / "check_proof.py"
PROVED = {"regions": 48, "facets": 82, "boundary_facets": 23, "diameter": 10}
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


def test_the_proof_proves_what_is_known(lines: Lines, network: bytes, tmp_path: Path) -> None:
    assert numbers(lines, network, tmp_path) == PROVED


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
    lines[at(lines, "close", 0)] += [12, 1]


def use_a_wall_that_does_not_exist(lines: Lines) -> None:
    lines[at(lines, "close", 0)] += [-5, 1]


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


def leave_out_a_wall(lines: Lines) -> None:
    leaf, k = entry(lines, "wall", 3)
    del leaf[k]


def leave_out_a_row_without_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "none", 3)
    del leaf[k]


def tell_a_facet_twice(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf.append(leaf[k])


def tell_a_wall_twice(lines: Lines) -> None:
    leaf, k = entry(lines, "wall", 3)
    leaf.append(leaf[k])


def deny_a_facet(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf[k] = ["none", leaf[k][1], 1]


def deny_a_facet_by_itself(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf[k] = ["none", leaf[k][1], 1, leaf[k][1], 1]


def deny_a_facet_on_a_wall_by_the_wall(lines: Lines) -> None:
    """Of -f, with f the wall, the box says that it is nowhere positive: the wall must not speak for itself."""
    leaf, k = entry(lines, "wall", 3)
    leaf[k] = ["none", leaf[k][1], 1]


def claim_a_facet_on_a_wall(lines: Lines) -> None:
    leaf, k = next(
        (line, k)
        for line in lines[1:]
        if line[0] == "leaf"
        for k in range(2, len(line))
        if line[k][0] == "none" and line[k][1] < 0
    )
    leaf[k] = ["wall", -1, [1, -100, 0]]


def a_wall_where_a_unit_is(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf[k] = ["wall", leaf[k][1], leaf[k][4] or [1, 100, 100]]


def a_facet_with_another_leaf(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 3)
    leaf[k][2] = (leaf[k][2] + 1) % 3


def a_facet_with_itself(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][2] = 1


def a_facet_with_a_later_leaf(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][2] = 40


def a_facet_on_another_row_of_its_neighbour(lines: Lines) -> None:
    """Which is settled by nothing else."""
    leaf, k = entry(lines, "facet", 0)
    neighbour = lines[at(lines, "leaf", leaf[k][2])]
    neighbour[2:] = [told for told in neighbour[2:] if told[1] != -2]
    leaf[k][3] = -2


def a_point_that_is_not_beyond(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][4] = leaf[1]


def a_way_that_leaves_elsewhere(lines: Lines) -> None:
    leaf, k = entry(lines, "wall", 0)
    leaf[k][2] = [1, 1000, -1000]


def something_else_of_a_row(lines: Lines) -> None:
    leaf, k = entry(lines, "facet", 0)
    leaf[k][0] = "ridge"


# -- falsified: the header


def more_regions(lines: Lines) -> None:
    lines[0]["claims"]["regions"] += 1


def fewer_facets(lines: Lines) -> None:
    lines[0]["claims"]["facets"] -= 1


def a_false_diameter(lines: Lines) -> None:
    lines[0]["claims"]["diameter"] += 1


def another_claim(lines: Lines) -> None:
    lines[0]["claims"]["vertices"] = 58


def a_diameter_without_facets(lines: Lines) -> None:
    del lines[0]["claims"]["facets"], lines[0]["claims"]["boundary_facets"]


def facets_that_are_not_claimed(lines: Lines) -> None:
    lines[0]["claims"] = {"regions": 48}


def another_version(lines: Lines) -> None:
    lines[0]["version"] = 2


def another_format(lines: Lines) -> None:
    lines[0]["format"] = "relureg-journal"


def another_network(lines: Lines) -> None:
    lines[0]["network"] = lines[0]["network"][::-1]


def leave_out_all_facets(lines: Lines) -> None:
    """Which is none: what is left is a proof of the number of regions."""
    lines[0]["claims"] = {"regions": 48}
    for line in lines[1:]:
        if line[0] == "leaf":
            del line[2:]


def a_larger_domain(lines: Lines) -> None:
    leave_out_all_facets(lines)
    lines[0]["walls"] = [[10 * wall[0], *wall[1:]] for wall in lines[0]["walls"]]


def a_smaller_domain(lines: Lines) -> None:
    leave_out_all_facets(lines)
    lines[0]["walls"][0][0] = 1


def a_domain_without_a_wall(lines: Lines) -> None:
    leave_out_all_facets(lines)
    del lines[0]["walls"][3]


def a_wall_twice(lines: Lines) -> None:
    lines[0]["walls"].append([2 * entry for entry in lines[0]["walls"][0]])


def a_wall_without_direction(lines: Lines) -> None:
    lines[0]["walls"].append([1, 0, 0])


def a_slice(lines: Lines) -> None:
    leave_out_all_facets(lines)
    lines[0]["slice"] = {"over": 1, "rows": [[0, 1, 1], [0, 1, -1]]}


def a_slice_of_other_inputs(lines: Lines) -> None:
    lines[0]["slice"] = {"over": 1, "rows": [[0, 1, 0]]}


def nothing_in_a_step(lines: Lines) -> None:
    lines.insert(1, [])


FALSIFIED = {
    leave_out_a_leaf: "5 is no unit of the present stage without a sign",
    leave_out_the_last_leaf: "'nothing' where a cell is to be divided or closed",
    tell_a_leaf_twice: "a leaf where units have no sign yet",
    add_a_leaf_at_the_end: "something follows the last leaf",
    split_by_another_unit: "4 is no unit of the present stage without a sign",
    split_by_a_unit_of_a_later_stage: "7 is no unit of the present stage",
    split_by_the_same_unit_again: "is no unit of the present stage without a sign",
    split_by_the_last_unit_from_behind: "is no unit of the present stage",
    swap_two_leaves: "the point is not strictly inside the leaf",
    close_the_other_side: "it is not shown that unit . never has sign",
    close_no_side: "0 is no sign",
    close_without_multipliers: "multipliers without their rows",
    close_with_fewer_rows: "it is not shown that unit",
    close_with_a_row_without_its_multiplier: "multipliers without their rows",
    change_a_multiplier: "it is not shown that unit",
    change_the_sign_of_a_multiplier: "a multiplier that is not positive",
    a_multiplier_of_zero: "a multiplier that is not positive",
    a_multiplier_that_is_no_integer: "is no integer",
    use_a_row_whose_sign_is_not_known: "has no sign here",
    use_a_row_that_does_not_exist: "there is no row 12",
    use_a_wall_that_does_not_exist: "there is no row -5",
    close_a_cell_that_has_a_region: "it is not shown that unit . never has sign -1",
    move_a_point_into_another_region: "the point is not strictly inside the leaf",
    move_a_point_out_of_the_domain: "the point is not strictly inside the leaf",
    move_a_point_onto_the_boundary: "the point is not strictly inside the leaf",
    a_point_turned_inside_out: "not a point of this space",
    a_point_at_infinity: "not a point of this space",
    a_point_of_another_space: "not a point of this space",
    a_point_of_doubles: "is no integer",
    a_leaf_too_early: "a leaf where units have no sign yet",
    leave_out_a_facet: "nothing is said of row",
    leave_out_a_wall: "nothing is said of row -",
    leave_out_a_row_without_facet: "nothing is said of row",
    tell_a_facet_twice: "does not cut out the leaf, or is told of twice",
    tell_a_wall_twice: "does not cut out the leaf, or is told of twice",
    deny_a_facet: "it is not shown that row .* carries no facet",
    deny_a_facet_by_itself: "is compared with what is no other row of the leaf",
    deny_a_facet_on_a_wall_by_the_wall: "it is not shown that row -. of the leaf carries no facet",
    claim_a_facet_on_a_wall: "the way to the point leaves the leaf before row -1",
    a_wall_where_a_unit_is: "is no wall",
    a_facet_with_another_leaf: "row 5 does not cut out the leaf, or is told of twice",
    a_facet_with_itself: "there is no earlier leaf 1",
    a_facet_with_a_later_leaf: "there is no earlier leaf 40",
    a_facet_on_another_row_of_its_neighbour: "row . is not the other side of row -2 of leaf",
    a_point_that_is_not_beyond: "the point is not beyond row",
    a_way_that_leaves_elsewhere: "the way to the point leaves the leaf before row -2",
    something_else_of_a_row: "'ridge' of row . is not understood",
    more_regions: "regions: 49 claimed, 48 proved",
    fewer_facets: "facets: 81 claimed, 82 proved",
    a_false_diameter: "diameter: 11 claimed, 10 proved",
    another_claim: "unknown claims",
    a_diameter_without_facets: "unknown claims",
    facets_that_are_not_claimed: "facets that are not claimed",
    another_version: "version 2 of the format is not known",
    another_format: "not a proof of relureg",
    another_network: "it is of the network with sha256",
    a_larger_domain: "it is not shown that unit",
    a_smaller_domain: "the point is not strictly inside",
    a_domain_without_a_wall: "it is not shown that unit",
    a_wall_twice: "a wall stands twice",
    a_wall_without_direction: "a wall does not fit the inputs",
    a_slice: "it is not shown that unit|the point is not strictly inside",
    a_slice_of_other_inputs: "the slice does not fit the network",
    nothing_in_a_step: "not understood: IndexError",
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
    check_refused(lines, changed, tmp_path, "line 1: it is of the network with sha256")


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


def test_a_facet_with_a_leaf_across_the_same_hyperplane_is_refused(
    lines: Lines, network: bytes, tmp_path: Path
) -> None:
    """It lies on the other side, and elsewhere."""
    leaves = [line for line in lines[1:] if line[0] == "leaf"]
    refused = []
    for leaf, k in (entry(lines, "facet", number) for number in range(15)):
        _, unit, neighbour, behind, point = leaf[k]
        for other in range(neighbour) if unit == behind < 6 else ():
            changed = copy.deepcopy(lines)
            for line in changed[1:]:  # of the other leaf's row nothing else is told
                if line[0] == "leaf":
                    line[2:] = [told for told in line[2:] if told[2:4] != [other, unit]]
            theirs = changed[lines.index(leaves[other])]
            theirs[2:] = [told for told in theirs[2:] if told[1] != unit]
            changed[lines.index(leaf)][k] = ["facet", unit, other, unit, point or leaves[neighbour][1]]
            with pytest.raises(RefusedError) as caught:
                numbers(changed, network, tmp_path)
            refused.append(str(caught.value))
    assert any("is not on a facet of leaf" in reason for reason in refused)


def _layer(**changes: Any) -> dict[str, Any]:
    return {"weight": [[1, 2]], "bias": [0], "activation": "relu"} | changes


def _net(*layers: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"format": "relureg-network", "version": 1, "layers": layers} | changes).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not understood"),
        (b"[]", "not a network in relureg JSON"),
        (_net(), "not understood"),
        (_net(_layer(), format="onnx"), "not a network in relureg JSON"),
        (_net(_layer(), version=2), "another version of relureg JSON"),
        (_net(_layer(weight=[[1, True]])), "True is no number"),
        (_net(_layer(weight=[[1, float("nan")]])), "not understood"),
        (_net(_layer(weight=[[1, 2], [3, 4]])), "layer 1 does not fit"),
        (_net(_layer(), _layer()), "layer 2 does not fit"),
        (_net(_layer(), _layer(weight=[[1]], skips=[{"from": 2, "weight": [[1]]}])), "layer 2 does not fit"),
        (_net(_layer(activation="linear"), _layer(weight=[[1]])), "layer 1: convert it by relureg first"),
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
    forms, output, dim = read_network(network)
    assert content_hash([*forms, output], dim) == json_format.read(network, name="").sha256


def test_diameters() -> None:
    cycle = [(k, (k + 1) % 9) for k in range(9)]
    assert (diameter(1, []), diameter(2, [(0, 1)]), diameter(9, cycle), diameter(9, cycle[1:])) == (0, 1, 4, 8)
    with pytest.raises(RefusedError, match="the region graph is not connected"):
        diameter(3, [(0, 1)])


def test_nothing_false_is_accepted(proof: Lines, network: bytes, tmp_path: Path) -> None:
    """Any one number changed: what is still accepted, such as a point moved within its region, proves the same."""
    chance = random.Random(1)
    places = [(k, path) for k, line in enumerate(proof[1:], start=1) for path in _numbers(line)]
    accepted = 0
    for k, path in chance.sample(places, 150):
        lines = copy.deepcopy(proof)
        holder = lines[k]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = _another(holder[path[-1]], chance)
        try:
            assert numbers(lines, network, tmp_path) == PROVED
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
