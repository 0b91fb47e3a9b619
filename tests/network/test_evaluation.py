"""The walk along the stages in each arithmetic, against fractions on a network with skips."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from relureg import Domain, Network, maps
from relureg.complex.affine import exact_maps, float_output_maps
from relureg.exact.rational import RationalMatrix
from relureg.maps.exact_regions import pull_back_exactly
from relureg.maps.float_network import FloatNetwork
from relureg.maps.layer_merging import Merger
from relureg.network.affine_forms import CONSTANT, INPUT, AffineForm
from relureg.network.double_double import PairForm, Pairs
from relureg.network.evaluation import iter_values, last_value, pull_back
from relureg.network.model import Stage
from relureg.network.problem import Problem
from relureg.theory.stability import stable_units
from relureg.tropical.rational_map import tropical_map

THIRDS = {
    "z1": [["1/3", "-2/3"], ["1", "1/7"], ["-5/3", "4"]],
    "z2": [["2", "1/3"], ["-1", "1/5"]],
    "z2 of z1": [["-1/3", "1", "3/7"], ["1/9", "-2", "1"]],
    "output": [["0", "-1"]],
    "output of z1": [["3", "1/3", "0"]],
    "output of z2": [["-1/11", "5"]],
}


def matrix(rows: list[list[str]]) -> RationalMatrix:
    return RationalMatrix.from_fractions([[Fraction(x) for x in row] for row in rows], len(rows[0]))


@pytest.fixture(scope="module")
def network() -> Network:
    """Three units, then two that also read the input, then an output that reads all of these: no parameter a double."""
    first = AffineForm(constant=matrix([["1/3"], ["-1/7"], ["0"]]), terms={INPUT: matrix(THIRDS["z1"])})
    second = AffineForm(
        constant=matrix([["1/9"], ["-1/3"]]), terms={INPUT: matrix(THIRDS["z2"]), 1: matrix(THIRDS["z2 of z1"])}
    )
    output = AffineForm(
        constant=matrix([["1/13"]]),
        terms={
            INPUT: matrix(THIRDS["output"]), 1: matrix(THIRDS["output of z1"]), 2: matrix(THIRDS["output of z2"])
        },
    )  # fmt: skip
    stages = (Stage(pre_activation=first), Stage(pre_activation=second))
    return Network(name="skips", input_dim=2, stages=stages, output=output)


POINTS = [[0.5, -1.25], [2.0, 0.375], [-0.75, 3.0], [0.0, 0.0], [-2.0, -0.5]]


def by_hand(network: Network, point: list[float]) -> tuple[list[Fraction], Fraction]:
    """All pre-activations and the output, from the definition."""
    sources = {0: [Fraction(x) for x in point]}
    values: list[list[Fraction]] = []
    for number, form in enumerate([*(stage.pre_activation for stage in network.stages), network.output], start=1):
        value = [constant for (constant,) in form.constant.fractions()]
        for source, weights in form.terms.items():
            for unit, row in enumerate(weights.fractions()):
                value[unit] += sum(w * h for w, h in zip(row, sources[source], strict=True))
        values.append(value)
        sources[number] = [max(z, Fraction(0)) for z in value]
    return [z for stage in values[:-1] for z in stage], values[-1][0]


def signs_by_hand(network: Network, point: list[float]) -> NDArray[np.int8]:
    return np.array([(z > 0) - (z < 0) for z in by_hand(network, point)[0]], dtype=np.int8)


def of_affine_map(rows: RationalMatrix, constant: RationalMatrix, point: list[float]) -> Fraction:
    (row,), ((shift,),) = rows.fractions(), constant.fractions()
    return shift + sum(w * Fraction(x) for w, x in zip(row, point, strict=True))


def by_pulling_back(network: Network, point: list[float]) -> Fraction:
    return of_affine_map(*pull_back_exactly(network, network.output, signs_by_hand(network, point) > 0), point)


def by_composed_maps(network: Network, point: list[float]) -> Fraction:
    _, output = exact_maps(network, signs_by_hand(network, point))
    return of_affine_map(output.matrix, output.constant, point)


def by_merging(network: Network, point: list[float]) -> Fraction:
    active = signs_by_hand(network, point)[None] > 0
    above, below = Merger.of(network, exact=True).merge(active, np.zeros(1, dtype=np.intp))
    slopes = above.coefficients[INPUT][0] - below.coefficients[INPUT][0]
    rows = RationalMatrix.from_fractions([slopes.tolist()], 2)
    return of_affine_map(rows, RationalMatrix.from_fractions([[above.constants[0] - below.constants[0]]], 1), point)


EXACT: dict[str, Callable[[Network, list[float]], Fraction]] = {
    "rationals": lambda network, point: network.exact_output(point)[0],
    "affine maps, forth": by_composed_maps,
    "affine maps, back": by_pulling_back,
    "merged terms": by_merging,
    "tropical functions": lambda network, point: tropical_map(network).outputs[0]([Fraction(x) for x in point]),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("arithmetic", EXACT)
def test_exact_arithmetic_gives_the_output_itself(network: Network, arithmetic: str, point: list[float]) -> None:
    assert EXACT[arithmetic](network, point) == by_hand(network, point)[1]


def by_float_map(network: Network, point: list[float]) -> float:
    weights, bias = float_output_maps(network, signs_by_hand(network, point)[None])
    return float(weights[0, 0] @ point + bias[0, 0])


def by_float_rows(network: Network, point: list[float]) -> float:
    weights, bias = FloatNetwork.of(network).output_maps(signs_by_hand(network, point)[None] > 0)
    return float(weights[0, 0] @ point + bias[0, 0])


DOUBLES: dict[str, Callable[[Network, list[float]], float]] = {
    "points": lambda network, point: float(network([point])[0, 0]),
    "maxima": lambda network, point: float(FloatNetwork.of(network).outputs(np.array([point]))[0, 0]),
    "affine maps, forth": by_float_map,
    "affine maps, back": by_float_rows,
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("arithmetic", DOUBLES)
def test_doubles_give_it_up_to_rounding(network: Network, arithmetic: str, point: list[float]) -> None:
    assert abs(Fraction(DOUBLES[arithmetic](network, point)) - by_hand(network, point)[1]) < Fraction(1, 10**13)


@pytest.mark.parametrize("point", POINTS)
def test_pairs_of_doubles_give_it_within_their_bound(network: Network, point: list[float]) -> None:
    active = signs_by_hand(network, point) > 0
    forms = [PairForm.of(form) for form in network.forms]
    found = last_value(
        forms,
        Pairs.of(np.array([point])),
        lambda form, sources: form(np.ones(1), sources),
        lambda stage, z: z.where(active[network.units_of(stage)][None]),
    )
    off = abs(Fraction(found.high[0, 0]) + Fraction(found.low[0, 0]) - by_hand(network, point)[1])
    assert off <= Fraction(found.error[0, 0]) < Fraction(1, 10**24)


@pytest.mark.parametrize("point", POINTS)
def test_intervals_around_a_point_hold_its_signs(network: Network, point: list[float]) -> None:
    low, high = ([Fraction(x) + side * Fraction(1, 10**9) for x in point] for side in (-1, 1))
    proved = np.array(
        [sign for stage in stable_units(Problem(network=network, domain=Domain.box(low, high))) for sign in stage]
    )
    exact = signs_by_hand(network, point)
    assert (proved[exact != 0] == exact[exact != 0]).all()
    assert (proved[exact == 0] == 0).all()


def test_signs_and_regions_are_those_of_the_definition(network: Network) -> None:
    expected = np.array([signs_by_hand(network, point) for point in POINTS])
    found = maps.find_regions(network, POINTS).signs_of(slice(None))
    assert np.array_equal([network.exact_signs(point) for point in POINTS], expected)
    assert np.array_equal(found[expected != 0], expected[expected != 0])


def test_units_are_asked_for_when_the_next_value_is(network: Network) -> None:
    """So a caller may look at a stage before it says which of its units are active; those of the output none reads."""
    asked: list[int] = []
    forms: list[str] = ["first", "second", "output"]
    for number, value in enumerate(
        iter_values(forms, "x", lambda form, _: form, lambda stage, z: asked.append(stage) or z), start=1
    ):
        assert value == forms[number - 1]
        assert asked == list(range(1, number))
    assert not list(iter_values([], 0, lambda form, _: form, lambda _, z: z))


def test_pulling_back_leaves_out_stages_that_are_not_read() -> None:
    passed: list[int] = []

    def through(stage: int, rows: int) -> list[tuple[int, int]]:
        passed.append(stage)
        return [(stage - 2, 2 * rows), (CONSTANT, rows)]

    assert pull_back({4: 1, CONSTANT: 10}, 5, through) == {INPUT: 4, CONSTANT: 13}
    assert passed == [4, 2]
