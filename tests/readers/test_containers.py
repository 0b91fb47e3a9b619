"""safetensors and MAT-files, and the formats that are refused with a line that helps."""

from __future__ import annotations

import contextlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import relureg
from relureg import Network
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError, UsageError
from relureg.readers.safetensors import read_safetensors

RNG = np.random.default_rng(1)
W = [RNG.normal(size=(4, 2)), RNG.normal(size=(3, 4)), RNG.normal(size=(1, 3))]
B = [RNG.normal(size=4), RNG.normal(size=3), RNG.normal(size=1)]
EXPECTED = Network.from_layers(W, B)
HEADER = {"0.weight": ("F64", W[0]), "0.bias": ("F64", B[0]), "2.weight": ("F64", W[1]), "2.bias": ("F64", B[1]),
          "4.weight": ("F64", W[2]), "4.bias": ("F64", B[2])}  # fmt: skip


def tensors(held: Any, **changed: Any) -> bytes:
    """A safetensors file; `changed` replaces entries of its header."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, (dtype, array) in held.items():
        raw = array.tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header | changed).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_a_file_of_safetensors(tmp_path: Path) -> None:
    for name in ("net.safetensors", "net"):
        (tmp_path / name).write_bytes(tensors(HEADER))
        assert relureg.load(tmp_path / name) == EXPECTED
    halves = {
        "0.weight": ("F16", W[0].astype(np.float16)),
        "1.weight": ("BF16", np.array([[0x3F80, 0xC000, 0, 0]], "<u2")),
    }
    network = read_safetensors(tensors(halves), name="halves")
    assert network == Network.from_layers([W[0].astype(np.float16), [[1, -2, 0, 0]]], [np.zeros(4), [0]])
    branches = {f"{head}.{name}": entry for head in ("actor", "critic") for name, entry in HEADER.items()}
    with pytest.raises(UnsupportedNetworkError, match="actor, critic stand side by side"):
        read_safetensors(tensors(branches), name="two")
    assert read_safetensors(tensors(branches), name="two", prefix="critic") == EXPECTED


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the header claims 0 bytes, and 0 follow|the header is no JSON"),
        (b"\xff" * 8 + b"{}", "the header claims 18,446,744,073,709,551,615 bytes, and 2 follow"),
        (tensors(HEADER)[:-1], "'4.bias': the bytes"),
        (tensors(HEADER) + b"x", r"the tensors take \d+ bytes, and the file holds \d+"),
        (tensors(HEADER, **{"0.bias": {"dtype": "F64", "shape": [2**40], "data_offsets": [64, 96]}}), "do not take 32"),
        (tensors(HEADER, **{"0.bias": {"dtype": "F64", "shape": [-4], "data_offsets": [64, 96]}}), "whole numbers"),
        (tensors(HEADER, **{"0.bias": {"dtype": "F64", "shape": [4], "data_offsets": [0, 32]}}), "begin at byte"),
        (tensors(HEADER, **{"0.bias": {"dtype": "C64", "shape": [4], "data_offsets": [64, 96]}}), "of type C64, which"),
        (tensors(HEADER, **{"0.bias": [1]}), "'0.bias': dtype, shape and data_offsets are expected"),
        (b"\x16" + bytes(7) + b'{"a":{},"a":{"b":[1]}}', "a name occurs twice"),
        (b"\x03" + bytes(7) + b"[1]", "the header is no object of names"),
        (b"\x00\x10" + bytes(6) + b"[" * 4096, "the header is no JSON"),
    ],
)
def test_headers_that_do_not_describe_the_file(data: bytes, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_safetensors(data, name="given")


def cells(entries: Any) -> Any:
    held = np.empty(len(entries), dtype=object)
    held[:] = entries
    return held


COLUMNS = [bias[:, None] for bias in B]
NUMBERED = {f"{name}{k}": array for k in (1, 2, 3) for name, array in (("W", W[k - 1]), ("b", B[k - 1]))}


@pytest.mark.parametrize(
    "held",
    [
        NUMBERED,
        {"W": cells(W), "b": cells(COLUMNS), "act_fcns": cells(["relu", "relu", "linear"])},
        {"W": cells(W), "b": cells(B), "act_fcns": ["relu  ", "relu  ", "linear"], "number_of_layers": 3},
        {"weights": cells(W), "biases": cells(COLUMNS), "activations": cells(["poslin", "poslin", "purelin"])},
        {"Weights": cells([w.T for w in W]), "Biases": cells(B)},
        {"net": {"W": cells(W), "b": cells(B), "activations": cells(["relu", "relu", "softmax"])}},
        {"layers": cells([{"W": w, "b": b} for w, b in zip(W, B, strict=True)])},
        NUMBERED | {"W2": scipy.sparse.csc_matrix(W[1])},
        {f"fc{k}_{name}": held[k - 1] for k in (1, 2, 3) for name, held in (("weight", W), ("bias", B))},
    ],
    ids=["numbered", "cells", "rows of text", "weights", "transposed", "struct", "structs", "sparse", "written out"],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_mat_files_as_people_save_them(held: Any, compressed: bool, tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "net.mat", held, do_compression=compressed)
    assert relureg.load(tmp_path / "net.mat") == EXPECTED


def test_what_mat_files_say_of_activations(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"

    def load(*names: str, **options: Any) -> Network:
        scipy.io.savemat(path, {"W": cells(W), "b": cells(B), "act_fcns": cells(list(names))})
        return relureg.load(path, **options)

    assert load("relu", "relu", "relu") == EXPECTED.with_output_relu()
    assert load("relu", "relu") == EXPECTED
    assert load("linear", "linear", "linear").widths == ()
    assert load("leaky:0.1", "relu", "linear").widths == (4, 3)
    with pytest.raises(UnsupportedNetworkError, match="activation 1: 'tansig' is not read"):
        load("tansig", "relu", "linear")
    with pytest.raises(UnsupportedNetworkError, match="'leakyrelu' has no slope"):
        load("leakyrelu", "relu", "linear")
    with pytest.raises(UnsupportedNetworkError, match="it names 4 activations for 3 layers"):
        load("relu", "relu", "relu", "linear")
    with pytest.raises(UsageError, match="the file names its activations"):
        load("relu", "relu", "linear", activation="relu")
    scipy.io.savemat(path, NUMBERED)
    assert relureg.load(path, activation="leaky:1/2") == load("leaky:1/2", "leaky:1/2", "linear")


def layers_with(*activations: str) -> dict[str, Any]:
    parts = [
        {"W": w, "b": b} | ({"activation": text} if text else {}) for w, b, text in zip(W, B, activations, strict=True)
    ]
    return {"layer": cells(parts)}


def test_activations_in_each_layer_and_one_for_all(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"

    def load(held: Any, **options: Any) -> Network:
        scipy.io.savemat(path, held)
        return relureg.load(path, **options)

    bent = load(NUMBERED, activation="abs")
    assert load(layers_with("relu", "relu", "linear")) == load(layers_with("relu", "relu", "")) == EXPECTED
    assert load(layers_with("abs", "abs", "")) == bent != EXPECTED
    assert load(layers_with("abs", "abs", "linear"), prefix="layer.1,layer.2,layer.3") == bent
    with pytest.raises(UnsupportedNetworkError, match="activation 1: 'tanh' is not read"):
        load(layers_with("tanh", "tanh", "linear"))
    with pytest.raises(UnsupportedNetworkError, match="activation 2: '' is not read"):
        load(layers_with("relu", "", "linear"))
    with pytest.raises(UnsupportedNetworkError, match="activations twice"):
        load(layers_with("relu", "relu", "linear") | {"activation": "tanh"})
    one = load(NUMBERED | {"activation": "abs"})
    assert (one, one.notices) == (bent, ("the file names one activation: abs after every layer but the last",))
    with pytest.raises(UnsupportedNetworkError, match="activation 1: 'tanh' is not read"):
        load(NUMBERED | {"activation": "tanh"})
    parts = {"body": {"W": cells(W[:2]), "b": cells(B[:2]), "acts": cells(["abs", "abs"])},
             "head": {"W": W[2], "b": B[2]}}  # fmt: skip
    with pytest.raises(UnsupportedNetworkError, match=r"body\.acts names activations of 2 layers only"):
        load(parts, prefix="body,head")


def test_what_stands_beside_the_layers_is_left_out_by_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    scipy.io.savemat(path, NUMBERED | {"info": "trained in spring", "data": np.zeros((4, 2))})
    with pytest.raises(UnsupportedNetworkError, match=r"'info' is not read: a text .*choose with --prefix 1"):
        relureg.load(path)
    assert relureg.load(path, prefix="1,2,3") == EXPECTED


def test_mat_files_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    scipy.io.savemat(path, NUMBERED | {"means_for_scaling": np.ones(3)})
    with pytest.raises(UnsupportedNetworkError, match="'means_for_scaling' is no weight or bias"):
        relureg.load(path)
    scipy.io.savemat(path, NUMBERED, format="4")
    with pytest.raises(MalformedNetworkError, match="not a MAT-file of version 5 to 7; save it again, in MATLAB"):
        relureg.load(path)
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(474) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UnsupportedNetworkError, match=r"version 7\.3 \(HDF5\) is not read; .*'-v7'"):
        relureg.load(path)
    scipy.io.savemat(path, {"W1": W[0] * 1j, "b1": B[0]})
    with pytest.raises(UnsupportedNetworkError, match="'W1' is not read: complex numbers"):
        relureg.load(path)


def test_a_mat_file_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "zeros.mat", {"W1": np.zeros((1600, 1600)), "b1": np.zeros(1600)}, do_compression=True)
    with pytest.raises(MalformedNetworkError, match="unpacks to more than 16,777,216 bytes, which no network of its"):
        relureg.load(tmp_path / "zeros.mat")
    scipy.io.savemat(tmp_path / "small.mat", {"W1": np.zeros((400, 400)), "b1": np.zeros(400)}, do_compression=True)
    assert relureg.load(tmp_path / "small.mat").output_dim == 400


def test_damaged_mat_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.mat"
    for compressed in (False, True):
        scipy.io.savemat(path, {"W": cells(W), "b": cells(B)}, do_compression=compressed)
        whole = path.read_bytes()
        for place in range(128, len(whole), 23):
            for damaged in (whole[:place], whole[:place] + b"\xff\xff\xff\x7f" + whole[place + 4 :]):
                path.write_bytes(damaged)
                with contextlib.suppress(NetworkError):
                    assert relureg.load(path).input_dim >= 1


def test_formats_that_are_not_read_say_what_helps(tmp_path: Path) -> None:
    def refusal(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NetworkError) as caught:
            relureg.load(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        return caught.value.message

    assert "keras.models.load_model(" in refusal("net.h5", b"\x89HDF\r\n\x1a\n")
    assert "relureg.from_sklearn(o)" in refusal("net.pkl", pickle.dumps({"a": 1}))
    assert "one array is no network" in refusal("net.npy", b"\x93NUMPY\x01\x00")
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as out:
        out.writestr("policy.pth", b"")
    assert "unzip" in refusal("model.zip", (tmp_path / "model.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as out:
        out.writestr("model.weights.h5", b"")
    assert 'm.export("net.onnx", format="onnx")' in refusal("m.keras", (tmp_path / "m.keras").read_bytes())
    for name in ("net.json", "net.xyz", "net"):  # a missing file is missing, whatever its suffix
        with pytest.raises(MalformedNetworkError, match="no such file"):
            relureg.load(tmp_path / "nowhere" / name)
