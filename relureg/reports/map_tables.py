"""The documents of `relureg maps ...` as tables for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from relureg.reports.documents import Document
from relureg.reports.tables import facts_table, page, plain_table, seconds_line
from relureg.words import plural


def at_table(document: Document) -> RenderableType:
    """`relureg maps at` for people."""
    sets = [(name, document[name]) for name in ("train", "test") if document[name] is not None]
    table = plain_table("points", *(name for name, _ in sets))
    for label, key in (
        ("points", "points"), ("activation regions", "activation_regions"),
        ("distinct affine maps", "affine_maps"), ("on a boundary", "on_boundary"),
    ):  # fmt: skip
        table.add_row(label, *(f"{part[key]:,}" for _, part in sets))
    if any(part["accuracy"] is not None for _, part in sets):
        table.add_row("accuracy", *(_percent(part["accuracy"]) for _, part in sets))
    facts = facts_table()
    if document["test_points_in_train_regions"] is not None:
        facts.add_row("test points in regions of training points", f"{document['test_points_in_train_regions']:,}")
    near = document["nearest_facets"]
    if near is not None and near["facets"]:
        facts.add_row(
            "distance to the nearest facet",
            f"least {near['least']:.4g}   median {near['median']:.4g}   largest {near['largest']:.4g}",
        )
        facts.add_row("another class at the nearest facet", plural(near["class_changes"], "point"))
    for region in document["local_regions"]:
        proof = "proved" if region["exact"] else "by linear programs in doubles"
        left = f"; {plural(region['left_out'], 'hyperplane')} farther away not looked at" if region["left_out"] else ""
        facts.add_row(f"region of point {region['point']}", f"{plural(region['facets'], 'facet')}, {proof}{left}")
    told: list[RenderableType] = [facts] if facts.row_count else []
    return page(document, "", table, *told, *_shown(document), *_files(document), seconds_line(document))


def extract_table(document: Document) -> RenderableType:
    """`relureg maps extract` for people."""
    facts = facts_table()
    check = document["agreement_check"]
    facts.add_row("data points", f"{document['points']:,}")
    facts.add_row(
        "terms", f"{plural(document['numerators'], 'numerator')}, {plural(document['denominators'], 'denominator')}"
    )
    if document["forward_passes"] is not None:
        facts.add_row("cost of the extraction", f"{document['forward_passes']:.1f} forward passes a point")
    facts.add_row("largest deviation at the data", f"{check['largest_deviation']:.3g}")
    if check["num_ties"]:
        facts.add_row("other label, by a tie up to rounding", plural(check["num_ties"], "point"))
    parts: list[RenderableType] = [facts]
    if document["test"] is not None:
        parts.append(_test_table(document["test"]))
    if document["coefficients"] is not None:
        parts.append(_coefficients_table(document["coefficients"]))
    if document["stages"] is not None:
        parts.append(_stages_table(document["stages"]))
    return page(document, "", *parts, *_files(document), _checks(document))


def cluster_table(document: Document) -> RenderableType:
    """`relureg maps cluster` for people."""
    table = plain_table("maps for each output", "keeps the class", "accuracy", left=())
    table.add_row("all", "100.0 %", _percent(document["accuracy"]))
    for row in document["clusters"]:
        table.add_row(f"{row['k']:,}", _percent(row["agreement"]), _percent(row["accuracy"]))
    return page(document, "", table, *_files(document), seconds_line(document))


def relate_table(document: Document) -> RenderableType:
    """`relureg maps relate` for people."""
    networks = document["networks"]
    table = plain_table("from", "to", "class of the second", "accuracy", "residual", left=(0, 1))
    for number, network in enumerate(networks):
        table.add_row(network["name"], networks[number]["name"], "100.0 %", _percent(network["accuracy"]), "-")
    for row in document["relations"]:
        names = (networks[row[end]]["name"] for end in ("from", "to"))
        table.add_row(*names, _percent(row["agreement"]), _percent(row["accuracy"]), f"{row['residual']:.3g}")
    return page(document, "", table, *_files(document), seconds_line(document))


def _shown(document: Document) -> list[RenderableType]:
    if not document["rows"]:
        return []
    table = plain_table("point", "region", "map", "class", "pattern", "affine map", left=(4, 5))
    for row in document["rows"]:
        maps = "; ".join(_affine(w, b) for w, b in zip(row["weights"], row["bias"], strict=True))
        pattern = row["pattern"] if len(row["pattern"]) <= 40 else row["pattern"][:37] + "..."
        near = row.get("distance")
        far = "" if near is None or row["facet_unit"] < 0 else f"   unit {row['facet_unit']} at {near:.4g}"
        table.add_row(
            str(row["point"]), str(row["region"]), str(row["map"]), str(row["class"]), pattern,
            (maps if len(maps) <= 80 else maps[:77] + "...") + far,
        )  # fmt: skip
    return [table]


def _test_table(test: Document) -> RenderableType:
    table = plain_table("on test data", "")
    table.add_row("N and N^(X) give the same class", _percent(test["agreement"]))
    if test["accuracy"] is not None:
        table.add_row("accuracy of N", _percent(test["accuracy"]))
        table.add_row("accuracy of N^(X)", _percent(test["extracted_accuracy"]))
    return table


def _coefficients_table(found: Document) -> RenderableType:
    table = plain_table("coefficients of N against N^(X)", "test points", "angle (degrees)", "distance")
    for name in ("agreeing", "disagreeing"):
        part = found[name]
        table.add_row(f"{name} classes", f"{part['points']:,}", _spread(part["angle"]), _spread(part["distance"]))
    return table


def _stages_table(stages: Iterable[Document]) -> RenderableType:
    table = plain_table("layers merged down to", "keeps the class", "accuracy")
    for stage in stages:
        table.add_row(stage["merged"], _percent(stage["agreement"]), _percent(stage["accuracy"]))
    return table


def _checks(document: Document) -> RenderableType:
    names = {"theorem_3_3": "Theorem 3.3 at all data points", "everywhere": "N^(X) = N on the whole complex"}
    line = Text("checks")
    for name, passed in document["checks"].items():
        line.append(f"   {names[name]} ")
        line.append("yes" if passed else "NO", style="green" if passed else "bold red")
    line.append(f"   {document['seconds']:.2f} s", style="dim")
    return line


def _files(document: Document) -> list[RenderableType]:
    return [Group(*(Text(f"written to   {name}") for name in document["files"]))] if document["files"] else []


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _spread(summary: Any) -> str:
    return "-" if summary is None else "{median:.3g} ({quartile_1:.3g} to {quartile_3:.3g})".format(**summary)


def _affine(weights: Iterable[float], bias: float) -> str:
    return f"({_numbers(weights)}) x {'-' if bias < 0 else '+'} {abs(bias):.4g}"


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
