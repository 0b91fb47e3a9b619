"""Complexes in files: NumPy archives (.npz) with the network, the slice, the domain and every column of the records.

A file is taken for what it might be: damaged, cut off, or made to do harm. Nothing in it is executed (no pickle), sizes
are checked before anything is read, every index before it is used, and the checks of the complex run again.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from relureg import version
from relureg.complex.checks import Check, failures
from relureg.engine.engines import ENGINES
from relureg.engine.records import Records, freeze
from relureg.errors import ComplexFileError, ReluregError
from relureg.files import DAMAGED_ARRAY, write_atomically
from relureg.network import json_format
from relureg.network.document import (
    domain_document,
    fraction_texts,
    particulars,
    read_domain,
    read_fractions,
    read_slice,
    with_particulars,
)
from relureg.network.model import Network
from relureg.network.problem import Problem

FORMAT = "relureg-complex"
VERSION = 1
MAX_BYTES = 2**35
"""Most bytes that a file may unpack to: 32 GiB, some tens of millions of regions."""

_TEXTS = ("header", "network")
_COLUMNS: Mapping[str, str] = MappingProxyType({
    "patterns": "|u1", "vanishing": "|u1", "bounded": "|b1", "points": "<f8",
    "facet_region": "<i8", "facet_on_boundary": "|b1", "facet_starts": "<i8", "facet_units": "<i4",
})  # fmt: skip
"""The columns of `Records` and their types in the file."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # so that equal complexes make equal files


class Archived(Protocol):
    """What a file of a complex holds, and what is asked of it once it is read: a `Complex` is all that."""

    @property
    def problem(self) -> Problem: ...
    @property
    def engine(self) -> str: ...
    @property
    def records(self) -> Records: ...
    @property
    def stopped_by(self) -> str | None: ...
    @property
    def checks(self) -> tuple[Check, ...]: ...


_C = TypeVar("_C", bound=Archived)


def write_complex(cells: Archived, path: Path, *, force: bool) -> None:
    """Write a complex to a .npz file, whole or not at all.

    Raises
    ------
    OutputError
        The file exists and `force` is not set, or it cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {
        name: np.ascontiguousarray(getattr(cells.records, name)).astype(kind) for name, kind in _COLUMNS.items()
    }
    arrays["network"] = np.frombuffer(json_format.write(cells.problem.network), dtype=np.uint8)
    header = _header(cells) | {"sha256": _digest(arrays)}
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            # The lowest level of compression: higher ones take several times as long for some per cent.
            archive.writestr(info, content.getbuffer(), zipfile.ZIP_DEFLATED, compresslevel=1)
    write_atomically(path, buffer.getvalue(), force=force)


def is_complex_file(path: str | Path) -> bool:
    """Whether a file may be one that `write_complex` wrote, and is no other archive, as networks come in, too."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "header.npy" in archive.namelist()
    except OSError:
        return False
    except zipfile.BadZipFile:
        return True  # damaged; `read_complex` tells how


def read_complex(path: Path, make: Callable[..., _C], *, verify: bool) -> _C:
    """Read what `write_complex` wrote.

    Parameters
    ----------
    make : callable
        Makes the complex of its problem, engine, records and limit.
    verify : bool
        Run its checks; otherwise only the form of the file is checked.

    Raises
    ------
    ComplexFileError
        The file cannot be read, is no complex, is damaged or of another version, or its complex fails a check.
    """
    with _named(path):
        cells = make(**_fields(_read(path)))
        for check in failures(cells.checks) if verify else ():
            raise ComplexFileError(
                f"does not hold a complex: the check '{check.name}' fails ({check.detail}); enumerate anew"
            )
        return cells


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors as those of a file, with its name."""
    try:
        yield
    except ComplexFileError as error:
        raise error.within(str(path)) from error
    except ReluregError as error:
        raise ComplexFileError(f"does not hold a complex: {error}", where=str(path)) from error
    except OSError as error:
        raise ComplexFileError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


# -- from complex to file --------------------------------------------------------------------------------


def _header(cells: Archived) -> dict[str, Any]:
    domain = cells.problem.domain
    return {
        "format": FORMAT,
        "version": VERSION,
        "relureg_version": version.__version__,
        "engine": cells.engine,
        "stopped_by": cells.stopped_by,
        "network_sha256": cells.problem.network.sha256,
        "particulars": particulars(cells.problem.network),
        "domain": None if domain is None else domain_document(domain),
        "exact_points": {str(region): fraction_texts(point) for region, point in cells.records.exact_points.items()},
    }


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data if array.size else b"")
    return digest.hexdigest()


# -- from file to arrays ---------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, NDArray[Any]]:
    expected = {f"{name}.npy" for name in (*_TEXTS, *_COLUMNS)}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) != len(expected) or {info.filename for info in members} != expected:
                raise ComplexFileError("is no file of a complex; name one that Complex.save wrote")
            if sum(info.file_size for info in members) > MAX_BYTES:
                raise ComplexFileError(f"would take more than {MAX_BYTES >> 30} GiB of memory")
            return {info.filename.removesuffix(".npy"): _array(archive, info) for info in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ComplexFileError(f"is damaged or no file of a complex: {error}") from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    """One array, its size compared with that of its file before memory is taken."""
    name = info.filename.removesuffix(".npy")
    kind = np.dtype(_COLUMNS.get(name, "|u1"))
    with archive.open(info) as stream:
        try:
            if np.lib.format.read_magic(stream) != (1, 0):
                raise ValueError("an unknown version of the array format")
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        except DAMAGED_ARRAY as error:
            raise ComplexFileError(f"array {name!r} is damaged: {error}") from error
        size = math.prod(shape) * kind.itemsize
        if dtype != kind or fortran_order or stream.tell() + size != info.file_size:
            raise ComplexFileError(f"array {name!r} has type {dtype} and shape {shape}, which does not fit")
        content = stream.read(size + 1)
    if len(content) != size:
        raise ComplexFileError(f"array {name!r} ends too early")
    return np.frombuffer(content, dtype=kind).reshape(shape)


# -- from arrays to a complex -----------------------------------------------------------------------------


def _fields(arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    header = _parse_header(arrays.pop("header"))
    if _digest(arrays) != header["sha256"]:
        raise ComplexFileError("is damaged: its content does not have the checksum that it states")
    network = json_format.read(arrays["network"].tobytes(), name="network")
    if network.sha256 != header["network_sha256"]:
        raise ComplexFileError("holds another network than it states")
    if header["engine"] not in ENGINES:
        raise ComplexFileError(f"names an engine {header['engine']!r} that is not known")
    try:
        network = _with_particulars(network, header)
        domain = None if header["domain"] is None else read_domain(header["domain"], network.input_dim)
    except ValueError as error:
        raise ComplexFileError(f"has {error}") from error
    records = _records(arrays, network, header["exact_points"])
    problem = Problem(network=network, domain=domain)
    return {"problem": problem, "records": records, "engine": header["engine"], "stopped_by": header["stopped_by"]}


def _parse_header(content: NDArray[np.uint8]) -> dict[str, Any]:
    kinds = {"sha256": str, "network_sha256": str, "engine": str, "exact_points": dict}
    optional = {"stopped_by": str, "domain": dict}
    newer = {"slice": dict, "particulars": dict}
    try:
        header = json.loads(content.tobytes())
    except (ValueError, RecursionError) as error:
        raise ComplexFileError(f"has a header that is not JSON: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ComplexFileError("is no file of a complex; name one that Complex.save wrote")
    if header.get("version") != VERSION:
        raise ComplexFileError(
            f"has format version {header.get('version')!r}; this relureg reads version {VERSION}: enumerate anew"
        )
    if (
        not all(isinstance(header.get(key), kind) for key, kind in kinds.items())
        or not all(header.get(key, 0) is None or isinstance(header.get(key), kind) for key, kind in optional.items())
        or not all(header.get(key) is None or isinstance(header[key], kind) for key, kind in newer.items())
    ):
        raise ComplexFileError("has a header with a missing or wrong entry")
    return header


def _records(arrays: dict[str, NDArray[Any]], network: Network, exact_points: dict[str, Any]) -> Records:
    regions, units = arrays["bounded"].size, network.num_units
    facets = arrays["facet_region"].size
    shapes = {
        "patterns": (regions, (units + 7) // 8),
        "vanishing": (regions, (units + 7) // 8),
        "bounded": (regions,),
        "points": (regions, network.input_dim),
        "facet_region": (facets,),
        "facet_on_boundary": (facets,),
        "facet_starts": (facets + 1,),
        "facet_units": (arrays["facet_units"].size,),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ComplexFileError(f"array {name!r} has shape {arrays[name].shape}, but {shape} is needed")
    _check_indices(arrays, regions, units)
    points = {_index(key, regions): _fractions(point, network.input_dim) for key, point in exact_points.items()}
    columns = {name: arrays[name].astype(np.dtype(kind).newbyteorder("="), copy=True)
               for name, kind in _COLUMNS.items()}  # fmt: skip
    records = Records(num_units=units, exact_points=MappingProxyType(points), **columns)
    freeze(records)
    return records


def _check_indices(arrays: dict[str, NDArray[Any]], regions: int, units: int) -> None:
    """Every number that is used as an index is one."""
    region, starts, unit = arrays["facet_region"], arrays["facet_starts"], arrays["facet_units"]
    beyond = np.array([0xFF << units % 8 & 0xFF if units % 8 else 0], dtype=np.uint8)
    last = [arrays[name][:, -1:] & beyond for name in ("patterns", "vanishing")]
    rules = {
        "no region is listed": regions > 0,
        "a facet is of no region": not region.size or (region.min() >= 0 and region.max() < regions),
        "facets are not in the order of regions": bool((np.diff(region) >= 0).all()),
        "facets do not divide the list of units": starts[0] == 0
        and starts[-1] == unit.size
        and bool((np.diff(starts) >= 0).all()),
        "there is no unit of some number": not unit.size or (unit.min() >= 0 and unit.max() < units),
        "a sign is set for no unit": not any(bits.any() for bits in last),
        "a unit is active and 0": not (arrays["patterns"] & arrays["vanishing"]).any(),
        "a point is not finite": bool(np.isfinite(arrays["points"]).all()),
        "a flag is neither 0 nor 1": max(
            int(arrays[name].view(np.uint8).max(initial=0)) for name in ("bounded", "facet_on_boundary")
        )
        <= 1,
    }
    for fault, holds in rules.items():
        if not holds:
            raise ComplexFileError(f"is inconsistent: {fault}")


def _with_particulars(network: Network, header: dict[str, Any]) -> Network:
    """What is told of the network; older files tell at most of its slice."""
    if header.get("particulars") is not None:
        return with_particulars(network, header["particulars"])
    flat = header.get("slice")
    return network if flat is None else network.replace(slice=read_slice(flat, network.input_dim))


def _index(text: str, count: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < count):
        raise ComplexFileError(f"has an exact point of region {text!r}, which is not there")
    return int(text)


def _fractions(texts: Any, length: int) -> tuple[Fraction, ...]:
    try:
        return read_fractions(texts, length)
    except ValueError as error:
        raise ComplexFileError(f"has {error}") from error
