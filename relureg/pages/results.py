"""Results as a notebook shows them: a small table, and a picture where there is one."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from relureg.complex.complex import Complex
from relureg.complex.count import RegionCount
from relureg.complex.estimation import RegionEstimate
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.linear.notions import LinearRegions
from relureg.complex.result import Result
from relureg.engine.intervals import Interval
from relureg.errors import ReluregError
from relureg.exact.numbers import nearest_double
from relureg.network.model import Network
from relureg.pages.markup import bars, facts, image, side_by_side, table
from relureg.reports.layout import few_parts, huge
from relureg.reports.report import place_of
from relureg.theory.published import WORDS, Bounds
from relureg.topology.decision_topology import DecisionTopology
from relureg.topology.persistence import PersistenceDiagram
from relureg.words import about

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_DRAWN = 3000
"""Regions up to which a complex is drawn unasked, in about a second."""
MOST_ASKED = 20_000
"""Regions up to which what takes a search of the graph is told unasked."""
PICTURE_DPI, PICTURE_WIDTH = 90, 430
"""Pixels an inch of such a picture, and pixels that it takes in the page."""
MOST_BARS = 12
MOST_CLASSES = 12
"""Classes of a persistence diagram in its table, those that live longest."""


@singledispatch
def html_of(result: Any) -> str:
    """A result as HTML for a notebook; raises TypeError for what has no such page."""
    raise TypeError(f"a {type(result).__name__} has no page of its own")


@html_of.register
def _network(network: Network) -> str:
    shape = " - ".join(map(str, (network.input_dim, *network.widths, network.output_dim)))
    rows = [
        ("architecture", shape),
        ("ReLU units", f"{network.num_units:,}"),
        ("effective inputs", f"{network.effective_dim:,}"),
    ]
    if network.slice is not None:
        rows.append(("slice", network.slice.label))
    if network.num_comparison_units:
        rows.append(("of these compare values", f"{network.num_comparison_units:,}"))
    rows += [("skip connections", "no" if network.is_sequential else "yes"), ("sha256", network.sha256[:12])]
    layers = [("inputs", network.input_dim), *((f"stage {k}", n) for k, n in enumerate(network.widths, start=1))]
    layers.append(("outputs", network.output_dim))
    return side_by_side(f"Network {network.name}", facts(rows), bars("width", _few(layers)))


@html_of.register
def _complex(cells: Complex) -> str:
    rows = _where(cells) + _regions(cells.num_regions, cells.complete, cells.num_bounded, cells.num_unbounded)
    if cells.complete:
        rows.append(("facets between regions", f"{cells.facets.num_inner:,}"))
        rows.append(("average degree", _ratio(cells.graph)))
        if cells.num_regions <= MOST_ASKED:
            rows.append(("diameter", f"{cells.graph.diameter:,}" if cells.graph.is_connected else "not connected"))
            failed = [check.name for check in cells.checks if check.passed is False]
            rows.append(("checks", f"FAILED: {', '.join(failed)}" if failed else "passed"))
    else:
        rows.append(("stopped by", str(cells.stopped_by)))
    picture = _picture(cells)
    return side_by_side(
        f"{type(cells).__name__} of {cells.network.name}", facts(rows), picture or _stages(cells.per_stage)
    )


@html_of.register
def _count(count: RegionCount) -> str:
    rows = _where(count) + _regions(count.num_regions, count.complete, count.num_bounded, count.num_unbounded)
    if count.num_facets is not None:
        rows.append(("facets between regions", f"{count.num_facets:,}"))
    if not count.complete:
        rows.append(("stopped by", str(count.stopped_by)))
    words = {True: "passed", False: "FAILED", None: "n/a"}
    rows += [(f"check {check.name}", f"{words[check.passed]}: {check.detail}") for check in count.checks]
    rows.append(("engine", count.engine))
    return side_by_side(f"Regions of {count.network.name}", facts(rows), _stages(count.per_stage))


@html_of.register
def _estimate(estimate: RegionEstimate) -> str:
    rows = _where(estimate)
    named = {
        "regions": estimate.num_regions, "relatively bounded": estimate.num_relatively_bounded,
        "facets": estimate.num_facets, "average degree": estimate.average_degree,
        "seconds of a count": estimate.seconds,
    }  # fmt: skip
    rows += [(name, _interval(told)) for name, told in named.items() if told is not None]
    rows += [("at least", f"{estimate.at_least:,}"), ("samples", f"{estimate.samples:,}")]
    stages = [
        (f"stage {k}", round(told.mean)) for k, told in enumerate(estimate.per_stage, start=1) if told is not None
    ]
    picture = bars("regions after each stage, about", _few(stages)) if stages else ""
    return side_by_side(f"Estimated regions of {estimate.network.name}", facts(rows), picture)


@html_of.register
def _graph(graph: RegionGraph) -> str:
    rows = [
        ("regions", f"{graph.num_regions:,}"),
        ("facets", f"{graph.num_facets:,}"),
        ("average degree", _ratio(graph)),
    ]
    if graph.num_regions <= MOST_ASKED:
        if graph.is_connected:
            rows += [("diameter", f"{graph.diameter:,}")]
        rows += [("components", f"{graph.num_components:,}"), ("bipartite", "yes" if graph.is_bipartite else "no")]
    degrees = [(f"degree {degree}", count) for degree, count in graph.degree_histogram.items()]
    return side_by_side("Region graph", facts(rows), bars("regions of each degree", _few(degrees)))


@html_of.register
def _linear(linear: LinearRegions) -> str:
    named = (
        ("activation patterns", linear.activation_patterns), ("activation regions", linear.activation_regions),
        ("convex regions, at most", linear.convex_high), ("convex regions, at least", linear.convex_low),
        ("open connected", linear.open_connected), ("closed connected", linear.closed_connected),
        ("affine pieces", linear.affine_pieces),
    )  # fmt: skip
    rows = [(name, "not found" if value is None else f"{value:,}") for name, value in named]
    known = [(name, value) for name, value in named if value is not None]
    return side_by_side("Linear regions", facts(rows), bars("regions by definition", known))


@html_of.register
def _bounds(bounds: Bounds) -> str:
    rows = [(bound.name, WORDS[bound.kind], huge(bound.value), bound.source) for bound in bounds if bound.applies]
    left = [bound.name for bound in bounds if not bound.applies]
    told = table(("bound", "", "regions", "source"), rows, right=(2,))
    # Lengths by digits: bounds are often further apart than any bar could show.
    digits = [(bound.name, len(str(bound.value))) for bound in bounds if bound.applies]
    note = facts([("do not apply", ", ".join(left))]) if left else ""
    return side_by_side("Published bounds", told + note, bars("digits", _few(digits)))


@html_of.register
def _topology(found: DecisionTopology) -> str:
    failed = [check.name for check in found.checks if check.passed is False]
    rows = [
        *_where(found.cells),
        ("regions, cut along the boundary", f"{found.cells.num_regions:,}"),
        ("at infinity", found.infinity),
        ("checks", f"FAILED: {', '.join(failed)}" if failed else "passed"),
    ]
    heads = ("part", "", "faces", *(f"b{k}" for k in range(len(found.boundary.betti))))
    parts = [(part.name, part.relation, *(f"{n:,}" for n in (sum(part.f_vector), *part.betti))) for part in found.parts]
    told = table(heads, parts, right=range(2, len(heads)))
    return side_by_side(f"Topology of {found.cells.network.name}", facts(rows), told)


@html_of.register
def _persistence(diagram: PersistenceDiagram) -> str:
    words = {True: "passed", False: "FAILED", None: "n/a"}
    rows = [
        ("filtered by", diagram.by),
        ("from, to", f"{nearest_double(diagram.least):.6g}, {nearest_double(diagram.largest):.6g}"),
        ("simplices", f"{diagram.num_simplices:,}"),
        ("classes", f"{len(diagram.pairs):,}"),
        (f"check {diagram.check.name}", words[diagram.check.passed]),
    ]
    longest = sorted(diagram.points.tolist(), key=lambda point: point[1] - point[2])[:MOST_CLASSES]
    classes = [
        (f"{dimension:.0f}", f"{birth:.6g}", "never" if death == math.inf else f"{death:.6g}")
        for dimension, birth, death in longest
    ]
    told = table(("dimension", "birth", "death"), classes, right=range(3))
    if len(diagram.pairs) > MOST_CLASSES:
        told += facts([("and others", f"{len(diagram.pairs) - MOST_CLASSES:,}")])
    picture = _png(diagram.plot, f"the persistence diagram of {diagram.name}, {len(diagram.pairs):,} classes")
    return side_by_side(f"Persistence of {diagram.name}", facts(rows), told, picture)


def _where(result: Result) -> list[tuple[str, str]]:
    network = result.network
    shape = " - ".join(map(str, (network.input_dim, *network.widths, network.output_dim)))
    flat = [] if network.slice is None else [("slice", network.slice.label)]
    return [("architecture", shape), *flat, ("domain", few_parts(place_of(network, result.domain)))]


def _regions(regions: int, complete: bool, bounded: int, unbounded: int) -> list[tuple[str, str]]:
    at_least = "" if complete else "at least "
    return [("activation regions", f"{at_least}{regions:,}"), ("bounded, unbounded", f"{bounded:,}, {unbounded:,}")]


def _ratio(graph: RegionGraph) -> str:
    ratio = graph.average_degree
    return f"{ratio} = {float(ratio):.5g}" if ratio.denominator != 1 else str(ratio)


def _interval(told: Interval) -> str:
    if told.low == told.high:
        return f"{told.mean:,.6g} exactly"
    return f"{about(told.mean)} ({about(told.low)} to {about(told.high)})"


def _stages(per_stage: tuple[int, ...]) -> str:
    stages = [(f"stage {k}", regions) for k, regions in enumerate(per_stage, start=1)]
    return bars("regions after each stage", _few(stages)) if stages else ""


def _few(values: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The first of many."""
    return values if len(values) <= MOST_BARS else values[:MOST_BARS]


def _picture(cells: Complex) -> str:
    """A picture of a complex of few inputs and not too many regions; none where matplotlib is missing or refuses it."""
    if not cells.complete or cells.network.input_dim > 3 or cells.num_regions > MOST_DRAWN:
        return ""
    from relureg.plots.figure import plot

    return _png(lambda: plot(cells), f"the complex of {cells.network.name}, {cells.num_regions:,} regions")


def _png(draw: Callable[[], Figure], told: str) -> str:
    """A picture in the page; none where matplotlib is missing or refuses it."""
    stream = io.BytesIO()
    try:
        draw().savefig(stream, format="png", dpi=PICTURE_DPI)
    except ReluregError:
        return ""
    return image(stream.getvalue(), told, PICTURE_WIDTH)
