"""Compare two runs of the suite.

    python benchmarks/compare.py before.json after.json

Prints before / after, so that 2 means twice as fast: of the least processor time on one thread, of the median on the
wall clock on two. A count that differs is said, and ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

from markdown import factor, seconds, table

COLUMNS = {"one": "1 thread", "two": "2 threads", "records": "records"}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Compare two runs of the suite.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    before, after = _read(options.before), _read(options.after)
    for key in before["machine"] | after["machine"]:
        old, new = before["machine"].get(key), after["machine"].get(key)
        if old != new:
            print(f"{key}: {old} before, {new} after")
    old_results, new_results = _by_name(before), _by_name(after)
    common = [name for name in old_results if name in new_results]
    if not common:
        print("no network is in both files", file=sys.stderr)
        return 1
    print(ratios(common, old_results, new_results))
    for text in [
        *(f"only before: {name}" for name in old_results if name not in new_results),
        *(f"only after: {name}" for name in new_results if name not in old_results),
    ]:
        print(text)
    if before.get("start_up") and after.get("start_up"):
        old, new = (median(wall for wall, _ in run["start_up"]["command"]) for run in (before, after))
        print(f"\nstart-up: {seconds(old)} before, {seconds(new)} after, ratio {factor(old / new)}")
    differing = [name for name in common if old_results[name]["regions"] != new_results[name]["regions"]]
    for name in differing:
        print(f"COUNTS DIFFER: {name}: {old_results[name]['regions']:,} and {new_results[name]['regions']:,}")
    return 1 if differing else 0


def ratios(names: Sequence[str], before: dict[str, Any], after: dict[str, Any]) -> str:
    """A line a network, and the geometric mean of each column."""
    found: dict[str, list[float]] = {column: [] for column in COLUMNS}
    rows = []
    for name in names:
        old, new = before[name], after[name]
        row = [name, seconds(_time(old, "one")), seconds(_time(new, "one"))]
        for column in COLUMNS:
            if old[column] and new[column]:
                found[column].append(_time(old, column) / _time(new, column))
                row.append(factor(found[column][-1]))
            else:
                row.append("-")
        rows.append(row)
    means = [factor(exp(sum(map(log, ratio)) / len(ratio))) if ratio else "-" for ratio in found.values()]
    header = ["before / after", "before", "after", *COLUMNS.values()]
    return table(header, [*rows, ["geometric mean", "", "", *means]])


def _time(result: dict[str, Any], column: str) -> float:
    """On two threads the median on the wall clock, else the least processor time, which others disturb less."""
    times = result[column]
    return float(median(times["wall"]) if column == "two" else min(times["processor"]))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None
    if not isinstance(document, dict) or (document.get("format"), document.get("version")) != ("relureg-benchmark", 1):
        raise SystemExit(f"{path}: not written by benchmarks/suite.py -o")
    return document


def _by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {result["name"]: result for result in document["results"]}


if __name__ == "__main__":
    sys.exit(main())
