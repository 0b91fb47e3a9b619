"""Files of torch.save, read as data: which tensors they hold. PyTorch is not needed, and no code runs."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.exact.doubles import Floats
from relureg.readers.archives import open_archive, read_member
from relureg.readers.building.stored_arrays import ITEM_SIZES, StoredArray, check_size, decode
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


def _storage_type(kind: Any) -> str:
    name = kind.name.rpartition(".")[2] if isinstance(kind, Global) else ""
    return _STORAGES.get(name, name.removesuffix("Storage").lower() if name != "UntypedStorage" else "")


def _item_size(kind: Any) -> int:
    name = _storage_type(kind)
    return ITEM_SIZES.get(name, _OTHER_SIZES.get(name, 1))


_OTHER_SIZES = {"complexfloat": 8, "complexdouble": 16, "qint32": 4}
"""Of storages that are not read, but passed over."""


# -- tensors -------------------------------------------------------------------------------------------


def tensor_of(value: Any, file: TorchFile) -> StoredArray | None:
    """The tensor that a pickled object is; None where it is something else.

    Raises
    ------
    NetworkError
        A tensor that is not read: quantised, without numbers, of a type or a layout that is not known.
    """
    if not isinstance(value, Made):
        return None
    name = value.name.rpartition(".")[2]
    if not value.name.startswith("torch."):
        return None
    args = value.args
    try:
        if name == "_rebuild_from_type_v2":
            return tensor_of(Made(args[0].name, tuple(args[2])), file)
        if name in ("_rebuild_parameter", "_rebuild_parameter_with_state", "Parameter", "Buffer"):
            return tensor_of(args[0], file)
        if name in _MAKERS:
            return _MAKERS[name](args, file)
    except (TypeError, IndexError, AttributeError, ValueError) as error:
        raise MalformedNetworkError(f"a damaged tensor: {error}") from error
    if name.startswith("_rebuild"):
        raise UnsupportedNetworkError(f"tensors of {name} are not read; save plain ones: tensor.detach().cpu().clone()")
    return None


def _dense(args: tuple[Any, ...], file: TorchFile) -> StoredArray:
    storage, offset, size, stride = args[:4]
    if len(args) > 6 and isinstance(args[6], Mapping) and any(args[6].get(bit) for bit in ("neg", "conj")):
        raise UnsupportedNetworkError("a view with its sign turned lazily; save it with .resolve_neg().resolve_conj()")
    return _strided(storage, offset, size, stride, _storage_type(storage.key[1]), file)


def _dense_of_type(args: tuple[Any, ...], file: TorchFile) -> StoredArray:
    storage, offset, size, stride, _, _, dtype = args[:7]
    return _strided(storage, offset, size, stride, dtype.name.rpartition(".")[2], file)


def _strided(storage: Any, offset: Any, size: Any, stride: Any, dtype: str, file: TorchFile) -> StoredArray:
    shape, strides = _sizes(size), _sizes(stride)
    start = _sizes([offset])[0]
    if len(shape) != len(strides):
        raise ValueError("as many strides as dimensions are needed")
    key = str(storage.key[2])
    width = ITEM_SIZES.get(dtype)

    def fetch() -> Floats:
        if width is None:
            raise UnsupportedNetworkError(f"numbers of type {dtype} are not read; save real floating-point numbers")
        if not math.prod(shape):
            return np.zeros(shape)
        raw = file.storage(key)
        last = start + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if (last + 1) * width > len(raw):
            raise MalformedNetworkError(f"a tensor reaches entry {last:,} of a storage of {len(raw) // width:,}")
        check_size(shape, len(raw) // width)
        flat = decode(memoryview(raw)[start * width : (last + 1) * width], dtype)
        return np.lib.stride_tricks.as_strided(flat, shape, [8 * s for s in strides], writeable=False).copy()

    return StoredArray(shape=shape, dtype=dtype, fetch=fetch)


def _sparse(args: tuple[Any, ...], file: TorchFile) -> StoredArray:
    named = args[0].args[0] if isinstance(args[0], Made) else args[0].name
    layout = named.rpartition(".")[2]
    if layout == "sparse_coo":
        parts, size = args[1][:2], args[1][2]
    elif layout in ("sparse_csr", "sparse_csc"):
        parts, size = args[1][:3], args[1][3]
    else:
        raise UnsupportedNetworkError(f"a tensor of layout {layout} is not read; save it with .to_dense()")
    shape = _sizes(size)
    arrays = [tensor_of(part, file) for part in parts]
    if len(shape) not in (1, 2) or any(array is None for array in arrays):
        raise UnsupportedNetworkError(f"a sparse tensor of shape {list(shape)} is not read; save it with .to_dense()")
    held = [array for array in arrays if array is not None]

    def fetch() -> Floats:
        *places, values = (array.fetch() for array in held)
        check_size(shape, 64 * values.size)  # a sparse matrix of which one entry in 64 is held is common
        if values.ndim != 1:
            raise UnsupportedNetworkError("a sparse tensor of dense rows is not read; save it with .to_dense()")
        whole = np.zeros(shape)
        indices = _coordinates(layout, [place.astype(np.intp) for place in places], shape)
        if len(set(zip(*(index.tolist() for index in indices), strict=True))) < values.size:
            raise UnsupportedNetworkError(
                "a sparse tensor with several numbers for one entry; save it with .coalesce()"
            )
        whole[indices] = values
        return whole

    return StoredArray(shape=shape, dtype=held[-1].dtype, fetch=fetch)


def _coordinates(layout: str, places: list[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The indices of the entries; each within the shape."""
    if layout == "sparse_coo":
        indices = tuple(places[0])
    else:
        ends, inner = places
        outer = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        indices = (outer, inner) if layout == "sparse_csr" else (inner, outer)
    if len(indices) != len(shape) or any(
        index.size and (index.min() < 0 or index.max() >= n) for index, n in zip(indices, shape, strict=True)
    ):
        raise MalformedNetworkError("a sparse tensor has an entry outside of its shape")
    return indices


def _sizes(given: Any) -> tuple[int, ...]:
    entries = tuple(given.args[0] if isinstance(given, Made) else given)
    if any(type(n) is not int or not 0 <= n < 2**62 for n in entries):
        raise ValueError(f"sizes {entries!r:.60} are no whole numbers from 0")
    return entries


def _refused(text: str) -> Callable[[tuple[Any, ...], TorchFile], StoredArray]:
    def refuse(args: tuple[Any, ...], file: TorchFile) -> StoredArray:
        raise UnsupportedNetworkError(text)

    return refuse


_MAKERS: dict[str, Callable[[tuple[Any, ...], TorchFile], StoredArray]] = {
    "_rebuild_tensor": _dense,
    "_rebuild_tensor_v2": _dense,
    "_rebuild_tensor_v3": _dense_of_type,
    "_rebuild_sparse_tensor": _sparse,
    "_rebuild_sparse_csr_tensor": _sparse,
    "_rebuild_qtensor": _refused(
        "a quantised tensor: a quantised network also rounds its activations, and is not piecewise linear; save the "
        "network before quantisation, or its weights with .dequantize()"
    ),
    "_rebuild_meta_tensor_no_storage": _refused(
        "a tensor on the device 'meta' has no numbers; load the weights before saving the module"
    ),
    "_rebuild_nested_tensor": _refused("a nested tensor is not read; save its parts as tensors of their own"),
}


# -- names ---------------------------------------------------------------------------------------------


def named_tensors(file: TorchFile) -> dict[str, StoredArray]:
    """The tensors of a checkpoint by their paths through nested dictionaries, without those of optimisers.

    A tensor that is not read is found out when its numbers are fetched.

    Raises
    ------
    UnsupportedNetworkError
        It holds a pickled module: the file does not hold the code that says what the module computes.
    """
    content = file.content
    if isinstance(content, Made) and tensor_of(content, file) is None:
        raise _whole_module(content)
    named: dict[str, StoredArray] = {}
    _walk(content, (), file, named, [0])
    if not named:
        modules = [v for v in (content.values() if isinstance(content, Mapping) else []) if _is_module(v)]
        if modules:
            raise _whole_module(modules[0])
        raise MalformedNetworkError("the checkpoint holds no tensors under names; save module.state_dict()")
    return named


def _walk(value: Any, path: tuple[str, ...], file: TorchFile, named: dict[str, StoredArray], steps: list[int]) -> None:
    steps[0] += 1 + (len(value) if isinstance(value, Mapping | list | tuple) else 0)
    if steps[0] > _MAX_VALUES or len(path) > _MAX_DEPTH:
        raise MalformedNetworkError("the checkpoint nests too many values; save module.state_dict()")
    if isinstance(value, Made) and value.pairs and tensor_of(value, file) is None:
        value = value.pairs  # a subclass of dict
    if isinstance(value, Mapping):
        if "param_groups" in value and "state" in value:
            return  # the state of an optimiser
        nested = any(isinstance(entry, Mapping | Made) and _holds(entry) for entry in value.values())
        for key, entry in value.items():
            tensor = _tensor_at(entry, file)
            if tensor is None:
                if not (isinstance(key, str) and key in _NO_NETWORKS):
                    _walk(entry, (*path, str(key)), file, named, steps)
            # Beside state dicts lie scores and states of generators.
            elif not (nested and (not tensor.shape or "int" in tensor.dtype)):
                named[".".join((*path, str(key)))] = tensor
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            tensor = _tensor_at(entry, file)
            if tensor is not None:
                named[".".join((*path, str(number)))] = tensor
            elif isinstance(entry, Mapping | list):
                _walk(entry, (*path, str(number)), file, named, steps)


_MAX_VALUES = 200_000
_MAX_DEPTH = 30
_NO_NETWORKS = {"callbacks", "loops", "lr_schedulers", "optimizer_states", "optimizer", "optimizers", "scheduler",
                "hyper_parameters", "rng_state", "rng_states"}  # fmt: skip
"""Keys that training loops give to what is no network."""


def _holds(entry: Any) -> bool:
    return isinstance(entry, Mapping) or (isinstance(entry, Made) and bool(entry.pairs))


def _tensor_at(entry: Any, file: TorchFile) -> StoredArray | None:
    try:
        return tensor_of(entry, file)
    except NetworkError as error:
        # It may be no part of what is read in the end.
        return StoredArray.refused(error.message)


def _is_module(value: Any) -> bool:
    return isinstance(value, Made) and isinstance(value.state, Mapping) and "_parameters" in value.state


def _whole_module(value: Made) -> UnsupportedNetworkError:
    what = f"a pickled module of class {value.name}" if _is_module(value) else f"a pickled object, {value.name}"
    return UnsupportedNetworkError(
        f"it is {what}: what it computes is said by code that is not in the file, and none is run. If you trust the "
        'file, in Python: torch.save(torch.load("FILE", weights_only=False).state_dict(), "state.pt"), or '
        'relureg.from_torch(torch.load("FILE", weights_only=False), input_shape)'
    )
