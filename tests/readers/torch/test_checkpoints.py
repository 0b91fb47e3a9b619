"""PyTorch checkpoints as repositories save them: read as the module they come from, or refused with what to do."""

from __future__ import annotations

import io
import itertools
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import relureg
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError, UsageError
from relureg.readers.torch.checkpoints import read_checkpoint
from relureg.readers.torch.pickles import Made, PickleError, read_pickle

ASSUMED = "the file names no activations: ReLU after every layer but the last is assumed"


def perceptron(*sizes: int, activation: Any = nn.ReLU) -> nn.Sequential:
    parts: list[nn.Module] = []
    for inputs, units in itertools.pairwise(sizes):
        parts += [nn.Linear(inputs, units), activation()]
    return nn.Sequential(*parts[:-1])


def chain(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        *[part for layer in layers for part in (layer, nn.ReLU())][:-1],
    )


class Parts(nn.Module):
    """A module of parts under names."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


def saved(held: Any, *, legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    torch.save(held, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def read(held: Any, prefix: str | None = None, **options: Any) -> relureg.Network:
    return read_checkpoint(saved(held), name="given", prefix=prefix, **options)


def linear(inputs: int, units: int) -> nn.Linear:
    return nn.Linear(inputs, units)


torch.manual_seed(5)
NET = perceptron(2, 5, 4, 1)
OPTIMIZER = torch.optim.Adam(NET.parameters())
NET(torch.ones(1, 2)).sum().backward()
OPTIMIZER.step()
STATE = NET.state_dict()

FC = Parts(fc_out=linear(4, 1), fc2=linear(5, 4), fc1=linear(2, 5))
HIDDEN = Parts(output=linear(4, 2), hidden=nn.ModuleList([linear(5, 5), linear(5, 4)]), input=linear(2, 5))
SQUARE = Parts(layers=nn.ModuleList([linear(3, 3) for _ in range(12)]))
BLOCKS = nn.Sequential(*[nn.Sequential(linear(3, 3), nn.ReLU()) for _ in range(3)], linear(3, 1))
BASELINES = Parts(
    mlp_extractor=Parts(policy_net=perceptron(3, 4, 4, 4)[:-1], value_net=perceptron(3, 4, 4, 4)[:-1]),
    action_net=linear(4, 2), value_net=linear(4, 1), log_std=nn.Parameter(torch.zeros(2)),
)  # fmt: skip
ACTOR_CRITIC = Parts(actor=perceptron(3, 6, 3), critic=perceptron(3, 6, 1))
TWIN = Parts(l1=linear(3, 4), l2=linear(4, 1), l3=linear(3, 4), l4=linear(4, 1))
SOFT = Parts(fc1=linear(3, 4), fc2=linear(4, 4), fc_mean=linear(4, 2), fc_logstd=linear(4, 2))
PARTED = Parts(q=perceptron(2, 4, 4), q_target=perceptron(2, 4, 4), q_old=perceptron(2, 4, 4))


@pytest.mark.parametrize(
    ("held", "module", "prefix"),
    [
        (STATE, NET, None),
        (OrderedDict(sorted(STATE.items(), reverse=True)), NET, None),
        ({"epoch": 3, "model_state_dict": STATE, "optimizer_state_dict": OPTIMIZER.state_dict()}, NET, None),
        ({"state_dict": {f"model.{key}": value for key, value in STATE.items()}, "best": torch.tensor(0.5),
          "callbacks": {"stop": {"score": torch.ones(3)}}, "optimizer_states": [OPTIMIZER.state_dict()]}, NET, None),
        ({f"module._orig_mod.{key}": value for key, value in STATE.items()}, NET, None),
        ({"weights": list(STATE.values())[::2], "biases": list(STATE.values())[1::2]}, NET, None),
        (FC.state_dict(), chain(FC.fc1, FC.fc2, FC.fc_out), None),
        (HIDDEN.state_dict(), chain(HIDDEN.input, *HIDDEN.hidden, HIDDEN.output), None),
        (OrderedDict(sorted(SQUARE.state_dict().items())), chain(*SQUARE.layers), None),
        (BLOCKS.state_dict(), BLOCKS, None),
        (ACTOR_CRITIC.state_dict(), ACTOR_CRITIC.critic, "critic"),
        (PARTED.state_dict(), PARTED.q, "q"),
        (TWIN.state_dict(), chain(TWIN.l3, TWIN.l4), "l3,l4"),
        ({key.replace(".", "_"): value for key, value in FC.state_dict().items()},
         chain(FC.fc1, FC.fc2, FC.fc_out), None),
        (SOFT.state_dict(), chain(SOFT.fc1, SOFT.fc2, SOFT.fc_mean), "fc1, fc2, fc_mean"),
        (BASELINES.state_dict(), nn.Sequential(*BASELINES.mlp_extractor.policy_net, BASELINES.action_net),
         "mlp_extractor.policy_net,action_net"),
        ({"ema": PARTED.q.state_dict(), "model": PARTED.q_old.state_dict()}, PARTED.q_old, "model"),
    ],
)  # fmt: skip
def test_the_network_is_that_of_the_module(held: Any, module: nn.Module, prefix: str | None) -> None:
    expected = relureg.from_torch(module, module[0].in_features if isinstance(module[0], nn.Linear) else 3)
    for legacy in (False, True):
        network = read_checkpoint(saved(held, legacy=legacy), name="given", prefix=prefix)
        assert network == expected
        assert network.notices == (ASSUMED,)
    points = np.random.default_rng(0).normal(size=(20, network.input_dim))
    with torch.no_grad():
        value = module(torch.tensor(points, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(network(points), value, rtol=1e-4, atol=1e-5)


def test_layers_are_ordered_by_number_and_not_by_key(fixtures: Path) -> None:
    network = relureg.load(fixtures / "checkpoints" / "square_sorted_keys.pt")
    assert relureg.count_regions(network).num_regions == 54


def test_branches_are_listed_and_one_is_chosen(fixtures: Path) -> None:
    path = fixtures / "checkpoints" / "actor_critic.pt"
    with pytest.raises(UnsupportedNetworkError) as caught:
        relureg.load(path)
    assert "actor, critic stand side by side; there are actor (3 - 6 - 3), critic (3 - 6 - 1)" in str(caught.value)
    assert "choose with --prefix actor" in str(caught.value)
    assert str(path) in str(caught.value)
    assert relureg.count_regions(relureg.load(path, prefix="actor")).num_regions == 42


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (BASELINES, "there are mlp_extractor.policy_net (3 - 4 - 4), mlp_extractor.value_net (3 - 4 - 4), action_net"),
        (SOFT, "there are fc1 (3 - 4), fc2 (4 - 4), fc_mean (4 - 2), fc_logstd (4 - 2)"),
        (PARTED, "q, q_target, q_old stand side by side"),
        (TWIN, "'l3.weight': a weight of shape [4, 3] does not fit the 1 units before it; of several networks in one "
         "file, name the layers of one: --prefix l1,l2"),
        (Parts(heads=nn.ModuleList([linear(3, 3), linear(3, 3)])), "0, 1 may stand side by side"),
        (Parts(q1=linear(3, 3), q2=linear(3, 3)), "q1, q2 may stand side by side"),
        (Parts(output_heads=nn.ModuleList([linear(3, 3), linear(3, 3)])), "choose with --prefix output_heads.0"),
        (Parts(q_funcs=nn.ModuleList([linear(3, 3), linear(3, 3)])), "0, 1 may stand side by side"),
        (Parts(mlps=nn.ModuleList([linear(3, 3), linear(3, 3)])), "0, 1 may stand side by side"),
        (Parts(action_out1=linear(3, 3), action_out2=linear(3, 3)), "action_out1, action_out2 may stand side by side"),
        (Parts(members=nn.ModuleList([perceptron(2, 2, 2), perceptron(2, 2, 2)])), "members.0 (2 - 2 - 2), members.1"),
        (Parts(encoder=perceptron(4, 3, 2), decoder=perceptron(2, 3, 4)), "encoder, decoder stand side by side"),
        (Parts(body=linear(3, 3), mean=linear(3, 3), std=linear(3, 3)), "body, mean, std stand side by side"),
        (Parts(layers=nn.ModuleList([Parts(fc1=linear(3, 6), fc2=linear(6, 3)) for _ in range(2)])),
         "layers.0 is a block of several layers"),
        (nn.Sequential(linear(3, 3), linear(3, 3), nn.ReLU(), linear(3, 3)), "0, 1, 3 follow each other here and not"),
        (nn.Sequential(linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), linear(3, 1)), "'1.weight' has shape [3]: a norma"),
        (nn.Sequential(linear(2, 3), nn.ReLU(), nn.LayerNorm(3), linear(3, 1)), "a normalisation or a PReLU"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), linear(2, 1)), "a convolution, whose strides"),
        (Parts(embed=nn.Embedding(4, 3), fc=linear(3, 1)), "'embed.weight' is of an embedding"),
        (nn.LSTM(2, 3), "is of a recurrent layer"),
        (nn.utils.parametrizations.weight_norm(linear(2, 3)), "remove_parametrizations(layer, 'weight')"),
        (Parts(fc1=linear(2, 4), lora_A=linear(2, 2), lora_B=linear(2, 4)), "is of a low-rank adapter"),
    ],
)  # fmt: skip
def test_what_names_do_not_prove_is_refused(module: nn.Module, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        read(module.state_dict())
    assert message in str(caught.value)


def test_a_prefix_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"--prefix: nothing in the file is called 'acto'; there are actor \(3 - 6"):
        read(ACTOR_CRITIC.state_dict(), "acto")
    with pytest.raises(UsageError, match=r"it is one network \(2 - 5 - 4 - 1\); leave the prefix out"):
        read(STATE, "actor")
    with pytest.raises(UsageError, match="prefix: 3 is not a text"):
        relureg.load("net.pt", prefix=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "activation"),
    [("leaky:0.1", lambda: nn.LeakyReLU(0.1)), ("leaky", nn.LeakyReLU), ("relu6", nn.ReLU6),
     ("hardtanh", nn.Hardtanh), ("hardsigmoid", nn.Hardsigmoid), ("relu", nn.ReLU), ("linear", nn.Identity)],
)  # fmt: skip
@pytest.mark.parametrize("double", [False, True])
def test_activations_that_the_file_does_not_name(
    name: str, activation: Any, double: bool, tmp_path: Path
) -> None:  # fmt: skip
    module = perceptron(2, 4, 3, 1, activation=activation)
    module = module.double() if double else module
    torch.save(module.state_dict(), tmp_path / "net.pt")
    network = relureg.load(tmp_path / "net.pt", activation=name)
    expected = relureg.from_torch(module, 2)
    assert network == expected
    assert relureg.count_regions(network).num_regions == relureg.count_regions(expected).num_regions
    assert f"{name.replace('leaky', 'leaky:0.01') if name == 'leaky' else name} after every" in network.notices[0]


def test_an_exact_slope_is_not_rounded(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "net.pt")
    tenth, double = (relureg.load(tmp_path / "net.pt", activation=f"leaky:{text}") for text in ("1/10", "0.1"))
    assert tenth != double
    for wrong in ("tanh", "leaky:x", "relu:1", "leaky:1/0"):
        with pytest.raises(UsageError, match="--activation"):
            relureg.load(tmp_path / "net.pt", activation=wrong)


def test_outputs_as_units(tmp_path: Path) -> None:
    module = nn.Sequential(*NET, nn.ReLU())
    torch.save(STATE, tmp_path / "net.pt")
    network = relureg.load(tmp_path / "net.pt", output_relu=True)
    assert network == relureg.from_torch(module, 2) == relureg.from_torch(NET, 2).with_output_relu()
    counts = [relureg.count_regions(n, engine=e).num_regions for n in (network,) for e in ("split", "lp")]
    assert counts[0] == counts[1] > relureg.count_regions(relureg.from_torch(NET, 2)).num_regions
    with pytest.raises(UsageError, match="the output is that of ReLU units already"):
        network.with_output_relu()
    relureg.save(network, tmp_path / "net.json")
    with pytest.raises(UsageError, match="relureg JSON states its layers and activations; --activation is for"):
        relureg.load(tmp_path / "net.json", activation="relu")


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.to_sparse(), lambda w: w.to_sparse_csr(), lambda w: w.to_sparse_csc(), lambda w: w.double(),
        lambda w: nn.Parameter(w), lambda w: w.t().contiguous().t(), lambda w: torch.cat([w, w])[: len(w)],
        lambda w: w[:1].expand(len(w), -1), lambda w: w.half(), lambda w: w.bfloat16(),
        lambda w: w.to(torch.float8_e4m3fn), lambda w: w.to(torch.float8_e5m2), lambda w: (8 * w).to(torch.int8),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")  # PyTorch warns of its sparse tensors
def test_tensors_of_every_kind(change: Any) -> None:
    state = {key: change(value.detach()) if value.ndim == 2 else value for key, value in STATE.items()}
    expected = relureg.Network.from_layers(
        [state[f"{k}.weight"].detach().to_dense().double().numpy() for k in (0, 2, 4)],
        [state[f"{k}.bias"].numpy() for k in (0, 2, 4)],
    )
    assert read(state) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.cfloat(), "numbers of type complexfloat are not read"),
        (lambda w: w.to("meta"), "a tensor on the device 'meta' has no numbers"),
        (
            lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8),
            "a quantised network also rounds its activations",
        ),
        (lambda w: w * torch.nan, "NaN and infinity are not rational numbers"),
        (lambda w: torch.zeros(1).expand(25_000, 25_000), "its weights claim"),
        (lambda w: torch.sparse_coo_tensor(torch.zeros(2, 1), torch.ones(1), (30_000, 30_000)), "its weights claim"),
        (lambda w: torch.zeros(1).expand(2**40, 1), "its weights claim"),
        (lambda w: torch.zeros(1).expand(100, 100), "it claims 10,000 entries, of which the file holds 1"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_refused(change: Any, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read({"0.weight": change(STATE["0.weight"])})


def test_what_is_no_state_dict(tmp_path: Path) -> None:
    for held in (NET, {"model": NET, "epoch": 1}):
        for legacy in (False, True):
            with pytest.raises(UnsupportedNetworkError) as caught:
                read_checkpoint(saved(held, legacy=legacy), name="given")
            assert "a pickled module of class torch.nn.modules.container.Sequential" in str(caught.value)
    # What the message says works.
    torch.save(NET, tmp_path / "net.pt")
    torch.save(torch.load(tmp_path / "net.pt", weights_only=False).state_dict(), tmp_path / "state.pt")
    assert relureg.load(tmp_path / "state.pt") == relureg.from_torch(NET, 2)
    for held in ({}, [1, 2], torch.ones(3), "text", {"epoch": 3}):
        with pytest.raises(MalformedNetworkError, match="holds no tensors under names"):
            read(held)
    for data in (b"PK\x03\x04 nothing", saved(STATE)[:-200], saved(STATE, legacy=True)[:-20], b"\x80\x02K\x01.", b"x"):
        with pytest.raises(MalformedNetworkError):
            read_checkpoint(data, name="given")


def test_a_pickle_runs_nothing_and_allocates_nothing() -> None:
    class Touch:
        def __reduce__(self) -> Any:
            return (print, ("run",))

    found = read_pickle(io.BytesIO(pickle.dumps({"a": Touch(), "b": [1, (2.5, None)]})))
    assert isinstance(found["a"], Made)
    assert (found["a"].name, found["a"].args, found["b"]) == ("builtins.print", ("run",), [1, (2.5, None)])
    # The memo of the standard unpickler has as many places as the largest index.
    assert read_pickle(io.BytesIO(b"\x80\x02K\x07r\xff\xff\xff\x7f.")) == 7
    # A key whose hash would take 2^60 steps.
    nested = b"\x80\x02}(" + b"K\x01K\x01\x86" + b"2\x86" * 60 + b"K\x01u."
    assert len(read_pickle(io.BytesIO(nested))) == 1
    for data in (
        b"",
        b"\x80\x02",
        b".",
        b"\x80\x02K\x01",
        b"\x80\x02R.",
        b"\x80\x02(.",
        b"\x80\x02h\x05.",
        b"\xff\xff",
    ):
        with pytest.raises(PickleError):
            read_pickle(io.BytesIO(data))
