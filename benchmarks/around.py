"""How long the regions around a point take, in hundreds of inputs, beside relucent's search where it can be installed.

    python benchmarks/around.py [--regions N] [--only NAME]

Each network is asked for the N regions nearest to one point, on one thread, and once for the region of the point alone.
relucent looks at the whole space, and is a Python package in an environment of its own: see `benchmarks/peers.py`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markdown import seconds, table
from networks import NETS
from peers import ENVIRONMENT, installed

import relureg
from relureg import Domain, Network

SCRIPT = Path(__file__).resolve().parent / "peer_scripts" / "relucent_around.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network and a part of its inputs; the point is uniform in [0, 1]^d."""

    name: str
    network: Network
    box: bool
    """Whether only [0, 1]^d is looked at."""
    regions: int
    """At the most."""

    @property
    def domain(self) -> Domain | None:
        dim = self.network.input_dim
        return Domain.box([0] * dim, [1] * dim) if self.box else None

    @property
    def point(self) -> list[float]:
        found: list[float] = np.random.default_rng(0).uniform(size=self.network.input_dim).tolist()
        return found


def cases() -> list[Case]:
    wide = relureg.random_network((784, 32, 10), "he", seed=1, name="he 784-32-10")
    small = relureg.random_network((3, 16, 16, 1), "he", seed=1, name="he 3-16-16-1")
    found = [
        Case(name="small", network=small, box=False, regions=1000),
        Case(name="small box", network=small, box=True, regions=1000),
        Case(name="wide", network=wide, box=False, regions=1000),
        Case(name="wide box", network=wide, box=True, regions=1000),
    ]
    for file in ("marabou_tinytaxinet_conv.onnx", "marabou_conv_mp1.onnx"):
        if (NETS / file).is_file():
            found.append(Case(name=file, network=relureg.load(NETS / file), box=True, regions=20))
    return found


def measured(case: Case, regions: int, timeout: float) -> tuple[str, ...]:
    """A row: the region of the point alone, and the nearest ones."""
    begun = time.perf_counter()
    first = relureg.regions_around(case.network, case.point, case.domain, radius=0, jobs=1, timeout=timeout)
    alone = time.perf_counter() - begun
    begun = time.perf_counter()
    near = relureg.regions_around(
        case.network, case.point, case.domain, max_regions=min(regions, case.regions), jobs=1, timeout=timeout
    )
    spent = time.perf_counter() - begun
    failed = [check.name for check in near.checks if check.passed is False]
    if failed:
        raise SystemExit(f"{case.name}: checks failed: {failed}")
    network = case.network
    widths = "-".join(map(str, (network.input_dim, *network.widths)))
    where = "[0, 1]^d" if case.box else "whole space"
    if not first.num_regions or not near.num_regions:
        return case.name, widths, where, "0", f"> {timeout:g} s", f"> {timeout:g} s", "-"
    each = f"{near.num_regions:,}", seconds(alone), seconds(spent)
    return case.name, widths, where, *each, seconds(spent / near.num_regions)


def relucent_row(case: Case, regions: int, timeout: float) -> str:
    """What relucent takes for as many regions of the whole space; in words where it does not answer."""
    network = case.network
    if len(network.widths) + 1 != len(network.forms) or case.box:
        return "-"
    layers = [(form.terms, form.constant) for form in network.forms]
    if any(list(terms) != [stage] for stage, (terms, _) in enumerate(layers)):
        return "not a perceptron"
    request: dict[str, Any] = {
        "weights": [terms[stage].floats.tolist() for stage, (terms, _) in enumerate(layers)],
        "biases": [constant.floats[:, 0].tolist() for _, constant in layers],
        "seconds": 0,
        "options": {"at": case.point, "regions": min(regions, case.regions), "verify": False},
    }
    try:
        done = subprocess.run(
            [ENVIRONMENT / "bin" / "python", SCRIPT], input=json.dumps(request), capture_output=True, text=True,
            timeout=timeout, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"> {timeout:g} s"
    except subprocess.CalledProcessError as error:
        return f"exit code {error.returncode}"
    answer = json.loads(done.stdout)
    if "refused" in answer:
        return str(answer["refused"])[:60]
    return f"{answer['regions']:,} in {seconds(min(answer['wall']))}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=1000, help="the nearest so many")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--no-peer", action="store_true", help="leave relucent out")
    asked = parser.parse_args()
    has_peer = not asked.no_peer and installed("relucent")
    rows = []
    for case in cases():
        if asked.only in case.name:
            row = measured(case, asked.regions, asked.timeout)
            rows.append((*row, relucent_row(case, asked.regions, asked.timeout) if has_peer else "-"))
            print(" ".join(rows[-1]), flush=True)
    header = ("network", "widths", "where", "regions", "the first", "all", "each", "relucent")
    print("\n" + table(header, rows))


if __name__ == "__main__":
    main()
