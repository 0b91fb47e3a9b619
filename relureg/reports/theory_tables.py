"""The documents of `theory_documents` as tables for people."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from relureg.reports.documents import Document
from relureg.reports.tables import Indented, facts_table, page, plain_table
from relureg.words import plural


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


def verify_table(document: Document) -> RenderableType:
    """`relureg verify` for people: one row a theorem, then what is violated."""
    table = plain_table("theorem", "holds", "violated", "n/a", "", left=(0, 4))
    for theorem in document["theorems"]:
        results = [result for result in document["results"] if result["theorem"] == theorem["name"]]
        counts = Counter(result["status"] for result in results)
        violated = counts["violated"] + counts["claimed-violated"]
        bad = counts["violated"] or (violated and document["claims"])
        note = ("claimed: " if theorem["claimed"] else "") + theorem["statement"]
        table.add_row(
            theorem["name"],
            f"{counts['holds']:,}",
            Text(f"{violated:,}", style="bold red" if bad else ""),
            f"{counts['not-applicable']:,}",
            Text(note, style="dim"),
        )
    places = {(network["slice"] or {}).get("label"): None for network in document["networks"]}
    places |= {network["domain"]: None for network in document["networks"]}
    where = "".join(f"   {place}" for place in places if place)
    title = f"{plural(len(document['networks']), 'network')}, {_region_range(document)}{where}"
    parts: list[RenderableType] = [Text(title, style="bold"), Text(), Indented(table)]
    if lines := _violations(document):
        parts += [Text(), Indented(Group(*lines))]
    return Group(*parts, Text(), Indented(Text(_conclusion(document))))


_MOST_LISTED = 20
"""Violations listed one by one; --json has all."""


def _violations(document: Document) -> list[Text]:
    bad = [result for result in document["results"] if result["status"] in ("violated", "claimed-violated")]
    sources = {theorem["name"]: theorem["source"] for theorem in document["theorems"]}
    lines = [
        Text(f"{result['status']}: {result['theorem']}: {result['detail']}   {result['network']}   ")
        + Text(sources[result["theorem"]], style="dim")
        for result in bad[:_MOST_LISTED]
    ]
    if len(bad) > _MOST_LISTED:
        lines.append(Text(f"and {len(bad) - _MOST_LISTED:,} more (--json lists all)"))
    return lines + [Text(f"saved {entry['file']}: {entry['what']}") for entry in document["saved"]]


def _region_range(document: Document) -> str:
    counts = [network["regions"] for network in document["networks"]]
    if min(counts) == max(counts):
        return plural(counts[0], "region")
    return f"{min(counts):,} to {max(counts):,} regions"


def _conclusion(document: Document) -> str:
    stopped = sum(network["stopped_by"] is not None for network in document["networks"])
    limit = f", {plural(stopped, 'network')} stopped by a limit" if stopped else ""
    if document["violations"]:
        return f"{plural(document['violations'], 'violation')}{limit}   {document['seconds']:.2f} s"
    claimed = sum(result["status"] == "claimed-violated" for result in document["results"])
    note = f" ({plural(claimed, 'claimed one')} does not count; --claims)" if claimed == 1 else ""
    note = f" ({claimed:,} of claimed theorems do not count; --claims)" if claimed > 1 else note
    return f"no violation{note}{limit}   {document['seconds']:.2f} s"
