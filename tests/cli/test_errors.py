"""Every wrong input ends in one line on stderr and the exit code that USERS promises, never in a traceback."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto

from tests.cli.command_line import INPUT, Run, check_one_line
from tests.readers.onnx.onnx_models import f32, model, node, two_layers


def network_text(**changes: Any) -> bytes:
    layer = {"weight": [[1, 2], [3, 4]], "bias": [0, 1], "activation": "relu"} | changes
    return json.dumps({"format": "relureg-network", "version": 1, "layers": [layer]}).encode()


def escaping_model() -> bytes:
    proto = model([node("MatMul", "x w", "y")], {"w": f32([[0], [0]])}, [1, 2])
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    return bytes(proto.SerializeToString())


def unsupported_model() -> bytes:
    nodes = [node("Elu", "x", "a"), node("Sin", "a", "b"), node("Relu", "b", "y")]
    return bytes(model(nodes, {}, [1, 2]).SerializeToString())


def weighted_model(entry: float) -> bytes:
    return bytes(model([node("MatMul", "x w", "y")], {"w": f32([[1], [entry]])}, [1, 2]).SerializeToString())


def huge_tensor_model() -> bytes:
    proto = model([node("MatMul", "x w", "y")], {}, [1, 2])
    proto.graph.initializer.append(TensorProto(name="w", data_type=1, dims=[2**30, 2**30]))
    return bytes(proto.SerializeToString())


FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("n.json", b"", "the file is empty; a network was expected"),
    "unknown content": (
        "n.txt",
        b"hello",
        "not a known network format; read are relureg JSON (.json), .nnet (.nnet), ONNX (.onnx), Sherlock",
    ),
    "unknown suffix": ("n.zip", b"PK\x03\x04", "not a known network format; read are"),
    "no JSON": ("n.json", b'{"format"', "line 1, column 10: not JSON: Expecting ':' delimiter"),
    "ragged rows": (
        "n.json",
        network_text(weight=[[1, 2], [3]]),
        "layer 1: weight row 2 has 1 entries, row 1 has 2; rows must be equally long",
    ),
    "wrong shapes": ("n.json", network_text(bias=[0]), "layer 1: bias has 1 entries for 2 units"),
    "NaN": (
        "n.json",
        network_text(bias=[0, float("nan")]),
        "layer 1: bias entry 2 is NaN; a finite number was expected",
    ),
    "Infinity": (
        "n.json",
        network_text(weight=[[1, float("-inf")], [3, 4]]),
        "layer 1: weight row 1, entry 2 is infinite as a double; a finite number was expected",
    ),
    "activation": (
        "n.json",
        network_text(activation="gelu"),
        'layer 1: unknown activation "gelu"; "relu" and "linear" are known',
    ),
    "duplicate key": (
        "n.json",
        network_text().replace(b'"version": 1', b'"version": 1, "version": 1'),
        'the key "version" stands twice in one object; keep one',
    ),
    "unknown key": (
        "n.json",
        network_text(units=2),
        'layer 1: unknown key "units"; known are activation, bias, skips, weight',
    ),
    "long number": (
        "n.json",
        network_text(bias=[0, "8" * 5_000_000]),
        "layer 1: bias entry 2 is a string of 5,000,000 characters; a rational may have 4,000 digits above and below",
    ),
    "zero units": (
        "n.json",
        network_text(weight=[], bias=[]),
        "layer 1: weight has no rows: a layer needs at least one unit",
    ),
    "zero inputs": (
        "n.json",
        network_text(weight=[[], []]),
        "layer 1: weight has no columns: the network has no input",
    ),
    "nested": ("n.json", b"[" * 10**6, "not a network: objects are nested too deeply"),
    "control characters": (
        "n.json",
        network_text(activation="\x1b[31m\r\n"),
        'layer 1: unknown activation "\\u001b[31m\\r\\n"',
    ),
    "truncated nnet": (
        "n.nnet",
        b"1,1,1,1,\n1,1,\n",
        "the file ends where the unused flag line was expected; it is truncated",
    ),
    "malformed nnet": ("n.nnet", b"1,1,1,1,\n1,one,\n", "line 2: 'one' is not a number, in the layer sizes"),
    "truncated ONNX": (
        "n.onnx",
        two_layers().SerializeToString()[:-50],
        "not an ONNX model, or a truncated one; export it again",
    ),
    "no ONNX": ("n.onnx", b"\0\1\2", "not an ONNX model, or a truncated one; export it again"),
    "operators": (
        "n.onnx",
        unsupported_model(),
        "2 nodes are not supported: Elu (node 'Elu_a', use LeakyRelu or Relu); Sin (node 'Sin_b'). See docs/formats.md",
    ),
    "ONNX NaN": (
        "n.onnx",
        weighted_model(float("nan")),
        "tensor 'w': entry [1, 0] is NaN or infinite; weights must be finite",
    ),
    "huge tensor": (
        "n.onnx",
        huge_tensor_model(),
        "tensor 'w': declared shape [1073741824, 1073741824] is impossible or has",
    ),
    "escaping data": (
        "n.onnx",
        escaping_model(),
        "tensor 'w': its data are said to be in '../../../../etc/passwd', outside the "
        "model's folder; that is not followed",
    ),
    "damaged gzip": ("n.json.gz", gzip.compress(network_text())[:10] + b"\xff" * 30, "the gzip data is damaged"),
    "truncated gzip": (
        "n.json.gz",
        gzip.compress(network_text())[:-9],
        "the gzip data ends too early; the file is truncated",
    ),
    "gzip bomb": (
        "n.json.gz",
        gzip.compress(bytes(2**24)) * 33,
        "the gzip data unpack to more than 200 times their size, which no network does",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file(name: str, tmp_path: Path, run_relureg: Run) -> None:
    file_name, content, message = FILES[name]
    path = tmp_path / file_name
    path.write_bytes(content)
    done = run_relureg("count", path, "--json")
    check_one_line(done, INPUT, f"{path}: {message}")
    (error,) = json.loads(done.stdout).values()
    assert list(error) == ["kind", "message", "where"] + ["unsupported"] * (name == "operators")
    assert error["kind"] in ("malformed", "unsupported")
    assert error["where"].startswith(str(path))
    assert done.stderr == f"relureg: error: {error['where']}: {error['message']}\n"


def test_without_json_nothing_is_on_stdout(tmp_path: Path, run_relureg: Run) -> None:
    for command in ("inspect", "count", "graph", "bounds"):
        done = run_relureg(command, tmp_path / "missing.json")
        check_one_line(done, INPUT, f"{tmp_path / 'missing.json'}: no such file; check the path\n")
        assert done.stdout == ""


def test_a_directory_and_a_name_that_is_no_text(tmp_path: Path, run_relureg: Run) -> None:
    check_one_line(run_relureg("count", tmp_path), INPUT, f"{tmp_path}: is a directory; name a network file in it\n")
    done = run_relureg("count", tmp_path / "a\udcff\x1b[31m\n.json", "--json", PYTHONIOENCODING="utf-8:strict")
    check_one_line(done, INPUT, f"{tmp_path}/a\\udcff\\x1b[31m .json: no such file; check the path\n")
    assert json.loads(done.stdout)["error"]["where"] == f"{tmp_path}/a\udcff\x1b[31m\n.json"


def test_a_sparse_file_beyond_the_limit(tmp_path: Path, run_relureg: Run) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate(2**30)
    check_one_line(
        run_relureg("count", path), INPUT, f"{path}: the file is larger than 512 MiB, the most that is read\n"
    )


def test_external_data_that_are_missing(tmp_path: Path, run_relureg: Run) -> None:
    onnx.save_model(two_layers(), tmp_path / "n.onnx", save_as_external_data=True, location="n.data", size_threshold=0)
    assert run_relureg("inspect", tmp_path / "n.onnx").returncode == 0
    (tmp_path / "n.data").unlink()
    message = (
        f"{tmp_path}/n.onnx: tensor 'w1': its data are in 'n.data', which is missing; keep it beside the .onnx file\n"
    )
    check_one_line(run_relureg("inspect", tmp_path / "n.onnx"), INPUT, message)


def test_an_onnx_model_from_standard_input_has_no_folder(run_relureg: Run) -> None:
    assert run_relureg("inspect", stdin=two_layers().SerializeToString()).returncode == 0
    done = run_relureg("inspect", "-", stdin=escaping_model())
    message = "standard input: tensor 'w': its data are in another file ('../../../../etc/passwd'), but a network from"
    check_one_line(done, INPUT, message)
