"""What a call of `RegionHistory` costs in a training loop: the median of many, and of the step of training before it.

    python benchmarks/callback.py --steps 60

PyTorch trains on one thread, on 256 points; of many inputs, the plane through three of the points is counted.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time

import torch

import relureg

CASES = ((2, 16, 16, 1), (2, 64, 64, 1), (784, 32, 10), (784, 100, 100, 10))


def perceptron(widths: tuple[int, ...]) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def measure(widths: tuple[int, ...], num_steps: int) -> tuple[float, float, relureg.HistoryRow, int]:
    """Milliseconds of a step and of a call, the last row, and how many rows are exact."""
    torch.manual_seed(0)
    model, data = perceptron(widths), torch.rand(256, widths[0])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    plane = relureg.Slice.through(data[:3].tolist()) if widths[0] > 2 else None
    history = relureg.RegionHistory(model, widths[0], on=plane)
    history(0)  # the first call imports, and is not measured
    steps, calls = [], []
    for step in range(1, num_steps + 1):
        started = time.perf_counter()
        optimiser.zero_grad()
        model(data).square().mean().backward()
        optimiser.step()
        between = time.perf_counter()
        history(step)
        steps.append(between - started)
        calls.append(time.perf_counter() - between)
    row, exact = history.rows[-1], sum(row.is_exact for row in history.rows)
    return 1e3 * statistics.median(steps), 1e3 * statistics.median(calls), row, exact


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="steps of training, each with a call (60)")
    num_steps = parser.parse_args().steps
    torch.set_num_threads(1)
    print("| network | where | step of training | call | regions | exact |")
    print("| --- | --- | --- | --- | --- | --- |")
    for widths in CASES:
        step, call, row, exact = measure(widths, num_steps)
        where = "a plane through three points" if widths[0] > 2 else "whole space"
        told = f"{row.regions:,.0f}" if row.regions is not None else f"at least {row.at_least:,}"
        print(
            f"| {'-'.join(map(str, widths))} | {where} | {step:.1f} ms | {call:.1f} ms | {told} "
            f"| {exact} of {num_steps + 1} |"
        )


if __name__ == "__main__":
    main()
