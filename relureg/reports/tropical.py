"""The tropical view as a JSON document, and that document as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relureg.network.model import Network
from relureg.reports.documents import Document, checks_of, details_of, head
from relureg.reports.tables import CHECK_WORDS, Indented, facts_table, grouped, huge, page, plain_table
from relureg.tropical.analysis import OutputAnalysis, TropicalAnalysis
from relureg.tropical.construction import Construction
from relureg.tropical.notation import in_max_notation, in_tropical_notation
from relureg.tropical.rational_function import TropicalRational
from relureg.tropical.subdivision import DualSubdivision
from relureg.words import plural

MAX_SHOWN = 12
"""Most monomials or points of a polynomial that the table writes out; --json has all."""

MAX_TEXT = 240
"""Longest polynomial that the table writes out: rational weights have long numerators."""


def tropical_document(view: TropicalAnalysis, expression: str | None) -> Document:
    """What `relureg tropical` tells."""
    zonotope = view.zonotope
    return head("tropical", view.network) | {
        "expression": expression,
        "variables": list(view.variables),
        "complete": view.complete,
        "stopped_by": view.stopped_by,
        "growth": [{"stage": one.name, "expanded": one.expanded, "kept": one.kept} for one in view.growth],
        "integer_exponents": view.has_integer_exponents if view.outputs else None,
        "outputs": [_output(one, view) for one in view.outputs],
        "common_denominator": _common(view),
        "regions": view.regions,
        "zonotope": None if zonotope is None else {
            "segments": zonotope.num_segments,
            "vertices": zonotope.num_vertices,
            "upper_vertices": zonotope.num_upper_vertices,
        },
        "construction": None if view.construction is None else _construction(view.construction),
        "round_trip": [_construction(one) for one in view.round_trip],
        "checks": checks_of(view.checks),
        "check_details": details_of(view.checks),
    }  # fmt: skip


def tropical_table(document: Document) -> RenderableType:
    """`relureg tropical` for people."""
    parts: list[RenderableType] = []
    if document["growth"]:
        growth = plain_table("stage", "monomials expanded", "kept")
        for stage in document["growth"]:
            growth.add_row(stage["stage"], huge(stage["expanded"]), grouped(stage["kept"]))
        parts.append(growth)
    if document["outputs"]:
        parts.append(_counts(document))
        parts += [_form(output, document) for output in document["outputs"]]
    facts = facts_table()
    _add_facts(facts, document)
    if facts.row_count:
        parts.append(facts)
    checks = Text("checks")
    for name, passed in document["checks"].items():
        word, style = CHECK_WORDS[passed]
        checks.append(f"   {name.replace('_', ' ')} ")
        checks.append(word, style=style)
    checks.append(f"   {document['seconds']:.2f} s", style="dim")
    parts.append(checks)
    if document["expression"] is None:
        return page(document, "", *parts)
    spaced: list[RenderableType] = [Text(document["expression"], style="bold")]
    for part in parts:
        spaced += [Text(), Indented(part)]
    return Group(*spaced)


def construct_tropical_document(
    function: TropicalRational, network: Network, variables: Sequence[str], depth_bound: int, file: str | None
) -> Document:
    """What `relureg construct tropical` tells."""
    return head("construct tropical", network) | {
        "variables": list(variables),
        "max": in_max_notation(function, variables),
        "tropical": in_tropical_notation(function, variables),
        "monomials": [function.numerator.num_monomials, function.denominator.num_monomials],
        "layers": len(network.stages) + 1,
        "depth_bound": depth_bound,
        "file": file,
    }


def construct_tropical_table(document: Document) -> RenderableType:
    """`relureg construct tropical` for people."""
    facts = facts_table()
    facts.add_row("function", document["max"])
    facts.add_row("", document["tropical"])
    above, below = document["monomials"]
    facts.add_row("monomials", f"{grouped(above)} in the numerator, {grouped(below)} in the denominator")
    facts.add_row("inputs", ", ".join(document["variables"]))
    facts.add_row("layers", f"{document['layers']}, at most {document['depth_bound']}")
    if document["file"] is not None:
        facts.add_row("written to", document["file"])
    return page(document, "", facts)


def _counts(document: Document) -> Table:
    table = plain_table("output", "N(F)", "N(G)", "N(F+G)", "linear regions", "regions", "vertices of Newton polytopes")
    for output in document["outputs"]:
        above, below = output["numerator"], output["denominator"]
        table.add_row(
            f"y{output['output']}",
            grouped(above["monomials"]),
            grouped(below["monomials"]),
            grouped(output["sum_monomials"]),
            _known(output["linear_regions"]),
            _known(document["regions"]),
            f"{grouped(above['newton_vertices'])}, {grouped(below['newton_vertices'])}",
        )
    return table


def _form(output: Document, document: Document) -> RenderableType:
    kind = "integer" if document["integer_exponents"] else "rational"
    lines = facts_table()
    lines.add_row(f"y{output['output']} = F - G", f"{kind} exponents")
    for label, key in (("F", "numerator"), ("G", "denominator")):
        one = output[key]
        if one["monomials"] > MAX_SHOWN or len(one["max"]) > MAX_TEXT:
            lines.add_row(f"  {label}", f"{plural(one['monomials'], 'monomial')} (--json lists them)")
        else:
            lines.add_row(f"  {label}", one["max"])
            lines.add_row("", one["tropical"])
        lines.add_row("", _meeting(one, len(document["variables"])))
    return lines


def _meeting(one: Document, dim: int) -> str:
    """Where monomials meet, and how the Newton polytope is divided."""
    points = one["hypersurface_vertices"]
    cells = f"{plural(one['cells'], 'cell')} and {plural(one['edges'], 'edge')} in the dual subdivision"
    if one["edges"] == 0:
        return "affine"
    if dim > 1 or len(points) > MAX_SHOWN:
        return cells
    return f"bends at {', '.join(x for (x,) in points)}"


def _add_facts(facts: Table, document: Document) -> None:
    for output in document["outputs"]:
        if (level := output["level"]) is not None:
            name = f"y{output['output']}"
            above = plural(level["positive_components"], "component")
            below = plural(level["negative_components"], "component")
            text = f"{above} above, {below} below"
            if level["flat_regions"]:
                text += f", {plural(level['flat_regions'], 'region')} on it"
            facts.add_row(f"level {name} = {level['value']}", text)
    if (common := document["common_denominator"]) is not None:
        numerators = ", ".join(grouped(one["monomials"]) for one in common["numerators"])
        facts.add_row(
            "common denominator", f"{plural(common['denominator']['monomials'], 'monomial')}; numerators {numerators}"
        )
    if (found := document["zonotope"]) is not None:
        facts.add_row(
            "zonotope",
            f"{plural(found['segments'], 'segment')}, {grouped(found['vertices'])} vertices, "
            f"{grouped(found['upper_vertices'])} upper ones",
        )
    for label, built in (
        ("as a network", [document["construction"]] if document["construction"] else []),
        ("round trip", document["round_trip"]),
    ):
        for one in built:
            widths = " - ".join(str(width) for width in one["widths"])
            facts.add_row(label, f"{widths}   {plural(one['layers'], 'layer')}, at most {one['depth_bound']}")
    if not document["complete"]:
        facts.add_row("stopped by", document["stopped_by"])


def _known(value: int | None) -> str:
    return "-" if value is None else grouped(value)


def _output(one: OutputAnalysis, view: TropicalAnalysis) -> Document:
    level = one.level
    return {
        "output": one.output,
        "numerator": _polynomial(one.numerator, view.variables),
        "denominator": _polynomial(one.denominator, view.variables),
        "sum_monomials": one.product.num_monomials,
        "linear_regions": one.linear_regions,
        "level": None if level is None else {
            "value": str(level.level),
            "positive_components": level.positive_components,
            "negative_components": level.negative_components,
            "flat_regions": level.flat_regions,
            "boundary_points": len(level.boundary_points),
        },
    }  # fmt: skip


def _polynomial(one: DualSubdivision, names: tuple[str, ...]) -> Document:
    polynomial = one.polynomial
    return {
        "monomials": polynomial.num_monomials,
        "terms": [
            {"coefficient": str(constant), "exponents": [str(entry) for entry in exponents]}
            for exponents, constant in polynomial.terms.items()
        ],
        "max": in_max_notation(polynomial, names),
        "tropical": in_tropical_notation(polynomial, names),
        "newton_dim": one.dim,
        "newton_vertices": len(one.newton_vertices),
        "cells": len(one.cells),
        "edges": len(one.edges),
        "hypersurface_vertices": [[str(x) for x in cell.vertex] for cell in one.cells] if one.dim else [],
    }


def _common(view: TropicalAnalysis) -> Document | None:
    if not view.common:
        return None
    polynomials = [view.common[0].denominator, *(one.numerator for one in view.common)]
    denominator, *numerators = [
        {"monomials": one.num_monomials, "max": in_max_notation(one, view.variables)} for one in polynomials
    ]
    return {"denominator": denominator, "numerators": numerators}


def _construction(built: Construction) -> Document:
    network = built.network
    return {
        "widths": [network.input_dim, *network.widths, network.output_dim],
        "layers": built.num_layers,
        "depth_bound": built.depth_bound,
    }
