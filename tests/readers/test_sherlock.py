"""The Sherlock text format and its relatives."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import relureg
from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.readers import sherlock

NETS = Path(__file__).resolve().parents[2] / "fixtures" / "nets"
SMALL = "2 1 1 2\n1 -2 0.5\n3 1 -1\n2 -1 0.25\n"


@pytest.mark.parametrize("name", ["sherlock_car_2.nt", "sherlock_info16_3_4_2_1"])
def test_a_real_file_computes_what_its_numbers_say(name: str) -> None:
    numbers = [float(word) for word in (NETS / name).read_text().split()]
    inputs, outputs, hidden = map(int, numbers[:3])
    sizes, at = [inputs, *map(int, numbers[3 : 3 + hidden]), outputs], 3 + hidden
    points = np.random.default_rng(0).normal(scale=3, size=(1000, inputs))
    value = points
    for before, after in pairwise(sizes):  # ReLU after each layer, the last one too
        block = np.array(numbers[at : at + after * (before + 1)]).reshape(after, before + 1)
        value, at = np.maximum(value @ block[:, :-1].T + block[:, -1], 0), at + block.size
    assert at == len(numbers)
    network = relureg.load(NETS / name, offset=2, scale=Fraction(1, 4))
    np.testing.assert_allclose(network(points), (value - 2) / 4, atol=1e-12)
    assert np.ptp(value) > 0
    assert network.widths == tuple(sizes[1:])
    assert relureg.load(NETS / name).exact_output([0] * inputs)[0] == 2 + 4 * network.exact_output([0] * inputs)[0]


def read(text: str) -> relureg.Network:
    return sherlock.read(text.encode(), name="given")


def test_offset_and_scale_at_the_end_and_names_of_activations() -> None:
    plain, ended = read(SMALL), read(SMALL + "4\n0.5\n")
    point = [1, Fraction(1, 3)]
    assert ended.exact_output(point)[0] == (plain.exact_output(point)[0] - 4) / 2
    named = read(SMALL.replace("1 2\n", "1 2\nReLU Affine\n", 1))
    assert named.widths == (2,)
    assert named.exact_output([0, 0]) == (1.25,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 1 1", "the file ends where the size of hidden layer 1 was expected; it is truncated"),
        (SMALL[:-5], "layer 2 needs 3 numbers and 2 are left; the file is truncated"),
        (SMALL + "7", "line 5: 1 words are left after the last bias"),
        (SMALL.replace("-2", "two"), "line 2: 'two' is not a number, in the weights of layer 1, unit 1"),
        (SMALL.replace("-2", "nan"), "line 2: 'nan' is not finite"),
        (SMALL.replace("-2", "2_0"), "line 2: '2_0' is not a number"),
        (SMALL.replace("-2", "9" * 5000), "line 2: '9999999999999999999999999999999999999...' is not finite"),
        ("1000000000000 1 1 1", "line 1: the number of inputs is 1000000000000; a whole number from 1 to 1,000,000"),
        ("2.5 1 1 2", "line 1: the number of inputs is 5/2; a whole number from 1"),
        ("2 1 900000 2", "the file ends before the sizes of 900,000 layers"),
        ("900000 900000 0", "layer 1 needs 810,000,900,000 numbers and 0 are left"),
    ],
)
def test_a_damaged_file_is_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(MalformedNetworkError) as caught:
        read(text)
    assert message in str(caught.value)


def test_activations_that_are_not_read_are_listed() -> None:
    with pytest.raises(UnsupportedNetworkError, match=r"tanh \(layer 1, line 2, use ReLU\); sigmoid \(layer 2"):
        read(SMALL.replace("1 2\n", "1 2\ntanh sigmoid\n", 1))
