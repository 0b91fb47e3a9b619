"""NumPy archives of weights and biases."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

from relureg import Network
from relureg.errors import NetworkError, UnsupportedNetworkError
from relureg.readers import arrays

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


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (archive(W0=W[0], b0=B[1]), "'W0': a weight of shape [3, 2] and a bias of shape [1] make no layer"),
        (archive(W0=W[0], b0=B[0], W1=W[0], b1=B[0]), "'W1': a weight of shape [3, 2] does not fit the 3 units"),
        (archive(W0=W[0], c0=B[0]), "'c0' is no weight or bias of a linear layer"),
        (archive(W[0]), "1 unnamed arrays are not pairs"),
        (archive(W0=W[0] * np.nan, b0=B[0]), "'W0': NaN and infinity are not rational numbers"),
        (archive(W0=np.array(["text"])), "'W0': it holds no array of real numbers but <U4"),
        (archive(W0=np.array([print], dtype=object)), "'W0': it holds Python objects, which are not unpickled"),
        (b"PK\x03\x04 nothing", "not a zip archive, or a damaged one"),
        (pickle.dumps(print), "not a zip archive"),
    ],
    ids=range(9),
)
def test_what_is_no_perceptron_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        read(data)
    assert message in str(caught.value)


def test_a_small_archive_of_large_arrays_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("W0.npy", bytes(2**28))
    with pytest.raises(NetworkError, match="its arrays take 268,435,456 bytes; at most 134,217,728 are read"):
        read(stream.getvalue())


def test_skip_connections_and_rationals_are_not_written() -> None:
    from fractions import Fraction

    from relureg.exact.rational import RationalMatrix

    third = RationalMatrix.from_fractions([[Fraction(1, 3)]], 1)
    with pytest.raises(UnsupportedNetworkError, match=r"layer 1: a parameter is no double, and \.npz holds only"):
        arrays.write_npz(Network.from_layers([third], [[0]]))


KERNELS = [(weight.T, bias) for weight, bias in zip(W, B, strict=True)]
WEIGHTS = list(zip(W, B, strict=True))


def named(weight: str, bias: str, layers: Any, start: int = 0, step: int = 1) -> bytes:
    """Layers under names with a place for their number."""
    numbers = range(start, start + step * len(layers), step)
    return archive(**{
        name.format(number): array
        for number, pair in zip(numbers, layers, strict=True)
        for name, array in zip((weight, bias), pair, strict=True)
    })  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        named("{}.weight", "{}.bias", WEIGHTS, step=2),
        named(".layers[{}].weight", ".layers[{}].bias", WEIGHTS),
        named("params/Dense_{}/kernel", "params/Dense_{}/bias", KERNELS),
        named("['params']['Dense_{}']['kernel']", "['params']['Dense_{}']['bias']", KERNELS),
        named("dense_{}/kernel:0", "dense_{}/bias:0", KERNELS, start=4),
        named("weight_{}", "bias_{}", WEIGHTS, step=2),
        archive(**{"layers/dense/vars/0": W[0].T, "layers/dense/vars/1": B[0], "layers/dense_1/vars/0": W[1].T,
                   "layers/dense_1/vars/1": B[1]}),
        archive(**{"mlp/~/linear_1/w": W[1].T, "mlp/~/linear_1/b": B[1], "mlp/~/linear/w": W[0].T,
                   "mlp/~/linear/b": B[0]}),
    ],
    ids=["torch", "equinox", "flax", "jax paths", "keras", "gaps", "keras 3", "haiku"],
)  # fmt: skip
def test_names_of_frameworks(data: bytes) -> None:
    assert read(data) == EXPECTED


def test_kernels_are_inputs_times_units_where_both_would_fit() -> None:
    square = [(RNG.normal(size=(3, 3)), RNG.normal(size=3)) for _ in range(3)]
    expected = Network.from_layers([kernel.T for kernel, _ in square], [bias for _, bias in square])
    assert read(named("params/Dense_{}/kernel", "params/Dense_{}/bias", square)) == expected
    for data in (archive(*(array for pair in square for array in pair)), named("linear_{}/w", "linear_{}/b", square)):
        with pytest.raises(UnsupportedNetworkError, match="all weights are square, and nothing says whether a row"):
            read(data)


def header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("follow", [b"", bytes(800)])
def test_a_header_that_claims_more_than_there_is(follow: bytes) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        out.writestr("W0.npy", header((2**20, 2**20)) + follow)
    message = rf"'W0': its header claims 8,796,093,022,208 bytes of numbers, and {len(follow)} follow"
    with pytest.raises(NetworkError, match=message):
        read(stream.getvalue())
