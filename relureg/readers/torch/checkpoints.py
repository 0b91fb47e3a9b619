"""PyTorch checkpoints: state dicts of perceptrons, or files that hold such."""

from __future__ import annotations

from relureg.errors import UsageError
from relureg.network.model import Network
from relureg.readers.building.activations import Activation
from relureg.readers.building.layer_names import choose_layers
from relureg.readers.building.perceptrons import perceptron
from relureg.readers.torch.saved_files import open_checkpoint
from relureg.readers.torch.stored_tensors import named_tensors
from relureg.readers.torch.torchscript import is_torchscript, read_torchscript


def read_checkpoint(
    data: bytes, *, name: str, prefix: str | None = None, activation: Activation | None = None
) -> Network:
    """Parse a PyTorch checkpoint that is the state dict of a perceptron, or holds one; no code in it is run.

    A TorchScript file is read by what its code says, see `read_torchscript`.

    Parameters are those of `relureg.readers.arrays.read_npz`.

    Raises
    ------
    MalformedNetworkError
        Not a checkpoint, or layers that do not fit.
    UnsupportedNetworkError
        Names that give no order, or tensors that are no linear layers.
    """
    if is_torchscript(data):
        if prefix is not None or activation is not None:
            option = "--prefix" if prefix is not None else "--activation"
            raise UsageError(f"a TorchScript file states its layers and activations; {option} is for state dicts")
        return read_torchscript(data, name=name)
    layers = choose_layers(named_tensors(open_checkpoint(data)), prefix)
    return perceptron(layers, name=name, held=len(data), activation=activation)
