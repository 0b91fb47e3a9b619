"""The maximum of an output: relureg beside a mixed-integer program, solved by HiGHS through SciPy, in one run.

    python benchmarks/ranges.py --only overt --timeout 60

The program has a binary variable for each unit whose sign is open by interval bounds, and these bounds as its constants
(big M). Its answer is right up to the solver's tolerances; relureg's is an exact rational, and proved.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

import relureg
from relureg.behaviour.relaxation import Cells, Relaxation

CASES = (
    ("overt_single_pendulum_small.nnet", [-1, -1], [1, 1]),
    ("sherlock_car_2.nt", [-0.2] * 4, [0.2] * 4),
    ("acasxu_1_1_nnet.nnet", [1500, -0.01, 3.1, 1000, 1000], [1600, 0.01, 3.14, 1100, 1100]),
    ("acasxu_1_1_nnet.nnet", [1500, -0.06, 3.1, 980, 960], [1800, 0.06, 3.141593, 1200, 1200]),
)


def by_milp(network: relureg.Network, low: np.ndarray, high: np.ndarray, seconds: float) -> tuple[str, float]:
    """The maximum of output 0, and the seconds it took."""
    started = time.perf_counter()
    units, d = network.num_units, network.input_dim
    unknown = np.full((1, units), np.inf)
    cells = Cells(low=low[None], high=high[None], signs=np.zeros((1, units), np.int8), least=-unknown, most=unknown)
    bounds = Relaxation(network).bound(cells)
    least, most = bounds.least[0], bounds.most[0]
    # Variables: inputs, units h, and binaries a; z is the pre-activation.
    size = d + 2 * units
    rows, lower, upper = [], [], []

    def add(row: np.ndarray, lo: float, hi: float) -> None:
        rows.append(row)
        lower.append(lo)
        upper.append(hi)

    def row_of(form: object, entry: int) -> tuple[np.ndarray, float]:
        row = np.zeros(size)
        for source, matrix in form.terms.items():  # type: ignore[attr-defined]
            first = 0 if source == 0 else d + network.offsets[source - 1]
            row[first : first + matrix.shape[1]] = matrix.floats[entry]
        return row, float(form.constant.floats[entry, 0])  # type: ignore[attr-defined]

    for number, stage in enumerate(network.stages):
        for entry in range(stage.num_units):
            unit = network.offsets[number] + entry
            z, constant = row_of(stage.pre_activation, entry)
            h, a = np.eye(size)[d + unit], np.eye(size)[d + units + unit]
            add(h - z, constant, np.inf)
            add(h - z - least[unit] * a, -np.inf, constant - least[unit])
            add(h - most[unit] * a, -np.inf, 0.0)
    objective, offset = row_of(network.output, 0)
    limits = Bounds(
        np.concatenate([low, np.zeros(2 * units)]), np.concatenate([high, np.maximum(most, 0.0), np.ones(units)])
    )
    found = milp(
        -objective, constraints=LinearConstraint(np.array(rows), lower, upper), bounds=limits,
        integrality=np.concatenate([np.zeros(d + units), np.ones(units)]), options={"time_limit": seconds},
    )  # fmt: skip
    answer = f"{offset - found.fun:.9g}" if found.status == 0 else "not in time"
    return answer, time.perf_counter() - started


def by_relureg(network: relureg.Network, low: list[float], high: list[float], seconds: float) -> tuple[str, float]:
    """The same."""
    started = time.perf_counter()
    direction = [1] + [0] * (network.output_dim - 1)
    try:
        (found,) = relureg.output_range(network, relureg.Domain.box(low, high), direction=direction, timeout=seconds)
    except relureg.errors.LimitReachedError:
        return "not in time", time.perf_counter() - started
    assert found.maximum.value is not None
    return f"{float(found.maximum.value):.9g}", time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="networks whose names contain this")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for each")
    arguments = parser.parse_args()
    print("| network | relureg (minimum and maximum) | seconds | HiGHS (maximum) | seconds |")
    print("| --- | --- | --- | --- | --- |")
    for name, low, high in CASES:
        if arguments.only in name:
            network = relureg.load(f"fixtures/nets/{name}")
            mine, seconds = by_relureg(network, low, high, arguments.timeout)
            theirs, others = by_milp(network, np.array(low, float), np.array(high, float), arguments.timeout)
            print(f"| {name} | {mine} | {seconds:.2f} | {theirs} | {others:.2f} |", flush=True)


if __name__ == "__main__":
    main()
