"""What `relureg status` tells of a run, and `relureg graph` of its journal, as documents and as tables."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from relureg.complex.graph.stored_graph import StoredGraph
from relureg.engine.runs.status import JournalStatus
from relureg.reports.documents import Document, head, rational
from relureg.reports.tables import facts_table, grouped, page, plain_table
from relureg.words import plural


def status_document(status: JournalStatus) -> Document:
    """What `relureg status` tells."""
    domain, network = status.problem.domain, status.problem.network
    return head("status", network) | {
        "domain": domain.label if domain else f"whole space R^{network.input_dim}",
        "complete": status.complete,
        "running": status.running,
        "regions": status.regions,
        "per_stage": list(status.per_stage),
        "expected_regions": {"mean": status.expected, "standard_error": status.expected_error},
        "fraction": {"mean": status.fraction, "standard_error": status.fraction_error},
        "units": status.units,
        "open_parts": status.open_parts,
        "cpu_seconds": status.cpu_seconds,
        "regions_per_second": status.rate,
        "seconds_left": status.seconds_left,
        "sessions": status.sessions,
        "workers": status.workers,
        "stored_regions": status.stored_regions,
    }


def stored_graph_document(graph: StoredGraph, *, with_diameter: bool) -> Document:
    """What `relureg graph` tells of a journal; what was not asked for is null."""
    domain, network = graph.problem.domain, graph.problem.network
    degrees = graph.graph.degrees
    components = graph.num_components
    bounds = graph.diameter_bounds() if with_diameter and components == 1 else None
    return head("stored-graph", network) | {
        "domain": domain.label if domain else f"whole space R^{network.input_dim}",
        "regions": graph.graph.num_regions,
        "facets": graph.graph.num_facets,
        "boundary_facets": graph.num_boundary,
        "watertight": graph.is_watertight,
        "unmatched_facets": graph.unmatched,
        "one_sided_facets": graph.one_sided,
        "components": components,
        "twice_dim": 2 * network.input_dim,
        "average_degree": rational(graph.average_degree),
        "min_degree": int(degrees.min()),
        "max_degree": int(degrees.max()),
        "degree_histogram": {str(k): count for k, count in graph.graph.degree_histogram.items()},
        "diameter_bounds": None if bounds is None else [bounds.low, bounds.high],
        "diameter_pair": None if bounds is None else list(bounds.pair),
        "diameter_patterns": None if bounds is None else [graph.pattern(region) for region in bounds.pair],
        "breadth_first_searches": None if bounds is None else bounds.num_searches,
        "folder": str(graph.folder),
    }


def status_table(document: Document) -> RenderableType:
    """`relureg status` for people."""
    facts = facts_table()
    state = "complete" if document["complete"] else "running" if document["running"] else "interrupted"
    facts.add_row("run", Text(state, style="bold"))
    facts.add_row("regions so far", grouped(document["regions"]))
    for number, count in enumerate(document["per_stage"][:-1], start=1):
        facts.add_row(f"after stage {number}", grouped(count))
    if not document["complete"]:
        share, expected = document["fraction"], document["expected_regions"]
        facts.add_row("found", f"{100 * share['mean']:.1f} %   (+- {100 * share['standard_error']:.1f}, estimated)")
        facts.add_row("regions in all", f"{expected['mean']:,.0f}   (+- {expected['standard_error']:,.0f}, estimated)")
    rate, left = document["regions_per_second"], document["seconds_left"]
    if rate is not None:
        facts.add_row("rate", f"{rate:,.0f} regions a second   ({document['workers']})")
    if left is not None and not document["complete"]:
        facts.add_row("time left", f"about {left:,.0f} s at that rate")
    facts.add_row("work units", f"{grouped(document['units'])} done, {grouped(document['open_parts'])} parts open")
    facts.add_row("processor time", f"{document['cpu_seconds']:,.1f} s in {plural(document['sessions'], 'session')}")
    if document["stored_regions"] is not None:
        facts.add_row("regions stored", grouped(document["stored_regions"]))
    return page(document, document["domain"], facts)


def stored_graph_table(document: Document) -> RenderableType:
    """`relureg graph` of a journal for people."""
    facts = facts_table()
    facts.add_row("regions", grouped(document["regions"]))
    facts.add_row("facets", grouped(document["facets"]))
    if document["boundary_facets"]:
        facts.add_row("on the domain's boundary", grouped(document["boundary_facets"]))
    average = document["average_degree"]
    ratio = f"{average['num']}/{average['den']}" if average["den"] != 1 else "exactly"
    facts.add_row("average degree", f"{average['float']:.6g}   ({ratio}; 2d = {document['twice_dim']})")
    facts.add_row("least and largest degree", f"{document['min_degree']}, {document['max_degree']}")
    facts.add_row("components", grouped(document["components"]))
    if document["diameter_bounds"] is not None:
        low, high = map(grouped, document["diameter_bounds"])
        value = f"{low}   (exact" if low == high else f"{low} to {high}   (bounds"
        facts.add_row("diameter", f"{value}, {plural(document['breadth_first_searches'], 'search')})")
        for region, pattern in zip(document["diameter_pair"], document["diameter_patterns"], strict=True):
            facts.add_row("  end", Text(f"region {grouped(region)}: {pattern}", overflow="fold"))
    faults = f"{grouped(document['unmatched_facets'])} unmatched, {grouped(document['one_sided_facets'])} one-sided"
    facts.add_row("watertight", "yes" if document["watertight"] else f"no: {faults} facets")
    facts.add_row("graph in", document["folder"])
    histogram = plain_table("degree", "regions", "share")
    for degree, count in document["degree_histogram"].items():
        histogram.add_row(degree, grouped(count), f"{100 * count / document['regions']:.1f} %")
    return page(document, document["domain"], facts, histogram)
