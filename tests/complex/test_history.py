"""The history of a training: its rows are counts, estimates that say so, or lower bounds; and what it writes."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg.errors import ArgumentTypeError, MalformedNetworkError, OutputError, UsageError

torch = pytest.importorskip("torch")

SPIRAL = "fixtures/pictures/spiral"


def module(*widths: int) -> Any:
    torch.manual_seed(0)
    layers = []
    for before, after in itertools.pairwise(widths):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def test_rows_of_a_training_are_the_counts_of_its_networks() -> None:
    model = module(2, 12, 12, 1)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    x = torch.rand(64, 2)
    history = relureg.RegionHistory(model, 2, every=3, timeout=30)
    expected = {}
    for step in range(10):
        row = history(step)
        assert (row is None) == bool(step % 3)
        if row is not None:
            expected[step] = relureg.count_regions(relureg.from_torch(model, 2)).num_regions
            before = [parameter.detach().clone() for parameter in model.parameters()]
            assert row is history.rows[-1]
            assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
        optimiser.zero_grad()
        (model(x) - x.norm(dim=1, keepdim=True)).square().mean().backward()
        optimiser.step()
    assert {row.step: row.regions for row in history.rows} == expected
    assert len(set(expected.values())) > 1  # the network is another one in each step
    for row in history.rows:
        assert row.is_exact
        assert row.low == row.high == row.at_least == row.regions
        assert 0 < row.seconds < 30
    assert model.training


def test_whatever_the_model_is_given_as(tmp_path: Path) -> None:
    model = module(2, 8, 1)
    arrays = [parameter.detach().numpy() for parameter in model.parameters()]
    network = relureg.from_torch(model, 2)
    relureg.save(network, tmp_path / "net.json")
    regions = relureg.count_regions(network).num_regions
    given = [model, network, str(tmp_path / "net.json"), tmp_path / "net.json", (arrays[0::2], arrays[1::2])]
    history = relureg.RegionHistory(input_shape=2, timeout=30)
    for one in [*given, lambda: network, lambda: (arrays[0::2], arrays[1::2])]:
        history(model=one)
    assert [(row.step, row.regions) for row in history.rows] == [(step, regions) for step in range(7)]


def test_on_a_plane_through_data_and_in_a_domain() -> None:
    model = module(20, 16, 3)
    plane = relureg.Slice.through(np.random.default_rng(0).normal(size=(3, 20)).tolist())
    box = relureg.Domain.box([-1, -1], [1, 1])
    network = relureg.from_torch(model, 20).on(plane)
    for domain in (None, box):
        row = relureg.RegionHistory(model, on=plane, domain=domain, timeout=30)()
        assert row is not None
        assert row.regions == relureg.count_regions(network, domain).num_regions > 1


def test_what_takes_too_long_is_estimated_or_bounded() -> None:
    network = relureg.load("fixtures/nets/acasxu_1_1_nnet.nnet")  # more than anybody has counted
    row = relureg.RegionHistory(network, timeout=0.1)(7)
    assert row is not None
    assert (row.step, row.is_exact) == (7, False)
    assert row.at_least > 0
    if row.regions is None:
        assert (row.low, row.high) == (None, None)
    else:
        assert row.at_least <= row.low <= row.regions <= row.high


def test_an_estimate_is_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    from relureg.complex import history

    count = history.count_problem

    def stopped(problem: Any, **kwargs: Any) -> Any:
        return count(problem, limits=relureg.Limits(max_regions=1000), workers=kwargs["workers"])

    monkeypatch.setattr(history, "count_problem", stopped)
    network = relureg.load("fixtures/nets/hcas_pra0_tau00_nnet.nnet")
    row = relureg.RegionHistory(network, timeout=60)()
    truth = relureg.count_regions(network).num_regions
    assert row is not None
    assert not row.is_exact
    assert isinstance(row.regions, float)
    assert 1000 <= row.at_least <= row.low < row.regions < row.high
    assert row.low < truth < row.high  # of the seed 0, which gives the same samples each time
    assert row.regions == pytest.approx(truth, rel=0.2)


def test_files(tmp_path: Path) -> None:
    history = relureg.RegionHistory(timeout=30)
    for step in (0, 40):
        history(step, f"{SPIRAL}/{step:04d}.json")
    history.to_csv(tmp_path / "a.csv")
    history.to_jsonl(tmp_path / "a.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [(row["step"], row["regions"], row["is_exact"]) for row in rows] == [(0, 1195, True), (40, 1119, True)]
    with open(tmp_path / "a.csv", newline="") as stream:
        assert [dict(row) for row in csv.DictReader(stream)] == [{k: str(v) for k, v in row.items()} for row in rows]
    with pytest.raises(OutputError):
        history.to_csv(tmp_path / "a.csv")
    history.to_csv(tmp_path / "a.csv", force=True)


def test_what_cannot_be_counted_is_said_at_once() -> None:
    with pytest.raises(UsageError, match="give the shape of one"):
        relureg.RegionHistory(module(2, 3, 1))
    with pytest.raises(relureg.errors.UnsupportedNetworkError):
        relureg.RegionHistory(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)), 2)
    for wrong in ({"every": 0}, {"timeout": 0}, {"jobs": 0}, {"seed": -1}):
        with pytest.raises(UsageError):
            relureg.RegionHistory(**wrong)
    history = relureg.RegionHistory()
    with pytest.raises(ArgumentTypeError, match="NoneType is no model"):
        history()
    with pytest.raises(MalformedNetworkError):
        history(0, ([[[float("nan"), 1]], [[1]]], [[0], [0]]))
    assert history.rows == ()


def test_pytorch_is_not_imported() -> None:
    program = (
        "import sys, relureg; relureg.RegionHistory()(0, 'fixtures/truth/xor.json'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
