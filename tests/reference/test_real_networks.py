"""Real networks from public benchmarks, read and counted; each list of regions proves itself complete.

Where a closed form or a scan of the line gives the count independently, it is compared.
"""

from fractions import Fraction
from itertools import pairwise

import pytest

import relureg
from relureg import Complex, Domain, Network
from relureg.families.arrangements import generic_regions

by_every_engine = pytest.mark.parametrize("engine", ["split", pytest.param("lp", marks=pytest.mark.sweep)])
"""The referee needs a minute for a thousand regions."""


def _count(name: str, domain: Domain | None = None, engine: str = "lp") -> Complex:
    cells = relureg.enumerate_regions(relureg.load(f"fixtures/nets/{name}"), domain, engine=engine)
    checks = {check.name: check.passed for check in cells.checks}
    assert checks["witnesses"] is True
    assert checks["watertight"] is True
    assert all(check.passed is not False for check in cells.checks + cells.graph_checks)
    return cells


def _pieces_of_the_line(network: Network) -> int:
    """Activation regions of a network with one input, by bisecting the line exactly at each stage."""
    breakpoints: list[Fraction] = []
    for end in range(1, network.num_units + 1):
        cuts = set(breakpoints)
        outer = [Fraction(0)] if not breakpoints else [breakpoints[0] - 1, breakpoints[-1] + 1]
        samples = sorted({*outer, *breakpoints, *((a + b) / 2 for a, b in pairwise(breakpoints))})
        for left, right in zip([None, *breakpoints], [*breakpoints, None], strict=True):
            inside = [x for x in samples if (left is None or x > left) and (right is None or x < right)]
            first = inside[0]
            second = first + 1 if right is None else (first + right) / 2
            values = [_pre_activation(network, x, end - 1) for x in (first, second)]
            slope = (values[1] - values[0]) / (second - first)
            if slope:
                root = first - values[0] / slope
                if (left is None or root > left) and (right is None or root < right):
                    cuts.add(root)
        breakpoints = sorted(cuts)
    return len(breakpoints) + 1


def _pre_activation(network: Network, x: Fraction, unit: int) -> Fraction:
    values = [z for column in network._exact_values(network.forms[:-1], [x]) for (z,) in column.fractions()]
    return values[unit]


@pytest.mark.parametrize(
    ("name", "regions", "facets", "diameter"),
    [
        ("sherlock_sample_2_5_1.onnx", 16, 25, 5),
        ("omlt_keras_1_3_1_relu.onnx", 4, 3, 3),
        ("omlt_gemm_transB.onnx", 4, 4, 2),
    ],
)
def test_one_hidden_layer_in_general_position(name: str, regions: int, facets: int, diameter: int) -> None:
    cells = _count(name)
    (width,) = cells.network.widths
    assert cells.num_regions == regions == generic_regions(width, cells.network.input_dim)
    assert (cells.facets.num_inner, cells.graph.diameter) == (facets, diameter)


@pytest.mark.parametrize(("name", "regions"), [("nv_spiky_1d.nnet", 16), ("nv_small_nnet.nnet", 2)])
def test_one_input_against_a_scan_of_the_line(name: str, regions: int) -> None:
    cells = _count(name)
    assert cells.num_regions == regions == _pieces_of_the_line(cells.network)
    assert cells.graph.diameter == regions - 1


def test_a_controller_in_its_box_and_on_the_whole_space() -> None:
    whole = _count("acasxu_tiny_5_5_5.nnet")
    assert (whole.num_regions, whole.num_bounded) == (32, 0)  # five independent hyperplanes: orthants
    low, high = ([x for (x,) in bound.fractions()] for bound in whole.network.input_box or ())
    boxed = _count("acasxu_tiny_5_5_5.nnet", Domain.box(low, high))
    assert boxed.num_bounded == boxed.num_regions == 32
    assert boxed.facets.num_inner == whole.facets.num_inner == 80
    assert whole.facets.num_boundary == 0
    assert boxed.facets.num_boundary > 0


@by_every_engine
def test_a_pendulum_controller(engine: str) -> None:
    cells = _count("overt_single_pendulum_small.nnet", engine=engine)
    assert cells.per_stage == (generic_regions(25, 2), 1278)
    assert (cells.num_regions, cells.num_bounded, cells.facets.num_inner) == (1278, 1180, 2505)


@by_every_engine
def test_a_network_of_three_stages(engine: str) -> None:
    cells = _count("marabou_fc1_2_25x3_2.onnx", engine=engine)
    assert (cells.num_regions, cells.num_bounded, cells.facets.num_inner) == (2061, 1999, 4089)
