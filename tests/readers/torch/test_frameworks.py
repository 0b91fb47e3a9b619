"""Networks of PyTorch and scikit-learn: read directly, by both ONNX exporters and as JSON, and counted alike."""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import relureg
from relureg.errors import UnsupportedNetworkError, UsageError
from relureg.network import json_format
from relureg.readers.onnx import reader as onnx_

SMALL = (1, 4, 4)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.a(x))
        return self.c(h + torch.relu(self.b(h)))


class Dense(nn.Module):
    """Each layer sees all layers before it; inputs are normalised by constants."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 3), nn.Linear(5, 3), nn.Linear(8, 2)
        self.register_buffer("mean", torch.tensor([0.5, -1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (x - self.mean) / 3
        x = torch.cat([x, torch.relu(self.a(x))], dim=1)
        return self.c(torch.cat([x, torch.relu(self.b(x))], dim=1))


class Maxout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 6), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        groups = self.a(x).view(x.size(0), 3, 2)
        return self.b(torch.minimum(groups.amax(dim=2), torch.tensor(2.0)))


def sequential(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


MODULES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "perceptron": (lambda: sequential(nn.Linear(2, 5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 4), nn.ReLU(),
                                      nn.Linear(4, 2)), (2,)),
    "no bias": (lambda: sequential(nn.Linear(2, 5, bias=False), nn.ReLU(), nn.Linear(5, 1, bias=False)), (2,)),
    "batch norm": (lambda: sequential(nn.Linear(2, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)), (2,)),
    "leaky": (lambda: sequential(nn.Linear(2, 4), nn.LeakyReLU(0.1), nn.Linear(4, 3), nn.PReLU(3), nn.Linear(3, 1)),
              (2,)),
    "clipped": (lambda: sequential(nn.Linear(2, 3), nn.ReLU6(), nn.Linear(3, 3), nn.Hardtanh(), nn.Linear(3, 1)), (2,)),
    "hard sigmoid": (lambda: sequential(nn.Linear(2, 3), nn.Hardsigmoid(), nn.Linear(3, 1)), (2,)),
    "residual": (Residual, (2,)),
    "dense": (Dense, (2,)),
    "maxout": (Maxout, (2,)),
    "convolution": (lambda: sequential(nn.Linear(2, 16), nn.Unflatten(1, SMALL), nn.Conv2d(1, 2, 3, padding=1),
                                       nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 2)), (2,)),
    "max pool": (lambda: sequential(nn.Linear(2, 16), nn.Unflatten(1, SMALL), nn.Conv2d(1, 1, 2), nn.BatchNorm2d(1),
                                    nn.MaxPool2d(2, stride=1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)), (2,)),
    "image": (lambda: sequential(nn.Conv2d(1, 2, 3, stride=2), nn.LeakyReLU(), nn.ConvTranspose2d(2, 1, 2),
                                 nn.ReLU(), nn.Flatten(), nn.Linear(4, 2), nn.Softmax(dim=1)), SMALL),
}  # fmt: skip


def make(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    torch.manual_seed(3)
    build, shape = MODULES[name]
    module = build()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module.eval(), shape


def exported(module: nn.Module, shape: tuple[int, ...], path: Path, *, dynamo: bool) -> Path:
    with warnings.catch_warnings():  # the exporters warn of their own future
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        torch.onnx.export(module, (torch.zeros(1, *shape),), str(path), dynamo=dynamo, verbose=False)
        logging.disable(logging.NOTSET)
    return path


def assert_agrees(network: relureg.Network, module: nn.Module, shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(4).normal(scale=2, size=(300, network.input_dim))
    with torch.no_grad():
        expected = module.double()(torch.tensor(points).reshape(-1, *shape)).reshape(300, -1).numpy()
    found = network(points)
    if any("head" in notice for notice in network.notices):
        found = torch.softmax(torch.tensor(found), dim=1).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    module.float()


@pytest.mark.parametrize("name", MODULES)
def test_every_route_gives_one_network_and_one_count(name: str, tmp_path: Path) -> None:
    module, shape = make(name)
    direct = relureg.from_torch(module, shape)
    assert_agrees(direct, module, shape)
    script = relureg.load(exported(module, shape, tmp_path / "script.onnx", dynamo=False))
    dynamo = relureg.load(exported(module, shape, tmp_path / "dynamo.onnx", dynamo=True))
    for network in (script, dynamo):
        assert_agrees(network, module, shape)
        assert (network.widths, network.num_comparison_units) == (direct.widths, direct.num_comparison_units)
    relureg.save(direct, tmp_path / "net.json")
    again = relureg.load(tmp_path / "net.json")
    assert again == direct
    if name in ("perceptron", "no bias", "leaky", "residual"):
        assert script == direct  # number for number: a slope of 0.1 is that of float32 in PyTorch too
    if shape == (2,):
        counts = [relureg.count_regions(network) for network in (direct, script, dynamo, again)]
        assert len({(c.num_regions, c.num_bounded, c.num_facets) for c in counts}) == 1
        assert counts[0].num_regions > 4


def test_the_module_is_left_as_it_was() -> None:
    module = make("batch norm")[0].train()
    module[1].eval()
    relureg.from_torch(module, 2)
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
    maxout = Maxout()
    attributes = list(vars(maxout))
    relureg.from_torch(maxout, 2)
    assert list(vars(maxout)) == attributes


def test_layers_that_are_not_read_are_listed_with_what_comes_nearest() -> None:
    with pytest.raises(UnsupportedNetworkError) as caught:
        relureg.from_torch(nn.Sequential(nn.Linear(2, 2), nn.GELU(), nn.LayerNorm(2), nn.Linear(2, 1)), 2)
    assert "2 layers are not supported: GELU (module '1', use leaky_relu or relu)" in caught.value.message
    assert [problem.operator for problem in caught.value.unsupported] == ["GELU", "LayerNorm"]
    with pytest.raises(UnsupportedNetworkError, match="an activation inside the network"):
        relureg.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.ReLU()), 2)
    with pytest.raises(UsageError, match="must be positive whole numbers"):
        relureg.from_torch(nn.Linear(2, 2), (0,))
    with pytest.raises(UnsupportedNetworkError, match="shapes"):
        relureg.from_torch(nn.Linear(2, 2), 3)


def test_a_module_that_cannot_be_traced_is_refused_with_advice() -> None:
    class Branching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(UnsupportedNetworkError, match=r"torch.fx cannot trace Branching: .*export it to ONNX"):
        relureg.from_torch(Branching(), 2)


def test_an_operation_in_place_that_changes_what_is_read_later_is_refused() -> None:
    class Overwritten(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.inplace = nn.Linear(2, 3), nn.ReLU(inplace=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.a(x)
            flat = h.view(1, 3)
            return self.inplace(flat) + h

    class Sum(Overwritten):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.inplace(self.a(x))
            h += x.sum(dim=1, keepdim=True)
            return h

    with pytest.raises(UnsupportedNetworkError, match="a value that an in-place operation has overwritten"):
        relureg.from_torch(Overwritten(), 2)
    module = Sum()
    assert_agrees(relureg.from_torch(module, 2), module, (2,))


def test_an_assignment_in_place_keeps_its_meaning() -> None:
    class Other(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x - 1
            z = y
            z += 2
            return torch.relu(y) - torch.relu(z)

    class Residual(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x - 1
            y += x
            y *= 3
            y /= 2
            y -= 1
            size = y.shape[1]
            size += 1
            return torch.relu(y) * size

    with pytest.raises(UnsupportedNetworkError, match="an in-place operation has overwritten"):
        relureg.from_torch(Other(), 1)
    assert relureg.from_torch(Residual(), 1).exact_output([2]) == (7,)


def test_parameters_that_are_no_numbers_are_named() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with torch.no_grad():
        module[2].weight[0, 1] = torch.nan
    with pytest.raises(relureg.errors.MalformedNetworkError, match="module '2': parameter 'weight': NaN and infinity"):
        relureg.from_torch(module, 2)
    with pytest.raises(UnsupportedNetworkError, match="'0': parameter 'weight': a tensor on the device 'meta' has no"):
        relureg.from_torch(nn.Sequential(nn.Linear(2, 3, device="meta")), 2)
    half = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).bfloat16()
    assert_agrees(relureg.from_torch(half, 2), half, (2,))
    half = half.bfloat16()
    half[0].weight = nn.Parameter(half[0].weight.detach().to_sparse(), requires_grad=False)
    assert relureg.from_torch(half, 2).widths == (3,)


def test_a_smooth_activation_is_no_head() -> None:
    with pytest.raises(UnsupportedNetworkError, match="a smooth function is an activation of the network"):
        relureg.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)), 2)


def test_a_conversion_to_whole_numbers_is_refused() -> None:
    class Whole(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x.to(torch.float64)).to(torch.int64)

    with pytest.raises(UnsupportedNetworkError, match=r"a conversion to torch\.int64, which is not piecewise linear"):
        relureg.from_torch(Whole(), 2)


def test_a_module_of_two_inputs() -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.relu(x + 2 * y)

    network = relureg.from_torch(Two(), [(2,), (2,)])
    assert [(port.name, port.shape, port.first) for port in network.inputs] == [("x", (1, 2), 0), ("y", (1, 2), 2)]
    assert network.exact_output([1, -1, 1, 0]) == (3, 0)


def test_a_convolutional_network_of_5000_relus_is_held_sparsely() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, stride=2), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10),
    ).eval()  # fmt: skip
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 3, 32, 32),), buffer, dynamo=False)
    network = onnx_.read(buffer.getvalue(), name="large", folder=None)
    assert network.num_units == 5184
    assert network == relureg.from_torch(module, (3, 32, 32))
    held = sum(stage.pre_activation.num_held for stage in network.stages)
    assert held < 400_000  # of 16.8 million weights, written out
    assert_agrees(network, module, (3, 32, 32))


# -- scikit-learn --------------------------------------------------------------------------------------


def fitted(kind: str, *, classes: int = 2, scaler: str | None = None, activation: str = "relu") -> tuple[Any, Any]:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 2)) * [1, 5] + [0, 3]
    labels = rng.integers(0, classes, 60)
    estimator = {"classifier": MLPClassifier, "regressor": MLPRegressor}[kind](
        hidden_layer_sizes=(5, 4), activation=activation, max_iter=20, random_state=1
    )
    if scaler is not None:
        estimator = make_pipeline({"standard": StandardScaler, "minmax": MinMaxScaler}[scaler](), estimator)
    with warnings.catch_warnings():  # it has not converged, and need not
        warnings.simplefilter("ignore")
        estimator.fit(points, labels)
    return estimator, points


@pytest.mark.parametrize(
    ("kind", "classes", "scaler"),
    [("regressor", 2, None), ("regressor", 2, "standard"), ("classifier", 2, "standard"), ("classifier", 3, "minmax")],
)
def test_scikit_learn_directly_and_by_onnx(kind: str, classes: int, scaler: str | None) -> None:
    from skl2onnx import to_onnx

    estimator, points = fitted(kind, classes=classes, scaler=scaler)
    direct = relureg.from_sklearn(estimator)
    value = direct(points)
    if kind == "regressor":
        np.testing.assert_allclose(value[:, 0], estimator.predict(points), rtol=1e-9)
    else:
        odds = np.hstack([np.zeros((len(points), 1)), value]) if classes == 2 else value
        shares = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(shares, estimator.predict_proba(points), rtol=1e-9)
    proto = to_onnx(estimator, points[:1].astype(np.float32))
    network = onnx_.read(proto.SerializeToString(), name="skl", folder=None)
    assert (network.widths, network.output_dim) == (direct.widths, direct.output_dim)
    np.testing.assert_allclose(network(points), value, rtol=1e-3, atol=1e-4)
    again = json_format.read(json_format.write(direct), name="json")
    counts = [relureg.count_regions(one) for one in (direct, network, again)]
    assert len({count.num_regions for count in counts}) == 1


def test_scikit_learn_selections_and_linear_models_by_onnx() -> None:
    from skl2onnx import to_onnx
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import SelectKBest, f_regression
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(4)
    points = rng.normal(size=(60, 4)).astype(np.float32)
    target = np.maximum(points[:, 0], 0) + points[:, 2]
    columns = ColumnTransformer([("a", StandardScaler(), [2, 0]), ("b", "passthrough", [3])])
    net = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, max_iter=20)
    for estimator, labels in (
        (make_pipeline(SimpleImputer(), SelectKBest(f_regression, k=2), net), target),
        (make_pipeline(columns, net), target),
        (make_pipeline(StandardScaler(), LinearRegression()), np.stack([target, -target, points[:, 1]], axis=1)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(points, labels)
        proto = to_onnx(estimator, points[:1])
        network = onnx_.read(proto.SerializeToString(), name="skl", folder=None)
        expected = estimator.predict(points).reshape(len(points), -1)
        np.testing.assert_allclose(network(points), expected, rtol=1e-3, atol=1e-4)
    proto = to_onnx(make_pipeline(SimpleImputer(), LinearRegression()).fit(points, target), points[:1])
    (imputer,) = (node for node in proto.graph.node if node.op_type == "Imputer")
    (replaced,) = (attribute for attribute in imputer.attribute if attribute.name == "replaced_value_float")
    replaced.f = 0.0
    with pytest.raises(UnsupportedNetworkError, match="it replaces a number, where the function jumps"):
        onnx_.read(proto.SerializeToString(), name="skl", folder=None)


def test_scikit_learn_estimators_that_are_not_read() -> None:
    from sklearn.neural_network import MLPRegressor
    from sklearn.tree import DecisionTreeClassifier

    with pytest.raises(UnsupportedNetworkError, match=r"DecisionTreeClassifier \(a step, use MLPClassifier"):
        relureg.from_sklearn(DecisionTreeClassifier())
    with pytest.raises(UnsupportedNetworkError, match="MLPRegressor is not fitted; call fit first"):
        relureg.from_sklearn(MLPRegressor())
    with pytest.raises(UnsupportedNetworkError, match=r"the activation tanh \(the hidden layers, use relu or identity"):
        relureg.from_sklearn(fitted("regressor", activation="tanh")[0])
    assert relureg.from_sklearn(fitted("regressor", activation="identity")[0]).widths == ()
