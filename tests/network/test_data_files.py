"""Points, bounds and properties in files, and what is said of bad ones."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from relureg.errors import DataFileError, DomainError
from relureg.network.data_files import read_domain, read_points
from relureg.network.domain import Domain

PROPERTY = """; a property with a fixed input
(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)
(assert (<= X_0 0.5)) (assert (>= X_0 -0.5))
(assert (and (<= X_1 2) (>= X_1 2.0)))
(assert (or (and (>= Y_0 1.5)) (and (<= Y_0 -1))))
"""


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
        ("a.csv", b"1,2\n3\n", "row 1 has 1 numbers, but the network has 2 inputs"),
        ("a.csv", b"1,x\n", "line 1: 'x' is not a number"),
        ("a.csv", b"1,inf\n", "line 1: 'inf' is not a number"),
        ("a.csv", b"\xff\xfe", "no text in UTF-8"),
        ("a.csv", b"\n", "holds no point"),
        ("a.json", b"{}", "needs a list of rows"),
        ("a.json", b"[[1, true]]", "row 0: True is not a number"),
        ("a.json", b"[[1,", "is no JSON"),
        ("a.npy", b"nothing", "no array of numbers"),
        ("a.xlsx", b"1", "the suffix is none of"),
    ],
)
def test_bad_points_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError, match=message) as caught:
        read_points(tmp_path / name, 2)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert caught.value.exit_code == 3


def test_objects_in_arrays_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[print, 1]], dtype=object), allow_pickle=True)
    with pytest.raises(DataFileError, match="no array of numbers"):
        read_points(tmp_path / "a.npy", 2)
    with pytest.raises(DataFileError, match="no such file"):
        read_points(tmp_path / "b.npy", 2)


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


def test_a_property_may_be_a_polyhedron(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text("(assert (<= (+ X_0 (* -2.0 X_1)) (- X_0 3)))(assert (or (and (< X_0 1) (= X_1 (- X_0)))))")
    expected = Domain.polytope([[0, -2], [1, 0], [1, 1], [-1, -1]], [-3, 1, 0, 0])
    assert same(read_domain(path, 2), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(assert (<= X_0 1)", "truncated"),
        ("(assert (<= X_0 1)))", "closing parenthesis too many"),
        ("(assert (<= X_2 1))", "constrains X_2, but the network has the inputs X_0 to X_1"),
        ("(assert (or (<= X_0 1) (<= X_0 2)))", "union of 2 input sets"),
        ("(assert (<= X_0 Y_0))", "joins inputs and outputs"),
        ("(assert (<= (* X_0 X_1) 1))", "not linear"),
        ("(assert (not (<= X_0 1)))", "no linear constraint"),
        ("(assert (<= X_0 one))", "'one' where a number"),
        ("(frobnicate X_0)", "not understood"),
        ("hello", "outside of parentheses"),
        ("(assert (<= Y_0 1))", "no constraint on inputs"),
        ("(" * 200, "nested too deeply"),
    ],
)
def test_bad_properties_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text(text)
    with pytest.raises(DataFileError, match=message):
        read_domain(path, 2)


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ('{"C": [[1, 0]]}', DataFileError, 'needs {"C"'),
        ('{"C": 1, "c": 2}', DataFileError, "needs lists"),
        ('{"C": [[1]], "c": [1]}', DomainError, "1 coordinates and the network 2 inputs"),
        ('{"lower": [0, 1], "upper": [1, 0]}', DomainError, "x1: the lower bound 1 is not below"),
        ("[]", DataFileError, 'needs {"C"'),
    ],
)
def test_bad_domains_are_refused(tmp_path: Path, content: str, kind: type[Exception], message: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(kind, match=message):
        read_domain(path, 2)
