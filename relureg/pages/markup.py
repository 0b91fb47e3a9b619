"""Small pieces of HTML: tables of facts, bars, pictures; their colours are those of whatever page they stand in."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

_CELL = 'style="text-align:{};padding:.1em .8em .1em 0;border:0;background:none"'
_BAR = "#3a7fb8"
"""A blue that is seen on white and on black."""


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values; texts are escaped."""
    right = _CELL.format("left")
    left = right.replace("border:0", "border:0;font-weight:400;opacity:.7")
    body = "".join(
        f'<tr style="background:none"><th scope="row" {left}>{escape(name)}</th><td {right}>{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f'<table style="border:0;margin:0"><tbody>{body}</tbody></table>'


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A table with headers; columns in `right` are justified to the right."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return "".join(
            f"<{tag}{scope} {_CELL.format('right' if k in right else 'left')}>{escape(text)}</{tag}>"
            for k, text in enumerate(texts)
        )

    head = f"<thead><tr>{cells('th', headers)}</tr></thead>"
    body = "".join(f'<tr style="background:none">{cells("td", row)}</tr>' for row in rows)
    return f'<table style="border:0;margin:0">{head}<tbody>{body}</tbody></table>'


def bars(title: str, values: Sequence[tuple[str, int]]) -> str:
    """A horizontal bar for each value, from 0, with its name and number, as SVG."""
    most = max((value for _, value in values), default=0) or 1
    left = 8 + 6.2 * max((len(name) for name, _ in values), default=0)
    rows = "".join(
        f'<text x="{left - 6:.0f}" y="{31 + 17 * k}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{left:.0f}" y="{20 + 17 * k}" width="{150 * value / most:.1f}" height="13" fill="{_BAR}"/>'
        f'<text x="{left + 150 * value / most + 5:.0f}" y="{31 + 17 * k}">{value:,}</text>'
        for k, (name, value) in enumerate(values)
    )
    width, height = left + 240, 24 + 17 * len(values)
    told = escape(f"{title}: {', '.join(f'{name} {value:,}' for name, value in values)}", quote=True)
    return (
        f'<svg role="img" aria-label="{told}" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" '
        f'font-size="11" font-family="sans-serif" fill="currentColor"><text x="0" y="12">{escape(title)}</text>{rows}'
        "</svg>"
    )


def image(png: bytes, told: str, width: int) -> str:
    """A picture inside the page, and what it shows in words."""
    data = base64.b64encode(png).decode()
    return f'<img width="{width}" alt="{escape(told, quote=True)}" src="data:image/png;base64,{data}">'


def side_by_side(title: str, *parts: str) -> str:
    """Parts in a row below a title."""
    boxes = "".join(f"<div>{part}</div>" for part in parts if part)
    return (
        f'<div><div style="margin-bottom:.4em"><strong>{escape(title)}</strong></div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">{boxes}</div></div>'
    )
