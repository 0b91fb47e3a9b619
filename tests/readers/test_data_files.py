"""Points, bounds and properties in files, and what is said of bad ones."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import pickle
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pytest
from pyarrow import parquet

from relureg.errors import DataError, DomainError
from relureg.network.domain import Domain
from relureg.readers.data_files import read_domain, read_points
from relureg.readers.point_tables import read_table

PROPERTY = """; a property with a fixed input
(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)
(assert (<= X_0 0.5)) (assert (>= X_0 -0.5))
(assert (and (<= X_1 2) (>= X_1 2.0)))
(assert (or (and (>= Y_0 1.5)) (and (<= Y_0 -1))))
"""


def _with_a_bad_header() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 2)))
    return stream.getvalue().replace(b"(2, 2), }", b"(2, 2  , ")


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _archive_of(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("points.npy", content)
    return stream.getvalue()


BAD_HEADER = _with_a_bad_header()
BAD_MEMBER = _archive_of(BAD_HEADER)


def same(a: Domain, b: Domain) -> bool:
    return (a.constants, a.normals, a.equations) == (b.constants, b.normals, b.equations)


def test_points_are_read_from_every_format(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.arange(8, dtype=np.float32).reshape(2, 2, 2) / 4)
    (tmp_path / "p.csv").write_text("0,0.25,0.5,3/4\n\n1,1.25,1.5,1.75\n")
    (tmp_path / "p.json").write_text('[[0, 0.25, "1/2", 0.75], [1, 1.25, 1.5, 1.75]]')
    for name in ("p.npy", "p.csv", "p.json"):
        assert read_points(tmp_path / name, 4) == [[0, 0.25, 0.5, 0.75], [1, 1.25, 1.5, 1.75]]
    (tmp_path / "third.csv").write_text("1/3\n")
    assert read_points(tmp_path / "third.csv", 1) == [[Fraction(1, 3)]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"1,2\n3\n", "line 2 has 1 numbers, but the lines before have 2"),
        ("a.csv", b"1,2,3\n", "3 columns, but the network has 2 inputs"),
        ("a.csv", b"2,x\n", "line 1, column 1: 'x' is not a finite number"),
        ("a.csv", b"x,y\n\n1,2\n3,four\n", "line 4, column 'y': 'four' is not a finite number"),
        ("a.csv", b"x,y\n1,2\n3,\n", "line 3, column 'y': '' is not a finite number"),
        ("a.csv", b"1,2\n3,1e999\n", "line 2, column 1: '1e999' is not a finite number"),
        ("a.csv", b"1,inf\n", "line 1, column 1: 'inf' is not a finite number"),
        ("a.csv", b"1,nan\n", "line 1, column 1: 'nan' is not a finite number"),
        ("a.csv", b"1,\n1,2\n", "line 1, column 1: '' is not a finite number"),
        ("a.csv", b"x,x\n1,2\n", "two columns are named 'x'"),
        ("a.csv", b"1e400,1\n2,3\n", "line 1, column 0: '1e400' is not a finite number"),
        ("a.csv", b"NA,1\n2,3\n", "line 1, column 0: 'NA' is not a finite number"),
        ("a.csv", b"True,False\n2,3\n", "line 1, column 0: 'True' is not a finite number"),
        ("a.csv", b"1/0,1\n2,3\n", "line 1, column 0: '1/0' is not a finite number"),
        ("a.csv", b"1+2j,1\n2,3\n", r"line 1, column 0: '1\+2j' is not a finite number"),
        ("a.csv", b"1,2 # two\n2,3\n", "line 1, column 1: '2 # two' is not a finite number"),
        ("a.csv", b"1_0,1_1\n2,3\n", "line 1, column 0: '1_0' is not a finite number"),
        ("a.csv", b'"1,000",2\n3,4\n', "line 1, column 0: '1,000' is not a finite number"),
        ("a.csv", b"1,2\n,\n3,4\n", "line 2, column 0: '' is not a finite number"),
        ("a.csv", b'x,y\n1,2\n"3,4\n', "is no table: unexpected end of data"),
        ("a.csv", b"1,2\n3," + b"x" * 999, r"line 2, column 1: 'x{37}\.\.\.' is not a finite number"),
        ("a.csv", b"\xff\xfe", "no text in UTF-8"),
        ("a.csv", b"\n", "no points in the file"),
        ("a.csv", b"x,y\n", "no points in the file"),
        ("a.csv", b"", "the file is empty"),
        ("a.json", b"{}", "needs a list of rows"),
        ("a.json", b"[1, 2]", "row 0: a list of numbers is needed"),
        ("a.json", b"[[1, true]]", "row 0, column 1: True is not a finite number"),
        ("a.json", b"[[1, 2], [3]]", "row 1 has 1 numbers, but row 0 has 2"),
        ("a.json", b"[[1,", r"a\.json: line 1, column 5: is no JSON: Expecting value"),
        ("a.json", b"[" * 100_000, "lists or objects are nested too deeply"),
        ("a.json", b"[[1e400, 1]]", "row 0, column 0: '1e400' is not a finite number"),
        ("a.json", b"[[1" + b"0" * 5000 + b", 1]]", "row 0, column 0: '10+\\.\\.\\.' is not a finite number"),
        ("a.json", b'[["1_0", 1]]', "row 0, column 0: '1_0' is not a finite number"),
        ("a.npy", b"nothing", "no array of numbers"),
        ("a.npy", BAD_HEADER, "no array of numbers: its header is damaged"),
        ("a.npz", BAD_MEMBER, "no array of numbers: its header is damaged"),
        ("a.npz", b"nothing", "no archive of arrays"),
        ("a.parquet", b"nothing", "no Parquet file"),
        ("a.npy", _npy(np.ones((1, 2), dtype=np.longdouble)), "holds numbers of type (float128|float96); save doubles"),
        ("a.xlsx", b"1", "the suffix is none of"),
        ("a.csv.gz", gzip.compress(b"1,2\n3,4\n", mtime=0)[:-3], "the gzip data ends too early"),
        ("a.csv.gz", gzip.compress(b"1,2\n3\n", mtime=0), "line 2 has 1 numbers"),
        ("a.gz", gzip.compress(b"1,2\n", mtime=0), "the suffix is none of"),
    ],
)
def test_bad_points_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_points(tmp_path / name, 2)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert str(caught.value).count(str(tmp_path)) == 1
    assert (caught.value.exit_code, caught.value.kind) == (3, "data")


def test_files_that_gzip_has_packed_are_read(tmp_path: Path) -> None:
    points = np.array([[1, 2], [3, 4]])
    np.save(tmp_path / "p.npy", points)
    np.savez(tmp_path / "p.npz", X=points)
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbfx,y\r\n1,2\r\n3,4\r\n")
    (tmp_path / "p.json").write_text("[[1, 2], [3, 4]]")
    parquet.write_table(arrow.table({"a": [1, 3], "b": [2, 4]}), tmp_path / "p.parquet")
    for path in list(tmp_path.iterdir()):
        packed = tmp_path / f"{path.name.upper()}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert read_points(packed, 2) == read_points(path, 2) == points.tolist()
    (tmp_path / "plain.csv").write_bytes(gzip.compress(b"1,2\n3,4\n", mtime=0))  # packed, whatever its name says
    assert read_points(tmp_path / "plain.csv", 2) == points.tolist()
    for name, content in (
        ("d.vnnlib.gz", PROPERTY), ("d.json.gz", '{"lower": [-0.5, 2], "upper": ["1/2", 2]}'),
        ("d.csv.gz", "-1/2,0.5\n2,2"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(gzip.compress(content.encode()))
        assert same(read_domain(tmp_path / name, 2), Domain.box([-0.5, 2], [0.5, 2])), name


def test_headers_are_told_from_points(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text, label, rows in (
        ("x,y\n1,2\n", None, [[1, 2]]),
        ("0,1,label\n3,4,0\n", "label", [[3, 4]]),  # columns that pandas has numbered
        ('label,"1, 1",1x2\n0,3,4\n', "label", [[3, 4]]),
        ("3,4,0\n5,6,1\n", "2", [[3, 4], [5, 6]]),
        ("\ufeffx,y\n1,2\n", None, [[1, 2]]),
        ("1, 1/2\n", None, [[1, 0.5]]),
        ("2.5e-3,1\n", None, [[0.0025, 1]]),
        ("RI,Na\r\n1.5,13\r\n", None, [[1.5, 13]]),  # sodium
        ("\ufeff1,2\r\n\r\n", None, [[1, 2]]),
    ):
        path.write_text(text, encoding="utf-8")
        assert read_table(path, label).points.tolist() == rows
    path.write_text("x,y\n1/3,0.1\n")
    assert read_table(path).points.tolist() == [[Fraction(1, 3), 0.1]]


def test_points_of_archives_and_columns(tmp_path: Path) -> None:
    images, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([1, 0])
    np.savez_compressed(tmp_path / "a.npz", images=images, labels=labels, more=np.array(["text"]))
    found = read_table(tmp_path / "a.npz", "labels")
    assert found.points.tolist() == images.tolist()
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]
    assert read_points(tmp_path / "a.npz", 12) == images.reshape(2, 12).tolist()
    for column in (images.tolist(), [row.reshape(-1).tolist() for row in images]):
        parquet.write_table(arrow.table({"image": column, "label": labels}), tmp_path / "a.parquet")
        found = read_table(tmp_path / "a.parquet", "label")
        assert found.points.tolist() == images.reshape(2, 12).tolist()
    parquet.write_table(arrow.table({"a": [1, 2], "b": [0.5, 1.5]}), tmp_path / "b.parquet")
    assert read_points(tmp_path / "b.parquet", 2) == [[1, 0.5], [2, 1.5]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["x", "y"]}, "column 'a' holds string; numbers are needed"),
        ({"a": [1.0, None]}, "column 'a', row 1 is null"),
        ({"a": [1.0, float("nan")]}, "column 'a': row 1, column 0 is nan"),
        ({"a": [[1.0, 2.0], [3.0]]}, "column 'a', row 1 has 1 numbers, but row 0 has 2"),
        ({"a": [[1.0], [None]]}, "column 'a', row 1 is null"),
        ({"a": [{"b": 1}]}, "column 'a' holds struct"),
    ],
)
def test_columns_that_are_no_numbers_are_refused(tmp_path: Path, columns: dict[str, list], message: str) -> None:
    parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=message):
        read_points(tmp_path / "a.parquet", 1)


class Opened:
    """What must not be unpickled."""

    def __reduce__(self) -> tuple:
        return Path.write_text, (Path("unpickled"), "yes")


def test_objects_in_arrays_are_not_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.array([[Opened(), 1]], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", X=objects)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Opened()))
    for name in ("a.npy", "a.npz", "b.npy"):
        with pytest.raises(DataError, match="no array of numbers"):
            read_points(tmp_path / name, 2)
    assert not (tmp_path / "unpickled").exists()
    with pytest.raises(DataError, match="no such file"):
        read_points(tmp_path / "c.npy", 2)
    with pytest.raises(DataError, match="is a directory"):
        read_points(make_folder(tmp_path / "d.npy"), 2)


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_archives_that_unpack_to_too_much_are_refused_unread(tmp_path: Path) -> None:
    # A header that claims 16 GB, before 64 MB of zeros that pack to a thousandth.
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("X.npy", "w") as entry:
        np.lib.format.write_array_header_1_0(entry, {"descr": "<f8", "fortran_order": False, "shape": (2**30, 2)})
        entry.write(bytes(2**20))
    with pytest.raises(DataError, match=r"no array of numbers|does not fit into memory"):
        read_points(path, 2)
    content = bytearray(path.read_bytes())
    central = content.rindex(b"PK\x01\x02")
    content[central + 24 : central + 28] = (2**32 - 2).to_bytes(4, "little")  # the size it says to unpack to
    path.write_bytes(content)
    with monkeypatched_limit(2**30), pytest.raises(DataError, match=r"unpacks to 4\.0 GiB; at most 1 GiB are read"):
        read_points(path, 2)
    parquet.write_table(arrow.table({"a": np.zeros(2**18)}), tmp_path / "bomb.parquet")
    with monkeypatched_limit(2**20), pytest.raises(DataError, match="at most"):
        read_points(tmp_path / "bomb.parquet", 1)


@contextlib.contextmanager
def monkeypatched_limit(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relureg.readers.point_tables._MAX_UNPACKED", size)
        yield


def test_domains_are_read_from_every_format(tmp_path: Path) -> None:
    box = Domain.box([-0.5, 2], [0.5, 2])
    (tmp_path / "a.vnnlib").write_text(PROPERTY)
    (tmp_path / "a.csv").write_text("-0.5,0.5\n2,2\n")
    (tmp_path / "a.json").write_text(json.dumps({"lower": [-0.5, 2], "upper": ["1/2", 2]}))
    np.save(tmp_path / "a.npy", np.array([[-0.5, 0.5], [2, 2]]))
    for name in ("a.vnnlib", "a.csv", "a.json", "a.npy"):
        assert same(read_domain(tmp_path / name, 2), box), name
    (tmp_path / "c.json").write_text('{"C": [[1, 1], [-1, "1/3"]], "c": [1, 0]}')
    assert same(read_domain(tmp_path / "c.json", 2), Domain.polytope([[1, 1], [-1, Fraction(1, 3)]], [1, 0]))
    (tmp_path / "open.csv").write_text("-inf,0\n0,inf\n")
    assert same(read_domain(tmp_path / "open.csv", 2), Domain.box([-math.inf, 0], [0, math.inf]))


def test_a_domain_of_another_suffix_is_told_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "d.onnx").write_text("1")
    with pytest.raises(DataError, match=r"d\.onnx: the suffix is none of \.vnnlib, \.npy"):
        read_domain(tmp_path / "d.onnx", 2)
    with pytest.raises(DataError, match=r"e\.onnx: no such file"):
        read_domain(tmp_path / "e.onnx", 2)


def test_a_property_may_be_a_polyhedron(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text("(assert (<= (+ X_0 (* -2.0 X_1)) (- X_0 3)))(assert (or (and (< X_0 (/ 1 3)) (= X_1 (- X_0)))))")
    expected = Domain.polytope([[0, -2], [1, 0], [1, 1], [-1, -1]], [-3, Fraction(1, 3), 0, 0])
    assert same(read_domain(path, 2), expected)


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ('{"C": [[1, 0]]}', DataError, 'needs {"C"'),
        ('{"C": 1, "c": 2}', DataError, "needs lists"),
        ('{"a":' * 50_000, DataError, "nested too deeply"),
        ('{"lower": [-1e400, 0], "upper": [1, 1]}', DataError, "lower: '-1e400' is not a number"),
        ('{"C": [[1]], "c": [1]}', DomainError, "1 coordinate and the network 2 inputs"),
        ('{"lower": [0, 1], "upper": [1, 0]}', DomainError, "x1: the lower bound 1 is not below"),
        ("[]", DataError, 'needs {"C"'),
    ],
)
def test_bad_domains_are_refused(tmp_path: Path, content: str, kind: type[Exception], message: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(kind, match=message):
        read_domain(path, 2)
