"""How often 95 % intervals of estimates hold the truth, and how well they foretell the time of a count.

    python benchmarks/coverage.py [--seeds N] [--group NAME]

Each network is counted, which is the truth, and estimated with N seeds. Networks that a sample can hold as a whole are
left out, for their estimates are exact. The tables are those of docs/estimates.md.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markdown import factor, table
from networks import NETS

import relureg
from relureg import Domain, Interval, Network, RegionEstimate

LONGEST = 240.0
"""Seconds of a count; networks that take longer are left out."""

WIDTHS = {
    "wide": [
        (2, 400, 200), (2, 800, 50), (3, 120, 12), (3, 60, 90), (3, 150), (4, 60, 10), (4, 70), (5, 40, 8), (5, 30, 12),
        (6, 24, 12), (7, 22, 6),
    ],
    "two hidden layers": [
        (2, 300, 300), (3, 50, 50), (3, 70, 40), (4, 24, 24), (4, 12, 60), (4, 30, 20), (5, 16, 16), (5, 12, 40),
        (6, 12, 14), (6, 10, 30), (7, 11, 12), (8, 10, 12),
    ],
    "deep": [
        (2, 60, 60, 60, 60), (2, 40, 40, 40, 40, 40, 40), (3, 20, 20, 20, 20), (3, 16, 16, 16, 16, 16), (4, 14, 14, 14),
        (4, 11, 11, 11, 11, 11), (5, 11, 11, 11), (5, 9, 9, 9, 9), (6, 8, 8, 8),
    ],
}  # fmt: skip
LARGE = [
    (2, 2000, 1000),
    (3, 200, 200),
    (4, 60, 60),
    (4, 30, 30, 30),
    (5, 40, 40),
    (6, 24, 24),
    (8, 16, 16),
    (4, 100, 100),
]
"""Millions of regions; one draw, as by He."""
DRAWS = {"deep": 2}
"""Random networks of each shape and initialisation; one where nothing is said."""

DEGENERATE = [
    (2, 200, 200), (3, 50, 50), (4, 24, 24), (5, 16, 18), (6, 12, 12), (2, 600, 400), (3, 110, 90), (4, 40, 40),
    (5, 24, 24), (6, 16, 16),
]  # fmt: skip
BOXES = [
    (2, 400, 400), (3, 70, 70), (4, 36, 36), (5, 20, 20), (6, 13, 13), (8, 10, 10), (2, 900, 900), (3, 130, 130),
    (4, 56, 56), (5, 30, 30), (6, 20, 20),
]  # fmt: skip
MANY_INPUTS = [(8, 14, 10), (9, 14, 10), (10, 13, 8), (11, 13, 8), (12, 16, 8)]
"""In boxes, where cells are held as dictionaries."""
TRAINED = (
    "hcas_pra0_tau00_nnet.nnet", "hcas_pra4_tau20_nnet.nnet", "overt_acc_3_20_matlab_gemm4d.onnx",
    "sherlock_drone_10.nt", "sherlock_car_2.nt", "cersyve_robot_dog_f.onnx", "sherlock_cartpole_matlab_gemm4d.onnx",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    group: str
    network: Network
    domain: Domain | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network, counted and estimated."""

    case: Case
    regions: int
    seconds: float
    """Processor time of the count."""
    estimates: tuple[RegionEstimate, ...]

    def holds(self, estimate: RegionEstimate) -> bool:
        told = estimate.num_regions
        return told is not None and told.low <= self.regions <= told.high


def iter_cases() -> Iterator[Case]:
    for group, shapes in WIDTHS.items():
        for draw, widths, init in itertools.product(range(DRAWS.get(group, 1)), shapes, ("he", "torch")):
            yield Case(group=group, network=_random(widths, init, draw))
    for widths in LARGE:
        yield Case(group="large", network=_random(widths, "he"))
    for draw, widths, init in itertools.product(range(2), DEGENERATE, ("integer", "sparse", "nobias")):
        yield Case(group="degenerate", network=_random(widths, init, draw))
    for widths, (low, high) in itertools.product(BOXES, ((-1, 1), (0, 3), (-4, 0.5))):
        yield Case(
            group="in a box", network=_random(widths, "he"), domain=Domain.box([low] * widths[0], [high] * widths[0])
        )
    for widths, high in itertools.product(MANY_INPUTS, (0.5, 2.0)):
        box = Domain.box([-high] * widths[0], [high] * widths[0])
        yield Case(group="many inputs", network=_random(widths, "he"), domain=box)
    for name in TRAINED:
        network = relureg.load(NETS / name)
        yield Case(group="trained", network=network)
        for half in (0.1, 1.0):
            box = Domain.box([-half] * network.input_dim, [half] * network.input_dim)
            yield Case(group="trained", network=network, domain=box)


def _random(widths: tuple[int, ...], init: str, draw: int = 0) -> Network:
    shape = "-".join(map(str, widths))
    return relureg.random_network(widths, init, seed=len(shape) + 100 * draw, name=f"{init} {shape} #{draw + 1}")


def tried(case: Case, seeds: int) -> Trial | None:
    """None where the count takes too long, or an estimate is exact, which it must be then."""
    first = relureg.estimate_regions(case.network, case.domain, precision=0.9)
    begun = time.process_time()
    count = relureg.count_regions(case.network, case.domain, timeout=LONGEST, jobs=1)
    seconds = time.process_time() - begun
    if not count.complete:
        return None
    if first.exact:
        if first.at_least != count.num_regions:
            raise SystemExit(
                f"{case.network.name}: {first.at_least:,} regions told as exact, {count.num_regions:,} are"
            )
        return None
    estimates = tuple(relureg.estimate_regions(case.network, case.domain, seed=seed) for seed in range(seeds))
    return Trial(case=case, regions=count.num_regions, seconds=seconds, estimates=estimates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--group")
    asked = parser.parse_args()
    trials = []
    for case in iter_cases():
        if asked.group in (None, case.group) and (trial := tried(case, asked.seeds)) is not None:
            trials.append(trial)
            print(_line(trial), flush=True)
    print("\n" + table(("networks", "number", "regions", "hold", "of", "share", "width"), list(_rows(trials))))
    longest = sorted(trials, key=lambda trial: trial.seconds)[-20:]
    print("\n" + table(("network", "regions", "count", "foretold", "factor"), [_forecast(trial) for trial in longest]))


def _line(trial: Trial) -> str:
    told = [(trial.holds(one), _percent(one.num_regions), one.samples) for one in trial.estimates]
    where = trial.case.domain.label if trial.case.domain else ""
    return f"{trial.case.group}: {trial.case.network.name} {where}: {trial.regions:,} in {trial.seconds:.2f} s: {told}"


def _percent(told: Interval | None) -> str:
    return "none" if told is None else f"{100 * told.precision:.1f} %"


def _rows(trials: list[Trial]) -> Iterator[tuple[str, ...]]:
    for group in [*dict.fromkeys(trial.case.group for trial in trials), "all"]:
        own = [trial for trial in trials if group in (trial.case.group, "all")]
        held = [trial.holds(one) for trial in own for one in trial.estimates if one.num_regions is not None]
        widths = [one.num_regions.precision for trial in own for one in trial.estimates if one.num_regions is not None]
        sizes = [trial.regions for trial in own]
        yield (
            group, f"{len(own)}", f"{min(sizes):,} to {max(sizes):,}", f"{sum(held)}", f"{len(held)}",
            f"{100 * sum(held) / len(held):.1f} %", f"+- {100 * float(np.median(widths)):.1f} %",
        )  # fmt: skip


def _forecast(trial: Trial) -> tuple[str, ...]:
    foretold = [one.seconds.mean for one in trial.estimates if one.seconds is not None]
    middle = float(np.median(foretold))
    name = trial.case.network.name + (f" in {trial.case.domain.label}" if trial.case.domain else "")
    ratio = factor(middle / trial.seconds)
    return name, f"{trial.regions:,}", f"{trial.seconds:.2f} s", f"{middle:.2f} s", ratio


if __name__ == "__main__":
    main()
