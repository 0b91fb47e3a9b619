"""relureg convert: exact, or not at all, unless rounding is allowed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import relureg
from relureg.cli.main import run
from relureg.readers import nnet

NETS = Path(__file__).resolve().parents[2] / "fixtures" / "nets"


@pytest.mark.parametrize("suffix", ["json", "onnx", "nnet", "npz"])
def test_what_is_written_is_the_same_network(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = NETS / "overt_car_smallest.nnet", tmp_path / f"car.{suffix}"
    assert run(["convert", str(source), str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["written"]["exact"] is True
    assert relureg.load(out) == relureg.load(source)
    assert run(["convert", str(source), str(out)]) == 2  # it exists
    assert run(["convert", str(source), str(out), "--force"]) == 0


def test_rounding_is_refused_unless_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = NETS / "overt_car_smallest.nnet", tmp_path / "car.onnx"
    assert run(["convert", str(source), str(out), "--dtype", "float32"]) == 3
    assert "a parameter is no float32; write float64, JSON, or allow rounding" in capsys.readouterr().err
    assert not out.exists()
    assert run(["convert", str(source), str(out), "--dtype", "float32", "--round", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"]["exact"] is False
    rounded, exact = relureg.load(out), relureg.load(source)
    found, given = (n.stages[0].pre_activation.terms[0].floats for n in (rounded, exact))
    assert (found == given.astype(np.float32)).all()
    rational = NETS / "acasxu_tiny_5_5_5.nnet"
    assert run(["convert", str(rational), str(tmp_path / "a.onnx")]) == 3
    assert run(["convert", str(rational), str(tmp_path / "a.npz"), "--round"]) == 0
    assert run(["convert", str(rational), str(tmp_path / "a.json"), "--round"]) == 0
    assert relureg.load(tmp_path / "a.json") == relureg.load(rational)


def test_skip_connections_go_into_json_and_onnx_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = NETS / "marabou_leakyrelu_zoo.onnx"
    assert run(["convert", str(source), str(tmp_path / "l.npz")]) == 3
    assert run(["convert", str(source), str(tmp_path / "l.txt")]) == 2
    assert run(["convert", str(source), str(tmp_path / "l.onnx")]) == 0
    assert relureg.load(tmp_path / "l.onnx") == relureg.load(source)
    captured = capsys.readouterr().err
    assert "has no place for skip connections" in captured
    assert "the suffix is not one of .json, .nnet, .onnx, .npz" in captured


def test_offset_and_scale_of_a_sherlock_file(tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    assert run(["convert", str(NETS / "sherlock_car_2.nt"), str(out), "--offset", "100", "--scale", "1/3"]) == 0
    plain = relureg.load(NETS / "sherlock_car_2.nt").exact_output([1, 2, 3, 4])
    assert relureg.load(out).exact_output([1, 2, 3, 4]) == tuple((y - 100) / 3 for y in plain)
    assert run(["inspect", str(out), "--scale", "x"]) == 2


def test_one_controller_as_onnx_and_as_nnet_agrees_after_its_normalisation() -> None:
    """The mean that the MATLAB exporter subtracts in a node of its own stands in the header of a .nnet file."""
    path = NETS / "overt_acc_3_20_matlab_gemm4d.onnx"
    graph = onnx.load(path).graph
    arrays = {t.name: onnx.numpy_helper.to_array(t).astype(np.float64) for t in graph.initializer}
    (sub,) = (step for step in graph.node if step.op_type == "Sub")
    layers = [(arrays[s.input[1]], arrays[s.input[2]].ravel()) for s in graph.node if s.op_type == "Gemm"]
    sizes = [layers[0][0].shape[1], *(weight.shape[0] for weight, _ in layers)]
    means = [*arrays[sub.input[1]].ravel().tolist(), 0.0]
    lines = [f"{len(layers)},{sizes[0]},{sizes[-1]},{max(sizes)},", ",".join(map(str, sizes)), "0,", "0,", "0,",
             ",".join(map(repr, means)), ",".join(["1.0"] * (sizes[0] + 1))]  # fmt: skip
    for weight, bias in layers:
        lines += [",".join(map(repr, row)) for row in weight.tolist()] + list(map(repr, bias.tolist()))
    assert nnet.read("\n".join(lines).encode(), name="same") == relureg.load(path)
