"""Files of torch.save, read as data: which tensors they hold. PyTorch is not needed, and no code runs."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relureg.errors import MalformedNetworkError, UnsupportedNetworkError
from relureg.readers.archives import open_archive, read_member
from relureg.readers.building.stored_arrays import ITEM_SIZES
from relureg.readers.torch.pickles import Global, Made, Persistent, PickleError, read_pickle

_MAX_PICKLE = 64 * 2**20
"""Bytes of the pickle alone, which holds names and shapes; the numbers are elsewhere."""

LEGACY_HEAD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9"
"""How files before PyTorch 1.6 begin: the pickle of a large number."""
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip
_OTHER_SIZES = {"complexfloat": 8, "complexdouble": 16, "qint32": 4}
"""Of storages that are not read, but passed over."""
_NOT_A_CHECKPOINT = "not a PyTorch checkpoint, or a damaged one"


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchFile:
    """What a file of torch.save or torch.jit.save holds."""

    content: Any
    """The pickled object as `pickles` notes it down."""
    storage: Callable[[str], bytes]
    """The bytes of a storage, by its key."""


def open_checkpoint(data: bytes) -> TorchFile:
    """A file of torch.save, of any version since 0.4.

    Raises
    ------
    MalformedNetworkError
        It is none, or damaged.
    """
    try:
        return _open_zip(data) if data[:2] == b"PK" else _open_legacy(data)
    except PickleError as error:
        raise MalformedNetworkError(f"{_NOT_A_CHECKPOINT}: {error}") from error


def _open_zip(data: bytes) -> TorchFile:
    archive = open_archive(data)
    folder = next((name[: -len("data.pkl")] for name in archive.namelist() if name.endswith("/data.pkl")), None)
    if folder is None:
        raise MalformedNetworkError(f"{_NOT_A_CHECKPOINT}: the archive has no data.pkl")
    return open_folder(archive, folder, "data")


def open_folder(archive: zipfile.ZipFile, folder: str, name: str) -> TorchFile:
    """The pickle `name`.pkl in a folder of an archive, whose storages lie in `name`/."""
    names = archive.namelist()
    order = read_member(archive, f"{folder}byteorder", 16) if f"{folder}byteorder" in names else b"little"
    if order != b"little":
        raise UnsupportedNetworkError("the numbers are big-endian; save the checkpoint on a little-endian machine")
    try:
        content = read_pickle(io.BytesIO(read_member(archive, f"{folder}{name}.pkl", _MAX_PICKLE)))
    except PickleError as error:
        raise MalformedNetworkError(f"{_NOT_A_CHECKPOINT}: {error}") from error
    return TorchFile(content=content, storage=lambda key: read_member(archive, f"{folder}{name}/{key}", 2**30))


def _open_legacy(data: bytes) -> TorchFile:
    """The format before PyTorch 1.6: pickles one after the other, then the storages in the order of their keys."""
    stream = io.BytesIO(data)
    if read_pickle(stream) != _LEGACY_MAGIC:
        raise MalformedNetworkError(_NOT_A_CHECKPOINT)
    read_pickle(stream), read_pickle(stream)  # the version of the protocol, and sizes of integers in C
    content = read_pickle(stream)
    keys = read_pickle(stream)
    widths = {str(p.key[2]): _item_size(p.key[1]) for p in _persistent(content) if len(p.key) > 4}
    places: dict[str, tuple[int, int]] = {}
    for key in keys if isinstance(keys, list) else []:
        head = stream.read(8)
        size = struct.unpack("<q", head)[0] * widths.get(str(key), 1) if len(head) == 8 else -1
        places[str(key)] = (stream.tell(), stream.tell() + size)
        if size < 0 or stream.tell() + size > len(data):
            raise MalformedNetworkError(f"{_NOT_A_CHECKPOINT}: it ends within a storage")
        stream.seek(size, io.SEEK_CUR)

    def storage(key: str) -> bytes:
        if key not in places:
            raise MalformedNetworkError(f"there is no storage {key!r}")
        return data[slice(*places[key])]

    return TorchFile(content=content, storage=storage)


def _persistent(content: Any) -> Iterator[Persistent]:
    """All storages that an object names; each object is looked at once, however often it is referred to."""
    seen: set[int] = set()
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Persistent) and isinstance(value.key, tuple):
            yield value
        elif isinstance(value, Made):
            waiting += [*value.args, value.state, *value.items, *value.pairs.values()]
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


def storage_type(kind: Any) -> str:
    name = kind.name.rpartition(".")[2] if isinstance(kind, Global) else ""
    return _STORAGES.get(name, name.removesuffix("Storage").lower() if name != "UntypedStorage" else "")


def _item_size(kind: Any) -> int:
    name = storage_type(kind)
    return ITEM_SIZES.get(name, _OTHER_SIZES.get(name, 1))


# -- tensors -------------------------------------------------------------------------------------------


# -- names ---------------------------------------------------------------------------------------------
