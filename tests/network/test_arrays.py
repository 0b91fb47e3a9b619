"""NumPy archives of weights and biases."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

from relureg import Network
from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.network import arrays

RNG = np.random.default_rng(0)
W, B = [RNG.normal(size=(3, 2)), RNG.normal(size=(1, 3))], [RNG.normal(size=3), RNG.normal(size=1)]
EXPECTED = Network.from_layers(W, B)


def archive(*unnamed: Any, **named: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, *unnamed, **named)
    return stream.getvalue()


def read(data: bytes) -> Network:
    return arrays.read_npz(data, name="given")


@pytest.mark.parametrize(
    "data",
    [
        archive(W0=W[0], b0=B[0], W1=W[1], b1=B[1]),
        archive(weight_1=W[0], bias_1=B[0], weight_2=W[1], bias_2=B[1]),
        archive(W[0], B[0], W[1], B[1]),
        archive(W0=W[0].T, b0=B[0], W1=W[1].T, b1=B[1]),
    ],
    ids=["W0", "weight_1", "arr_0", "transposed"],
)
def test_names_and_orientations(data: bytes) -> None:
    network = read(data)
    assert network == EXPECTED
    assert "ReLU after every layer but the last is assumed" in network.notices[0]


def test_what_is_written_reads_back_equal() -> None:
    assert read(arrays.write_npz(EXPECTED)) == EXPECTED


def test_a_layer_without_a_bias() -> None:
    assert read(archive(W0=W[0], W1=W[1], b1=B[1])) == Network.from_layers(W, [np.zeros(3), B[1]])


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("W0.npy", b"\0" * 2**28)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive(W0=W[0], b0=B[1]), "'W0': a weight of shape [3, 2] and a bias of shape [1] make no layer"),
        (archive(W0=W[0], b0=B[0], W1=W[0], b1=B[0]), "layer 2: a weight of shape (3, 2) does not fit the 3 units"),
        (archive(W0=W[0], c0=B[0]), "arrays W0, b0, W1, b1, ... are expected; it holds W0, c0"),
        (archive(W[0]), "1 arrays are not pairs"),
        (archive(W0=W[0] * np.nan, b0=B[0]), "layer 1: NaN and infinity are not rational numbers"),
        (archive(W0=np.array(["text"])), "'W0': it holds no array of numbers"),
        (archive(W0=np.array([print], dtype=object)), "Object arrays cannot be loaded when allow_pickle=False"),
        (b"PK\x03\x04 nothing", "not a NumPy archive of numbers, or a damaged one"),
        (pickle.dumps(print), "not a NumPy archive of numbers"),
        (bomb(), "its arrays take 268,435,456 bytes; at most 134,217,728 are read"),
    ],
    ids=range(10),
)
def test_what_is_no_perceptron_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedNetworkError) as caught:
        read(data)
    assert message in str(caught.value)


def test_skip_connections_and_rationals_are_not_written() -> None:
    from fractions import Fraction

    from relureg.network.rational import RationalMatrix

    third = RationalMatrix.from_fractions([[Fraction(1, 3)]], 1)
    with pytest.raises(UnsupportedNetworkError, match=r"layer 1: a parameter is no double, and \.npz holds only"):
        arrays.write_npz(Network.from_layers([third], [[0]]))
