"""TorchScript files and programs of torch.export: followed, not run, and the same network as the module's."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import relureg
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError, UsageError
from relureg.readers.torch.torchscript import read_torchscript


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():  # PyTorch warns of the end of TorchScript
        warnings.simplefilter("ignore")
        yield


class Normalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 4), nn.Linear(4, 4)])
        self.norm, self.leaky, self.out = nn.BatchNorm1d(4), nn.LeakyReLU(0.1), nn.Linear(4, 1)
        self.register_buffer("mean", torch.tensor([0.5, -1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (torch.flatten(x, 1) - self.mean) / 3
        for layer in self.layers:
            x = F.relu(layer(x))
        x = F.dropout(self.leaky(self.norm(x)) + x, 0.5, self.training)
        if x.shape[1] > 3:
            x = torch.cat([x[:, :2], x.clamp(min=0.25)[:, 2:]], dim=1)
        return self.out(x)


class Image(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool, self.out = nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.out(self.pool(F.hardtanh(self.conv(x))).view(x.size(0), -1)), dim=1)


class Products(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(2, 5)), nn.Parameter(torch.randn(5))
        self.v = nn.Parameter(torch.randn(5, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addmm(torch.ones(1), torch.relu(x @ self.w + self.b), self.v)


def clipped() -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 4), nn.ReLU6(), nn.Dropout(), nn.Linear(4, 4), nn.PReLU(), nn.Linear(4, 2)
    ).double()


MODULES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "normalised": (Normalised, (2,)), "image": (Image, (1, 4, 4)), "products": (Products, (2,)),
    "clipped": (clipped, (2,)),
}  # fmt: skip


def saved(module: Any) -> bytes:
    stream = io.BytesIO()
    torch.jit.save(module, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", MODULES)
def test_every_way_gives_one_network(name: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    build, shape = MODULES[name]
    module = build().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    example = torch.zeros(1, *shape, dtype=next(module.parameters()).dtype)
    exported = torch.export.export(module, (example,))
    ways = [
        relureg.from_torch(way, shape)
        for way in (torch.jit.script(module), torch.jit.trace(module, example), exported, exported.module(),
                    torch.export.unflatten(exported))
    ]  # fmt: skip
    assert len({network.sha256 for network in ways}) == 1
    points = np.random.default_rng(0).normal(size=(50, ways[0].input_dim))
    with torch.no_grad():
        expected = module(torch.tensor(points, dtype=example.dtype).reshape(50, *shape)).numpy()
    found = ways[0](points)
    found = torch.softmax(torch.tensor(found), 1).numpy() if name == "image" else found
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    path = tmp_path / "net.pt"
    for script in (
        torch.jit.script(module),
        torch.jit.trace(module, example),
        torch.jit.freeze(torch.jit.script(module)),
    ):
        path.write_bytes(saved(script))
        if len(shape) == 1:
            assert relureg.load(path) == ways[0]
        else:
            with pytest.raises(UnsupportedNetworkError, match=r'its shape is to be told, in Python: .*net\.pt"\), inp'):
                relureg.load(path)
            assert relureg.from_torch(torch.jit.load(path), shape) == ways[0]


def test_a_file_of_torchscript(fixtures: Path) -> None:
    path = fixtures / "checkpoints" / "torchscript.pt"
    network = relureg.load(path)
    module = torch.jit.load(path)
    points = np.random.default_rng(1).normal(size=(50, 2))
    np.testing.assert_allclose(network(points), module(torch.tensor(points).float()).detach().numpy(), atol=1e-5)
    assert (network.widths, network.notices) == ((6, 5), ())
    assert relureg.count_regions(network).num_regions == 70
    with pytest.raises(UsageError, match="a TorchScript file states its layers and activations; --activation is for"):
        relureg.load(path, activation="relu")


def script_of(body: str) -> bytes:
    """An archive whose method forward is replaced by other code."""
    with zipfile.ZipFile(io.BytesIO(saved(torch.jit.script(nn.Linear(2, 1))))) as source:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as out:
            for name in source.namelist():
                data = source.read(name)
                if "linear" in name and name.endswith(".py"):
                    head, _, _ = data.decode().partition("    weight = self.weight")
                    data = (head + body).encode()
                out.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('    torch.save(input, "/tmp/taken")\n    return input\n', "operator 'save': this operator is not read"),
        ("    while True:\n      pass\n", "takes more than 100,000 steps"),
        ("    return (self).forward(input, )\n", "the code calls itself"),
        ("    x = 3\n    for i in range(80):\n      x = torch.mul(x, x)\n    return input\n", "more than 64 bits"),
        ("    x = torch.mul([0], 1000000000)\n    return input\n", "a product of something that is no number"),
        ("    return torch.zeros([4000000000, 4000000000])\n", "has more than 16,777,216 entries"),
        ("    if torch.gt(input, 0):\n      pass\n    return input\n", "this operator is not read"),
        ("    import os\n    return input\n", "the statement 'import os' is not read"),
        ("    return __import__('os')\n", "the name __import__ is not known"),
        ("    return open('/etc/passwd')\n", "the name open is not known"),
        ("    return (input).__class__\n", "the attribute '__class__' of a value is not read"),
        ("    return torch.dropout(input, 0.5, True)\n", "it was traced in training mode"),
        ("    return torch.tanh(torch.linear(torch.tanh(input), self.weight))\n", "a smooth function"),
        ("    return [\n", "not the code of TorchScript"),
        ("    return CONSTANTS.c7\n", "there is no constant 'c7'"),
    ],
)
def test_code_that_is_not_followed(body: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_torchscript(script_of(body), name="given")


def test_inputs_whose_shape_is_not_known() -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.relu(x - y)

    script = torch.jit.trace(Two(), (torch.zeros(1, 2), torch.zeros(1, 2)))
    with pytest.raises(UnsupportedNetworkError, match="the file does not say the shape of its input"):
        read_torchscript(saved(script), name="two")
    assert relureg.from_torch(script, [(2,), (2,)]).exact_output([1, 2, 0, 3]) == (1, 0)


def test_an_input_whose_length_no_weight_tells() -> None:
    class Averaged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.out = nn.Conv1d(1, 3, 2), nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(F.relu(self.conv(x.unsqueeze(1))).amax(2))

    script = torch.jit.script(Averaged())
    with pytest.raises(UnsupportedNetworkError, match="inputs of 3 numbers fit, and of 4 too; its shape is to be told"):
        read_torchscript(saved(script), name="averaged")
    assert relureg.from_torch(script, 5).input_dim == 5


class Extreme(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.v = nn.Linear(2, 4), nn.Parameter(torch.randn(3, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.a(x)
        low, _ = torch.min(h, dim=1, keepdim=True)
        return torch.matmul(h - low + torch.max(h, 1, True).values + torch.max(h, 1, True)[0], self.v.T)


def test_values_beside_their_indices(tmp_path: Path) -> None:
    torch.manual_seed(2)
    module = Extreme()
    points = np.random.default_rng(0).normal(size=(30, 2))
    expected = module(torch.tensor(points, dtype=torch.float32)).detach().numpy()
    exported = torch.export.export(module, (torch.zeros(1, 2),))
    for network in (
        relureg.from_torch(module, 2), relureg.from_torch(exported, 2),
        read_torchscript(saved(torch.jit.script(module)), name="script"),
        read_torchscript(saved(torch.jit.trace(module, torch.zeros(1, 2))), name="trace"),
    ):  # fmt: skip
        np.testing.assert_allclose(network(points), expected, atol=1e-5)


def test_indices_are_no_numbers() -> None:
    class Chosen(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.max(x, 1)[1]

    with pytest.raises(UnsupportedNetworkError, match="add"):
        relureg.from_torch(Chosen(), 2)


def test_exported_programs_are_read_by_the_line_that_is_said(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(module, (torch.zeros(1, 2),)), path)
    with pytest.raises(
        UnsupportedNetworkError, match=r'relureg\.from_torch\(torch\.export\.load\(".*net\.pt2"\), input'
    ):
        relureg.load(path)
    network = relureg.from_torch(torch.export.load(path), 2)
    assert (network, network.name) == (relureg.from_torch(module, 2), "exported")
    module[0].weight.data[1, 1] = torch.inf
    with pytest.raises(MalformedNetworkError, match=r"parameter 'p_0_weight': NaN and infinity"):
        relureg.from_torch(torch.export.export(module, (torch.zeros(1, 2),)), 2)
