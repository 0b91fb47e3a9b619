"""PyTorch checkpoints: state dicts of perceptrons, or files that hold such."""

from __future__ import annotations

from relureg.network.activations import Activation
from relureg.network.layer_names import choose_layers
from relureg.network.model import Network
from relureg.network.perceptrons import perceptron
from relureg.network.torch_files import named_tensors, open_checkpoint


def read_checkpoint(
    data: bytes, *, name: str, prefix: str | None = None, activation: Activation | None = None
) -> Network:
    """Parse a PyTorch checkpoint that is the state dict of a perceptron, or holds one; no code in it is run.

    Parameters
    ----------
    data : bytes
    name : str
    prefix : str, optional
        Which of several networks, as `choose_layers` takes it.
    activation : Activation, optional
        After every layer but the last.

    Raises
    ------
    MalformedNetworkError
        Not a checkpoint, or layers that do not fit.
    UnsupportedNetworkError
        Names that give no order, or tensors that are no linear layers.
    """
    layers = choose_layers(named_tensors(open_checkpoint(data)), prefix)
    return perceptron(layers, name=name, held=len(data), activation=activation)
