"""The checker, of proofs of values and of constants: no way to falsify them gets past it."""

from __future__ import annotations

import copy
import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg.network import json_format
from relureg.proofs import checker
from relureg.proofs.checker import SQUARE, RefusedError, is_at_most
from tests.proofs.lines import Lines, read, said, write

CHECKER = Path(__file__).parents[2] / "checker" / "check_proof.py"
BOX = relureg.Domain.box([-1, -1], [1, 1])


@pytest.fixture(scope="module")
def network() -> relureg.Network:
    """2 inputs, units 0 to 3 and 4 to 7, 2 outputs, which the proof calls 8 and 9; a goal is 10."""
    rng = np.random.default_rng(3)
    sizes = (2, 4, 4, 2)
    weights = [(rng.integers(-9, 10, (m, n)) / 8).tolist() for n, m in itertools.pairwise(sizes)]
    return relureg.Network.from_layers(weights, [(rng.integers(-9, 10, m) / 16).tolist() for m in sizes[1:]])


@pytest.fixture(scope="module")
def data(network: relureg.Network) -> bytes:
    return json_format.write(network)


@pytest.fixture(scope="module")
def of_range(network: relureg.Network, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    path = tmp_path_factory.mktemp("range") / "proof"
    relureg.write_range_proof(network, relureg.output_range(network, BOX), path, domain=BOX)
    return read(path)


@pytest.fixture(scope="module")
def of_constant(network: relureg.Network, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    path = tmp_path_factory.mktemp("lipschitz") / "proof"
    found = relureg.lipschitz_constant(network, BOX)
    relureg.write_lipschitz_proof(relureg.enumerate_regions(network, BOX), [found], path)
    return read(path)


def first(lines: Lines, kind: str, number: int = 0) -> int:
    return [k for k, line in enumerate(lines) if isinstance(line, list) and line[0] == kind][number]


def test_the_checker_is_a_program(of_range: Lines, network: relureg.Network, data: bytes, tmp_path: Path) -> None:
    """The answers are those of the search, which are compared with the vertices of all regions elsewhere."""
    good, bad, net = write(of_range, tmp_path / "good"), write(of_range[:-1], tmp_path / "bad"), tmp_path / "net.json"
    net.write_bytes(data)
    run = [sys.executable, "-I", "-S", str(CHECKER)]
    done = subprocess.run([*run, str(good), str(net)], capture_output=True, text=True)
    assert done.returncode == 0
    words = done.stdout.splitlines()
    assert words[:2] == ["proved:", f"y are the outputs of the network with sha256 {network.sha256}"]
    for sentence, found in zip(words[2::2], relureg.output_range(network, BOX), strict=True):
        assert found.maximum.value is not None
        assert sentence.startswith("the largest value of y")
        assert f" is {checker.short(found.maximum.value)}, at x = (" in sentence
    done = subprocess.run([*run, str(bad), str(net)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"refused: line {len(of_range) - 1}: 'nothing' where a cell is to be divided")


# -- falsified: the claims of a range


def claim(lines: Lines, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = lines[0]["claims"][number]
    return found


def move(lines: Lines, number: int, by: int) -> None:
    """Another bound of the goal."""
    goal = claim(lines, number)["goals"][0]
    goal[2] = checker.whole(goal[2]) + by


def a_smaller_maximum(lines: Lines) -> None:
    move(lines, 0, -1)
    claim(lines)["kind"] = "never"


def a_larger_minimum(lines: Lines) -> None:
    move(lines, 1, 1)
    claim(lines, 1)["kind"] = "never"


def a_larger_maximum(lines: Lines) -> None:
    move(lines, 0, 1)


def another_output(lines: Lines) -> None:
    goal = claim(lines)["goals"][0]
    goal[-1], goal[-2] = goal[-2], goal[-1]


def not_strict(lines: Lines) -> None:
    claim(lines)["goals"][0][0] = ">="


def the_other_sense(lines: Lines) -> None:
    claim(lines)["goals"][0][0] = "<"


def no_sense(lines: Lines) -> None:
    """Which would be printed."""
    claim(lines)["goals"][0][0] = "> 7 or y0 <"


def not_strict_and_nowhere(lines: Lines) -> None:
    """The maximum itself is attained, so that the goal is reached."""
    not_strict(lines)
    claim(lines)["kind"] = "never"


def a_goal_that_does_not_fit(lines: Lines) -> None:
    claim(lines)["goals"][0].append(0)


def no_goal(lines: Lines) -> None:
    claim(lines)["goals"] = []


def another_point(lines: Lines) -> None:
    claim(lines)["at"] = [2, 1, 1]


def a_point_outside(lines: Lines) -> None:
    claim(lines)["at"] = [1, 2, 2]


def a_point_at_infinity(lines: Lines) -> None:
    claim(lines)["at"][0] = 0


def no_ray(lines: Lines) -> None:
    claim(lines)["kind"], claim(lines)["from"] = "endless", [1, 0, 0]


def a_ray_out_of_the_box(lines: Lines) -> None:
    claim(lines)["kind"], claim(lines)["at"] = "endless", [0, 1, 1]


def a_point_that_does_not_reach(lines: Lines) -> None:
    claim(lines)["kind"] = "reached"


def a_larger_box(lines: Lines) -> None:
    for number in range(4):
        claim(lines, number)["walls"] = [[3 * wall[0], *wall[1:]] for wall in claim(lines, number)["walls"]]


def a_box_without_a_wall(lines: Lines) -> None:
    del claim(lines)["walls"][1]


def a_wall_without_direction(lines: Lines) -> None:
    claim(lines)["walls"][0] = [1, 0, 0]


def a_slice(lines: Lines) -> None:
    claim(lines)["slice"] = {"over": 1, "rows": [[0, 1, 1], [0, 1, -1]]}


def a_slice_that_does_not_fit(lines: Lines) -> None:
    claim(lines)["slice"] = {"over": 1, "rows": [[0, 1, 1]]}


def no_claim(lines: Lines) -> None:
    lines[0]["claims"] = []


def another_kind(lines: Lines) -> None:
    claim(lines)["kind"] = "mostly"


def one_claim_less(lines: Lines) -> None:
    del lines[0]["claims"][3]


def another_network(lines: Lines) -> None:
    lines[0]["networks"][0] = lines[0]["networks"][0][::-1]


def a_network_more(lines: Lines) -> None:
    lines[0]["networks"] *= 2


def another_format(lines: Lines) -> None:
    lines[0]["format"] = "relureg-value-proof"


def another_version(lines: Lines) -> None:
    lines[0]["version"] = 1


# -- falsified: the tree


def leave_out_a_cell(lines: Lines) -> None:
    del lines[first(lines, "empty", 1)]


def leave_out_the_last_cell(lines: Lines) -> None:
    del lines[first(lines, "empty", -1)]


def tell_the_last_cell_twice(lines: Lines) -> None:
    lines.append(lines[-1])


def leave_out_bounds(lines: Lines) -> None:
    for line in lines[1:]:
        if line[0] == "bounds":
            del line[1:]


def close_the_first_cell(lines: Lines) -> None:
    """A weak bound: the whole box by the goal alone."""
    lines[1:2] = [["empty", 10, 1]]


def close_without_rows(lines: Lines) -> None:
    del lines[first(lines, "empty")][1:]


def close_by_a_wall(lines: Lines) -> None:
    lines[first(lines, "empty")][1:] = [-1, 1]


def a_multiplier_of_zero(lines: Lines) -> None:
    lines[first(lines, "empty")][2] = 0


def a_negative_multiplier(lines: Lines) -> None:
    lines[first(lines, "empty")][2] = -1


def a_multiplier_without_its_row(lines: Lines) -> None:
    lines[first(lines, "empty")].append(0)


def a_row_that_does_not_exist(lines: Lines) -> None:
    lines[first(lines, "empty")] += [99, 1]


def use_a_unit_without_a_sign(lines: Lines) -> None:
    lines.insert(1, ["empty", 10, 1, 0, 1])


def use_an_output_that_may_be_negative(lines: Lines) -> None:
    """The goal y_0 > B and a multiple of -y_0: an output has no sign, and is no row."""
    lines.insert(1, ["empty", 10, 1, 8, 1])


def a_count_of_regions(lines: Lines) -> None:
    """Whose tree would be one of goals."""
    claim(lines)["numbers"] = {"regions": 1}
    claim(lines)["kind"] = "regions"


def a_leaf_of_no_jacobian(lines: Lines) -> None:
    lines[first(lines, "empty")] = ["leaf"]


def cut_another_coordinate(lines: Lines) -> None:
    lines.insert(1, ["cut", 2, 1, 0])


def cut_from_behind(lines: Lines) -> None:
    lines.insert(1, ["cut", -1, 1, 0])


def cut_nowhere(lines: Lines) -> None:
    lines.insert(1, ["cut", 0, 0, 1])


def split_by_an_output(lines: Lines) -> None:
    lines.insert(1, ["split", 8])


def split_by_no_unit(lines: Lines) -> None:
    lines.insert(1, ["split", -1])


def bound_a_unit_before_those_that_it_reads(lines: Lines) -> None:
    lines.insert(1, ["bounds", 4, 5, 6, 7])


def close_the_wrong_side(lines: Lines) -> None:
    lines.insert(1, ["close", 0, 1, 1])


def close_both_sides(lines: Lines) -> None:
    lines.insert(1, ["close", 0, 0, 1])


def another_step(lines: Lines) -> None:
    lines.insert(1, ["guess", 0])


EMPTY = "a point may reach all goals"
FALSIFIED: dict[Callable[[Lines], None], str] = {
    a_smaller_maximum: EMPTY,
    a_larger_minimum: EMPTY,
    a_larger_maximum: "the value is not attained at the point",
    another_output: f"{EMPTY}|the value is not attained",
    not_strict: EMPTY,
    the_other_sense: EMPTY,
    no_sense: "'> 7 or y0 <' where a goal is to be compared",
    not_strict_and_nowhere: EMPTY,
    a_goal_that_does_not_fit: "not understood",
    no_goal: "not understood: IndexError",
    another_point: "the value is not attained at the point",
    a_point_outside: "the point is not in the domain",
    a_point_at_infinity: "not a point of this space",
    no_ray: "the function does not grow along the ray",
    a_ray_out_of_the_box: "the point is not in the domain",
    a_point_that_does_not_reach: "the point does not reach all goals",
    a_larger_box: f"{EMPTY}|the value is not attained",
    a_box_without_a_wall: "unit 0 has no bounds",
    a_wall_without_direction: "a wall does not fit the inputs",
    a_slice: f"{EMPTY}|the value is not attained",
    a_slice_that_does_not_fit: "the slice does not fit the network",
    no_claim: "no proof in version 2",
    another_kind: "the point does not reach all goals",
    a_count_of_regions: "the point does not reach all goals",
    one_claim_less: "something follows the last cell",
    another_network: "it is of networks with sha256",
    a_network_more: "it is of networks with sha256",
    another_format: "no proof in version 2",
    another_version: "no proof in version 2",
    leave_out_a_cell: ".",
    leave_out_the_last_cell: "'nothing' where a cell is to be divided or closed",
    tell_the_last_cell_twice: "something follows the last cell",
    leave_out_bounds: f"unit . has no bounds|{EMPTY}",
    close_the_first_cell: f"unit . has no bounds|{EMPTY}",
    close_without_rows: EMPTY,
    close_by_a_wall: EMPTY,
    a_multiplier_of_zero: "or its multiplier is 0",
    a_negative_multiplier: "or its multiplier is -1",
    a_multiplier_without_its_row: "not understood",
    a_row_that_does_not_exist: "row 99 has no sign",
    use_a_unit_without_a_sign: "row 0 has no sign",
    use_an_output_that_may_be_negative: "row 8 has no sign",
    a_leaf_of_no_jacobian: "'leaf' where a cell is to be|a leaf says nothing of goals",
    cut_another_coordinate: "not understood",
    cut_from_behind: "not understood",
    cut_nowhere: "not understood: ZeroDivisionError",
    split_by_an_output: "no unit without a sign",
    split_by_no_unit: "no unit without a sign",
    bound_a_unit_before_those_that_it_reads: "unit .* has no bounds",
    close_the_wrong_side: "unit 0 may have the sign 1",
    close_both_sides: "row 0 has no sign",
    another_step: "'guess' where a cell is to be divided or closed",
}


@pytest.mark.parametrize(("falsify", "reason"), FALSIFIED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_falsified_proof_is_refused(
    falsify: Callable[[Lines], None], reason: str, of_range: Lines, data: bytes, tmp_path: Path
) -> None:
    lines = copy.deepcopy(of_range)
    falsify(lines)
    with pytest.raises(RefusedError, match=f"^line \\d+.*({reason})"):
        said(lines, tmp_path, data)


def test_nothing_false_is_accepted(of_range: Lines, data: bytes, tmp_path: Path) -> None:
    """Any one number of the tree changed: what is still accepted proves the same."""
    chance, proved, accepted = random.Random(1), said(of_range, tmp_path, data), 0
    places = [(k, j) for k, line in enumerate(of_range) if k for j in range(1, len(line)) if type(line[j]) is int]
    for k, j in chance.sample(places, 30):
        lines = copy.deepcopy(of_range)
        lines[k][j] = chance.choice([-lines[k][j], lines[k][j] + 1, lines[k][j] - 1, 0, lines[k][j] * 1000 + 7])
        try:
            assert said(lines, tmp_path, data) == proved
            accepted += 1
        except RefusedError:
            pass
    assert 0 < accepted < 24


# -- falsified: Lipschitz constants


def a_smaller_upper_bound(lines: Lines) -> None:
    claim(lines)["high"], claim(lines)["low"] = claim(lines)["low"], [1, 2]


def bounds_below_zero(lines: Lines) -> None:
    """Whose squares are right."""
    for end in ("low", "high"):
        claim(lines)[end] = [
            "-" + value if i == 0 and type(value) is str else -value if i == 0 else value
            for i, value in enumerate(claim(lines)[end])
        ]


def a_larger_lower_bound(lines: Lines) -> None:
    claim(lines)["low"] = claim(lines)["high"]


def bounds_the_wrong_way(lines: Lines) -> None:
    claim(lines)["low"] = [100, 1]


def one_point_twice(lines: Lines) -> None:
    claim(lines)["at"][1] = claim(lines)["at"][0]


def other_norms(lines: Lines) -> None:
    claim(lines)["norms"] = ["inf", "1"]


def no_norms(lines: Lines) -> None:
    claim(lines)["norms"] = ["3", "2"]


def other_outputs(lines: Lines) -> None:
    claim(lines)["outputs"] = [1]


def an_output_that_does_not_exist(lines: Lines) -> None:
    claim(lines)["outputs"] = [2]


def leave_out_a_leaf(lines: Lines) -> None:
    del lines[first(lines, "leaf", 5)]


def a_leaf_too_early(lines: Lines) -> None:
    lines.insert(1, ["leaf"])


def a_leaf_that_is_said_to_be_empty(lines: Lines) -> None:
    lines[first(lines, "leaf", 5)] = ["empty", -1, 1]


def goals_of_a_constant(lines: Lines) -> None:
    """With which cells might be closed that have a larger Jacobian."""
    claim(lines)["goals"] = [[">", 1, 10**9, 0, 0, 1, 0]]


def close_another_side(lines: Lines) -> None:
    lines[first(lines, "close")][2] *= -1


OF_CONSTANTS: dict[Callable[[Lines], None], str] = {
    a_smaller_upper_bound: "the norm of a Jacobian is larger",
    bounds_below_zero: "no norms, or no bounds of one",
    a_larger_lower_bound: "two points do not show so large a constant",
    bounds_the_wrong_way: "no norms, or no bounds of one",
    one_point_twice: "two points do not show so large a constant",
    other_norms: "the norm of a Jacobian is larger|two points do not show",
    no_norms: "no norms, or no bounds of one",
    other_outputs: "two points do not show so large a constant",
    an_output_that_does_not_exist: "not understood: IndexError",
    leave_out_a_leaf: ".",
    a_leaf_too_early: "'leaf' where a cell is to be divided or closed",
    a_leaf_that_is_said_to_be_empty: "'empty' where a cell is to be divided or closed",
    goals_of_a_constant: "is no integer",
    close_another_side: "unit . may have the sign",
}


@pytest.mark.parametrize(("falsify", "reason"), OF_CONSTANTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_falsified_constant_is_refused(
    falsify: Callable[[Lines], None], reason: str, of_constant: Lines, data: bytes, tmp_path: Path
) -> None:
    lines = copy.deepcopy(of_constant)
    assert "the Lipschitz constant of y0, y1 from the 2-norm to the 2-norm" in said(lines, tmp_path, data)[1]
    falsify(lines)
    with pytest.raises(RefusedError, match=f"^line \\d+.*({reason})"):
        said(lines, tmp_path, data)


@pytest.mark.parametrize("p", ["1", "2", "inf"])
@pytest.mark.parametrize("q", ["1", "2", "inf"])
def test_norms_are_those_of_vectors(p: str, q: str) -> None:
    """No vector is stretched by more than what is accepted, and what is a little less than some stretch is refused."""
    rng = np.random.default_rng(5)
    for shape in ((1, 3), (3, 1), (2, 3), (3, 2), (3, 3)):
        matrix = [[int(x) for x in row] for row in rng.integers(-9, 10, shape)]
        every = [[int(x) for x in v] for v in rng.integers(-20, 21, (400, shape[1])) if v.any()]
        every += [[int(i == j) for i in range(shape[1])] for j in range(shape[1])]
        stretches = [
            Fraction(SQUARE[q]([sum(a * x for a, x in zip(row, v, strict=True)) for row in matrix]), SQUARE[p](v))
            for v in every
        ]
        most = max(stretches)
        assert not is_at_most(matrix, p, q, most * Fraction(999, 1000))
        assert is_at_most(matrix, p, q, most * Fraction(5, 4))


def test_a_matrix_of_rank_one_and_none() -> None:
    assert is_at_most([[0, 0], [0, 0]], "2", "2", Fraction(0))
    assert is_at_most([[3, 4], [0, 0]], "2", "2", Fraction(25))
    assert not is_at_most([[3, 4], [0, 0]], "2", "2", Fraction(25) - Fraction(1, 10**20))
    assert not is_at_most([[0, 0], [0, 1]], "2", "2", Fraction(0))
