"""Pictures of duality: what is in them, not how they look."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from relureg.errors import OutputError, UsageError
from relureg.plots.tropical import duality as plots
from relureg.plots.tropical.marks import colours_of
from relureg.tropical import TropicalPolynomial, dual_subdivision, parse
from relureg.tropical.subdivision import DualSubdivision

QUADRATIC = "x1^2 + 2 x1 x2 + x2^2 + 2 x1 + 2 x2 + 2"


def subdivision(text: str, notation: str = "auto") -> DualSubdivision:
    return dual_subdivision(parse(text, notation=notation).function.numerator)


def texts(path: Path) -> list[str]:
    """The words of an SVG: matplotlib writes each as a comment before its outlines."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.parse(path, parser).getroot()
    return [(e.text or "").strip() for e in root.iter() if e.tag is ElementTree.Comment]


def test_regions_and_vertices_have_the_same_numbers(tmp_path: Path) -> None:
    path = tmp_path / "quadratic.svg"
    plots.save_subdivisions_picture([("F", subdivision(QUADRATIC, "tropical"))], path, variables=["x1", "x2"])
    words = texts(path)
    for label in (*"3456", *"ABC"):  # 1 and 2 are ticks too
        assert words.count(label) == 2, label
    assert "exponent of x1" in words


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    rows = [("F", subdivision("max(2x, x + 2, -4)")), ("G", subdivision("max(x, 0)"))]
    for suffix in plots.SUFFIXES:
        one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
        for path in (one, other):
            plots.save_subdivisions_picture(rows, path, variables=["x"])
        assert one.read_bytes() == other.read_bytes()
        assert one.stat().st_size > 1000


@pytest.mark.parametrize(
    "terms",
    [
        {(0, 0): 3},
        {(0, 0): 0, (1, 1): 0},
        {(0, 0): 0, (1, -2): 3, (2, -4): 0},
        {(k, k * k): -(k**4) for k in range(30)},
        {(0,): 5},
        {(k,): -k * k for k in range(40)},
    ],
    ids=["point", "line", "parallel lines", "many", "constant", "many bends"],
)
def test_all_shapes_can_be_drawn(terms: dict[tuple[int, ...], int], tmp_path: Path) -> None:
    found = dual_subdivision(TropicalPolynomial.of_terms(terms))
    path = tmp_path / "shape.png"
    plots.save_subdivisions_picture([("F", found)], path, variables=["x", "y"][: len(next(iter(terms)))])
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_neighbours_differ_in_colour() -> None:
    for terms in ({(a, b): -a * a - b * b for a in range(6) for b in range(6)}, {(k,): -k * k for k in range(20)}):
        found = dual_subdivision(TropicalPolynomial.of_terms(terms))
        colours = colours_of(found)
        assert all(colours[edge.monomials[0]] != colours[edge.monomials[1]] for edge in found.edges)


def test_what_is_refused(tmp_path: Path) -> None:
    found = subdivision("max(x, 0)")
    path = tmp_path / "there.png"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="the file exists"):
        plots.save_subdivisions_picture([("F", found)], path, variables=["x"])
    with pytest.raises(UsageError, match="one or two variables, not 3"):
        plots.save_subdivisions_picture([("F", found)], path, variables=["x", "y", "z"])
    with pytest.raises(UsageError, match="the suffix is not one of"):
        plots.save_subdivisions_picture([("F", found)], path.with_suffix(".gif"), variables=["x"])
    with pytest.raises(OutputError, match="its folder does not exist"):
        plots.save_subdivisions_picture([("F", found)], tmp_path / "missing" / "x.png", variables=["x"])
    huge = dual_subdivision(TropicalPolynomial.of_terms({(10**400,): 0, (0,): 0}))
    with pytest.raises(UsageError, match="numbers exceed the doubles"):
        plots.save_subdivisions_picture([("F", huge)], path, variables=["x"], force=True)
    many = dual_subdivision(TropicalPolynomial.of_terms({(k,): -k * k for k in range(plots.MAX_MONOMIALS + 1)}))
    with pytest.raises(UsageError, match="F has more than 400 monomials"):
        plots.save_subdivisions_picture([("F", many)], path, variables=["x"], force=True)
    assert path.read_bytes() == b"mine"
