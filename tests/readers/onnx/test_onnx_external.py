"""Weights in a file beside the model: read as PyTorch writes them, and never from outside the folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import relureg
from relureg.errors import MalformedNetworkError
from relureg.readers.onnx import reader as onnx_
from tests.readers.onnx.onnx_models import f32, model, node, run, two_layer_network, two_layers

SECRET = f32([[1, 2], [3, 4]]).tobytes()


def model_with(folder: Path, **entries: Any) -> Path:
    """``model/net.onnx`` whose only weight, 2 x 2 float32, lies where the entries say."""
    proto = model([node("MatMul", "x w", "y")], {"w": f32([[0, 0], [0, 0]])}, [1, 2])
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    (folder / "model").mkdir(exist_ok=True)
    path = folder / "model" / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def refused(path: Path, message: str) -> None:
    with pytest.raises(MalformedNetworkError, match=re.escape(message)) as caught:
        relureg.load(path)
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(f"{path}: tensor 'w': ")


def test_weights_beside_the_model_are_read_as_exporters_write_them(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save_model(
        two_layers(), path, save_as_external_data=True, all_tensors_to_one_file=True, location="net.onnx.data",
        size_threshold=0,
    )  # fmt: skip
    assert (tmp_path / "net.onnx.data").stat().st_size > 0
    proto = onnx.load(path, load_external_data=False)
    offsets = [entry.value for t in proto.graph.initializer for entry in t.external_data if entry.key == "offset"]
    assert len(set(offsets)) == 4
    network = relureg.load(path)
    assert network == two_layer_network()
    points = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(network(points), run(onnx.load(path), points, (1, 2)), rtol=1e-5, atol=1e-5)


def test_a_file_a_tensor_and_a_folder_below_are_read(tmp_path: Path) -> None:
    path = model_with(tmp_path, location="weights/w.bin", offset=4, length=16, checksum="unused")
    (path.parent / "weights").mkdir()
    (path.parent / "weights" / "w.bin").write_bytes(b"skip" + SECRET + b"more")
    assert relureg.load(path).exact_output([1, 10]) == (31, 42)
    assert onnx_.read(path.read_bytes(), name="net", folder=path.parent).exact_output([1, 10]) == (31, 42)


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    path = model_with(tmp_path, location="link.bin")
    (path.parent / "real.bin").write_bytes(SECRET)
    (path.parent / "link.bin").symlink_to("real.bin")
    assert relureg.load(path).exact_output([1, 10]) == (31, 42)


@pytest.mark.parametrize("location", ["../secret.bin", "a/../../secret.bin", "{folder}/secret.bin", "/etc/passwd", ""])
def test_a_path_out_of_the_folder_is_not_followed(location: str, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(SECRET)
    path = model_with(tmp_path, location=location.format(folder=tmp_path))
    refused(path, "outside the model's folder; that is not followed")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(SECRET)
    path = model_with(tmp_path, location="link.bin")
    (path.parent / "link.bin").symlink_to(tmp_path / "secret.bin")
    refused(path, "its data are said to be in 'link.bin', outside the model's folder")
    path = model_with(tmp_path, location="out/secret.bin")
    (path.parent / "out").symlink_to(tmp_path)
    refused(path, "outside the model's folder")


def test_a_loop_of_links_and_a_name_with_a_zero_byte_are_refused(tmp_path: Path) -> None:
    path = model_with(tmp_path, location="loop")
    (path.parent / "loop").symlink_to("loop")
    with pytest.raises(MalformedNetworkError, match="tensor 'w': its data"):
        relureg.load(path)
    refused(model_with(tmp_path, location="w\0.bin"), "outside the model's folder")
    refused(model_with(tmp_path, location="w" * 5000), "tensor 'w': its data")


def test_missing_and_short_data_are_named(tmp_path: Path) -> None:
    path = model_with(tmp_path, location="w.bin")
    refused(path, "its data are in 'w.bin', which is missing; keep it beside the .onnx file")
    (path.parent / "w.bin").write_bytes(SECRET[:10])
    refused(path, "its data in 'w.bin' end after 10 of 16 bytes; the file is truncated")
    refused(model_with(tmp_path, location="w.bin", offset=100), "its data in 'w.bin' end after 0 of 16 bytes")
    refused(model_with(tmp_path, location="."), "its data in '.' cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"length": 12}, "its external data are said to have 12 bytes, but 16 are needed"),
        ({"length": "x"}, "an offset or length that is no number of bytes: x"),
        ({"offset": -1}, "an offset or length that is no number of bytes: -1"),
        ({"offset": "9" * 19}, "an offset or length that is no number of bytes: 9999999999999999999"),
        ({"offset": "9" * 10**6}, "an offset or length that is no number of bytes: 9999"),
    ],
)
def test_wrong_offsets_and_lengths_are_refused(entries: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = model_with(tmp_path, location="w.bin", **entries)
    (path.parent / "w.bin").write_bytes(SECRET)
    refused(path, message)


def test_a_model_without_a_folder_has_no_external_data(tmp_path: Path) -> None:
    path = model_with(tmp_path, location="w.bin")
    (path.parent / "w.bin").write_bytes(SECRET)
    with pytest.raises(MalformedNetworkError, match=r"in another file \('w\.bin'\), but a network from standard input"):
        onnx_.read(path.read_bytes(), name="stdin", folder=None)


def test_the_folder_is_that_of_the_model_not_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model_with(tmp_path, location="w.bin")
    (path.parent / "w.bin").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    assert relureg.load(Path("model") / "net.onnx").exact_output([1, 10]) == (31, 42)
    os.chdir(path.parent)
    assert relureg.load("net.onnx").exact_output([1, 10]) == (31, 42)
