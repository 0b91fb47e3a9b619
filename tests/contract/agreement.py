"""What it means that two engines agree: the same cells and facets, entry by entry, not only the same counts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from relureg import Complex, Domain, Network, RegionCount, count_regions, enumerate_regions
from relureg.engine.records import Records

FacetRow = tuple[int, bool, tuple[int, ...]]
"""Region, whether it lies on the domain's boundary, the units that vanish."""


def assert_engines_agree(network: Network, domain: Domain | None = None) -> Complex:
    """Run all engines, the compiled ones deciding everything both ways, and count with one thread and two."""
    referee = enumerate_regions(network, domain, engine="lp")
    splitter = enumerate_regions(network, domain, engine="split", audit=True, jobs=1)
    assert_same_complex(splitter, referee)
    assert_count_is_of(count_regions(network, domain, engine="split", audit=True, jobs=1), referee)
    assert_count_is_of(count_regions(network, domain, engine="split", jobs=2), referee)
    assert_dictionaries_agree(network, domain, referee)
    return splitter


def assert_dictionaries_agree(network: Network, domain: Domain | None, referee: Complex) -> None:
    """The same of dictionaries: regions and facets, and a count with the facets and without."""
    assert_same_complex(enumerate_regions(network, domain, engine="dictionaries", audit=True, jobs=1), referee)
    assert_count_is_of(count_regions(network, domain, engine="dictionaries", by_enumeration=True, jobs=2), referee)
    count = count_regions(network, domain, engine="dictionaries", audit=True, jobs=1)
    assert (count.num_regions, count.per_stage) == (referee.num_regions, referee.per_stage)
    assert (count.num_relatively_bounded, count.num_bounded) == (referee.num_relatively_bounded, referee.num_bounded)
    checks = {check.name: check.passed for check in count.checks}
    assert (checks["sides"], checks["watertight"]) == (True, None)
    assert False not in checks.values()


def assert_same_complex(one: Complex, other: Complex) -> None:
    """The same regions in the same order, each with the same facets; all checks of both pass."""
    assert one.num_regions == other.num_regions
    assert np.array_equal(one.records.patterns, other.records.patterns)
    assert np.array_equal(one.records.vanishing, other.records.vanishing)
    assert np.array_equal(one.records.bounded, other.records.bounded)
    assert facet_rows(one.records) == facet_rows(other.records)
    assert one.per_stage == other.per_stage
    assert np.array_equal(one.facets.regions, other.facets.regions)
    assert one.facets.num_boundary == other.facets.num_boundary
    assert_same_faces(one, other)
    for cells in (one, other):
        passed = {check.name: check.passed for check in cells.checks}
        assert passed["witnesses"] is True
        assert passed["watertight"] is True
        assert False not in passed.values()


def assert_same_faces(one: Complex, other: Complex) -> None:
    """The same vertices and rays in each region, and the same faces, though found in different ways."""
    assert np.array_equal(one.generators.starts, other.generators.starts)
    assert _rows_that_vanish(one) == _rows_that_vanish(other)
    assert (one.f_vector, one.f_vector_bounded) == (other.f_vector, other.f_vector_bounded)
    assert [check.passed for check in one.face_checks] == [check.passed for check in other.face_checks]
    assert False not in [check.passed for check in one.face_checks]


def _rows_that_vanish(cells: Complex) -> list[list[bytes]]:
    """For each region, what vanishes at each of its generators; these have no order of their own."""
    lines, starts = [zeros.tobytes() for zeros in cells.generators.zeros], cells.generators.starts.tolist()
    return [sorted(lines[start:stop]) for start, stop in pairwise(starts)]


def assert_count_is_of(count: RegionCount, cells: Complex) -> None:
    """The figures of a count are those of the complex, and prove themselves."""
    assert (count.complete, count.num_regions) == (True, cells.num_regions)
    assert count.num_relatively_bounded == cells.num_relatively_bounded
    assert count.num_bounded == cells.num_bounded
    assert count.per_stage == cells.per_stage
    assert count.num_facets == cells.facets.num_inner
    checks = {check.name: check for check in count.checks}
    theirs = {check.name: check for check in cells.checks}
    assert count.num_boundary_facets == cells.facets.num_boundary
    if checks["watertight"].passed is None:  # counted in one go: no facet was summed
        assert checks["last_stage"].detail.startswith("counted by deletion and restriction in 1 cell,")
    else:
        assert (checks["watertight"].passed, checks["watertight"].detail) == (True, theirs["watertight"].detail)
    assert all(check.passed is not False for check in count.checks)


def facet_rows(records: Records) -> list[FacetRow]:
    """The facets of all regions, in an order that does not depend on how they were found."""
    units = np.split(records.facet_units, records.facet_starts[1:-1]) if len(records.facet_region) else []
    return sorted(
        (region, on_boundary, tuple(vanishing.tolist()))
        for region, on_boundary, vanishing in zip(
            records.facet_region.tolist(), records.facet_on_boundary.tolist(), units, strict=True
        )
    )
