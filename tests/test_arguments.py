"""Likely mistakes in calls: one error of relureg's own, which is also the builtin one, and says what to write."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import maps, tropical
from relureg.engine.gathering import gather
from relureg.engine.limits import Watch
from relureg.engine.lp import find_regions
from relureg.errors import (
    ArgumentIndexError,
    ArgumentTypeError,
    ArgumentValueError,
    DomainError,
    ReluregError,
    UsageError,
)
from relureg.network.editing import without_unit
from relureg.network.problem import Problem
from relureg.tropical.analysis import select_output

TRUTH = Path(__file__).parents[1] / "fixtures" / "truth"
NET = relureg.load(TRUTH / "int_2-6-6-1.json")
CELLS = relureg.enumerate_regions(NET)
BOX = relureg.Domain.box([-1, -1], [1, 1])
POINTS = [[0.5, 0.5]]

MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a file for a network": (lambda: relureg.count_regions("net.json"), TypeError,
                             "network: 'net.json' is not a Network; relureg.load reads one from a file"),
    "no biases": (lambda: relureg.Network.from_layers([[[1.0]]], None), TypeError,  # type: ignore[arg-type]
                  "biases: None is not a sequence; one array for each layer is needed"),
    "a list for a domain": (lambda: relureg.count_regions(NET, [-1, 1]), TypeError,
                            "domain: [-1, 1] is not a Domain; Domain.box("),
    "the class for a network": (lambda: relureg.enumerate_regions(relureg.Network), TypeError,
                                "network: the class Network is not a Network"),
    "widths for a network": (lambda: relureg.bounds([2, 3]), TypeError,
                             "network: [2, 3] is not a Network; for widths alone write widths=[2, 16, 16]"),
    "a number for widths": (lambda: relureg.bounds(widths=3), TypeError, "widths: 3 is not a sequence"),
    "a width of halves": (lambda: relureg.bounds(widths=[2, 2.5]), TypeError, "widths[1]: 2.5 is not a whole number"),
    "numbers for bounds": (lambda: relureg.Domain.box(-1, 1), TypeError,
                           "low: -1 is not a sequence; write [-1] * d for d inputs"),
    "a text for bounds": (lambda: relureg.Domain.box("01", "12"), TypeError, "low: '01' is not a sequence"),
    "words for bounds": (lambda: relureg.Domain.box([0, "a"], [1, 1]), TypeError, "low[1]: 'a' is not a number"),
    "a flat polytope": (lambda: relureg.Domain.polytope([1, 2], [3]), TypeError, "matrix[0]: 1 is not a sequence"),
    "half a job": (lambda: relureg.count_regions(NET, jobs=1.5), TypeError, "jobs: 1.5 is not a whole number"),
    "yes to jobs": (lambda: relureg.count_regions(NET, jobs=True), TypeError, "jobs: True is not a whole number"),
    "no job": (lambda: relureg.enumerate_regions(NET, jobs=0), ValueError, "jobs is 0; at least 1 is needed"),
    "a text for seconds": (lambda: relureg.count_regions(NET, timeout="5"), TypeError, "timeout: '5' is not a number"),
    "no seconds": (lambda: relureg.count_regions(NET, timeout=-1), ValueError, "timeout is -1; a positive number"),
    "NaN seconds": (lambda: relureg.count_regions(NET, timeout=math.nan), ValueError, "timeout is nan; a positive"),
    "half a region": (lambda: relureg.count_regions(NET, max_regions=2.5), TypeError, "max_regions: 2.5 is not a"),
    "no region": (lambda: relureg.count_regions(NET, max_regions=0), ValueError, "max_regions is 0; at least 1"),
    "an engine that is not": (lambda: relureg.count_regions(NET, engine="splt"), UsageError,
                              "there is no engine 'splt' (did you mean 'split'?); choose auto, split, dictionaries"),
    "an engine by number": (lambda: relureg.count_regions(NET, engine=1), TypeError, "engine: 1 is not a text"),
    "audit by word": (lambda: relureg.enumerate_regions(NET, audit="no"), TypeError, "audit: 'no' is not True or"),
    "progress by word": (lambda: relureg.count_regions(NET, progress="yes"), TypeError, "progress: 'yes' is not a"),
    "a number for a path": (lambda: relureg.load(123), TypeError, "path: 123 is not the path of a file"),
    "a number to save to": (lambda: relureg.save(NET, 5), TypeError, "path: 5 is not the path of a file"),
    "a complex to save": (lambda: relureg.save(CELLS, "a.json"), TypeError, "network: a Complex is not a Network"),
    "a network to export": (lambda: relureg.save_graph(NET, "a.csv"), TypeError, "cells: a Network is not a Complex"),
    "breakpoints of a network": (lambda: relureg.breakpoints(NET), TypeError,
                                 "cells: a Network is not a Complex; relureg.enumerate_regions finds"),
    "a slice by a number": (lambda: relureg.Slice.through(3), TypeError, "points: 3 is not a sequence"),
    "a ragged slice": (lambda: relureg.Slice.along([0, 0], [[1, 2, 3]]), UsageError, "the same number of coordinates"),
    "a slice of texts": (lambda: relureg.Slice.through([["a", "b"], [0, 1]]), TypeError, "points[0][0]: 'a' is not a"),
    "texts for points": (lambda: NET([["a", "b"]]), TypeError, "points: [['a', 'b']] is not an array of numbers"),
    "ragged points": (lambda: NET([[1, 2], [3]]), TypeError, "its rows are not equally long"),
    "a gap in points": (lambda: NET([[None, 0]]), TypeError, "is not an array of numbers"),
    "NaN in points": (lambda: NET([[math.nan, 0]]), UsageError, "points need finite coordinates"),
    "one point": (lambda: NET([1.0, 2.0]), UsageError, "points need shape (points, 2), not (2,)"),
    "a point too long": (lambda: BOX.has_inside([0, 0, 0]), UsageError, "a point needs 2 coordinates, not 3"),
    "a point of NaN": (lambda: BOX.exact_signs([0, math.nan]), UsageError, "finite coordinates"),
    "a slice of another space": (lambda: relureg.Slice.through([[0], [1]]).embed([[1, 2]]), UsageError, "(points, 1)"),
    "a seed of halves": (lambda: relureg.random_network([2, 3], seed=1.5), TypeError, "seed: 1.5 is not a whole"),
    "an initialisation": (lambda: relureg.random_network([2, 3], "spars"), UsageError, "did you mean 'sparse'?"),
    "a construction": (lambda: relureg.construct("shii"), UsageError, "'shii' (did you mean 'shi'?)"),
    "maps of a file": (lambda: maps.local_maps("net.json", POINTS), TypeError, "network: 'net.json' is not a Network"),
    "no clusters": (lambda: maps.cluster_maps(NET, POINTS, POINTS, k=3), TypeError, "k: 3 is not a sequence"),
    "tropical file": (lambda: tropical.tropical_map("net.json"), TypeError, "network: 'net.json' is not a Network"),
    "an infinite level": (lambda: tropical.level_set(NET, tropical.tropical_map(NET).outputs[0], level=math.inf),
                          ValueError, "level is inf; a finite number is needed"),
    "a NaN offset": (lambda: relureg.load(TRUTH / "xor.json", offset=math.nan), ValueError, "offset is nan; a finite"),
    "NaN for a bound": (lambda: relureg.Domain.box([math.nan], [1]), DomainError, "x0: the lower bound nan is"),
    "784 bounds": (lambda: relureg.count_regions([0.0] * 784), TypeError, "network: a list of 784 is not a Network"),
    "a long word": (lambda: relureg.count_regions(NET, engine="x" * 5000), UsageError, "'xxxxxxxx"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_line(mistake: str) -> None:
    call, builtin, message = MISTAKES[mistake]
    with pytest.raises(UsageError) as caught:
        call()
    assert isinstance(caught.value, builtin)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


WRONG = [
    None, "x", b"x", -1, 10**30, 1.5, math.nan, True, [], [1, 2], [[1, 2, 3]], [["a"]], {"a": 1}, object(), {1},
    np.zeros((2, 2, 2)), np.array("x"), Fraction(1, 3), 1j, NET, BOX, CELLS, int,
]  # fmt: skip


@pytest.mark.parametrize("call", [
    relureg.load, relureg.load_complex, relureg.journal_status, relureg.breakpoints, relureg.check_theorems,
    relureg.count_regions, relureg.count_problem, relureg.enumerate_problem, relureg.enumerate_regions, relureg.bounds,
    relureg.random_network, relureg.construct,
    relureg.stored_graph, relureg.Slice.through, NET, NET.pre_activations, NET.exact_output, NET.exact_signs,
    BOX.intersect, BOX.has_inside, BOX.exact_signs, BOX.check_fits, CELLS.pattern, CELLS.point, CELLS.polyhedron,
    CELLS.affine_map, CELLS.affine_maps, CELLS.neighbours, CELLS.vertex_numbers, CELLS.locate, CELLS.save,
    CELLS.graph.distances_from, CELLS.graph.neighbours_of, CELLS.graph.eccentricity,
    tropical.tropical_map, tropical.parse, tropical.zonotope, tropical.network_of, tropical.dual_subdivision,
    maps.compare_everywhere,
    lambda wrong: relureg.count_regions(NET, wrong), lambda wrong: relureg.count_regions(NET, engine=wrong),
    lambda wrong: relureg.count_regions(NET, jobs=wrong), lambda wrong: relureg.count_regions(NET, timeout=wrong),
    lambda wrong: relureg.count_regions(NET, max_regions=wrong), lambda wrong: relureg.count_regions(NET, audit=wrong),
    lambda wrong: relureg.bounds(widths=wrong), lambda wrong: relureg.Domain.box(wrong, wrong),
    lambda wrong: relureg.Domain.polytope(wrong, wrong), lambda wrong: relureg.Slice.along(wrong, wrong),
    lambda wrong: relureg.save(wrong, "a.json"), lambda wrong: maps.local_maps(NET, wrong),
    lambda wrong: maps.nearest_facets(NET, wrong), lambda wrong: maps.region_around(NET, wrong),
])  # fmt: skip
def test_no_wrong_argument_fails_in_the_depth(call: Callable[[Any], Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    messages = [_message(call, wrong) for wrong in WRONG]
    assert any(messages)
    assert max(map(len, messages)) < 250


def _message(call: Callable[[Any], Any], wrong: Any) -> str:
    """What relureg says of it; nothing where it is a right argument."""
    try:
        call(wrong)
    except ReluregError as error:
        return str(error)
    return ""


def test_negative_numbers_count_from_the_end_everywhere() -> None:
    last = CELLS.num_regions - 1
    for ask in (
        CELLS.pattern, CELLS.point, CELLS.neighbours, CELLS.records.point, CELLS.graph.eccentricity,
        lambda region: CELLS.vertex_numbers(region).tolist(), lambda region: CELLS.affine_map(region).matrix,
        lambda region: CELLS.polyhedron(region).vertices, lambda region: CELLS.graph.neighbours_of(region).tolist(),
        lambda region: CELLS.graph.distances_from(region).tolist(),
        lambda region: CELLS.affine_maps([region])[0].tolist(),
    ):  # fmt: skip
        assert ask(-1) == ask(last)
        assert ask(-last - 1) == ask(np.int64(0))
        for region in (last + 1, -last - 2, 10**30):
            with pytest.raises(ArgumentIndexError, match=r"there is no region .*numbered 0 to 48") as caught:
                ask(region)
            assert isinstance(caught.value, IndexError)
    assert without_unit(NET, 1, -1) == without_unit(NET, 1, 5)
    two = relureg.random_network([2, 3], outputs=2)
    assert select_output(two, -1) == select_output(two, 1)
    with pytest.raises(ArgumentIndexError, match="no output 2; they are numbered 0 to 1"):
        select_output(two, 2)


def test_the_last_point_of_thin_regions_is_exact() -> None:
    """A point that no double is near enough to is found by -1, too."""
    thin = relureg.Network.from_layers([[[1.0], [1.0]], [[1.0, 1.0]]], [[-1.0, -1.0 - 2**-52], [0.0]])
    problem = Problem(network=thin)
    records = gather(find_regions(problem, Watch())[0], problem)
    for region in range(-3, 0):
        assert records.point(region) == records.point(region + 3)


def test_numbers_of_numpy_are_numbers() -> None:
    few = relureg.count_regions(NET, max_regions=np.int32(10**6), timeout=np.float32(100), jobs=np.int64(1))
    assert few.num_regions == 49
    assert relureg.Domain.box(np.array([-1, -1]), np.array([1.0, 1.0])) == BOX
    assert relureg.construct("shi", {"n": 4}).regions == relureg.construct("shi", {"n": "4"}).regions == 125


@pytest.mark.parametrize(("error", "builtin"), [
    (ArgumentTypeError, TypeError), (ArgumentValueError, ValueError), (ArgumentIndexError, IndexError),
])  # fmt: skip
def test_errors_are_of_both_families(error: type[UsageError], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)
    assert (error.exit_code, error.kind) == (2, "usage")
