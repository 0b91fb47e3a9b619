"""Piecewise-linear operators as affine combinations of ReLU units, against onnxruntime; and their regions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import relureg
from relureg.errors import UnsupportedNetworkError
from relureg.network.model import StageKind
from tests.readers.onnx.onnx_models import assert_agrees_with_runtime, f32, i64, model, node, random, read

W = {"w": random(2, 3), "b": random(3), "v": random(3, 2)}

KINKS: dict[str, tuple[list[Any], dict[str, Any], int]] = {
    "LeakyRelu": ([node("LeakyRelu", "z", "h", alpha=0.3)], {}, 3),
    "PRelu": ([node("PRelu", "z s", "h")], {"s": f32(0.5, 1, -2)}, 2),  # a slope of 1 is no kink
    "PRelu shared": ([node("PRelu", "z s", "h")], {"s": f32([0.25])}, 3),
    "Abs": ([node("Abs", "z", "h")], {}, 3),
    "Clip": ([node("Clip", "z l u", "h")], {"l": f32(-0.5), "u": f32(1)}, 6),
    "Clip below": ([node("Clip", "z l", "h")], {"l": f32(-0.5)}, 3),
    "Clip above": ([node("Clip", "z _ u", "h")], {"u": f32(0.5)}, 3),
    "HardSigmoid": ([node("HardSigmoid", "z", "h", alpha=0.25, beta=0.375)], {}, 6),
    "ThresholdedRelu": ([node("ThresholdedRelu", "z", "h", alpha=0.0)], {}, 3),
    "Max": ([node("Max", "z o", "h")], {"o": f32(0)}, 3),
    "Max of a constant first": ([node("Max", "o z", "h")], {"o": f32(-1, 0, 1)}, 3),
    "Max of three": ([node("Neg", "z", "n"), node("Max", "z n x1", "h"), node("Slice", "x s e a", "x1")],
                     {"s": i64(0), "e": i64(1), "a": i64(1)}, 6),
    "Min": ([node("Neg", "z", "n"), node("Min", "z n o", "h")], {"o": f32(-0.25)}, 6),
    "ReduceMax": ([node("ReduceMax", "z", "m", axes=[1]), node("Add", "m z", "h")], {}, 2),
    "ReduceMin": ([node("ReduceMin", "z", "m", axes=[1], keepdims=0), node("Add", "m z", "h")], {}, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_a_piecewise_linear_operator(name: str) -> None:
    nodes, constants, units = KINKS[name]
    ordered = sorted(nodes, key=lambda n: n.op_type != "Slice")
    proto = model([node("Gemm", "x w b", "z"), *ordered, node("MatMul", "h v", "y")], W | constants, [1, 2])
    network = assert_agrees_with_runtime(proto, (1, 2))
    assert network.num_units == units


@pytest.mark.parametrize("name", KINKS)
def test_the_engines_agree_on_its_regions(name: str) -> None:
    nodes, constants, _ = KINKS[name]
    ordered = sorted(nodes, key=lambda n: n.op_type != "Slice")
    network = read(model([node("Gemm", "x w b", "z"), *ordered, node("MatMul", "h v", "y")], W | constants, [1, 2]))
    split, lp = (relureg.enumerate_regions(network, engine=engine) for engine in ("split", "lp"))
    assert split.num_regions == lp.num_regions > 1
    assert (split.records.signs == lp.records.signs).all()


@pytest.mark.parametrize(
    ("operator", "attributes", "regions"),
    [("Relu", {}, 4), ("LeakyRelu", {"alpha": 0.1}, 4), ("Abs", {}, 4), ("Clip", {"min": 0.0, "max": 6.0}, 9)],
)
def test_regions_of_two_independent_kinks(operator: str, attributes: dict[str, Any], regions: int) -> None:
    # Each axis is cut at each kink of the function, whatever its slopes are.
    network = read(model([node(operator, "x", "y", **attributes)], {}, [1, 2], opset=6))
    assert relureg.count_regions(network).num_regions == regions


def test_a_maximum_of_three_inputs_has_the_cells_of_its_comparisons() -> None:
    network = read(model([node("ReduceMax", "x", "y", axes=[1])], {}, [1, 3]))
    # x0 against x1, then the winner against x2: four cells, of which max has three linear pieces.
    assert relureg.count_regions(network).num_regions == 4
    assert [stage.kind for stage in network.stages] == [StageKind.COMPARISON] * 2
    assert network.exact_output([1, Fraction(1, 3), Fraction(4, 3)]) == (Fraction(4, 3),)
    assert network.notices == (
        "ReduceMax (node 'ReduceMax_y'): 2 units compare values; "
        "activation regions are the cells of these comparisons too",
    )


def test_values_are_exact() -> None:
    network = read(model([node("LeakyRelu", "x", "y", alpha=0.1)], {}, [1, 2]))
    slope = Fraction(float(np.float32(0.1)))
    assert network.exact_output([-3, 5]) == (-3 * slope, 5)
    network = read(model([node("Clip", "x l u", "y")], {"l": f32(2), "u": f32(1)}, [1, 2]))
    assert network.exact_output([0, 3]) == (1, 1)  # the upper bound counts where the bounds cross


def test_a_threshold_at_which_it_jumps_is_refused() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"ThresholdedRelu .*: it jumps at its threshold"):
        read(model([node("ThresholdedRelu", "x", "y", alpha=1.0)], {}, [1, 2]))


def test_the_rank_of_the_input_rows_is_that_of_all_stages() -> None:
    c = {"w": random(5, 3), "u": random(3, 3), "v": random(3, 2), "s": random(3, 5).T.copy()}
    leaky = [node("MatMul", "x w", "z"), node("LeakyRelu", "z", "h"), node("MatMul", "h u", "z2")]
    network = read(model([*leaky, node("LeakyRelu", "z2", "h2"), node("MatMul", "h2 v", "y")], c, [1, 5]))
    assert network.spanning_stages == (1,)
    assert network.effective_dim == 3
    skip = [node("MatMul", "x s", "t"), node("Add", "z2 t", "z3"), node("Abs", "z3", "h2")]
    network = read(model([*leaky, *skip, node("MatMul", "h2 v", "y")], c, [1, 5]))
    assert network.spanning_stages == (1, 2)
    assert network.effective_dim == 5
