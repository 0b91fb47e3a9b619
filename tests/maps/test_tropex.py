"""Extracted functions, against the definition, the network and a direct transcription of the source's Table 1."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import relureg
from relureg import maps
from relureg.errors import MalformedNetworkError, OutputError
from relureg.maps.layer_merging import Merger
from relureg.maps.maxima import as_maxima

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"


def dense(*widths: int, seed: int = 0) -> relureg.Network:
    random = np.random.default_rng(seed)
    weights = [random.normal(size=(b, a)) for a, b in itertools.pairwise(widths)]
    return relureg.Network.from_layers(weights, [random.normal(size=b) for b in widths[1:]])


def table_1(layers: list[tuple], x: np.ndarray, label: int) -> tuple[np.ndarray, float, np.ndarray, float]:
    """Algorithm 3.1 for one point, layer by layer as the source writes it, with tensors of images."""
    values = [x]
    for kind, *parameters in layers:
        values.append(forward(kind, parameters, values[-1]))
    _, W, b = layers[-1]
    C_minus = np.maximum(-W, 0).sum(axis=0)
    above, below, bound = W[label] + C_minus, C_minus.copy(), np.maximum((W + C_minus).max(axis=0), C_minus)
    a_above, a_below = b[label], 0.0
    for (kind, *parameters), before in zip(reversed(layers[:-1]), reversed(values[:-2]), strict=True):
        after = forward(kind, parameters, before)
        if kind == "relu":
            above, below = above * (after > 0), below * (after > 0)
        if kind == "leaky":
            slope = np.where(after > 0, 1.0, parameters[0])
            above, below = above * slope, below * slope
        if kind == "flatten":
            above, below, bound = (part.reshape(before.shape) for part in (above, below, bound))
        if kind == "dense":
            W, b = parameters
            K = bound @ np.maximum(-W, 0)
            a_above, a_below = a_above + above @ b, a_below + below @ b
            above, below, bound = K + above @ W, K + below @ W, K + bound @ np.maximum(W, 0)
        if kind == "norm":
            scale, shift = (part[:, None, None] if before.ndim == 3 else part for part in parameters)
            K = bound * np.maximum(-scale, 0)
            a_above, a_below = a_above + (above * shift).sum(), a_below + (below * shift).sum()
            above, below, bound = K + above * scale, K + below * scale, K + bound * np.maximum(scale, 0)
        if kind == "conv":
            F, b = parameters
            K = transposed(bound, np.maximum(-F, 0))
            a_above, a_below = a_above + (above * b[:, None, None]).sum(), a_below + (below * b[:, None, None]).sum()
            above, below = K + transposed(above, F), K + transposed(below, F)
            bound = K + transposed(bound, np.maximum(F, 0))
        if kind == "pool":
            winners = np.zeros(before.shape)
            for c, i, j in np.ndindex(*after.shape):
                window = before[c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                p, q = np.unravel_index(np.argmax(window), window.shape)
                winners[c, 2 * i + p, 2 * j + q] = 1
            above, below, bound = (part.repeat(2, axis=1).repeat(2, axis=2) for part in (above, below, bound))
            above, below = above * winners, below * winners
    return above.reshape(-1), a_above, below.reshape(-1), a_below


def forward(kind: str, parameters: list, x: np.ndarray) -> np.ndarray:
    if kind == "relu":
        return np.maximum(x, 0)
    if kind == "leaky":
        return np.where(x > 0, x, parameters[0] * x)
    if kind == "flatten":
        return x.reshape(-1)
    if kind == "dense":
        return parameters[0] @ x + parameters[1]
    if kind == "norm":
        scale, shift = (part[:, None, None] if x.ndim == 3 else part for part in parameters)
        return x * scale + shift
    if kind == "conv":
        out = nn.functional.conv2d(torch.tensor(x)[None], torch.tensor(parameters[0]), torch.tensor(parameters[1]))
        return out[0].numpy()
    return x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))


def transposed(x: np.ndarray, F: np.ndarray) -> np.ndarray:
    return nn.functional.conv_transpose2d(torch.tensor(x)[None], torch.tensor(F))[0].numpy()


def assert_same_terms(network: relureg.Network, layers: list[tuple], shape: tuple[int, ...]) -> None:
    points = np.random.default_rng(7).normal(size=(25, network.input_dim))
    function = maps.extract(network, points)
    labels = np.argmax(network(points), axis=1)
    expected = [table_1(layers, x.reshape(shape), label) for x, label in zip(points, labels, strict=True)]
    test = np.random.default_rng(8).normal(size=(60, network.input_dim))
    below = np.max([test @ minus + constant for _, _, minus, constant in expected], axis=0)
    for output in range(network.output_dim):
        mine = [e for e, label in zip(expected, labels, strict=True) if label == output]
        if mine:
            above = np.max([test @ plus + constant for plus, constant, _, _ in mine], axis=0)
            np.testing.assert_allclose(function(test)[:, output], above - below, rtol=1e-8, atol=1e-8)
        else:
            assert (function(test)[:, output] == -np.inf).all()
    # The shift that was left out makes all coefficients what the source says: not negative.
    assert (function.numerators + function.shift >= -1e-9).all()
    assert (function.denominators + function.shift <= function.coefficient_bound + 1e-9).all()


@pytest.mark.parametrize("widths", [(3, 5, 2), (4, 6, 5, 3), (2, 5, 4, 4, 3)])
def test_terms_of_dense_networks_are_those_of_table_1(widths: tuple[int, ...]) -> None:
    network = dense(*widths)
    layers: list[tuple] = []
    for stage in [*network.stages, None]:
        form = network.output if stage is None else stage.pre_activation
        (matrix,) = form.terms.values()
        layers += [("dense", matrix.floats, form.constant.floats[:, 0])] + ([("relu",)] if stage else [])
    assert_same_terms(network, layers, (widths[0],))


@pytest.mark.parametrize("activation", ["relu", "leaky"])
def test_terms_of_convolutional_networks_are_those_of_table_1(activation: str) -> None:
    random = np.random.default_rng(4)
    F, b = random.normal(size=(2, 1, 3, 3)), random.normal(size=2)
    W, c = random.normal(size=(5, 8)), random.normal(size=5)
    V, e = random.normal(size=(3, 5)), random.normal(size=3)
    module = nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 5),
        nn.ReLU() if activation == "relu" else nn.LeakyReLU(0.25), nn.Linear(5, 3),
    ).double()  # fmt: skip
    for layer, weight, bias in ((module[1], F, b), (module[5], W, c), (module[7], V, e)):
        layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
    network = relureg.from_torch(module, (36,))
    kink = ("relu",) if activation == "relu" else ("leaky", 0.25)
    layers = [("conv", F, b), ("relu",), ("pool",), ("flatten",), ("dense", W, c), kink, ("dense", V, e)]
    assert_same_terms(network, layers, (1, 6, 6))


def test_batch_normalisation_is_merged_as_the_layer_of_table_1_that_it_is() -> None:
    # Before an activation, after a pooling, after an activation; with scales of either sign but for the last, as next
    # to the output map a negative scale gives other terms of the same function.
    torch.manual_seed(11)
    module = nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
        nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3),
    ).double().eval()  # fmt: skip
    random = np.random.default_rng(12)
    layers: list[tuple] = []
    for layer in module:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            pair = (layer.weight.detach().numpy(), layer.bias.detach().numpy())
            layers.append(("conv" if isinstance(layer, nn.Conv2d) else "dense", *pair))
        elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d):
            size = layer.num_features
            scale, shift, mean, variance = (random.normal(size=size) for _ in range(4))
            scale, variance = np.abs(scale), variance**2
            scale[1] *= -1 if isinstance(layer, nn.BatchNorm2d) else 1
            for held, given in zip(
                (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var),
                (scale, shift, mean, variance), strict=True,
            ):  # fmt: skip
                held[:] = torch.tensor(given)
            factor = scale / np.sqrt(variance + layer.eps)
            layers.append(("norm", factor, shift - factor * mean))
        elif isinstance(layer, nn.ReLU | nn.MaxPool2d | nn.Flatten):
            layers.append(({nn.ReLU: "relu", nn.MaxPool2d: "pool", nn.Flatten: "flatten"}[type(layer)],))
    assert_same_terms(relureg.from_torch(module, (36,)), layers, (1, 6, 6))


def test_the_maxima_of_a_network_are_the_network() -> None:
    module = nn.Sequential(
        nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 2, 3, padding=1), nn.LeakyReLU(0.1), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8, 3),
    )  # fmt: skip
    network = relureg.from_torch(module, (16,))
    stages, output = as_maxima(network)
    assert all(stage.q.terms for stage in stages)  # leaky ReLUs and two rounds of comparisons
    assert set(output.terms) == {3}
    points = np.random.default_rng(0).normal(size=(9, 16))
    merger = Merger.of(network)
    np.testing.assert_allclose(merger.output(merger.sources(points)), network(points), rtol=1e-12)


def test_skip_connections_are_merged() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first, self.second, self.last = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = torch.relu(self.first(x))
            return self.last(torch.relu(self.second(h)) + h)

    network = relureg.from_torch(Residual(), (4,))
    points = np.random.default_rng(0).normal(size=(80, 4))
    assert maps.check_agreement(network, maps.extract(network, points), points).passed
    every = maps.extract(network, points, every_output=True)
    np.testing.assert_allclose(every(points), network(points), atol=1e-12)


@pytest.mark.parametrize("name", ["xor", "int_2-6-6-1", "nobias_2-10-1", "dup_dead_2", "saw_3"])
def test_with_a_point_in_each_region_the_extracted_function_is_the_network_everywhere(name: str) -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / f"{name}.json"))
    check = maps.compare_everywhere(cells)
    assert check.passed
    assert check.num_comparisons > check.num_regions**2
    function = maps.extract(cells.network, cells.records.points, every_output=True)
    points = np.random.default_rng(0).normal(size=(500, cells.network.input_dim)) * 5
    np.testing.assert_allclose(function(points), cells.network(points), atol=1e-9)


def test_several_outputs_are_the_network_everywhere() -> None:
    network = relureg.Network.from_layers(
        [[[1, 2], [-1, 1], [2, -1]], [[1, -2, 1], [0, 1, -1]], [[1, -1], [2, 1], [-1, 3]]],
        [[0, 1, -1], [1, 0], [0, 1, 2]],
    )
    assert maps.compare_everywhere(relureg.enumerate_regions(network)).passed


def test_the_comparison_on_the_whole_complex_sees_a_wrong_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = relureg.enumerate_regions(relureg.load(TRUTH / "int_2-6-6-1.json"))
    plain = Merger._raise
    # Without K the terms of different regions come from no common representation.
    monkeypatch.setattr(Merger, "_raise", lambda self, number, pair, count: None)
    assert not maps.compare_everywhere(cells).passed
    monkeypatch.setattr(Merger, "_raise", plain)


def test_theorem_3_3_holds_at_the_data_and_is_seen_to_fail_elsewhere() -> None:
    network = dense(8, 20, 20, 4)
    random = np.random.default_rng(1)
    points, others = random.normal(size=(200, 8)), random.normal(size=(200, 8))
    function = maps.extract(network, points)
    check = maps.check_agreement(network, function, points)
    assert check.passed
    assert (check.num_labels_equal, check.num_deviations) == (200, 0)
    assert check.largest_deviation < 1e-9
    assert not maps.check_agreement(network, function, others).passed


def test_points_of_one_region_share_their_terms() -> None:
    xor = relureg.load(TRUTH / "xor.json")
    function = maps.extract(xor, [[1, 1], [2, 3], [5, 5], [-1, -1]])
    assert (len(function.numerators), len(function.denominators)) == (2, 2)


def test_saving_and_loading(tmp_path: Path) -> None:
    network = dense(4, 8, 3)
    points = np.random.default_rng(0).normal(size=(30, 4))
    function = maps.extract(network, points)
    path = tmp_path / "terms.npz"
    function.save(path)
    again = maps.ExtractedFunction.load(path)
    assert np.array_equal(again(points), function(points))
    assert again.score(points, network(points).argmax(axis=1)) == 1.0
    with pytest.raises(OutputError, match="exists"):
        function.save(path)
    np.savez(tmp_path / "other.npz", X=points)
    with pytest.raises(MalformedNetworkError, match="not an extracted function"):
        maps.ExtractedFunction.load(tmp_path / "other.npz")


def test_agreement_by_stage_ends_with_the_extracted_function() -> None:
    network = dense(6, 12, 12, 3)
    random = np.random.default_rng(2)
    data, test = random.normal(size=(100, 6)), random.normal(size=(150, 6))
    labels = random.integers(0, 3, 150)
    stages = maps.agreement_by_stage(network, data, test, labels)
    function, outputs = maps.extract(network, data), network(test).argmax(axis=1)
    assert [stage.merged for stage in stages] == ["output", "stage 2", "stage 1"]
    assert stages[0].agreement == 1.0  # the output map alone is N itself
    assert stages[-1].agreement == pytest.approx((function.predict(test) == outputs).mean())
    assert stages[-1].accuracy == pytest.approx(function.score(test, labels))


def test_coefficients_at_the_data_are_those_of_the_network() -> None:
    network = dense(6, 12, 12, 3)
    data = np.random.default_rng(2).normal(size=(100, 6))
    found = maps.compare_coefficients(network, maps.extract(network, data), data)
    assert found.distance.max() < 1e-9
    assert found.agree.all()
