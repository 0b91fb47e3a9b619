"""The .nnet format: values against its definition, the quirks of public files, and damaged files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import relureg
from relureg import Network
from relureg.errors import UnsupportedNetworkError
from relureg.exact.rational import RationalMatrix
from relureg.readers import nnet
from tests.readers.nnet_texts import PLAIN, edited, read

NETS = Path(__file__).resolve().parents[2] / "fixtures" / "nets"

Array = NDArray[np.float64]


def by_definition(path: Path, points: Array, *, raw: bool) -> Array:
    """Normalise, go forward, denormalise, in floats, straight from the lines of the file."""
    numbers = []
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("//"):
            fields = line.replace(",", " ").split()
            numbers.append([float(f) for f in fields] if fields[0] != "This" else [])
    num_layers = int(numbers[0][0])
    sizes = [int(size) for size in numbers[1][: num_layers + 1]]
    means, ranges = numbers[5], numbers[6]
    normalised = len(means) > 1 and not raw
    h = (points - means[: sizes[0]]) / ranges[: sizes[0]] if normalised else points
    at = 7
    for layer, size in enumerate(sizes[1:], start=1):
        weight = np.array(numbers[at : at + size])
        bias = np.array(numbers[at + size : at + 2 * size]).ravel()
        at += 2 * size
        h = h @ weight.T + bias
        if layer < num_layers:
            h = np.maximum(h, 0)
    return h * ranges[-1] + means[-1] if normalised else h


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("path", sorted(NETS.glob("*.nnet")), ids=lambda path: path.stem)
def test_a_real_file_computes_what_the_format_defines(path: Path, raw: bool) -> None:
    net = relureg.load(path, raw=raw)
    rng = np.random.default_rng(1)
    if net.input_box is not None:
        low, high = (bound.floats[:, 0] for bound in net.input_box)
        points = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (200, net.input_dim))
    else:
        points = rng.normal(scale=3, size=(200, net.input_dim))
    expected = by_definition(path, points, raw=raw)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(net(points), expected, rtol=1e-9, atol=1e-9 * scale)
    exact = [float(y) for y in net.exact_output(points[0].tolist())]
    np.testing.assert_allclose(exact, expected[0], rtol=1e-9, atol=1e-9 * scale)


def test_normalisation_is_folded_exactly() -> None:
    net = read(PLAIN)
    for x in ([0, 0], [3, -4], [Fraction(1, 3), 7], [-6, 2]):
        u, v = (x[0] - Fraction(1, 2)) / 2, (x[1] + Fraction(1, 2)) / 4
        h = [max(z, 0) for z in (u + 2 * v + Fraction(1, 2), 3 * u + 4 * v - Fraction(3, 2), -5 * u + 6 * v)]
        assert net.exact_output(x) == (3 + 10 * (h[0] - 2 * h[1] + 3 * h[2] + 7),)
    assert net.notices == ("the normalisation of inputs and output is folded into the first and last layer",)
    assert net.input_box is not None
    assert [bound.fractions() for bound in net.input_box] == [[[-1], [-2]], [[1], [2]]]


def test_raw_takes_the_weights_as_they_are() -> None:
    net = read(PLAIN, raw=True)
    assert net == Network.from_layers([[[1, 2], [3, 4], [-5, 6]], [[1, -2, 3]]], [[0.5, -1.5, 0], [7]])
    assert net.notices == ("the normalisation of inputs and output is left out, as asked",)
    assert net.input_box is None  # it is in units before normalisation


def test_a_header_with_the_layer_count_alone() -> None:
    assert read(edited(3, "2")) == read(PLAIN)
    assert read(edited(3, "2,2,1,99,")) == read(PLAIN)  # the largest layer is nobody's business


def test_more_sizes_than_layers() -> None:
    net = read(edited(4, "2, 3, 1, 1,"))
    assert net == read(PLAIN)
    assert "line 4: 4 sizes for 2 layers, the first are taken" in net.notices


def test_the_flag_line_may_hold_anything() -> None:
    assert read(edited(5, "This line extraneous")) == read(PLAIN)


@pytest.mark.parametrize(("means", "ranges"), [("0", "0"), ("0,", "0,"), ("0,0,0,", "1,1,1,"), ("0.0,0,0", "0,0,0")])
def test_normalisation_lines_that_mean_none(means: str, ranges: str) -> None:
    net = read(edited(8, means).replace("2.0,4.0,10.0,", ranges))
    assert net == read(PLAIN, raw=True)
    assert net.notices == ()
    assert net.input_box is not None


@pytest.mark.parametrize(("low", "high"), [("0", "0"), ("0,", "0,"), ("0,0,", "0.0,0.0,"), ("0", "1.0,2.0,")])
def test_bounds_that_mean_none(low: str, high: str) -> None:
    net = read(edited(6, low).replace("1.0,2.0,\n0.5", f"{high}\n0.5"))
    assert net.input_box is None
    assert net == read(PLAIN)


def test_bounds_of_one_input_may_begin_at_zero() -> None:
    text = "1,1,1,1,\n1,1,\n0,\n{low},\n{high},\n0,\n0,\n2,\n1,\n"
    boxed = read(text.format(low=0, high=1)).input_box
    assert boxed is not None
    assert [bound.fractions() for bound in boxed] == [[[0]], [[1]]]
    assert read(text.format(low=0, high=0)).input_box is None


def test_longer_bounds_means_and_ranges_of_old_acas_files() -> None:
    text = edited(6, "-1.0,-2.0,-3.0,").replace("1.0,2.0,\n", "1.0,2.0,9.0,\n")
    text = text.replace("0.5,-0.5,3.0,", "0.5,-0.5,77.0,88.0,3.0,").replace("2.0,4.0,10.0,", "2.0,4.0,55.0,10.0,")
    net = read(text)
    assert net == read(PLAIN)
    assert net.notices[:2] == (
        "line 8: 5 means for 2 inputs; the first 2 and the last are taken",
        "line 9: 4 ranges for 2 inputs; the first 2 and the last are taken",
    )
    assert net.input_box is not None
    assert [bound.shape for bound in net.input_box] == [(2, 1), (2, 1)]


def test_numbers_after_the_last_bias_are_ignored_with_a_notice() -> None:
    net = read(PLAIN + "3.5,\n\n1,2\n")
    assert net == read(PLAIN)
    assert net.notices[0] == "2 lines after the last bias are ignored (line 18 on)"


def test_spaces_line_ends_and_missing_commas_do_not_matter() -> None:
    assert read(PLAIN.replace(",", " , ").replace("\n", "\r\n")) == read(PLAIN)
    assert read(PLAIN.replace(",\n", "\n")) == read(PLAIN)
    assert read("\ufeff" + PLAIN.replace("\n", "\n\n")) == read(PLAIN)


@pytest.mark.parametrize("path", sorted(NETS.glob("*.nnet")), ids=lambda path: path.stem)
def test_what_is_written_reads_back_equal(path: Path) -> None:
    net = relureg.load(path, raw=True)
    again = nnet.read(nnet.write(net), name="again")
    assert again == net
    assert again.notices == ()


def test_the_input_box_reads_back_equal() -> None:
    net = nnet.read(PLAIN.replace("0.5,-0.5,3.0", "0,0,0").replace("2.0,4.0,10.0", "1,1,1").encode(), name="net")
    again = nnet.read(nnet.write(net), name="again")
    assert again == net
    assert net.input_box == again.input_box
    assert net.input_box is not None


def test_what_the_format_cannot_hold_is_not_written() -> None:
    third = RationalMatrix.from_fractions([[Fraction(1, 3**10000)]], 1)
    with pytest.raises(UnsupportedNetworkError, match="layer 2: a parameter is no double"):
        nnet.write(Network.from_layers([[[1]], third], [[0], [0]]))
    skipping = relureg.network.json_format.read(
        b'{"format": "relureg-network", "version": 1, "layers": [{"weight": [[1]], "bias": [0], "activation": "relu"},'
        b'{"weight": [[1]], "bias": [0], "activation": "linear", "skips": [{"from": 0, "weight": [[1]]}]}]}',
        name="skipping",
    )
    with pytest.raises(UnsupportedNetworkError, match=r"\.nnet has no place for skip connections; write JSON or ONNX"):
        nnet.write(skipping)
