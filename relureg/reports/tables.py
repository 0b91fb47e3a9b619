"""Documents as tables for people: rich on a terminal, plain text in a pipe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from relureg.exact.rational import as_double
from relureg.reports.documents import Document
from relureg.words import plural

CHECK_WORDS = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("n/a", "dim")}
_CHECK_NAMES = {
    "closed_form": "closed form",
    "diameter_upper": "diameter <= line bound",
    "diameter_lower": "diameter >= hyperplanes",
    "euler": "Euler",
    "faces": "facets by vertices",
}
_NOTIONS = {
    "activation_patterns": "activation patterns",
    "regions": "activation regions",
    "convex_regions": "convex regions",
    "linear_regions_open": "open connected linear regions",
    "linear_regions_closed": "closed connected linear regions",
    "affine_pieces": "affine pieces",
}
_KINDS = {
    "upper": "at most",
    "exact": "at most, attained",
    "lower": "some network has",
    "line": "a line meets",
}
_MOST_NUMBERS = 12
"""Coordinates and intervals that are shown side by side; of more, the first `_FEW`."""
_FEW = 3
_LONG_NUMBER = re.compile(r"[\d./]{40,}")

MAX_DIGITS = 18
"""Longer integers are shown by their number of digits and logarithm; --json has them in full."""


def inspect_table(document: Document) -> RenderableType:
    """`relureg inspect` for people."""
    network = document["network"]
    stages = plain_table("stage", "units", "depends on", "parameters", "zero weights", "constant units")
    for number, stage in enumerate(document["stages"], start=1):
        sources = ", ".join("input" if s == 0 else f"stage {s}" for s in stage["sources"]) or "nothing"
        stages.add_row(
            str(number), grouped(stage["units"]), _units(stage, sources), stage["parameters"],
            grouped(stage["zero_weights"]), grouped(stage["constant_units"]),
        )  # fmt: skip
    stages.add_row("output", grouped(document["output_dim"]), "", document["output_parameters"], "", "")
    facts = facts_table()
    facts.add_row("effective input dimension", f"{network['effective_dim']} of {network['input_dim']}")
    facts.add_row("structure", "layer by layer" if document["sequential"] else "with skip connections")
    if document["input_box"]:
        low, high = document["input_box"]
        sides = " x ".join(f"[{_decimal(a)}, {_decimal(b)}]" for a, b in zip(low, high, strict=True))
        facts.add_row("input box in the file", f"{few_parts(sides)}   (--box file)")
    for what in ("inputs", "outputs"):
        for port in document[what] if len(document[what]) > 1 else ():
            last = port["first"] + port["size"] - 1
            facts.add_row(f"{what[:-1]} {port['name']}", f"shape {port['shape']}, entries {port['first']} to {last}")
    for notice in document["notices"]:
        facts.add_row("on reading", notice)
    facts.add_row("sha256", network["sha256"])
    return page(document, "", stages, facts, _bounds_table(document["bounds"], None))


def convert_table(document: Document) -> RenderableType:
    """`relureg convert` for people."""
    written = document["written"]
    facts = facts_table()
    facts.add_row("written", Text(written["path"], overflow="fold"))
    facts.add_row("format", f"{written['format']}, {written['parameters']} parameters")
    facts.add_row("read back", "equal, exactly" if written["exact"] else "parameters are rounded, as allowed")
    facts.add_row("sha256", written["sha256"])
    return page(document, "", facts)


def count_table(document: Document) -> RenderableType:
    """`relureg count` for people."""
    facts = facts_table("right")
    regions = grouped(document["regions"])
    if not document["complete"]:
        regions = f"at least {regions}" if document["regions"] else "not counted"
    kinds = f"bounded {grouped(document['bounded'])}   unbounded {grouped(document['unbounded'])}"
    if document["relatively_bounded"] != document["bounded"]:
        kinds += f"   relatively bounded {grouped(document['relatively_bounded'])}"
    facts.add_row("activation regions", Text(regions, style="bold"), kinds)
    if comparisons := document["network"]["num_comparison_units"]:
        facts.add_row("", "", f"they are cells of {grouped(comparisons)} comparisons of a maximum too")
    for number, count in enumerate(document["per_stage"][:-1], start=1):
        if not count:  # the run was stopped before it came there
            continue
        facts.add_row(
            f"after stage {number}", grouped(count) if document["complete"] else f"at least {grouped(count)}", ""
        )
    if document["boundary_facets"]:
        boundary = f"{grouped(document['boundary_facets'])} on the domain's boundary"
        facts.add_row("facets between regions", grouped(document["facets"]), boundary)
    if not document["complete"]:
        what = "a proven lower bound" if document["regions"] else "no region was counted by then"
        facts.add_row("", "", f"stopped by {document['stopped_by']}: {what}")
    linear = [] if document["affine_pieces"] is None else [_linear_table(document)]
    return page(
        document,
        document["domain"],
        facts,
        *linear,
        _bounds_table(document["bounds"], document["regions"]),
        _checks_line(document),
    )


def _linear_table(document: Document) -> Table:
    """The notions of region, R1 to R6, with their definitions where they were asked for."""
    definitions = document["definitions"]
    table = plain_table("", "notion", "regions", *([""] if definitions else []), left=(0, 1, 3))
    for number, (key, name) in enumerate(_NOTIONS.items(), start=1):
        value = document[key]
        if key == "convex_regions":
            low, high = value["low"], value["high"]
            shown = grouped(low) if low == high else f"{grouped(low)} to {grouped(high)}"
        elif value is None:
            shown = "not counted" if key == "activation_patterns" or document["network"]["output_dim"] == 1 else "-"
        else:
            shown = grouped(value)
        meaning = [Text(definitions[key], style="dim", overflow="fold")] if definitions else []
        table.add_row(f"R{number}", name, shown, *meaning)
    return table


def regions_table(document: Document) -> RenderableType:
    """`relureg regions` for people; files hold facets and affine maps in full."""
    table = plain_table(
        "region", "pattern", "bounded", "point", "facets", "neighbours", "affine map", left=(1, 2, 3, 5, 6)
    )
    for row in document["rows"]:
        table.add_row(
            grouped(row["region"]), row["pattern"], "yes" if row["bounded"] else "no", _numbers(row["point"]),
            grouped(len(row["facets"])), " ".join("-" if n < 0 else str(n) for n in row["neighbours"]),
            "; ".join(f"({_numbers(w)}) x + {b:.4g}" for w, b in zip(row["weights"], row["bias"], strict=True)),
        )  # fmt: skip
        if "vertices" in row:
            table.add_row("", "", "", Text("vertices " + " ".join(f"({_numbers(v)})" for v in row["vertices"])))
            if row["rays"]:
                table.add_row("", "", "", Text("rays " + " ".join(f"({_numbers(v)})" for v in row["rays"])))
    left_out = document["regions"] - len(document["rows"])
    facts = facts_table()
    facts.add_row("regions", grouped(document["regions"]))
    if left_out:
        facts.add_row("not shown", f"{grouped(left_out)}   (-o FILE writes all)")
    for name in document["files"]:
        facts.add_row("written to", name)
    return page(document, document["domain"], table, facts, _checks_line(document))


def line_table(document: Document) -> RenderableType:
    """`relureg line` for people."""
    facts = facts_table()
    regions = grouped(document["regions"])
    facts.add_row("regions on the line", Text(regions if document["complete"] else f"at least {regions}", style="bold"))
    if not document["complete"]:
        facts.add_row("", f"stopped by {document['stopped_by']}: a proven lower bound")
        return page(document, document["domain"], facts, _checks_line(document))
    table = plain_table("breakpoint t", "exactly", "units", "regions", left=(1, 2, 3))
    for row in document["rows"]:
        t = row["t"]
        exact = f"{t['num']}/{t['den']}" if t["den"] != 1 else str(t["num"])
        table.add_row(
            f"{t['float']:.10g}", exact if len(exact) <= 2 * MAX_DIGITS else f"{len(exact) - 1} digits (--json)",
            ", ".join(map(str, row["units"])), f"{row['regions'][0]} | {row['regions'][1]}",
        )  # fmt: skip
    left_out = document["breakpoints"] - len(document["rows"])
    facts.add_row("breakpoints", grouped(document["breakpoints"]))
    if left_out:
        facts.add_row("not shown", f"{grouped(left_out)}   (--rows N, --json)")
    return page(document, document["domain"], facts, table, _checks_line(document))


def plot_table(document: Document) -> RenderableType:
    """`relureg plot` for people."""
    facts = facts_table()
    facts.add_row("regions", grouped(document["regions"]))
    if document["regions_in_view"] != document["regions"]:
        facts.add_row("  in view", grouped(document["regions_in_view"]))
    facts.add_row("edges drawn", grouped(document["facets_drawn"]))
    if document["view"] is not None:
        low, high = document["view"]
        facts.add_row("view", " x ".join(f"[{a:.6g}, {b:.6g}]" for a, b in zip(low, high, strict=True)))
    facts.add_row("colour", document["colour"])
    for name in document["files"]:
        facts.add_row("written to", name)
    return page(document, document["domain"], facts, _checks_line(document))


def animate_table(document: Document) -> RenderableType:
    """`relureg animate` for people."""
    table = plain_table("checkpoint", "regions", "facets", "average degree", left=(0,))
    for frame in document["frames"]:
        degree = f"{frame['average_degree']['float']:.4f}"
        table.add_row(frame["network"], grouped(frame["regions"]), grouped(frame["facets"]), degree)
    facts = facts_table()
    for name in document["files"]:
        facts.add_row("written to", name)
    return page(document, document["domain"], table, facts)


def graph_table(document: Document) -> RenderableType:
    """`relureg graph` for people."""
    facts = facts_table()
    facts.add_row("regions", grouped(document["regions"]))
    facts.add_row("facets", grouped(document["facets"]))
    if document["boundary_facets"]:
        facts.add_row("on the domain's boundary", grouped(document["boundary_facets"]))
    parts: list[RenderableType] = [facts]
    if (average := document["average_degree"]) is not None:
        ratio = f"{average['num']}/{average['den']}" if average["den"] != 1 else "exactly"
        facts.add_row("average degree", f"{average['float']:.6g}   ({ratio}; 2d = {document['twice_dim']})")
        facts.add_row("least and largest degree", f"{document['min_degree']}, {document['max_degree']}")
    if document["diameter"] is not None:
        facts.add_row("diameter", f"{grouped(document['diameter'])}   (exact, {_searches(document)})")
        first, second = document["diameter_patterns"]
        facts.add_row("  attained between", Text(f"{first} and {second}", overflow="fold"))
        low, high = document["radius_bounds"]
        facts.add_row("radius", grouped(low) if low == high else f"{grouped(low)} to {grouped(high)}   (bounds)")
    if document["f_vector"] is not None:
        facts.add_row("faces of each dimension", "  ".join(map(grouped, document["f_vector"])))
        facts.add_row("  bounded", "  ".join(map(grouped, document["f_vector_bounded"])))
    elif document["degree_histogram"] is not None and document["diameter"] is not None:
        facts.add_row("faces of each dimension", document["f_vector_reason"])
    facts.add_row("components", grouped(document["components"]))
    cycle = document["odd_cycle"]
    facts.add_row("bipartite", "yes" if cycle is None else f"no   (a cycle of {grouped(len(cycle))}: {_cycle(cycle)})")
    if document["hamming"] is not None:
        facts.add_row("distance vs Hamming", _hamming(document["hamming"], document["regions"]))
    for name in document["files"]:
        facts.add_row("written to", name)
    if document["degree_histogram"] is not None:
        histogram = plain_table("degree", "regions", "share")
        for degree, count in document["degree_histogram"].items():
            histogram.add_row(degree, grouped(count), f"{100 * count / document['regions']:.1f} %")
        parts.append(histogram)
    return page(document, document["domain"], *parts, _checks_line(document))


def bounds_table(document: Document) -> RenderableType:
    """`relureg bounds` for people."""
    table = plain_table("bound", "kind", "value", "", left=(0, 1, 3))
    for bound in document["bounds"]:
        note = bound["source"]
        if not bound["applies"]:
            note = f"does not apply: {bound['reason']}"
        elif bound["reason"]:
            note = f"{note}; {bound['reason']}"
        table.add_row(bound["name"], _KINDS[bound["kind"]], huge(bound["value"]), Text(note, style="dim"))
    if document["network"] is not None:
        return page(document, document["domain"] or "", table)
    if document["widths"] is None:
        return table
    first, *rest = document["widths"]
    title = f"{plural(first, 'input')}" + "".join(f" - {width}" for width in rest)
    return Group(Text(title, style="bold"), Text(), Indented(table))


def page(document: Document, domain: str, *parts: RenderableType) -> RenderableType:
    """A title that names the network, and parts below it."""
    network = document["network"]
    widths = "".join(f" - {width}" for width in [*network["widths"], network["output_dim"]])
    units = network["num_units"]
    title = Text(network["name"], style="bold")
    title.append(f"   {plural(network['input_dim'], 'input')}{widths}   {plural(units, 'ReLU unit')}", style="not bold")
    if network["slice"] is not None:
        title.append(f"   {network['slice']['label']}", style="not bold")
    if domain:
        title.append(f"   {few_parts(domain)}", style="not bold")
    spaced: list[RenderableType] = [title]
    for part in parts:
        spaced += [Text(), Indented(part)]
    return Group(*spaced)


def _bounds_table(bounds: Iterable[Document], regions: int | None) -> Table:
    """The upper bounds that apply, those of one value on one line; `relureg bounds` names all."""
    headers = ["bound", "value"] + ["regions / bound"] * (regions is not None) + [""]
    table = plain_table(*headers, left=(0, len(headers) - 1))
    by_value: dict[int, list[str]] = {}
    for bound in bounds:
        if bound["applies"] and bound["kind"] in ("upper", "exact"):
            by_value.setdefault(bound["value"], []).append(bound["name"])
    for value, (name, *others) in by_value.items():
        share = [_share(regions, value)] if regions is not None else []
        note = f"and {len(others)} more" if others else ""
        table.add_row(name, huge(value), *share, Text(note, style="dim"))
    return table


def _checks_line(document: Document) -> RenderableType:
    line = Text("checks")
    for name, passed in document["checks"].items():
        if name == "last_stage" and passed is not False:  # --verbose tells more of it than a word
            continue
        word, style = CHECK_WORDS[passed]
        line.append(f"   {_CHECK_NAMES.get(name, name)} ")
        line.append(word, style=style)
    predicates = document.get("predicates")
    if predicates and predicates["total"]:
        line.append(f"   exact predicates {grouped(predicates['exact'])} of {grouped(predicates['total'])}")
    line.append(f"   engine {document['engine']}   {document['seconds']:.2f} s", style="dim")
    return line


def plain_table(*headers: str, left: tuple[int, ...] = (0,)) -> Table:
    """A table with a line under its headers; columns not in `left` are justified to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for index, header in enumerate(headers):
        table.add_column(header, justify="left" if index in left else "right")
    return table


def facts_table(justify: Any = "left") -> Table:
    """A table of facts, without headers."""
    table = Table.grid(padding=(0, 3))
    table.add_column()
    table.add_column(justify=justify, overflow="fold")
    table.add_column()
    return table


class Indented:
    """A part two columns to the right, as wide as it needs to be."""

    def __init__(self, part: RenderableType) -> None:
        self.part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self.part, options.update(width=options.max_width - 2), pad=False):
            yield Segment("  ")
            yield from line
            yield Segment.line()


def few_parts(label: str) -> str:
    """The name of a domain, of whose intervals the first are shown where there are many, and of long numbers the ends.

    Examples
    --------
    >>> few_parts("box " + " x ".join(f"[0, {k}]" for k in range(1, 785)))
    'box [0, 1] x [0, 2] x [0, 3] x ... (784 intervals)'
    """
    parts = [
        _LONG_NUMBER.sub(lambda number: f"{number[0][:8]}...{number[0][-4:]}", part) for part in label.split(" x ")
    ]
    if len(parts) <= _MOST_NUMBERS:
        return " x ".join(parts)
    return f"{' x '.join(parts[:_FEW])} x ... ({len(parts):,} intervals)"


def grouped(value: int) -> str:
    return f"{value:,}"


def _units(stage: Document, sources: str) -> str:
    return f"{sources} (comparisons)" if stage["kind"] == "comparison" else sources


def _searches(document: Document) -> str:
    count = document["breadth_first_searches"]
    return f"{count} breadth-first search{'' if count == 1 else 'es'}"


def _cycle(regions: list[int]) -> str:
    shown = [str(region) for region in regions[:12]]
    return " - ".join(shown + ["..."] * (len(regions) > 12))


def _hamming(found: Document, regions: int) -> str:
    compared = "all pairs" if found["num_sources"] == regions else f"from {found['num_sources']} regions"
    differ = f"at most {found['most_above']} more, {found['most_below']} less"
    same = "equal" if not found["most_above"] and not found["most_below"] else differ
    return f"{same} ({compared}); {grouped(found['pairs_one_apart'])} pairs one unit apart"


def _numbers(values: Iterable[float]) -> str:
    texts = [f"{value:.4g}" for value in values]
    if len(texts) <= _MOST_NUMBERS:
        return ", ".join(texts)
    return f"{', '.join(texts[:_FEW])}, ... ({len(texts):,} numbers)"


def huge(value: int | None) -> str:
    if value is None:
        return "-"
    if value < 10**MAX_DIGITS:
        return grouped(value)
    digits = _log10(value)
    return f"10^{digits:.2f} ({int(digits) + 1:,} digits)"


def _share(regions: int, bound: int | None) -> str:
    if bound is None:
        return "-"
    if bound < 10**MAX_DIGITS:
        share = 100 * regions / bound
        return f"{share:.2f} %" if share >= 0.01 else f"{share:.1e} %"
    return f"10^{_log10(max(regions, 1)) - _log10(bound):.1f}"


def _log10(value: int) -> float:
    """The decimal logarithm of an integer of any size (math.log10 takes integers beyond floats)."""
    return math.log10(value)


def _decimal(text: str) -> str:
    """A rational bound as people write it."""
    double = as_double(Fraction(text))
    return text if double is None else f"{double:.17g}" if abs(double) < 1e16 and double % 1 == 0 else repr(double)


# -- for the tables of other commands ------------------------------------------------------------------


def seconds_line(document: Document) -> RenderableType:
    """The time alone."""
    return Text(f"{document['seconds']:.2f} s", style="dim")
