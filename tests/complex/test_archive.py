"""Saved complexes come back equal; files that are damaged or made to do harm are refused with a reason."""

import contextlib
import dataclasses
import io
import json
import pickle
import re
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relureg
from relureg import Complex, Domain, Network, Slice, enumerate_regions, load_complex
from relureg.complex import archive
from relureg.errors import ComplexFileError, OutputError
from relureg.exact.rational import RationalMatrix

Arrays = dict[str, np.ndarray[Any, Any]]


def _thin() -> Network:
    """Two lines 10^-40 apart: between them no double lies, so that the point inside is a fraction."""
    row = RationalMatrix.from_fractions([[Fraction(3), Fraction(1)]] * 2, 2)
    offset = RationalMatrix.from_fractions([[Fraction(-1)], [Fraction(-1) + Fraction(1, 10**40)]], 1)
    return Network.from_layers([row, [[1, 1]]], [offset, [0]], name="thin")


SAMPLES: dict[str, Callable[[], Complex]] = {
    "int": lambda: enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json")),
    "referee": lambda: enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"), engine="lp"),
    "lineality": lambda: enumerate_regions(relureg.load("fixtures/truth/xor.json")),
    "domain": lambda: enumerate_regions(
        relureg.load("fixtures/truth/int_3-6-6-1.json"),
        Domain.polytope([[1, 1, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [Fraction(1, 3), 0, 0, 0]),
    ),
    "exact points": lambda: enumerate_regions(_thin()),
    "stopped": lambda: enumerate_regions(relureg.load("fixtures/truth/int_2-6-6-1.json"), max_regions=20),
    "affine": lambda: enumerate_regions(Network.from_layers([[[1, 2]]], [[3]])),
    "slice": lambda: enumerate_regions(
        relureg.load("fixtures/truth/int_3-6-6-1.json").on(
            Slice.through([[0, 0, 0], [1, 2, 0], [0, Fraction(1, 3), 3]])
        )
    ),
    "fixed input": lambda: enumerate_regions(
        relureg.load("fixtures/truth/int_3-6-6-1.json"), Domain.box([-1, Fraction(1, 3), -1], [1, Fraction(1, 3), 1])
    ),
    "onnx": lambda: enumerate_regions(relureg.load("fixtures/nets/marabou_fc_2_2_3.onnx")),
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    SAMPLES["int"]().save(tmp_path / "cells.npz")
    return tmp_path / "cells.npz"


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_saved_comes_back(name: str, tmp_path: Path) -> None:
    cells, path = SAMPLES[name](), tmp_path / "cells.npz"
    cells.save(path)
    loaded = load_complex(path)
    assert loaded == cells == Complex.load(path, verify=False)
    assert hash(loaded) == hash(cells)
    assert (loaded.engine, loaded.stopped_by, loaded.domain) == (cells.engine, cells.stopped_by, cells.domain)
    assert loaded.network.sha256 == cells.network.sha256
    assert loaded.network.slice == cells.network.slice
    assert (name in ("slice", "fixed input")) is (loaded.network.slice is not None)
    assert dict(loaded.records.exact_points) == dict(cells.records.exact_points)
    assert (name == "exact points") is bool(loaded.records.exact_points)
    assert loaded.checks == cells.checks
    if cells.complete:
        assert (loaded.f_vector, loaded.graph.diameter) == (cells.f_vector, cells.graph.diameter)
    assert not loaded.records.patterns.flags.writeable


def test_where_a_slice_lies_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "cells.npz"
    for change, reason in (
        ({"directions": [["1/1", "0/1", "0/1"], ["2/1", "0/1", "0/1"]]}, "do not span 2"),
        ({"directions": [["1/1", "0/1", "0/1"]]}, "do not span 2"),
        ({"directions": [["1/1"], ["1/1"]]}, "3 numbers are needed"),
        ({"base": None}, "missing or wrong"),
        ({"base": ["x", "0/1", "0/1"]}, "is no fraction"),
    ):
        SAMPLES["slice"]().save(path, force=True)
        _rewrite(path, lambda _, header, change=change: header["particulars"]["slice"].update(change))
        _refused(path, reason)


def test_complexes_differ_in_network_domain_or_regions() -> None:
    every, some, inside = SAMPLES["int"](), SAMPLES["stopped"](), SAMPLES["domain"]()
    assert every != some
    assert every != inside
    assert every == SAMPLES["int"]()
    assert every != "a complex"
    moved = every.records.points.copy()
    moved[0] += 1
    assert every != dataclasses.replace(every, records=dataclasses.replace(every.records, points=moved))


def test_equal_complexes_make_equal_files(saved: Path, tmp_path: Path) -> None:
    SAMPLES["int"]().save(tmp_path / "again.npz")
    assert saved.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_a_file_is_replaced_only_when_told_to(saved: Path) -> None:
    with pytest.raises(OutputError, match="exists"):
        SAMPLES["lineality"]().save(saved)
    assert load_complex(saved).num_regions == 49
    SAMPLES["lineality"]().save(saved, force=True)
    assert load_complex(saved).num_regions == 3
    with pytest.raises(OutputError, match="cannot be written"):
        SAMPLES["lineality"]().save(saved.parent / "no such folder" / "x.npz")


def test_it_is_an_archive_that_numpy_reads(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as arrays:
        assert arrays["patterns"].shape == (49, 2)
        assert json.loads(arrays["header"].tobytes())["format"] == "relureg-complex"


# -- damage ----------------------------------------------------------------------------------------------


def _refused(path: Path, reason: str, **options: Any) -> None:
    with pytest.raises(ComplexFileError, match=reason) as caught:
        load_complex(path, **options)
    assert caught.value.where is not None
    assert caught.value.where.startswith(str(path))
    assert caught.value.exit_code == 3


def test_no_file(tmp_path: Path) -> None:
    _refused(tmp_path / "missing.npz", "No such file")
    _refused(tmp_path, "directory")
    (tmp_path / "empty.npz").touch()
    _refused(tmp_path / "empty.npz", "damaged or no file of a complex")
    (tmp_path / "text.npz").write_text("{}")
    _refused(tmp_path / "text.npz", "damaged or no file of a complex")


def test_a_damaged_header_of_an_array_is_refused(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["bounded.npy"] = re.sub(rb"\((\d+),\), }", rb"(\1   , ", held["bounded.npy"])
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    _refused(saved, "array 'bounded' is damaged")


def test_a_truncated_file_is_refused_wherever_it_ends(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 97):
        saved.write_bytes(content[:length])
        _refused(saved, "damaged")


def test_no_changed_byte_goes_unnoticed(saved: Path) -> None:
    """Either the file is refused, or the byte was of no importance: what comes back is the same complex."""
    content, cells = saved.read_bytes(), SAMPLES["int"]()
    for place in range(0, len(content), 41):
        saved.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        with contextlib.suppress(ComplexFileError):
            assert load_complex(saved, verify=False) == cells


def _rewrite(path: Path, change: Callable[[Arrays, dict[str, Any]], None], *, sign: bool = True) -> None:
    """Change arrays and header, with a right checksum all the same if `sign`."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(arrays.pop("header").tobytes())
    change(arrays, header)
    if sign:
        header["sha256"] = archive._digest(arrays)
    with path.open("wb") as stream:
        np.savez(stream, header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8), **arrays)


def _set(name: str, place: Any, value: Any) -> Callable[[Arrays, dict[str, Any]], None]:
    def change(arrays: Arrays, header: dict[str, Any]) -> None:
        arrays[name] = arrays[name].copy()
        arrays[name][place] = value

    return change


def _head(**entries: Any) -> Callable[[Arrays, dict[str, Any]], None]:
    return lambda arrays, header: header.update(entries)


def _swap(**replaced: Any) -> Callable[[Arrays, dict[str, Any]], None]:
    return lambda arrays, header: arrays.update(replaced)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("facet_region", -1, 49), "a facet is of no region"),
        (_set("facet_region", 0, -1), "a facet is of no region"),
        (_set("facet_region", 0, 5), "not in the order of regions"),
        (_set("facet_units", 3, 12), "no unit of some number"),
        (_set("facet_units", 3, -1), "no unit of some number"),
        (_set("facet_starts", 0, 1), "do not divide the list of units"),
        (_set("facet_starts", -1, 10**9), "do not divide the list of units"),
        (_set("patterns", (0, 1), 0x80), "a sign is set for no unit"),
        (_set("vanishing", (48, 0), 0xFF), "a unit is active and 0"),
        (_set("points", (0, 0), np.nan), "a point is not finite"),
        (_set("points", slice(None), 0), "the check 'witnesses' fails"),
        (_set("patterns", (0, 0), 1), "the check 'witnesses' fails"),
        (_swap(bounded=np.zeros(48, dtype=bool)), "has shape"),
        (_swap(points=np.zeros((49, 3))), "has shape"),
        (_swap(points=np.zeros((49, 2), dtype=np.float32)), "type float32"),
        (_swap(patterns=np.asfortranarray(np.zeros((49, 2), dtype=np.uint8))), "which does not fit"),
        (_swap(extra=np.zeros(3)), "no file of a complex"),
        (_swap(network=np.frombuffer(b"{", dtype=np.uint8)), "does not hold a complex"),
        (_head(version=2), "format version 2; this relureg reads version 1"),
        (_head(format="else"), "no file of a complex"),
        (_head(engine="guess"), "engine 'guess'"),
        (_head(engine=3), "missing or wrong entry"),
        (_head(stopped_by=3), "missing or wrong entry"),
        (_head(network_sha256="0"), "another network"),
        (_head(exact_points={"49": ["1/1", "1/1"]}), "exact point of region '49'"),
        (_head(exact_points={"1": ["1/0", "1/1"]}), "no fraction"),
        (_head(exact_points={"1": ["1/1"]}), "2 numbers are needed"),
        (_head(domain={"constants": [["1/1"]], "normals": [], "label": ""}), "0 rows with 1 constants"),
        (_head(domain={}), "domain with a missing"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: Callable[[Arrays, dict[str, Any]], None], reason: str, saved: Path
) -> None:
    _rewrite(saved, change)
    _refused(saved, reason)


def test_a_changed_array_does_not_have_the_checksum(saved: Path) -> None:
    _rewrite(saved, _set("points", (0, 0), 0.5), sign=False)
    _refused(saved, "checksum")


def test_the_checks_run_again(saved: Path) -> None:
    """A file in perfect form that lacks one region."""
    with np.load(saved, allow_pickle=False) as stored:
        region, starts = stored["facet_region"], stored["facet_starts"]
        first = np.searchsorted(region, 48)
        parts = {
            "patterns": stored["patterns"][:48],
            "vanishing": stored["vanishing"][:48],
            "bounded": stored["bounded"][:48],
            "points": stored["points"][:48],
            "facet_region": region[:first],
            "facet_on_boundary": stored["facet_on_boundary"][:first],
            "facet_starts": starts[: first + 1],
            "facet_units": stored["facet_units"][: starts[first]],
        }
    _rewrite(saved, _swap(**parts))
    _refused(saved, "the check 'watertight' fails")
    assert load_complex(saved, verify=False).num_regions == 48


class _Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("harm"),))


def test_nothing_in_a_file_is_executed(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = io.BytesIO()
    np.save(content, np.array([_Harmful()], dtype=object), allow_pickle=True)
    assert pickle.dumps(_Harmful()) in content.getvalue() or b"touch" in content.getvalue()
    with zipfile.ZipFile(saved) as source:
        members = {name: source.read(name) for name in source.namelist()}
    for name in members:
        with zipfile.ZipFile(saved, "w") as target:
            for other, data in members.items():
                target.writestr(other, content.getvalue() if other == name else data)
        _refused(saved, "does not fit|damaged")
    assert not (tmp_path / "harm").exists()


def test_sizes_are_checked_before_memory_is_taken(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    _refused(saved, "would take more than")
    monkeypatch.undo()
    with zipfile.ZipFile(saved) as source:
        members = {name: source.read(name) for name in source.namelist()}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 60, 2)}
    )  # 2 EiB, it says
    with zipfile.ZipFile(saved, "w") as target:
        for name, data in members.items():
            target.writestr(name, header.getvalue() + b"\0" * 98 if name == "patterns.npy" else data)
    _refused(saved, "array 'patterns' has type uint8 and shape")


def test_other_archives_are_no_complexes(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    _refused(tmp_path / "other.npz", "no file of a complex")
