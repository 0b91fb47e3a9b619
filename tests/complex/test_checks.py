"""A damaged list of regions does not pass: each kind of damage is named by a check."""

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

import relureg
from relureg import Complex
from relureg.complex.checks import failures
from relureg.engine.records import Records
from relureg.errors import LimitReachedError
from tests.contract.networks import generated


@pytest.fixture(scope="module", params=["lp", "split"])
def cells(request: pytest.FixtureRequest) -> Complex:
    return relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"), engine=request.param)


def _with_regions(records: Records, keep: list[int]) -> Records:
    """The same columns for the regions `keep`, in that order, repeated where it repeats."""
    rows = [np.flatnonzero(records.facet_region == region) for region in keep]
    facet_rows = np.concatenate(rows)
    units = [
        records.facet_units[records.facet_starts[row] : records.facet_starts[row + 1]] for row in facet_rows.tolist()
    ]
    return dataclasses.replace(
        records,
        patterns=records.patterns[keep],
        vanishing=records.vanishing[keep],
        bounded=records.bounded[keep],
        points=records.points[keep],
        exact_points=MappingProxyType({}),
        facet_region=np.repeat(np.arange(len(keep)), [len(row) for row in rows]),
        facet_on_boundary=records.facet_on_boundary[facet_rows],
        facet_starts=np.concatenate([[0], np.cumsum([len(u) for u in units])]).astype(np.int64),
        facet_units=np.concatenate(units),
    )


def _failed(cells: Complex, records: Records) -> set[str]:
    return {check.name for check in failures(dataclasses.replace(cells, records=records).checks)}


def _without_one_region(records: Records) -> Records:
    return _with_regions(records, [r for r in range(records.num_regions) if r != 17])


def _with_one_region_twice(records: Records) -> Records:
    return _with_regions(records, [*range(records.num_regions), 17])


def _with_one_facet_flipped(records: Records) -> Records:
    units = records.facet_units.copy()
    units[0] = (units[0] + 1) % records.num_units
    return dataclasses.replace(records, facet_units=units)


def _with_one_facet_missing(records: Records) -> Records:
    keep = np.arange(len(records.facet_region)) != 5
    lengths = np.diff(records.facet_starts)
    return dataclasses.replace(
        records,
        facet_region=records.facet_region[keep],
        facet_on_boundary=records.facet_on_boundary[keep],
        facet_starts=np.concatenate([[0], np.cumsum(lengths[keep])]).astype(np.int64),
        facet_units=records.facet_units[np.repeat(keep, lengths)],
    )


def _with_one_sign_flipped(records: Records) -> Records:
    patterns = records.patterns.copy()
    patterns[3, 0] ^= 1
    return dataclasses.replace(records, patterns=patterns)


def _with_one_point_elsewhere(records: Records) -> Records:
    points = records.points.copy()
    points[3] = points[30]
    return dataclasses.replace(records, points=points)


@pytest.mark.parametrize(
    ("damage", "caught_by"),
    [
        (_without_one_region, {"watertight", "euler", "faces"}),
        (_with_one_region_twice, {"witnesses", "watertight", "euler", "faces"}),
        (_with_one_facet_flipped, {"watertight", "faces"}),
        (_with_one_facet_missing, {"watertight", "faces"}),
        (_with_one_sign_flipped, {"witnesses", "watertight", "euler", "faces"}),
        (_with_one_point_elsewhere, {"witnesses"}),
    ],
)
def test_damage_is_caught(cells: Complex, damage: Callable[[Records], Records], caught_by: set[str]) -> None:
    assert _failed(cells, cells.records) == set()
    if cells.engine == "lp" and "faces" in caught_by:
        caught_by = caught_by | {"euler"}  # its vertices follow from the facets listed, and are wrong with them
    assert _failed(cells, damage(cells.records)) == caught_by


def test_a_failed_check_says_where(cells: Complex) -> None:
    fewer = dataclasses.replace(cells, records=_without_one_region(cells.records))
    details = {check.name: check.detail for check in failures(fewer.checks)}
    assert details["watertight"] == "3 facets; the first (region 2, units (0,)) has no partner or several"
    assert details["euler"] == "0 = 1; bounded faces 0 = 1"
    flipped = dataclasses.replace(cells, records=_with_one_sign_flipped(cells.records))
    details = {check.name: check.detail for check in failures(flipped.checks)}
    assert details["witnesses"].startswith("region 3 does not have its signs at its point")


def test_damage_in_a_domain_is_caught() -> None:
    network = relureg.load("fixtures/truth/int_2-6-6-1.json")
    inside = relureg.enumerate_regions(network, relureg.Domain.box([-3, -3], [3, 3]))
    assert {check.name: check.passed for check in inside.checks} == {
        "witnesses": True, "watertight": True, "euler": True, "faces": True, "closed_form": None,
    }  # fmt: skip
    assert _failed(inside, _without_one_region(inside.records)) == {"watertight", "euler", "faces"}
    assert _failed(inside, _with_one_region_twice(inside.records)) >= {"witnesses", "watertight", "euler"}


def test_faces_of_large_complexes_are_checked_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relureg.complex.face_limits.MAX_FACES_CHECKED", 440)
    large = relureg.enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"))
    assert large.face_estimate == 441
    left_out = {check.name: check for check in large.checks}
    assert (left_out["euler"].passed, left_out["faces"].passed) == (None, None)
    assert left_out["euler"].detail == "left out: about 441 faces; face_checks and --faces look at them"
    assert [check.passed for check in large.face_checks] == [True, True]
    asked = {check.name: check.passed for check in large.checks_of(faces=True, graph=False)}
    assert asked == {"witnesses": True, "watertight": True, "euler": True, "faces": True, "closed_form": None}
    monkeypatch.setattr("relureg.complex.face_limits.MAX_FACES", 440)
    larger = dataclasses.replace(large)
    assert [check.detail for check in larger.face_checks] == ["left out: about 441 faces"] * 2
    for ask in ("faces", "generators"):
        with pytest.raises(LimitReachedError, match="49 regions have about 441 faces, and at most 440 are looked at"):
            getattr(larger, ask)


def test_both_sides_of_a_facet_are_told_apart(cells: Complex) -> None:
    """Turning the sign of a unit in a region and in its key keeps keys equal, but not the sides."""
    signs = cells.records.signs
    first, second = cells.facets.regions[0]
    start = cells.records.facet_starts[cells.facets.record[0]]
    unit = int(cells.records.facet_units[start])
    assert signs[first, unit] == -signs[second, unit]
    patterns = cells.records.patterns.copy()
    patterns[second, unit // 8] ^= np.uint8(1 << (unit % 8))
    damaged = dataclasses.replace(cells, records=dataclasses.replace(cells.records, patterns=patterns))
    assert 0 in damaged.facets.one_sided.tolist() or damaged.facets.unmatched.size
    assert {check.name for check in failures(damaged.checks)} >= {"witnesses", "watertight", "faces"}


def test_the_closed_form_is_compared() -> None:
    shallow = relureg.enumerate_regions(relureg.load("fixtures/nets/sherlock_sample_2_5_1.onnx"), engine="lp")
    checks = {check.name: check for check in shallow.checks}
    assert checks["closed_form"].passed is True
    assert checks["closed_form"].detail == "16 = 16"
    fewer = dataclasses.replace(shallow, records=_with_regions(shallow.records, list(range(15))))
    assert "closed_form" in {check.name for check in failures(fewer.checks)}


def test_euler_on_a_line() -> None:
    line = relureg.enumerate_regions(relureg.load("fixtures/truth/saw_3.json"), engine="lp")
    assert {check.name: check.passed for check in line.checks}["euler"] is True
    fewer = dataclasses.replace(line, records=_with_regions(line.records, [0, 1, 2, 3, 5, 6, 7, 8, 9]))
    assert "euler" in {check.name for check in failures(fewer.checks)}


def test_slopes_that_underflow_decide_no_sign_at_far_points() -> None:
    """Rounded to 0 as a double, a slope still decides the sign of its unit far out."""
    sample = generated("extreme", 5, size=400)
    cells = relureg.enumerate_regions(sample.network, sample.domain)
    assert {check.name: check.passed for check in cells.checks}["witnesses"] is True
