"""The documents of `theory_documents` as tables for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from relureg.reports.documents import Document
from relureg.reports.tables import facts_table, page, plain_table


def catalogue_table(document: Document) -> RenderableType:
    """`relureg construct` without a name, for people."""
    table = plain_table("construction", "example", "what", "source", left=(0, 1, 2, 3))
    for family in document["constructions"]:
        table.add_row(family["name"], family["example"], family["summary"], Text(family["source"], style="dim"))
    parameters = plain_table("construction", "parameter", "default", "meaning", left=(0, 1, 2, 3))
    for family in document["constructions"]:
        for index, parameter in enumerate(family["parameters"]):
            default = "" if parameter["default"] is None else parameter["default"] or "none"
            name = family["name"] if index == 0 else ""
            parameters.add_row(name, parameter["name"], default, parameter["meaning"])
    return Group(table, Text(), parameters)


def construct_table(document: Document) -> RenderableType:
    """`relureg construct NAME -o FILE` for people."""
    facts = facts_table()
    facts.add_row("activation regions", _count(document))
    facts.add_row("source", document["source"])
    if document["output"]:
        facts.add_row("written to", document["output"])
    return page(document, "", facts)


def construct_line(document: Document) -> str:
    """The same in one line."""
    return f"{document['network']['name']}: {_count(document)} activation regions ({document['source']})"


def random_table(document: Document) -> RenderableType:
    """`relureg random -o FILE` for people."""
    facts = facts_table()
    facts.add_row("initialisation", document["init"])
    facts.add_row("seed", str(document["seed"]))
    facts.add_row("sha256", document["network"]["sha256"])
    if document["output"]:
        facts.add_row("written to", document["output"])
    return page(document, "", facts)


def _count(document: Document) -> str:
    if document["regions"] is not None:
        return f"{document['regions']:,}"
    least = document["regions_at_least"]
    return "an unknown number of" if least is None else f"at least {least:,}"
