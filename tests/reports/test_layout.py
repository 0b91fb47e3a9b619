"""What people read on a terminal: no line is longer, and none is broken where it need not be."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from relureg.reports import layout


def test_a_line_too_long_for_a_terminal_begins_anew_between_its_entries() -> None:
    line = layout.checks_line({"euler": None, "faces": True}, 1.25, engine="split", signs=(3, 14_000))
    console = Console(width=50, file=io.StringIO())
    with console.capture() as capture:
        console.print(layout.titled(Text("net   2 inputs - 6 - 1   7 ReLU units   whole space R^2"), line))
    assert [line.rstrip() for line in capture.get().splitlines()] == [
        "net   2 inputs - 6 - 1   7 ReLU units",
        "  whole space R^2",
        "",
        "  checks   Euler n/a   facets by vertices yes",
        "    exact predicates 3 of 14,000   engine split",
        "    1.25 s",
    ]


def test_a_hash_fits_a_terminal() -> None:
    facts = layout.facts_table()
    facts.add_row("read back", "7" * 64)
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        console.print(layout.titled(Text("net"), facts))
    assert capture.get().splitlines()[2:] == ["  read back   " + "7" * 64]
