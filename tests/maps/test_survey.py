"""Data sets at once: what the parts tell one by one, put together."""

from __future__ import annotations

import numpy as np
import pytest

import relureg
from relureg import maps
from relureg.errors import ArgumentIndexError, UsageError

NETWORK = relureg.load("fixtures/maps/digits-8.json")
TRAIN = maps.read_data(NETWORK, "fixtures/maps/digits.npz", "y")
TEST = maps.read_data(NETWORK, "fixtures/maps/digits-test.npz", "y")


def test_a_survey_is_what_its_parts_find() -> None:
    found = maps.survey_points(NETWORK, TRAIN, TEST, around=(3, 0), chunk=100)
    alone = maps.local_maps(NETWORK, TRAIN.points)
    assert np.array_equal(found.data.regions.region, alone.regions.region)
    assert (found.data.num_maps, found.data.classes.tolist()) == (alone.num_maps, alone.classes.tolist())
    assert found.data.accuracy == maps.accuracy(NETWORK, TRAIN) == (alone.classes == TRAIN.labels).mean()
    assert found.nearest == maps.nearest_facets(NETWORK, TRAIN.points)
    assert [point for point, _ in found.around] == [3, 0]
    assert found.around[0][1] == maps.region_around(NETWORK, TRAIN.points[3])
    assert found.test is not None
    patterns = [set(use.regions.patterns(NETWORK)) for use in (found.data, found.test)]
    shared = [pattern in patterns[0] for pattern in found.test.regions.patterns(NETWORK)]
    assert found.num_shared == sum(shared)
    with pytest.raises(ValueError, match="read-only"):
        found.data.classes[0] = 1


def test_what_was_not_asked_for_is_none() -> None:
    found = maps.survey_points(NETWORK, maps.Dataset(points=TRAIN.points[:5], labels=None), nearest=False)
    assert (found.test, found.num_shared, found.nearest, found.around) == (None, None, None, ())
    assert (found.data.labels, found.data.accuracy) == (None, None)
    assert maps.accuracy(NETWORK, maps.Dataset(points=TRAIN.points[:5], labels=None)) is None


def test_points_that_are_not_there() -> None:
    for point in (5, -1):
        with pytest.raises(ArgumentIndexError, match=f"there is no row {point}; rows are 0 to 4"):
            maps.survey_points(NETWORK, maps.Dataset(points=TRAIN.points[:5], labels=None), around=[point])


def test_an_extraction_is_what_its_parts_find() -> None:
    found = maps.extract_and_compare(NETWORK, TRAIN, TEST, stages=True)
    function = maps.extract(NETWORK, TRAIN.points)
    assert found.function == function
    assert found.checks == {"theorem_3_3": True}
    assert found.test is not None
    assert found.test.classes.tolist() == function.predict(TEST.points).tolist()
    assert found.test.accuracy == maps.accuracy(NETWORK, TEST)
    assert found.test.extracted_accuracy == function.score(TEST.points, TEST.labels)
    assert found.test.similarity == maps.compare_coefficients(NETWORK, function, TEST.points)
    assert found.test.agreement == found.test.similarity.agree.mean()
    assert found.test.stages == maps.agreement_by_stage(NETWORK, TRAIN.points, TEST.points, TEST.labels)


def test_stages_need_test_points() -> None:
    with pytest.raises(UsageError, match="stages are compared on test points"):
        maps.extract_and_compare(NETWORK, TRAIN, stages=True)
