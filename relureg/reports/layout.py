"""What tables share: rich on a terminal, plain text in a pipe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from relureg.reports.report import BoundFacts, ExactNumber, NetworkFacts
from relureg.words import plural

_WORDS = {True: ("yes", "green"), False: ("NO", "bold red"), None: ("n/a", "dim")}
_CHECK_NAMES = {
    "closed_form": "closed form",
    "diameter_upper": "diameter <= line bound",
    "diameter_lower": "diameter >= hyperplanes",
    "euler": "Euler",
    "faces": "facets by vertices",
}
_MOST_NUMBERS = 12
"""Coordinates and intervals that are shown side by side; of more, the first `_FEW`."""
_FEW = 3
_LONG_NUMBER = re.compile(r"[\d./]{40,}")

MAX_DIGITS = 18
"""Longer integers are shown by their number of digits and logarithm; --json has them in full."""


def page(network: NetworkFacts, place: str, *parts: RenderableType) -> RenderableType:
    """A title that names the network and where was looked, and parts below it."""
    widths = "".join(f" - {width}" for width in [*network.widths, network.output_dim])
    title = Text(network.name, style="bold")
    units = plural(network.num_units, "ReLU unit")
    title.append(f"   {plural(network.input_dim, 'input')}{widths}   {units}", style="not bold")
    if network.slice is not None:
        title.append(f"   {network.slice.label}", style="not bold")
    if place:
        title.append(f"   {few_parts(place)}", style="not bold")
    return titled(title, *parts)


def titled(title: Text, *parts: RenderableType) -> RenderableType:
    """A title, and parts below it."""
    spaced: list[RenderableType] = [Spaced(title)]
    for part in parts:
        spaced += [Text(), Indented(Spaced(part) if isinstance(part, Text) else part)]
    return Group(*spaced)


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
    return table


WIDTH = 80
"""Columns of a terminal that tables keep to, and that texts are folded to where there is no terminal."""


class Folded:
    """Notes in lines of at most `WIDTH` columns: a name, and behind it what is to be said, folded under itself."""

    def __init__(self, heading: str, notes: Iterable[tuple[str, str]]) -> None:
        self.heading = heading
        self.notes = tuple(notes)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        import textwrap

        width = min(options.max_width, WIDTH - 2)
        yield Text(self.heading, style="dim")
        for name, note in self.notes:
            lines = textwrap.wrap(f"{name}: {note}", width, initial_indent="  ", subsequent_indent="    ",
                                  break_long_words=False, break_on_hyphens=False)  # fmt: skip
            yield Text("\n".join(lines), style="dim")


class Spaced:
    """A line of entries with three spaces between them, which begins anew between entries where it is too long."""

    def __init__(self, line: Text) -> None:
        self.line = line

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first, *entries = self.line.split("   ") or [Text()]
        lines = [first]
        for entry in entries:
            if lines[-1].cell_len + 3 + entry.cell_len <= options.max_width:
                lines[-1] += Text("   ") + entry
            else:
                lines.append(Text("  ") + entry)
        yield from lines


class Indented:
    """A part two columns to the right, as wide as it needs to be."""

    def __init__(self, part: RenderableType) -> None:
        self.part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self.part, options.update(width=options.max_width - 2), pad=False):
            yield Segment("  ")
            yield from line
            yield Segment.line()


def bounds_summary(bounds: Iterable[BoundFacts], regions: int | None) -> Table:
    """The upper bounds that apply, those of one value on one line; `relureg bounds` names all."""
    headers = ["bound", "value"] + ["regions / bound"] * (regions is not None) + [""]
    table = plain_table(*headers, left=(0, len(headers) - 1))
    by_value: dict[int, list[str]] = {}
    for bound in bounds:
        if bound.value is not None and bound.kind in ("upper", "exact"):
            by_value.setdefault(bound.value, []).append(bound.name)
    for value, (name, *others) in by_value.items():
        share = [_share(regions, value)] if regions is not None else []
        note = f"and {len(others)} more" if others else ""
        table.add_row(name, huge(value), *share, Text(note, style="dim"))
    return table


def checks_line(
    checks: Mapping[str, bool | None], seconds: float, *, engine: str, signs: tuple[int, int] | None = None
) -> Text:
    """How the checks of a complex ended, how many signs of how many were decided by integers, and the time."""
    line = passed_line((_CHECK_NAMES.get(name, name), passed) for name, passed in checks.items())
    if signs is not None and signs[1]:
        line.append(f"   exact predicates {grouped(signs[0])} of {grouped(signs[1])}")
    line.append(f"   engine {engine}   {seconds:.2f} s", style="dim")
    return line


def passed_line(checks: Iterable[tuple[str, bool | None]]) -> Text:
    """Checks by name, and how each ended."""
    line = Text("checks")
    for name, passed in checks:
        word, style = _WORDS[passed]
        line.append(f"   {name} ")
        line.append(word, style=style)
    return line


def seconds_line(seconds: float) -> Text:
    """The time alone."""
    return Text(f"{seconds:.2f} s", style="dim")


def add_files(facts: Table, files: Iterable[str]) -> None:
    """A row for each file written."""
    for name in files:
        facts.add_row("written to", name)


def files_part(files: Sequence[str]) -> list[RenderableType]:
    """The files written, as a part of a page; no part where there are none."""
    return [Group(*(Text(f"written to   {name}") for name in files))] if files else []


def add_degrees(facts: Table, average: ExactNumber, extremes: tuple[int, int], twice_dim: int) -> None:
    """The degrees of a region graph."""
    ratio = average.ratio if average.den != 1 else "exactly"
    facts.add_row("average degree", f"{average.float_:.6g}   ({ratio}; 2d = {twice_dim})")
    facts.add_row("least and largest degree", f"{extremes[0]}, {extremes[1]}")


def histogram_table(histogram: Mapping[str, int], regions: int) -> Table:
    """How many regions have each degree."""
    table = plain_table("degree", "regions", "share")
    for degree, count in histogram.items():
        table.add_row(degree, grouped(count), f"{100 * count / regions:.1f} %")
    return table


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


def few_numbers(values: Iterable[float]) -> str:
    """Coordinates, of which the first are shown where there are many."""
    texts = [f"{value:.4g}" for value in values]
    if len(texts) <= _MOST_NUMBERS:
        return ", ".join(texts)
    return f"{', '.join(texts[:_FEW])}, ... ({len(texts):,} numbers)"


def affine(weights: str, bias: float) -> str:
    """An affine function of the weights' text."""
    return f"({weights}) x {'-' if bias < 0 else '+'} {abs(bias):.4g}"


def grouped(value: int) -> str:
    return f"{value:,}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def low_to_high(low: int, high: int) -> str:
    """A number that lies between two, which may be equal."""
    return grouped(low) if low == high else f"{grouped(low)} to {grouped(high)}"


def huge(value: int | None) -> str:
    """An integer of any size, or none."""
    if value is None:
        return "-"
    if value < 10**MAX_DIGITS:
        return grouped(value)
    digits = math.log10(value)
    return f"10^{digits:.2f} ({int(digits) + 1:,} digits)"


def _share(regions: int, bound: int) -> str:
    if bound < 10**MAX_DIGITS:
        share = 100 * regions / bound
        return f"{share:.2f} %" if share >= 0.01 else f"{share:.1e} %"
    return f"10^{math.log10(max(regions, 1)) - math.log10(bound):.1f}"
