"""Checks that the tropical form of a network and its exact complex tell the same."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from fractions import Fraction

from relureg.complex.checks import Check
from relureg.exact.rational import RationalMatrix
from relureg.network.affine_forms import INPUT
from relureg.network.model import Network
from relureg.tropical.construction import Construction
from relureg.tropical.equality import Equality
from relureg.tropical.levels import LevelSet, off_hypersurface
from relureg.tropical.polynomial import TropicalPolynomial, Watch
from relureg.tropical.rational_function import TropicalRational
from relureg.tropical.regionwise import Piece, Pieces
from relureg.tropical.subdivision import DualSubdivision, area
from relureg.tropical.zonotope import Zonotope

Outputs = Sequence[TropicalRational]


def values(network: Network, outputs: Outputs, *, num_points: int, seed: int = 0) -> Check:
    """The form has the network's value at random rational points, in exact arithmetic."""
    points = random_points(network.input_dim, num_points, seed)
    listed = zip(*(function.values(points) for function in outputs), strict=True)
    for point, found in zip(points, listed, strict=True):
        if found != network.exact_output(point):
            return Check(name="values", passed=False, detail=f"they differ at {_show(point)}")
    return Check(name="values", passed=True, detail=f"equal at {num_points:,} random points, exactly")


def pieces(outputs: Outputs, products: Sequence[TropicalPolynomial], regionwise: Pieces) -> Check:
    """The monomials of F, G and F + G are the affine pieces on the activation regions, and F - G is the network."""
    name = "pieces"
    for number, (function, product) in enumerate(zip(outputs, products, strict=True)):
        above = [region.numerators[number] for region in regionwise.regions]
        below = [region.denominators[number] for region in regionwise.regions]
        both = [_plus(a, b) for a, b in zip(above, below, strict=True)]
        for label, polynomial, on_regions in (
            ("F", function.numerator, above),
            ("G", function.denominator, below),
            ("F+G", product, both),
        ):
            listed = {(constant, *exponents) for exponents, constant in polynomial.terms.items()}
            if listed != set(on_regions):
                detail = f"output {number}: {len(listed)} monomials of {label}, {len(set(on_regions))} pieces"
                return Check(name=name, passed=False, detail=detail)
        for region, a, b in zip(regionwise.regions, above, below, strict=True):
            if _plus(region.values[number], b) != a:
                return Check(name=name, passed=False, detail=f"output {number}: F - G is not the network on a region")
    return Check(name=name, passed=True, detail=f"the same on {len(regionwise.regions):,} regions, exactly")


def chain(linear_regions: int, merged: int, regions: int | None) -> Check:
    """Open linear regions <= N(F + G) <= activation regions; the last where F and G come from the network itself."""
    numbers = [linear_regions, merged] + ([] if regions is None else [regions])
    return Check(
        name="chain",
        passed=numbers == sorted(numbers),
        detail=" <= ".join(f"{number:,}" for number in numbers),
    )


def convex(regionwise: Pieces) -> Check:
    """The network is affine on each region of F + G, so that these are convex linear regions: R3 <= N(F + G)."""
    of_piece: dict[tuple[Piece, ...], tuple[Piece, ...]] = {}
    for region in regionwise.regions:
        key = tuple(_plus(a, b) for a, b in zip(region.numerators, region.denominators, strict=True))
        if of_piece.setdefault(key, region.values) != region.values:
            return Check(name="convex", passed=False, detail="the network has two pieces on one region of F + G")
    return Check(name="convex", passed=True, detail=f"affine on each of {len(of_piece):,} convex regions")


def boundary(function: TropicalRational, level: LevelSet) -> Check:
    """The decision boundary lies in the hypersurface of max(F, G + c)."""
    point = off_hypersurface(function, level)
    if point is not None:
        return Check(name="boundary", passed=False, detail=f"{_show(point)} is not on the hypersurface")
    count = len(level.boundary_points)
    if not count:
        return Check(name="boundary", passed=None, detail="no two neighbouring regions lie on its two sides")
    return Check(name="boundary", passed=True, detail=f"{count} boundary points on the hypersurface, exactly")


def sides(function: TropicalRational, level: LevelSet) -> Check:
    """{nu > c} has at most N(F) components, {nu < c} at most N(G)."""
    most = function.numerator.num_monomials, function.denominator.num_monomials
    found = level.positive_components, level.negative_components
    return Check(
        name="sides",
        passed=found[0] <= most[0] and found[1] <= most[1],
        detail=f"positive {found[0]:,} <= {most[0]:,}, negative {found[1]:,} <= {most[1]:,}",
    )


def upper_vertices(zonotope: Zonotope, regions: int, central_regions: int) -> Check:
    """Upper vertices of the zonotope are regions R; all vertices are 2 R less the regions of the normals alone."""
    expected = 2 * regions - central_regions
    return Check(
        name="zonotope",
        passed=(zonotope.num_upper_vertices, zonotope.num_vertices) == (regions, expected),
        detail=f"{zonotope.num_upper_vertices:,} = {regions:,} upper vertices, "
        f"{zonotope.num_vertices:,} = 2 * {regions:,} - {central_regions:,} in all",
    )


def duality(subdivisions: Sequence[DualSubdivision]) -> Check:
    """Cells tile the Newton polytope, and vertices - edges + cells is what a disk or a segment has."""
    told = [one for one in subdivisions if one.dim <= 2]
    for one in told:
        points = one.points
        tiles = sum((area([points[k] for k in cell.monomials]) for cell in one.cells), Fraction(0))
        whole = area([points[k] for k in one.newton_vertices])
        characteristic = one.polynomial.num_monomials - (len(one.edges) if one.dim else 0)
        characteristic += len(one.cells) if one.dim == 2 else 0
        if tiles != whole or characteristic != 1:
            detail = f"cells of {tiles} tile {whole}; Euler characteristic {characteristic}"
            return Check(name="duality", passed=False, detail=detail)
    if not told:
        return Check(name="duality", passed=None, detail="told for Newton polytopes of at most two dimensions")
    return Check(name="duality", passed=True, detail=f"{len(told)} subdivisions tile their Newton polytopes")


def same_form(function: TropicalRational, back: TropicalRational, watch: Watch | None = None) -> Check:
    """The form of a network made from an expression is the expression: ``F + G'`` and ``F' + G`` are one polynomial."""
    passed = function.is_same_function(back, watch)
    return Check(name="same_form", passed=passed, detail="F + G' and F' + G have the same monomials")


def round_trip(equality: Equality) -> Check:
    """A network and the one made from its tropical form are one function, on the complex of both together."""
    if equality.witness is not None:
        return Check(name="round_trip", passed=False, detail=f"they differ at {_show(equality.witness)}")
    return Check(name="round_trip", passed=True, detail=f"no difference on {equality.regions:,} regions")


def combined(checks: Sequence[Check]) -> Check:
    """The same check for several outputs as one: it fails if one fails."""
    first = checks[0]
    failed = next((check for check in checks if check.passed is False), None)
    if failed is not None or len(checks) == 1:
        return failed or first
    passed = True if any(check.passed for check in checks) else None
    return Check(name=first.name, passed=passed, detail="; ".join(dict.fromkeys(check.detail for check in checks)))


def depth(built: Sequence[Construction]) -> Check:
    """A network made by pairwise maxima is as shallow as the theorem says."""
    passed = all(one.num_layers <= one.depth_bound for one in built)
    detail = ", ".join(f"{one.num_layers} <= {one.depth_bound}" for one in built)
    return Check(name="depth", passed=passed, detail=f"layers {detail}")


def without_biases(network: Network) -> Network:
    """One hidden layer of the normals alone, whose hyperplanes all pass through the origin."""
    form = network.stages[0].pre_activation
    weights = form.terms.get(INPUT, RationalMatrix.zeros(form.size, network.input_dim))
    zero, output = RationalMatrix.zeros(form.size, 1), RationalMatrix.identity(form.size)
    return Network.from_layers([weights, output], [zero, zero], name=network.name)


def random_points(dim: int, count: int, seed: int = 0) -> list[tuple[Fraction, ...]]:
    """Rational points of very different size, the same for the same seed."""
    draw = random.Random(seed)
    return [
        tuple(Fraction(draw.randint(-(10**6), 10**6), draw.randint(1, 1000)) * scale for _ in range(dim))
        for scale in itertools.islice(itertools.cycle([Fraction(1, 1000), Fraction(1, 30), Fraction(1)]), count)
    ]


def _plus(one: Piece, other: Piece) -> Piece:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _show(point: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, point))})"
