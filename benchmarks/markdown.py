"""Tables as Markdown, aligned so that they can be read as text too."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is flush left, all others right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        "| " + " | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) + " |"
        for row in [header, rule, *rows]
    )


def seconds(value: float) -> str:
    """A time in the unit that fits it."""
    if value < 0.01:
        return f"{value * 1e3:.2f} ms"
    if value < 1:
        return f"{value * 1e3:.0f} ms"
    return f"{value:.2f} s"


def rate(count: int, value: float) -> str:
    """How many a second, to three digits."""
    per_second = count / value
    digits = 10 ** max(0, len(str(int(per_second))) - 3)
    return f"{round(per_second / digits) * digits:,}"


def factor(value: float) -> str:
    """A ratio, to two or three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
