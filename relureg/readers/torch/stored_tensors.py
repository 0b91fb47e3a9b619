"""The tensors in a file of torch.save, by their names: strided, sparse, and which are refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from relureg.errors import MalformedNetworkError, NetworkError, UnsupportedNetworkError
from relureg.exact.doubles import Floats
from relureg.readers.building.stored_arrays import ITEM_SIZES, StoredArray, check_size, decode
from relureg.readers.torch.pickles import Made
from relureg.readers.torch.saved_files import TorchFile, storage_type


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
    return _strided(storage, offset, size, stride, storage_type(storage.key[1]), file)


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
