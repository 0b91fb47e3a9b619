"""TorchScript files (torch.jit.save): their code is parsed and followed on affine tensors; nothing is executed.

The file is an archive of a pickle, which holds the modules with their parameters, and of code in a subset of Python.
Neither PyTorch nor Python runs any of it: `pickles` reads the one, and the walk in `script_walk` knows the few
statements and expressions of the other, and no function but those of `functions`.
"""

from __future__ import annotations

from relureg.errors import NetworkError, UnsupportedNetworkError
from relureg.network.model import Network
from relureg.readers.archives import open_archive
from relureg.readers.torch.script_code import Script
from relureg.readers.torch.script_walk import ADVICE, Shapes, Walk

_MAX_GUESSES = 50
"""Lengths of an input that are tried."""


def is_torchscript(data: bytes) -> bool:
    """Whether a file is an archive of torch.jit.save, which holds code."""
    if data[:2] != b"PK":
        return False
    with open_archive(data) as archive:
        names = archive.namelist()
        return any(name.endswith("/constants.pkl") for name in names) and any(n.endswith("/data.pkl") for n in names)


def read_torchscript(data: bytes, *, name: str, input_shapes: Shapes | None = None) -> Network:
    """Parse a TorchScript module: the network that its method `forward` computes in inference.

    Parameters
    ----------
    data : bytes
    name : str
    input_shapes : sequence of tuple of int, optional
        The shape of each input without the batch. By default there is one input, a vector as long as the only one
        of the weights that fits.

    Raises
    ------
    MalformedNetworkError
        A damaged archive.
    UnsupportedNetworkError
        Something that is not piecewise linear or not read, or an input whose shape the file does not say.
    """
    with open_archive(data) as archive:
        try:
            script = Script.of(archive)
            return _guess(script, name) if input_shapes is None else Walk(script=script).network(name, input_shapes)
        except RecursionError as error:
            raise UnsupportedNetworkError("the code calls itself, or nests too deeply") from error


def _guess(script: Script, name: str) -> Network:
    """The network with one input, a vector; of the lengths that its weights suggest, one alone may fit."""
    shapes = script.weight_shapes()
    faults: list[tuple[int, NetworkError]] = []
    # A weight that is a factor on the right has its inputs first.
    for lengths in ({shape[1] for shape in shapes}, {shape[0] for shape in shapes}):
        found = []
        for length in sorted(lengths)[:_MAX_GUESSES]:
            walk = Walk(script=script)
            try:
                network = walk.network(name, [(length,)])
            except NetworkError as error:
                faults.append((walk.steps, error))
                continue
            if all(port.shape[:1] == (1,) for port in network.outputs):
                found.append(network)
        if len(found) == 1:
            _refuse_any_length(script, found[0])
            return found[0]
        if found:
            break
    if not faults:
        raise UnsupportedNetworkError(f"the file does not say the shape of its input; {ADVICE}")
    # The length with which the walk came furthest is the one meant.
    _, fault = max(faults, key=lambda pair: pair[0])
    fault.message += f". Where the input is not one vector, {ADVICE}"
    raise fault


def _refuse_any_length(script: Script, network: Network) -> None:
    """Raise where a longer input fits too, as where a convolution is averaged: no weight tells the length then."""
    longer = network.input_dim + 1
    try:
        Walk(script=script).network("", [(longer,)])
    except NetworkError:
        return
    raise UnsupportedNetworkError(f"inputs of {longer - 1:,} numbers fit, and of {longer:,} too; {ADVICE}")
