"""The network model: values in floats and exactly, its dimensions, its identity, what it refuses."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relureg import Network
from relureg.errors import MalformedNetworkError, UsageError
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT, AffineForm
from relureg.network.model import Stage

eighths = st.integers(-40, 40).map(lambda k: k / 8)


def form(constant: list[float], **terms: list[list[float]]) -> AffineForm:
    """``form([b], s0=W)`` is ``b + W x``; s1 is stage 1, and so on."""
    return AffineForm(
        constant=RationalMatrix.from_floats([[b] for b in constant]),
        terms={int(name[1:]): RationalMatrix.from_floats(rows) for name, rows in terms.items()},
    )


def network(output: AffineForm, *stages: AffineForm, input_dim: int = 2) -> Network:
    return Network(
        name="net", input_dim=input_dim, stages=tuple(Stage(pre_activation=f) for f in stages), output=output
    )


def skipping() -> Network:
    """h1 = max(x - y, 0), h2 = max(1 - h1 + 2 x, 0), output h2 + 3 h1 - y."""
    return network(
        form([0], s0=[[0, -1]], s1=[[3]], s2=[[1]]),
        form([0], s0=[[1, -1]]),
        form([1], s0=[[2, 0]], s1=[[-1]]),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    values = draw(st.lists(eighths, min_size=70, max_size=70))
    weights, biases = [], []
    for columns, rows in itertools.pairwise(sizes):
        weights.append(np.resize(values, (rows, columns)))
        biases.append(values[:rows])
        values = values[5:]
    return Network.from_layers(weights, biases)


@given(networks(), st.data())
def test_the_float_and_the_exact_forward_pass_agree(net: Network, data: Any) -> None:
    # Few bits everywhere, so that the float pass commits no rounding and must agree to the last bit.
    point = data.draw(st.lists(eighths, min_size=net.input_dim, max_size=net.input_dim))
    assert net([point])[0].tolist() == [float(y) for y in net.exact_output(point)]
    signs = np.sign(net.pre_activations([point]))[0]
    assert net.exact_signs(point).tolist() == signs.tolist()


@pytest.mark.parametrize("point", [(3, 1), (-2, 5), (0.5, 0.25), (-1, -4)])
def test_skip_connections_are_evaluated_as_written(point: tuple[float, float]) -> None:
    x, y = point
    first = max(x - y, 0)
    second = max(1 - first + 2 * x, 0)
    net = skipping()
    assert net([point]).tolist() == [[second + 3 * first - y]]
    assert net.exact_output(point) == (Fraction(second + 3 * first - y),)
    assert net.pre_activations([point]).tolist() == [[x - y, 1 - first + 2 * x]]


def test_the_exact_pass_rounds_nothing() -> None:
    third = RationalMatrix.from_fractions([[Fraction(1, 3)]], 1)
    net = Network.from_layers([third, third], [RationalMatrix.zeros(1, 1)] * 2)
    assert net.exact_output([Fraction(1, 7)]) == (Fraction(1, 63),)
    tiny = Network.from_layers([[[1, -1]], [[1]]], [[0], [0]])
    assert tiny.exact_signs([1, 1 + Fraction(1, 10**30)]).tolist() == [-1]
    assert tiny.exact_signs([1, 1]).tolist() == [0]
    assert tiny.exact_signs(np.array([200, 100], dtype=np.uint8)).tolist() == [1]


def test_shape_properties() -> None:
    net = skipping()
    assert (net.widths, net.num_units, net.output_dim, net.is_sequential) == ((1, 1), 2, 1, False)
    assert Network.from_layers([[[1, 2]], [[3]]], [[0], [0]]).is_sequential


def test_the_effective_dimension_is_the_rank_of_what_units_apply_to_the_input() -> None:
    assert Network.from_layers([[[1, 2, 3], [2, 4, 6]], [[1, 1]]], [[0, 1], [0]]).effective_dim == 1
    assert skipping().effective_dim == 2  # (1, -1) of stage 1 and (2, 0) of stage 2
    assert Network.from_layers([[[1, 2, 3]]], [[0]]).effective_dim == 0  # no unit; the output does not count
    assert Network.from_layers([[[0, 0]], [[1]]], [[1], [0]]).effective_dim == 0
    almost = Network.from_layers([[[1, 1], [1, 1 + 2.0**-52]], [[1, 1]]], [[0, 0], [0]])
    assert almost.effective_dim == 2


def test_equal_content_is_equal_whatever_the_name() -> None:
    one = Network.from_layers([[[1, 0.5]], [[2]]], [[0], [1]], name="one")
    two = Network.from_layers([np.array([[1, 0.5]], dtype=np.float32), [[2]]], [[0], [1]], name="two")
    assert one == two
    assert (one.sha256, hash(one)) == (two.sha256, hash(two))
    assert one != "one"


@pytest.mark.parametrize(
    ("weights", "biases"),
    [
        ([[[1, 0.5]], [[3]]], [[0], [1]]),
        ([[[1, 0.5 + 2.0**-53]], [[2]]], [[0], [1]]),
        ([[[1, 0.5]], [[2]]], [[0], [-1]]),
        ([[[1, 0.5]], [[2], [2]]], [[0], [1, 1]]),
        ([[[1, 0.5, 0]], [[2]]], [[0], [1]]),
    ],
)
def test_one_different_number_makes_a_different_network(weights: list[Any], biases: list[Any]) -> None:
    one = Network.from_layers([[[1, 0.5]], [[2]]], [[0], [1]])
    other = Network.from_layers(weights, biases)
    assert one != other
    assert one.sha256 != other.sha256


def test_the_hash_copes_with_denominators_of_thousands_of_digits() -> None:
    entry = Fraction(1, 3**10000)  # 4772 digits, more than Python writes unasked
    net = Network.from_layers([RationalMatrix.from_fractions([[entry]], 1)], [[0]])
    assert len(net.sha256) == 64


def test_a_name_is_made_fit_for_a_terminal() -> None:
    assert Network.from_layers([[[1]]], [[0]], name="a\x1b[31m\nb\udcffé").name == "a\\x1b[31m\\nb\\udcffé"


def test_a_stage_may_depend_on_nothing_after_it() -> None:
    with pytest.raises(MalformedNetworkError, match="stage 1: depends on stage 2, which is not before it"):
        network(form([0], s2=[[1]]), form([0], s0=[[1, 1]], s2=[[1]]), form([0], s1=[[1]]))
    with pytest.raises(MalformedNetworkError, match="stage 1: depends on stage 1"):
        network(form([0], s1=[[1]]), form([0], s1=[[1]]))
    with pytest.raises(MalformedNetworkError, match="output: depends on stage 3"):
        network(form([0], s3=[[1]]), form([0], s0=[[1, 1]]))


def test_shapes_are_checked() -> None:
    with pytest.raises(
        MalformedNetworkError, match=r"stage 2: the matrix on source 1 has shape \(1, 2\), but \(1, 1\)"
    ):
        network(form([0], s2=[[1]]), form([0], s0=[[1, 1]]), form([0], s1=[[1, 1]]))
    with pytest.raises(MalformedNetworkError, match="stage 1: the stage has no units"):
        network(form([0], s0=[[1, 1]]), AffineForm.of_constant(RationalMatrix.zeros(0, 1)))
    with pytest.raises(MalformedNetworkError, match="the network has no input"):
        network(form([1]), input_dim=0)
    with pytest.raises(MalformedNetworkError, match="the network has no output"):
        network(AffineForm.of_constant(RationalMatrix.zeros(0, 1)))


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ([[[1, 2]], [[0, 0]]], [[0], [0]], r"layer 2: a weight of shape \(1, 2\) does not fit the 1 units before it"),
        ([[[1, 2]], [[1]]], [[0, 0], [0]], r"layer 1: a bias of 2 entries does not fit a weight of shape \(1, 2\)"),
        ([[[1, math.nan]]], [[0]], "layer 1: NaN and infinity"),
        ([[[1]]], [[math.inf]], "layer 1: NaN and infinity"),
        ([[[1, 2], [3]]], [[0, 0]], "layer 1: "),
        ([[1, 2]], [[0, 0]], "layer 1: "),
    ],
)
def test_layers_that_do_not_fit_are_named(weights: list[Any], biases: list[Any], message: str) -> None:
    with pytest.raises(MalformedNetworkError, match=message):
        Network.from_layers(weights, biases)


def test_wrong_arguments_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="1 weight matrices need as many biases"):
        Network.from_layers([[[1]]], [])
    net = skipping()
    with pytest.raises(UsageError, match=r"points need shape \(points, 2\), not \(2,\)"):
        net([1.0, 2.0])
    with pytest.raises(UsageError, match="a point needs 2 coordinates, not 3"):
        net.exact_signs([1, 2, 3])
    for value in (math.nan, math.inf):
        with pytest.raises(UsageError, match="a point needs finite coordinates"):
            net.exact_output([0, value])


def test_no_point_and_no_stage_are_answered() -> None:
    assert skipping()(np.empty((0, 2))).shape == (0, 1)
    affine = Network.from_layers([[[2, 0]]], [[1]])
    assert affine([[3, 4]]).tolist() == [[7]]
    assert affine.exact_signs([3, 4]).tolist() == []
    assert INPUT not in Network.from_layers([[[0, 0]]], [[1]]).output.terms
    assert Network.from_layers([[[0, 0]]], [[1]]).input_dim == 2


@pytest.mark.parametrize(
    ("weight", "bias", "message"),
    [
        ([[1, 2], [3]], [1, 2], "a weight of rows of different lengths; an array of 2 dimensions is needed"),
        ([["1", "2"]], [1], "a weight of texts; numbers are needed"),
        ([[None, 1]], [1], "a weight with an entry of type NoneType; numbers are needed"),
        ([[1j, 1]], [1], "numbers of type complex128 are not read"),
        ([1, 2], [1], r"a weight of shape \(2,\); shape \(units, inputs\) is needed"),
        ([[[1, 2]]], [1], r"a weight of shape \(1, 1, 2\); shape \(units, inputs\) is needed"),
        ([[1, 2]], [[1, 2], [3, 4]], r"a bias of shape \(2, 2\); shape \(units,\) is needed"),
        ([[2**62 + 1, 2]], [1], r"an integer beyond 2\^53 need not be a double"),
        ([[float("inf"), 2]], [1], "NaN and infinity"),
    ],
)
def test_layers_that_are_no_arrays_of_numbers(weight: Any, bias: Any, message: str) -> None:
    with pytest.raises(MalformedNetworkError, match=f"layer 1: {message}"):
        Network.from_layers([weight], [bias])


def test_fractions_stay_exact() -> None:
    third = Network.from_layers([[[Fraction(1, 3), 1]]], [[Fraction(1, 7)]])
    assert third.exact_output([1, 0]) == (Fraction(10, 21),)
