"""The registry of network file formats: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

from relureg.arguments import checked, finite
from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError, UsageError
from relureg.files import read_bytes, write_atomically
from relureg.network import json_format
from relureg.network.model import Network
from relureg.network.rounding import DTYPES, Dtype, rounded
from relureg.readers.building.activations import Activation, parse_activation


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a reader is given."""

    data: bytes
    name: str
    folder: Path | None
    raw: bool
    offset: Fraction | None
    scale: Fraction | None
    prefix: str | None
    activation: Activation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format."""

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    """Whether the first bytes of a file without a known suffix look like this format."""
    read: Callable[[_Source], Network]
    write: Callable[[Network, Dtype | None], bytes] | None = None
    """None where the format is only read. The type is that of the numbers, None for the narrowest that is exact."""
    has_dtypes: bool = False
    """Whether its numbers may be of either type; else they are doubles, or exact."""
    has_names: bool = False
    """Whether it holds named arrays, among which a prefix may choose and whose activations may be told."""


def _reader(module: str) -> Any:
    """A reader's module, imported when it is needed: a start reads one format and not all of them."""
    return import_module(f"relureg.readers.{module}")


_BLANK = b"\xef\xbb\xbf \t\r\n"

FORMATS = (
    Format(
        name="relureg JSON",
        suffixes=(".json",),
        recognises=lambda head: head.lstrip(_BLANK)[:1] == b"{",
        read=lambda source: json_format.read(source.data, name=source.name),
        write=lambda network, _: json_format.write(network),
    ),
    Format(
        name=".nnet",
        suffixes=(".nnet",),
        recognises=lambda head: head.lstrip(_BLANK)[:2] == b"//" or (_is_number(head) and b"," in head),
        read=lambda source: _reader("nnet").read(source.data, name=source.name, raw=source.raw),
        write=lambda network, _: _reader("nnet").write(network),
    ),
    Format(
        name="ONNX",
        suffixes=(".onnx",),
        recognises=lambda head: head[:1] == b"\x08",  # field 1 of ModelProto, ir_version
        read=lambda source: _reader("onnx.reader").read(source.data, name=source.name, folder=source.folder),
        write=lambda network, dtype: _reader("onnx.writer").write(network, dtype=dtype),
        has_dtypes=True,
    ),
    Format(
        name="Sherlock text",
        suffixes=(".nt", ".sherlock"),
        recognises=lambda head: _is_number(head) and b"," not in head,
        read=lambda source: _reader("sherlock").read(
            source.data, name=source.name, offset=source.offset, scale=source.scale
        ),
    ),
    Format(
        name="NumPy archive",
        suffixes=(".npz",),
        recognises=lambda head: head[:2] == b"PK" and b".npy" in head,
        read=lambda source: _reader("arrays").read_npz(
            source.data, name=source.name, prefix=source.prefix, activation=source.activation
        ),
        write=lambda network, _: _reader("arrays").write_npz(network),
        has_names=True,
    ),
    Format(
        name="PyTorch checkpoint",
        suffixes=(".pt", ".pth", ".ckpt"),
        recognises=lambda head: (
            (head[:2] == b"PK" and b"data.pkl" in head) or head.startswith(_reader("torch.saved_files").LEGACY_HEAD)
        ),
        read=lambda source: _reader("torch.checkpoints").read_checkpoint(
            source.data, name=source.name, prefix=source.prefix, activation=source.activation
        ),
        has_names=True,
    ),
    Format(
        name="safetensors",
        suffixes=(".safetensors",),
        recognises=lambda head: _reader("safetensors").is_safetensors(head),
        read=lambda source: _reader("safetensors").read_safetensors(
            source.data, name=source.name, prefix=source.prefix, activation=source.activation
        ),
        has_names=True,
    ),
    Format(
        name="MAT-file",
        suffixes=(".mat",),
        recognises=lambda head: _reader("mat_file").is_mat_file(head),
        read=lambda source: _reader("matlab").read_matlab(
            source.data, name=source.name, prefix=source.prefix, activation=source.activation
        ),
        has_names=True,
    ),
)
"""Every format, in the order in which content is tried."""


@checked
def load(
    path: str | Path,
    *,
    raw: bool = False,
    offset: Fraction | float | None = None,
    scale: Fraction | float | None = None,
    prefix: str | None = None,
    activation: str | Activation | None = None,
    output_relu: bool = False,
) -> Network:
    """Read a network file: ONNX, relureg JSON, `.nnet`, Sherlock text, `.npz`, PyTorch, safetensors or `.mat`.

    Parameters
    ----------
    path : str or Path
        ``-`` reads standard input. The format is that of the suffix; without a known suffix it is
        recognised by content. The file may be gzip-compressed.
    raw : bool, optional
        Leave out the normalisation a `.nnet` file states, and take its weights as they are.
    offset, scale : number, optional
        Of a Sherlock file, which does not hold them: its output is ``(y - offset) * scale``.
    prefix : str, optional
        Which network of a file of named arrays is meant, where there are several: ``"actor"`` for ``actor.0.weight``,
        ``actor.2.weight``. Several prefixes, separated by commas, are read one after the other.
    activation : str, optional
        What follows every layer but the last in a file of named arrays, which does not say it: ``"relu"``,
        ``"leaky:0.01"``, ``"relu6"``, ``"hardtanh"``, ``"hardsigmoid"``, ``"abs"`` or ``"linear"``.
    output_relu : bool, optional
        Let the outputs be ReLU units too, as `Network.with_output_relu` does.

    Returns
    -------
    Network

    Raises
    ------
    MalformedNetworkError, UnsupportedNetworkError
        The file cannot be read or is not supported; the message says where and what to do.
    UsageError
        `prefix` or `activation` is given for a format that states its layers, or makes no sense.

    Examples
    --------
    >>> import relureg
    >>> relureg.load("fixtures/truth/xor.json").widths
    (2,)
    """
    path = Path(path)
    data = read_bytes(path)
    stdin = str(path) == "-"
    place = "standard input" if stdin else str(path)
    file_name = path.name.removesuffix(".gz")
    known = [(f, suffix) for f in FORMATS for suffix in f.suffixes if file_name.lower().endswith(suffix)]
    found = known or [(f, "") for f in FORMATS if f.recognises(data[:256])]
    if not found:
        from relureg.readers.unread_formats import way_out

        told = way_out(data, file_name)
        if told is not None:
            raise UnsupportedNetworkError(told.replace("FILE", place), where=place)
        names = ", ".join(f"{f.name} ({', '.join(f.suffixes)})" for f in FORMATS)
        raise MalformedNetworkError(f"not a known network format; read are {names}", where=place)
    chosen, suffix = found[0]
    for option, given in (("--prefix", prefix), ("--activation", activation)):
        if given is not None and not chosen.has_names:
            raise UsageError(
                f"{chosen.name} states its layers and activations; {option} is for files of named arrays alone",
                where=place,
            )
    source = _Source(
        data=data,
        name="stdin" if stdin else file_name.removesuffix(file_name[len(file_name) - len(suffix) :]),
        folder=None if stdin else path.parent,
        raw=raw,
        offset=None if offset is None else finite("offset", offset),
        scale=None if scale is None else finite("scale", scale),
        prefix=prefix,
        activation=None if activation is None else parse_activation(activation),
    )
    try:
        network = chosen.read(source)
        return network.with_output_relu() if output_relu else network
    except (NetworkError, UsageError) as error:
        error.message = error.message.replace("FILE", place)  # in lines of Python that the message offers
        raise error.within(place) from error.__cause__


@checked
def save(
    network: Network,
    path: str | Path,
    *,
    force: bool = False,
    dtype: Dtype | None = None,
    allow_rounding: bool = False,
) -> None:
    """Write a network in the format of the suffix of `path`: .json, .onnx, .nnet or .npz.

    The file is exact or not written, unless rounding is allowed.

    Parameters
    ----------
    network : Network
    path : str or Path
    force : bool, optional
        Replace an existing file.
    dtype : {"float32", "float64"}, optional
        The type of the numbers of an ONNX file; by default float32 where that is exact, else float64.
    allow_rounding : bool, optional
        Round each parameter that the format cannot hold to the nearest one that it can.

    Raises
    ------
    UsageError
        The suffix is not one of a format that is written, the format has no choice of types, or the file exists
        and `force` is not set.
    UnsupportedNetworkError
        The format cannot hold the network exactly.
    """
    path = Path(path)
    chosen = format_to_write(path)
    if dtype is not None and (dtype not in DTYPES or not chosen.has_dtypes):
        raise UsageError(f"{chosen.name} is not written with numbers of type {dtype!r}", where=str(path))
    assert chosen.write is not None
    try:
        kept = rounded(network, dtype or "float64") if allow_rounding and chosen.name != "relureg JSON" else network
        content = chosen.write(kept, dtype)
    except UnsupportedNetworkError as error:
        raise error.within(str(path)) from error.__cause__
    write_atomically(path, content, force=force)


def format_to_write(path: Path) -> Format:
    """The format of the suffix of a file that is to be written; raises `UsageError` where there is none."""
    writable = [f for f in FORMATS if f.write is not None]
    chosen = next((f for f in writable for suffix in f.suffixes if path.name.lower().endswith(suffix)), None)
    if chosen is None:
        suffixes = ", ".join(suffix for f in writable for suffix in f.suffixes)
        raise UsageError(f"the suffix is not one of {suffixes}", where=str(path))
    return chosen


def _is_number(head: bytes) -> bool:
    return head.lstrip(_BLANK)[:1].isdigit()
