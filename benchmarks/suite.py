"""Time relureg on the networks of `networks.py`.

    python benchmarks/suite.py -o after.json
    python benchmarks/compare.py before.json after.json

Only the call is timed: `count_regions` with one thread and with two, `enumerate_regions` for some. The network is
loaded before, anew for every run, so that no run profits from what an earlier one has cached in it. The columns of
one network take turns, after a round that is not counted. A count that is known beforehand and missed, or facets
that do not match, end with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import machine
import start_up
from markdown import factor, rate, seconds, table
from networks import Case, iter_cases
from timing import Times, alternate

import relureg

RECORDED = ("rand_3-60-1", "rand_4-12-12-1", "he_2-128-128-1", "he_3-32-32-1", "he_5-16-16-1")
"""Networks whose regions are also enumerated with records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one network gave."""

    name: str
    group: str
    dim: int
    """Dimension in which the search works: the rank of all rows applied to the input."""
    regions: int
    known: int | None
    watertight: bool | None
    """Of dictionaries, whether every side of every cut is proven: the check `sides`."""
    engine: str
    """What auto took."""
    stopped_by: str | None
    """The limit that ended the count, of a network that has more regions than the suite counts."""
    predicates: dict[str, float] | None
    """How signs were decided; `exact_share` is the share of the processor time that integers took."""
    one: Times
    """`count_regions` with one thread."""
    two: Times
    """`count_regions` with two threads."""
    records: Times | None
    """`enumerate_regions` with one thread."""
    others: float | None
    """Cores that other processes used meanwhile."""

    @property
    def is_right(self) -> bool:
        return self.watertight is not False and self.known in (None, self.regions)


def measure(case: Case, runs: int) -> Result:
    """All columns of one network."""
    domain, limit = case.domain(), case.limit
    actions: list[Callable[[relureg.Network], relureg.RegionCount | relureg.Complex]] = [
        lambda network: relureg.count_regions(network, domain, jobs=1, max_regions=limit),
        lambda network: relureg.count_regions(network, domain, jobs=2, max_regions=limit),
    ]
    if case.name in RECORDED:
        actions.append(lambda network: relureg.enumerate_regions(network, jobs=1))
    rounds = alternate(actions, case.network, runs=runs)
    one, two, *records = rounds.times
    counts = {result.num_regions for result in rounds.results}
    if len(counts) > 1:
        raise SystemExit(f"{case.name}: the count depends on threads or records: {sorted(counts)}")
    count = rounds.results[0]
    return Result(
        name=case.name,
        group=case.group,
        dim=case.network().effective_dim,
        regions=count.num_regions,
        known=case.regions,
        watertight=_proof(count),
        engine=count.engine,
        stopped_by=count.stopped_by,
        predicates=asdict(count.predicates) if count.predicates else None,
        one=one,
        two=two,
        records=records[0] if records else None,
        others=rounds.others,
    )


def _proof(count: relureg.RegionCount | relureg.Complex) -> bool | None:
    """What proves that no region is missing."""
    passed = {check.name: check.passed for check in count.checks}
    return passed.get("sides", passed["watertight"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.output and not options.output.resolve().parent.is_dir():
        parser.error(f"there is no folder for {options.output}")
    facts = machine.facts()
    print(", ".join(f"{key} {value}" for key, value in facts.items()))
    results = []
    for case in iter_cases(long=options.full):
        if options.only in case.name:
            machine.wait_until_idle(options.wait)
            results.append(measure(case, options.runs))
            last = results[-1]
            print(f"  {last.name}: {last.regions:,} regions, {seconds(last.one.median)}", file=sys.stderr)
    start = None if options.no_start_up else start_up.measure(2 * options.runs)
    for part in (counting(results), recording(results), degeneracy(results)):
        if part:
            print(f"\n{part}")
    if start:
        print("\n" + "\n".join(start.lines))
    busy = [f"{result.name} ({result.others:.1f})" for result in results if (result.others or 0) > machine.IDLE]
    if busy:
        print(f"\nThe machine was not idle: other processes used (cores) during {', '.join(busy)}.")
    wrong = [result.name for result in results if not result.is_right]
    if wrong:
        print(f"\nWRONG: {', '.join(wrong)}")
    if options.output:
        document: dict[str, Any] = {
            "format": "relureg-benchmark",
            "version": 1,
            "machine": facts,
            "results": [asdict(result) for result in results],
            "start_up": asdict(start) if start else None,
        }
        options.output.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if wrong else 0


def counting(results: Sequence[Result]) -> str:
    """The main table: medians on the wall clock; the least processor time, and the rate by it; the ratio of threads."""
    header = ["count_regions", "dim", "regions", "1 thread", "processor", "regions/s", "2 threads", "speed-up"]
    header += ["signs decided", "exactly", "zeros", "integers' time", "engine", "known count", "watertight"]
    rows = [
        [
            result.name,
            str(result.dim),
            f"{result.regions:,}",
            seconds(result.one.median),
            seconds(result.one.effort),
            rate(result.regions, result.one.effort),
            seconds(result.two.median),
            factor(result.one.least / result.two.least),
            *(f"{(result.predicates or {}).get(key, 0):,}" for key in ("total", "exact", "zero")),
            f"{(result.predicates or {}).get('exact_share', 0):.1%}",
            result.engine,
            "-" if result.known is None else "equal" if result.known == result.regions else f"{result.known:,}",
            {True: "yes", False: "NO", None: "n/a"}[result.watertight],
        ]
        for result in results
    ]
    return table(header, rows)


def recording(results: Sequence[Result]) -> str:
    """What it costs to keep patterns, points and facets, in processor time."""
    rows = [
        [
            result.name,
            f"{result.regions:,}",
            seconds(result.records.median),
            seconds(result.records.effort),
            rate(result.regions, result.records.effort),
            factor(result.records.effort / result.one.effort),
        ]
        for result in results
        if result.records
    ]
    header = ["enumerate_regions", "regions", "1 thread", "processor", "regions/s", "time / count"]
    return table(header, rows) if rows else ""


def degeneracy(results: Sequence[Result]) -> str:
    """Processor time per region of degenerate networks beside the random network of the same dimension."""
    generic = {result.dim: result for result in results if result.group == "random"}
    rows = []
    for result in results:
        if result.group == "degenerate" and result.dim in generic:
            other = generic[result.dim]
            each, usual = (found.one.effort / found.regions for found in (result, other))
            times = [f"{1e6 * each:.2f} µs", other.name, f"{1e6 * usual:.2f} µs", factor(each / usual)]
            rows.append([result.name, str(result.dim), *times])
    return table(["degenerate", "dim", "per region", "generic", "per region", "ratio"], rows) if rows else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Time relureg.")
    parser.add_argument("-o", "--output", type=Path, help="write all times as JSON")
    parser.add_argument("--only", default="", metavar="TEXT", help="only networks whose name contains TEXT")
    parser.add_argument("--runs", type=int, default=7, help="runs of each column (default 7; short ones get more)")
    parser.add_argument("--full", action="store_true", help="also 8-12-12-1, which takes minutes")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="before each network, wait so long for an idle machine"
    )
    parser.add_argument("--no-start-up", action="store_true", help="leave out the start-up time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
