"""Run other tools and relureg on the same networks in the same box, in turn, and print the ratios.

    python benchmarks/peers.py -o peers.json

The tools live in a virtual environment of their own (`build/peers`), made and filled from PyPI on the first run; none
is a dependency of relureg. `--only relureg` needs none of them: relureg is then its own peer, which shows what the
frame itself costs. Each comparison runs relureg, the tool, and relureg again, each in a process of its own,
on one thread, with the network in memory before the clock starts. What a tool answers is printed, right or wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
from markdown import factor, rate, seconds, table
from networks import Case, arrangement, case, resonance_normals

SCRIPTS = Path(__file__).resolve().parent / "peer_scripts"
ENVIRONMENT = SCRIPTS.parent.parent / "build" / "peers" / "venv"
PEERS = ("regioncam", "affinitree", "relucent")
ITSELF = "relureg"
"""Compared with itself where nothing else is asked for: the ratio is then 1, but for the noise of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One tool on one network."""

    peer: str
    network: str
    seconds: float = 0
    """How long each tool is run again and again; 0 is one run, for the answer alone."""
    box: float | None = None
    """Half the side of the box around the origin; None is the whole space."""
    label: str = ""
    """What is special about the call."""
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def place(self) -> str:
        return "whole space" if self.box is None else f"[-{self.box:g}, {self.box:g}]^d"


def _timed(peer: str, network: str, box: float | None = None, label: str = "", **options: Any) -> Comparison:
    return Comparison(peer=peer, network=network, seconds=3, box=box, label=label, options=tuple(options.items()))


SPEED = (
    _timed("regioncam", "he_2-128-128-1", box=1),
    _timed("regioncam", "he_2-128-128-1", box=10),
    _timed("regioncam", "he_2-64-64-64-1", box=1),
    _timed("regioncam", "he_2-64-64-64-1", box=10),
    _timed("affinitree", "rand_3-60-1"),
    _timed("affinitree", "rand_4-12-12-1"),
    _timed("affinitree", "rand_4-12-12-1", box=10),
    _timed("relucent", "rand_2-16-16-1"),
    _timed("relucent", "rand_2-16-16-1", label="unverified", verify=False),
    _timed("relucent", "rand_3-16-16-1"),
    _timed("relucent", "rand_3-16-16-1", label="unverified", verify=False),
)
"""Networks in general position, which every tool is made for."""

MANY_INPUTS = (
    _timed("affinitree", "he_10-14-1_seed1", box=1),
    _timed("affinitree", "he_12-12-4-1_seed1", box=1),
    _timed("affinitree", "he_20-8-4-1_seed1", box=1),
    _timed("relucent", "he_12-12-4-1_seed1", label="unverified", verify=False),
    _timed("relucent", "he_20-8-4-1_seed1", label="unverified", verify=False),
)
"""As far as the tools get with 10 to 20 inputs."""

SELF = (
    Comparison(peer=ITSELF, network="rand_2-16-16-1"),
    Comparison(peer=ITSELF, network="rand_3-16-16-1", box=10),
)
"""The frame by itself."""

DEGENERATE = (
    Comparison(peer="regioncam", network="int_2-6-6-1", box=10),
    Comparison(peer="regioncam", network="int_2-6-6-1", box=1000),
    Comparison(peer="regioncam", network="dup_dead_2", box=10),
    Comparison(peer="regioncam", network="dup_dead_2", box=100),
    Comparison(peer="regioncam", network="nobias_2-10-1", box=1),
    Comparison(peer="affinitree", network="int_2-6-6-1"),
    Comparison(peer="affinitree", network="dup_dead_2"),
    Comparison(peer="affinitree", network="nobias_3-8-1"),
    Comparison(peer="affinitree", network="saw_6"),
    Comparison(peer="affinitree", network="resonance_4"),
    Comparison(peer="relucent", network="int_2-6-6-1"),
    Comparison(peer="relucent", network="dup_dead_2"),
    Comparison(peer="relucent", network="nobias_3-8-1"),
    Comparison(peer="relucent", network="saw_6"),
    Comparison(peer="relucent", network="resonance_4"),
)
"""Integer weights, equal, opposite and dead units, no biases: many hyperplanes through one point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answers of a tool and of relureg, as `peer_scripts/protocol.py` writes them."""

    comparison: Comparison
    peer: dict[str, Any]
    relureg: dict[str, Any]
    known: int | None
    """The number of regions over the whole space, counted independently."""
    others: float | None
    """Cores that other processes used meanwhile."""

    @property
    def is_relureg_right(self) -> bool:
        if self.relureg.get("note") != "watertight":
            return False
        return self.comparison.box is not None or self.known in (None, self.relureg["regions"])

    @property
    def verdict(self) -> str:
        """What the peer's answer is worth."""
        if "refused" in self.peer:
            return "refuses"
        told = [name for name in ("regions", "facets") if self.relureg[name] is not None]
        wrong = [name for name in told if self.peer[name] not in (None, self.relureg[name])]
        return "wrong " + " and ".join(wrong) if wrong else "right"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.output and not options.output.resolve().parent.is_dir():
        parser.error(f"there is no folder for {options.output}")
    facts = machine.facts()
    print(", ".join(f"{key} {value}" for key, value in facts.items()))
    peers = [ITSELF] if options.only == ITSELF else [peer for peer in PEERS if options.only in peer]
    present = [peer for peer in peers if peer == ITSELF or installed(peer)]
    found: dict[str, list[Outcome]] = {}
    for title, comparisons in (("speed", SPEED + MANY_INPUTS + SELF), ("degenerate", DEGENERATE)):
        found[title] = []
        for comparison in comparisons:
            if comparison.peer in present and options.network in comparison.network:
                machine.wait_until_idle(options.wait)
                found[title].append(compare(comparison, options.timeout))
                last = found[title][-1]
                print(f"  {comparison.peer} {comparison.network}: {last.verdict}", file=sys.stderr)
    if found["speed"]:
        print("\n" + speed(found["speed"]))
    outcomes = found["speed"] + found["degenerate"]
    if outcomes:
        print("\n" + answers(outcomes))
    for outcome in outcomes:
        if "refused" in outcome.peer:
            print(f"\n{outcome.comparison.peer}, {outcome.comparison.network}: {outcome.peer['refused']}")
    wrong = [outcome.comparison.network for outcome in outcomes if not outcome.is_relureg_right]
    if wrong:
        print(f"\nrelureg IS WRONG: {', '.join(wrong)}")
    if options.output:
        options.output.write_text(json.dumps(_document(facts, outcomes), indent=1) + "\n")
    return 1 if wrong else 0


def installed(peer: str) -> bool:
    """Install a peer unless it is there; a failure is told, and is no reason to stop."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print("making build/peers/venv", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
    if subprocess.run([python, "-c", f"import {peer}"], capture_output=True).returncode == 0:
        return True
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer]
    attempt = subprocess.run(install, capture_output=True, text=True)
    if attempt.returncode == 0:
        return True
    print(f"{peer}: cannot be installed here and is left out")
    print(attempt.stderr, file=sys.stderr)
    return False


def compare(comparison: Comparison, timeout: float) -> Outcome:
    """relureg, the peer, and relureg again."""
    network = _case(comparison.network)
    request = {
        "weights": [weight.tolist() for weight in network.weights],
        "biases": [bias.tolist() for bias in network.biases],
        "box": comparison.box,
        "seconds": comparison.seconds,
        "options": dict(comparison.options),
    }
    others = machine.Others()
    before = _ask(Path(sys.executable), "relureg", request, timeout)
    python = Path(sys.executable) if comparison.peer == ITSELF else ENVIRONMENT / "bin" / "python"
    peer = _ask(python, comparison.peer, request, timeout)
    after = _ask(Path(sys.executable), "relureg", request, timeout)
    if "refused" in before or "refused" in after:
        raise SystemExit(f"relureg, {comparison.network}: {before.get('refused') or after.get('refused')}")
    merged = {**before, **{clock: before[clock] + after[clock] for clock in ("wall", "processor")}}
    return Outcome(comparison=comparison, peer=peer, relureg=merged, known=network.regions, others=others.cores)


def _case(name: str) -> Case:
    return arrangement(name, resonance_normals(4), regions=370) if name == "resonance_4" else case(name)


def _ask(python: Path, tool: str, request: dict[str, Any], timeout: float) -> dict[str, Any]:
    process = subprocess.Popen(
        [python, SCRIPTS / f"{tool}_regions.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(json.dumps(request), timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # a tool's workers with it
        process.communicate()
        return {"refused": f"no answer in {timeout:g} s"}
    if process.returncode:
        last = (errors.strip().splitlines() or ["nothing on standard error"])[-1]
        return {"refused": f"exit code {process.returncode}: {last}"}
    answer: dict[str, Any] = json.loads(output)
    return answer


def speed(outcomes: Sequence[Outcome]) -> str:
    """The least time of each side by side: others that use the machine only ever add to a time."""
    header = ["tool, network", "where", "regions", "its time", "runs", "relureg", "runs"]
    header += ["its regions/s", "relureg's", "ratio", "by processor time", "others' cores"]
    rows = []
    for outcome in outcomes:
        comparison, peer, ours = outcome.comparison, outcome.peer, outcome.relureg
        label = f", {comparison.label}" if comparison.label else ""
        row = [f"{comparison.peer}, {comparison.network}{label}", comparison.place, f"{ours['regions']:,}"]
        time = min(ours["wall"])
        if "refused" in peer:
            row += ["-", "-", seconds(time), str(len(ours["wall"])), "-", rate(ours["regions"], time), "-", "-"]
        else:
            its = min(peer["wall"])
            row += [seconds(its), str(len(peer["wall"])), seconds(time), str(len(ours["wall"]))]
            row += [rate(peer["regions"], its), rate(ours["regions"], time), factor(its / time)]
            row.append(factor(min(peer["processor"]) / min(ours["processor"])))
        row.append("-" if outcome.others is None else f"{outcome.others:.1f}")
        rows.append(row)
    return table(header, rows)


def answers(outcomes: Sequence[Outcome]) -> str:
    """What each tool found, beside what relureg found."""
    header = ["tool, network", "where", "its regions", "right", "its facets", "right", "verdict", "it says"]
    rows = []
    for outcome in outcomes:
        comparison, peer, ours = outcome.comparison, outcome.peer, outcome.relureg
        facets = peer.get("facets")
        rows.append(
            [
                f"{comparison.peer}, {comparison.network}",
                comparison.place,
                f"{peer['regions']:,}" if "regions" in peer else "-",
                f"{ours['regions']:,}",
                "-" if facets is None else f"{facets:,}",
                "-" if ours["facets"] is None else f"{ours['facets']:,}",
                outcome.verdict,
                peer.get("note", ""),
            ]
        )
    return table(header, rows)


def _document(facts: dict[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "format": "relureg-peers",
        "version": 1,
        "machine": facts,
        "results": [
            {
                "tool": outcome.comparison.peer,
                "network": outcome.comparison.network,
                "box": outcome.comparison.box,
                "options": dict(outcome.comparison.options),
                "verdict": outcome.verdict,
                "answer": outcome.peer,
                "relureg": outcome.relureg,
                "others": outcome.others,
            }
            for outcome in outcomes
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare relureg with other tools.")
    parser.add_argument("-o", "--output", type=Path, help="write all answers and times as JSON")
    parser.add_argument("--only", default="", metavar="TEXT", help="only tools whose name contains TEXT")
    parser.add_argument("--network", default="", metavar="TEXT", help="only networks whose name contains TEXT")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a tool on a network (default 300)")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="before each one, wait so long for an idle machine"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
