"""Persistence diagrams that are known, and others against a reduction of the barycentric subdivision by hand."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gudhi.hera import bottleneck_distance

import relureg
from relureg.cli.main import run
from relureg.complex.complex import Complex
from relureg.complex.coordinates import exact_vertices
from relureg.errors import LimitReachedError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import AffineForm
from relureg.plots.colours import DARK
from relureg.topology import bottleneck as exact
from relureg.topology.face_complex import FaceComplex
from relureg.topology.filtration import FilterKind, Filtration, vertex_values

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"
Pairs = Counter[tuple[int, Fraction, Fraction | None]]


def _in_box(network: relureg.Network, low: Fraction | int, high: Fraction | int) -> Complex:
    dim = network.input_dim
    return relureg.enumerate_regions(network, relureg.Domain.box([low] * dim, [high] * dim))


def _pairs(diagram: relureg.PersistenceDiagram) -> Pairs:
    return Counter((pair.dimension, pair.birth, pair.death) for pair in diagram.pairs)


def _cross(dim: int) -> relureg.Network:
    """``-(|x_0| + ... + |x_(d-1)|)``."""
    rows = [[sign * int(k == axis) for k in range(dim)] for axis in range(dim) for sign in (1, -1)]
    return relureg.Network.from_layers([rows, [[-1] * len(rows)]], [[0] * len(rows), [0]])


@pytest.mark.parametrize("depth", [3, 6])
def test_each_tooth_of_a_sawtooth_is_a_class(depth: int) -> None:
    diagram = relureg.persistence(_in_box(relureg.load(TRUTH / f"saw_{depth}.json"), 0, 1))
    zero, one = Fraction(0), Fraction(1)
    assert _pairs(diagram) == {(0, zero, one): 2 ** (depth - 1), (0, zero, None): 1}
    assert diagram.betti(Fraction(1, 2), 0) == 2 ** (depth - 1) + 1


def test_a_cross_polytope_grows_from_the_corners_of_a_square_and_of_a_cube() -> None:
    at = [Fraction(-k) for k in range(4)]
    square = relureg.persistence(_in_box(_cross(2), -1, 1))
    assert _pairs(square) == {(0, at[2], at[1]): 3, (0, at[2], None): 1, (1, at[1], at[0]): 1}
    cube = relureg.persistence(_in_box(_cross(3), -1, 1))
    # 8 corners, 12 edges, 6 sides and the cube, at -3, -2, -1 and 0.
    assert _pairs(cube) == {
        (0, at[3], at[2]): 7, (0, at[3], None): 1, (1, at[2], at[1]): 5, (2, at[1], at[0]): 1,
    }  # fmt: skip
    assert (cube.least, cube.largest, cube.check.passed) == (at[3], at[0], True)


def test_values_that_doubles_cannot_tell_apart_are_in_order() -> None:
    tiny = Fraction(1, 10**30)
    values = [Fraction(0), Fraction(1), tiny, 1 + tiny, 2 * tiny]  # at 0, 1, 2, 3, 4
    slopes = [b - a for a, b in itertools.pairwise(values)]
    bends = [b - a for a, b in itertools.pairwise([Fraction(0), *slopes])]
    network = relureg.Network.from_layers([[[1]] * 4, [bends]], [[0, -1, -2, -3], [0]])
    diagram = relureg.persistence(_in_box(network, 0, 4))
    assert _pairs(diagram) == {(0, Fraction(0), None): 1, (0, tiny, Fraction(1)): 1, (0, 2 * tiny, 1 + tiny): 1}


def test_a_unit_is_its_pre_activation() -> None:
    diagram = relureg.persistence(_in_box(relureg.load(TRUTH / "saw_3.json"), 0, 1), "unit:1:1")
    assert _pairs(diagram) == {(0, Fraction(-1, 2), None): 1}  # x - 1/2


def test_distances_in_a_path_have_one_class() -> None:
    path = _in_box(relureg.load(TRUTH / "saw_3.json"), 0, 1)
    assert _pairs(relureg.persistence(path, "distance:0")) == {(0, Fraction(0), None): 1}
    assert relureg.persistence(path, "distance:0").largest == path.graph.eccentricity(0)


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("int_2-6-6-1", "output:0"), ("int_2-6-6-1", "unit:2:3"), ("int_2-6-6-1", "distance:5"),
        ("random", "output:0"), ("random", "unit:2:0"), ("random", "distance:2"),
    ],
)  # fmt: skip
def test_the_barycentric_subdivision_has_the_same_classes(name: str, by: str) -> None:
    network = relureg.random_network([3, 4, 3, 1], seed=5) if name == "random" else relureg.load(TRUTH / f"{name}.json")
    cells = _in_box(network, -1, 2)
    diagram = relureg.persistence(cells, by)
    faces = FaceComplex.of(cells)
    values = _face_values(cells, faces, by)
    assert _pairs(diagram) == _by_hand(faces, values)
    for value in sorted(set(values))[:: max(1, len(set(values)) // 7)]:
        euler = sum((-1) ** int(dim) for dim, at in zip(faces.chains.dims, values, strict=True) if at <= value)
        assert euler == sum((-1) ** k * diagram.betti(value, k) for k in range(4))


def _face_values(cells: Complex, faces: FaceComplex, by: str) -> list[Fraction]:
    """The value at which each face comes: outputs and units at its vertices, or distances of its regions."""
    filtration = Filtration.parse(by, cells.network)
    members = [frozenset(faces.vertices[a:b].tolist()) for a, b in itertools.pairwise(faces.vertex_starts.tolist())]
    if filtration.kind is FilterKind.DISTANCE:
        steps = cells.graph.distances_from(filtration.number).tolist()
        cells_of = [frozenset(cells.vertex_numbers(region).tolist()) for region in range(cells.num_regions)]
        return [
            Fraction(min(step for step, cell in zip(steps, cells_of, strict=True) if face <= cell)) for face in members
        ]
    points, _ = exact_vertices(cells.problem, cells.records, cells.incidences)
    at = [_at(cells, filtration, point) for point in points]
    return [max(at[vertex] for vertex in face) for face in members]


def _at(cells: Complex, filtration: Filtration, point: tuple[Fraction, ...]) -> Fraction:
    if filtration.kind is FilterKind.OUTPUT:
        return cells.network.exact_output(point)[filtration.number]
    # The pre-activation of a unit, as the output of the network cut off before it.
    stages, number = cells.network.stages, filtration.number
    stage = next(k for k in range(len(stages)) if number < sum(cells.network.widths[: k + 1]))
    row = number - sum(cells.network.widths[:stage])
    form = stages[stage].pre_activation.entries(np.array([row]))
    return cells.network.replace(stages=stages[:stage], output=form).exact_output(point)[0]


def _by_hand(faces: FaceComplex, values: list[Fraction]) -> Pairs:
    """Chains of faces, each at its latest face, and the boundary matrix reduced column by column [EH10, VII.1]."""
    members = [frozenset(faces.vertices[a:b].tolist()) for a, b in itertools.pairwise(faces.vertex_starts.tolist())]
    chains = [(k,) for k in range(len(members))]
    found = list(chains)
    while chains:
        chains = [(*chain, top) for chain in chains for top in range(len(members)) if members[chain[-1]] < members[top]]
        found += chains
    worth = [max(values[k] for k in chain) for chain in found]
    order = sorted(range(len(found)), key=lambda k: (worth[k], len(found[k])))
    place = {found[k]: n for n, k in enumerate(order)}
    columns: dict[int, set[int]] = {}
    pairs: Pairs = Counter()
    unpaired = {}
    for n, k in enumerate(order):
        chain = found[k]
        column = {place[chain[:i] + chain[i + 1 :]] for i in range(len(chain))} if len(chain) > 1 else set()
        while column and max(column) in columns:
            column ^= columns[max(column)]
        if not column:
            unpaired[n] = (len(chain) - 1, worth[k])
            continue
        columns[max(column)] = column
        dimension, birth = unpaired.pop(max(column))
        if birth < worth[k]:
            pairs[dimension, birth, worth[k]] += 1
    pairs.update((dimension, birth, None) for dimension, birth in unpaired.values())
    return pairs


def test_identical_networks_are_0_apart_and_shifted_ones_as_far_as_they_are_shifted() -> None:
    network = relureg.load(TRUTH / "int_2-6-6-1.json")
    form = network.output
    shift = Fraction(1, 3)
    moved = network.replace(output=form + AffineForm.of_constant(RationalMatrix.from_fractions([[shift]], 1)))
    one, two = (relureg.persistence(_in_box(each, -2, 2)) for each in (network, moved))
    assert one.bottleneck_distance(one) == 0
    assert one.bottleneck_distance(two) == two.bottleneck_distance(one) == shift
    assert one.bottleneck_distance(two, 1) == 0  # neither has a hole
    saws = [relureg.persistence(_in_box(relureg.load(TRUTH / f"saw_{k}.json"), 0, 1)) for k in (3, 6)]
    assert saws[0].bottleneck_distance(saws[1]) == Fraction(1, 2)  # the teeth that are too many


def test_bottleneck_distances_are_those_of_hera_and_of_all_matchings() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        one, two = (
            [(Fraction(int(a), 7), Fraction(int(a + b), 7)) for a, b in random.integers(1, 30, (count, 2))]
            for count in random.integers(1, 9, 2)
        )
        found = exact.bottleneck(one, two)
        assert found is not None
        theirs = bottleneck_distance(*(np.array(points, dtype=float) for points in (one, two)), delta=0)
        assert float(found) == pytest.approx(theirs, rel=1e-12)
        if len(one) + len(two) <= 7:
            assert found == _over_all_matchings(one, two)


def _over_all_matchings(one: list[tuple[Fraction, Fraction]], two: list[tuple[Fraction, Fraction]]) -> Fraction:
    rows = [*one, *([None] * len(two))]
    columns = [*two, *([None] * len(one))]

    def length(a: tuple[Fraction, Fraction] | None, b: tuple[Fraction, Fraction] | None) -> Fraction:
        if a is not None and b is not None:
            return max(abs(a[0] - b[0]), abs(a[1] - b[1]))
        alone = a or b
        return Fraction(0) if alone is None else (alone[1] - alone[0]) / 2

    return min(
        max(length(a, columns[k]) for a, k in zip(rows, order, strict=True))
        for order in itertools.permutations(range(len(columns)))
    )


def test_lengths_that_doubles_cannot_tell_apart_are_told_apart() -> None:
    tiny = Fraction(1, 10**30)
    one = [(Fraction(0), Fraction(10)), (Fraction(100), Fraction(110))]
    two = [(1 + tiny, Fraction(10)), (100 + 1 - tiny, Fraction(110))]
    assert exact.bottleneck(one, two) == 1 + tiny
    assert exact.bottleneck(one[1:], two[1:]) == 1 - tiny


def test_bottleneck_distances_that_are_infinite_or_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exact.bottleneck([(Fraction(0), None)], []) is None
    assert exact.bottleneck([(Fraction(0), None), (Fraction(5), None)], [(Fraction(4), None), (Fraction(2), None)]) == 2
    assert exact.bottleneck([], []) == 0
    with pytest.raises(UsageError, match="beyond the doubles"):
        exact.bottleneck([(Fraction(0), Fraction(10**400))], [])
    monkeypatch.setattr(exact, "MAX_POINTS", 1)
    with pytest.raises(LimitReachedError, match="1 and 1 classes are too many"):
        exact.bottleneck([(Fraction(0), Fraction(1))], [(Fraction(0), Fraction(1))])


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("output:1", "by: there is no output 1; there are 0 to 0"),
        ("unit:3:0", "by: there is no stage 3; there are 1 to 2"),
        ("unit:0:0", "by: there is no stage 0; there are 1 to 2"),
        ("unit:1:6", "by: there is no unit 6 in stage 1; there are 0 to 5"),
        ("distance:34", "by: there is no region 34; there are 0 to 33"),
        ("output", "by: 'output' is no filtration"),
        ("output:-1", "by: 'output:-1' is no filtration"),
        ("height:0", "by: 'height:0' is no filtration"),
    ],
)
def test_what_is_no_filtration(by: str, message: str) -> None:
    cells = _in_box(relureg.load(TRUTH / "int_2-6-6-1.json"), -2, 2)
    with pytest.raises(UsageError) as caught:
        relureg.persistence(cells, by)
    assert str(caught.value).startswith(message)


def test_a_network_without_units_has_no_stage_to_filter_by() -> None:
    cells = _in_box(relureg.Network.from_layers([[[1, 2]]], [[1]]), -1, 1)
    assert _pairs(relureg.persistence(cells)) == {(0, Fraction(-2), None): 1}
    with pytest.raises(UsageError, match="there is no stage 1; there is none at all"):
        relureg.persistence(cells, "unit:1:0")


def test_the_command_compares_writes_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written, picture = tmp_path / "d.csv", tmp_path / "d.svg"
    options = ["--box", "0", "1", "--compare", str(TRUTH / "saw_6.json"), "-o", str(written), "--plot", str(picture)]
    assert run(["persistence", str(TRUTH / "saw_3.json"), *options, "--theme", "dark", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["compared"]["bottleneck"] == [{"dimension": 0, "distance": {"num": 1, "den": 2, "float": 0.5}}]
    assert told["checks"]["contractible"] is True
    assert told["files"] == [str(written), str(picture)]
    rows = list(csv.DictReader(written.read_text().splitlines()))
    assert len(rows) == len(told["classes"]) == 5
    assert rows[0] == {"dimension": "0", "birth": "0.0", "death": "1.0", "birth_exact": "0", "death_exact": "1"}
    assert rows[-1]["death"] == ""
    content = picture.read_text()
    assert content.startswith("<?xml")
    assert DARK.accent in content


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 2, "error: persistent homology needs a bounded domain; give a --box"),
        (["--box", "-2", "2", "--by", "unit:9:0"], 2, "error: --by: there is no stage 9; there are 1 to 2"),
        (["--box", "-2", "2", "--theme", "dark"], 2, "error: --theme: it goes with --plot"),
        (["--box", "-2", "2", "-o", "d.txt"], 2, "error: d.txt: the suffix is not one of .csv, .json"),
        (["--box", "-2", "2", "--max-regions", "9"], 4, "error: stopped by the limit of 9 regions"),
    ],
)
def test_what_the_command_refuses(
    options: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["persistence", str(TRUTH / "int_2-6-6-1.json"), *options]) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert not shown.out


def test_the_values_at_vertices_are_those_of_the_network() -> None:
    cells = _in_box(relureg.load(TRUTH / "int_2-6-6-1.json"), -2, 2)
    points, numbers = exact_vertices(cells.problem, cells.records, cells.incidences)
    values = vertex_values(cells, Filtration.parse("output:0", cells.network), points, numbers)
    assert values == [cells.network.exact_output(point)[0] for point in points]
