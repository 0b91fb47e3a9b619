"""The relureg JSON format: what is written reads back equal, and what is wrong is named by its place."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

import relureg
from relureg import Network
from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.network import json_format
from tests.readers.json_documents import XOR, layer, layers, read, with_entry


def test_numbers_are_the_doubles_they_parse_to_and_strings_are_rationals() -> None:
    net = read(layers(layer([[0.1, "1/3", "-7", 2]], ["0"], "linear")))
    (weights,) = net.output.terms[0].fractions()
    assert weights == [Fraction(0.1), Fraction(1, 3), -7, 2]
    assert (net.name, read(XOR).name, read(layers(layer([[1]], [1]), name="")).name) == ("given", "xor", "given")


def test_integers_beyond_two_to_the_53_round_as_doubles_do() -> None:
    net = read(with_entry("9007199254740993"))
    assert net.stages[0].pre_activation.terms[0].fractions()[1][0] == 9007199254740992


def test_linear_layers_fold_and_a_last_relu_stays() -> None:
    # y = max(3 (2 x + 1) - 5, 0): the linear layer in front folds, the ReLU at the end is a stage.
    net = read(layers(layer([[2]], [1], "linear"), layer([[3]], [-5])))
    assert net.widths == (1,)
    assert net.exact_output([4]) == (22,)
    assert net.exact_output([0]) == (0,)
    assert net.notices == ("layer 1 is linear: folded into the layers after it",)


def test_skip_connections_read_earlier_layers() -> None:
    # Layer 2 is linear and read by layer 3 through a skip, so it folds into two places.
    net = read(
        layers(
            layer([[1, -1]], [0]),
            layer([[2]], [1], "linear", skips=[{"from": 0, "weight": [[0, "1/3"]]}]),
            layer([[1]], [-2], skips=[{"from": 1, "weight": [[5]]}, {"from": 0, "weight": [[1, 0]]}]),
            layer([[1]], [0], "linear", skips=[{"from": 2, "weight": [[10]]}]),
        )
    )
    for x, y in [(3, 1), (-2, 6), (Fraction(1, 2), -9)]:
        first = max(x - y, 0)
        second = 2 * first + 1 + Fraction(1, 3) * y
        third = max(second - 2 + 5 * first + x, 0)
        assert net.exact_output([x, y]) == (third + 10 * second,)
    assert json_format.read(json_format.write(net), name="again") == net


@pytest.mark.parametrize("name", ["xor", "saw_3", "nobias_3-8-1", "dup_dead_2", "rand_2-16-16-1"])
def test_a_network_file_reads_back_equal(name: str, fixtures: Path) -> None:
    net = relureg.load(fixtures / "truth" / f"{name}.json")
    again = json_format.read(json_format.write(net), name="other")
    assert again == net
    assert (again.sha256, again.name) == (net.sha256, name)


def test_every_rational_and_the_input_box_read_back_equal() -> None:
    third = RationalMatrix.from_fractions([[Fraction(1, 3), Fraction(10**400, 7)]], 2)
    tiny = RationalMatrix.from_floats([[5e-324]])
    net = Network.from_layers([third, tiny], [tiny, [0.1]], name="réseau")
    again = json_format.read(json_format.write(net), name="other")
    assert (again, again.name) == (net, "réseau")
    boxed = read(layers(layer([[1, 2]], [0]), input_box=[["1/3", -1], [2, 1.5]]))
    again = json_format.read(json_format.write(boxed), name="other")
    assert again.input_box is not None
    assert [bound.fractions() for bound in again.input_box] == [[[Fraction(1, 3)], [-1]], [[2], [Fraction(3, 2)]]]


def test_a_rational_too_long_to_be_read_is_not_written() -> None:
    huge = RationalMatrix.from_fractions([[Fraction(1, 3**9000)]], 1)  # 4295 digits
    with pytest.raises(UnsupportedNetworkError, match="more than 4,000 digits"):
        json_format.write(Network.from_layers([huge], [[0]]))


def test_a_byte_order_mark_is_no_error() -> None:
    assert json_format.read(b"\xef\xbb\xbf" + json.dumps(XOR).encode(), name="given") == read(XOR)
