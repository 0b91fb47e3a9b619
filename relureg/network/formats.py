"""The registry of network file formats: a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relureg.errors import MalformedNetworkError, NetworkError, UsageError
from relureg.network import json_, nnet, onnx_, onnx_writer
from relureg.network.files import read_bytes, write_atomically
from relureg.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a reader is given."""

    data: bytes
    name: str
    folder: Path | None
    raw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format."""

    name: str
    suffix: str
    recognises: Callable[[bytes], bool]
    """Whether the first bytes of a file without a known suffix look like this format."""
    read: Callable[[_Source], Network]
    write: Callable[[Network], bytes]


FORMATS = (
    Format(
        name="relureg JSON",
        suffix=".json",
        recognises=lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{",
        read=lambda source: json_.read(source.data, name=source.name),
        write=json_.write,
    ),
    Format(
        name=".nnet",
        suffix=".nnet",
        recognises=lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2] == b"//" or head.lstrip()[:1].isdigit(),
        read=lambda source: nnet.read(source.data, name=source.name, raw=source.raw),
        write=nnet.write,
    ),
    Format(
        name="ONNX",
        suffix=".onnx",
        recognises=lambda head: head[:1] == b"\x08",  # field 1 of ModelProto, ir_version
        read=lambda source: onnx_.read(source.data, name=source.name, folder=source.folder),
        write=onnx_writer.write,
    ),
)
"""Every format, in the order in which content is tried."""


def load(path: str | Path, *, raw: bool = False) -> Network:
    """Read a network file: ONNX, `.nnet` or relureg JSON, each also gzip-compressed.

    Parameters
    ----------
    path : str or Path
        ``-`` reads standard input. The format is that of the suffix; without a known suffix it is
        recognised by content.
    raw : bool, optional
        Leave out the normalisation a `.nnet` file states, and take its weights as they are.

    Returns
    -------
    Network

    Raises
    ------
    MalformedNetworkError, UnsupportedNetworkError
        The file cannot be read or is not supported; the message says where and what to do.

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
    known = [f for f in FORMATS if file_name.lower().endswith(f.suffix)]
    found = known or [f for f in FORMATS if f.recognises(data[:256])]
    if not found:
        names = ", ".join(f"{f.name} ({f.suffix})" for f in FORMATS)
        raise MalformedNetworkError(f"not a known network format; read are {names}", where=place)
    name = "stdin" if stdin else file_name[: -len(found[0].suffix)] if known else file_name
    source = _Source(data=data, name=name, folder=None if stdin else path.parent, raw=raw)
    try:
        return found[0].read(source)
    except NetworkError as error:
        raise error.within(place) from error.__cause__


def save(network: Network, path: str | Path, *, force: bool = False) -> None:
    """Write a network in the format of the suffix of `path` (.json, .nnet, .onnx), exactly or not at all.

    Parameters
    ----------
    network : Network
    path : str or Path
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    UsageError
        The suffix is not known, or the file exists and `force` is not set.
    UnsupportedNetworkError
        The format cannot hold the network exactly.
    """
    path = Path(path)
    chosen = next((f for f in FORMATS if path.name.lower().endswith(f.suffix)), None)
    if chosen is None:
        raise UsageError(f"the suffix is not one of {', '.join(f.suffix for f in FORMATS)}", where=str(path))
    write_atomically(path, chosen.write(network), force=force)
