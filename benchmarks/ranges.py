"""What a network does: relureg beside a mixed-integer program, solved by HiGHS through SciPy, in one run on one thread.

    python benchmarks/ranges.py --only overt --timeout 60

The program has a binary variable for each unit whose sign is open by affine bounds, and these bounds as its constants
(big M). Its answers are right up to the solver's tolerances; relureg's are exact rationals, and proved. No program of
this kind asks for a Lipschitz constant: there the other way is to look at the Jacobian of every region.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from big_m import BigM  # noqa: E402
from markdown import seconds, table  # noqa: E402

import relureg  # noqa: E402
from relureg.network.subtraction import subtract  # noqa: E402

Box = tuple[list[float], list[float]]
PUBLISHED = {"exlipbab_iris": "11.634355134114875", "exlipbab_wine": "1.7433699967107172"}


def net(name: str) -> relureg.Network:
    return relureg.load(f"fixtures/{'lipschitz' if name.startswith('exlip') else 'nets'}/{name}")


def wide_network() -> tuple[relureg.Network, Box]:
    """784 inputs, within 0.01 of a half."""
    rng = np.random.default_rng(3)
    layers = list(itertools.pairwise([784, 24, 16, 4]))
    weights = [rng.normal(size=(n, m)) / np.sqrt(m) for m, n in layers]
    network = relureg.Network.from_layers(weights, [0.1 * rng.normal(size=n) for _, n in layers])
    return network, ([0.49] * 784, [0.51] * 784)


def rounded(network: relureg.Network, parts: int) -> relureg.Network:
    """The same with each parameter rounded to a multiple of one part."""
    layers = [stage.pre_activation for stage in network.stages] + [network.output]
    matrices = [np.round(next(iter(form.terms.values())).floats * parts) / parts for form in layers]
    return relureg.Network.from_layers(matrices, [np.round(f.constant.floats[:, 0] * parts) / parts for f in layers])


@dataclass(frozen=True)
class Case:
    """A question, and how each of the two answers it: with a text."""

    label: str
    ask: Callable[[], str]
    ask_other: Callable[[], str]


def range_case(label: str, network: relureg.Network, box: Box) -> Case:
    """The least and the largest value of output 0."""

    def ask() -> str:
        along = [1] + [0] * (network.output_dim - 1)
        (found,) = relureg.output_range(network, relureg.Domain.box(*box), direction=along)
        assert found.minimum.value is not None
        assert found.maximum.value is not None
        return f"{float(found.minimum.value):.9g} .. {float(found.maximum.value):.9g}"

    def ask_other() -> str:
        program = BigM(network, box)
        return f"{-program.maximum(0, -1):.9g} .. {program.maximum(0, 1):.9g}"

    return Case(f"range, {label}", ask, ask_other)


def compare_case(label: str, network: relureg.Network, other: relureg.Network, box: Box) -> Case:
    """The largest difference in any output."""

    def ask() -> str:
        largest = relureg.compare_networks(network, other, relureg.Domain.box(*box)).largest
        return "equal" if largest is None else f"{float(largest.value):.9g}"

    def ask_other() -> str:
        program = BigM(subtract(network, other), box)
        return f"{max(program.maximum(k, sense) for k in range(network.output_dim) for sense in (1, -1)):.9g}"

    return Case(f"compare, {label}", ask, ask_other)


def preimage_case(label: str, network: relureg.Network, box: Box, outputs: tuple[float, float]) -> Case:
    """The pieces of the preimage of an interval of output 0."""
    free = [np.inf] * (network.output_dim - 1)

    def ask() -> str:
        target = relureg.Domain.box([outputs[0], *(-x for x in free)], [outputs[1], *free])
        return f"{len(relureg.preimage(network, target, relureg.Domain.box(*box))):,} pieces"

    def ask_other() -> str:
        return f"{BigM(network, box).count_patterns(outputs):,} patterns"

    return Case(f"preimage, {label}", ask, ask_other)


def lipschitz_case(name: str) -> Case:
    """The constant on the whole space, in the norm 2, beside the Jacobians of all regions and what was published."""
    network = net(f"{name}.json")

    def ask() -> str:
        return f"{float(relureg.lipschitz_constant(network, jobs=1).value.low):.12g}"

    def ask_other() -> str:
        largest = 0.0
        with relureg.iter_cells(network, jobs=1) as stream:
            for batch in stream:
                largest = max(largest, float(np.linalg.norm(batch.affine_maps()[0], 2, axis=(1, 2)).max()))
        return f"{largest:.12g}"

    return Case(f"lipschitz, {name} (published: {PUBLISHED[name]}), beside all regions", ask, ask_other)


def cases() -> Iterator[Case]:
    pendulum = net("overt_single_pendulum_small.nnet")
    yield range_case("overt_single_pendulum_small, [-1, 1]^2", pendulum, ([-1, -1], [1, 1]))
    yield range_case("sherlock_car_2, [-0.2, 0.2]^4", net("sherlock_car_2.nt"), ([-0.2] * 4, [0.2] * 4))
    yield range_case(
        "sherlock_cartpole, [-0.1, 0.1]^4", net("sherlock_cartpole_matlab_gemm4d.onnx"), ([-0.1] * 4, [0.1] * 4)
    )
    yield range_case("784-24-16-4, within 0.01", *wide_network())
    wide = [-30000.0, -30000.0, -3.0], [30000.0, 30000.0, 3.0]
    yield range_case("hcas_pra0_tau00, 60,000 x 60,000 x 6", net("hcas_pra0_tau00_nnet.nnet"), wide)
    yield range_case("hcas_pra4_tau20, 60,000 x 60,000 x 6", net("hcas_pra4_tau20_nnet.nnet"), wide)
    acas = net("acasxu_1_1_nnet.nnet")
    part = [1500, -0.01, 3.1, 1000, 1000], [1600, 0.01, 3.14, 1100, 1100]
    whole = [1500, -0.06, 3.1, 980, 960], [1800, 0.06, 3.141593, 1200, 1200]
    yield range_case("acasxu_1_1, a part of property 3", acas, part)
    yield range_case("acasxu_1_1, property 3", acas, whole)
    yield compare_case(
        "overt_single_pendulum_small in 64ths, [-1, 1]^2", pendulum, rounded(pendulum, 64), ([-1] * 2, [1] * 2)
    )
    car = net("sherlock_car_2.nt")
    yield compare_case("sherlock_car_2 in 64ths, [-0.2, 0.2]^4", car, rounded(car, 64), ([-0.2] * 4, [0.2] * 4))
    yield preimage_case("overt_single_pendulum_small, y0 >= 0.5", pendulum, ([-1, -1], [1, 1]), (0.5, np.inf))
    for name in PUBLISHED:
        yield lipschitz_case(name)


def answer(ask: Callable[[], str], limit: int) -> tuple[str, str]:
    """The answer and the processor time it took, in a process that may take so many seconds of it."""
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        began = time.process_time()
        told = ask()
        os.write(write, f"{told}\n{seconds(time.process_time() - began)}".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        found = stream.read().split("\n")
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return f"not in {limit} s", ""
    told, took = found  # else the child has said what went wrong
    return told, took


def main() -> None:
    """Print a line a question while they are answered, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="questions whose text contains this")
    parser.add_argument("--timeout", type=int, default=60, help="seconds of processor time for each answer")
    arguments = parser.parse_args()
    rows = []
    for case in cases():
        if arguments.only in case.label:
            rows.append([case.label, *answer(case.ask, arguments.timeout), *answer(case.ask_other, arguments.timeout)])
            print("   ".join(rows[-1]), flush=True)
    print(table(["question", "relureg", "time", "HiGHS", "time"], rows))


if __name__ == "__main__":
    main()
