"""Pictures of duality: the subdivided Newton polytope beside the tropical hypersurface, in matching colours.

A region of the function and the vertex of the subdivision it is dual to have one colour and one number, a vertex of
the hypersurface and its cell one letter. So the picture can be read without telling colours apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from relureg.errors import UsageError
from relureg.plots import canvas
from relureg.plots.tropical.one_variable import draw_graph, draw_lifted_points
from relureg.plots.tropical.two_variables import draw_hypersurface, draw_newton_polygon
from relureg.tropical.analysis import TropicalAnalysis
from relureg.tropical.subdivision import DualSubdivision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
MAX_MONOMIALS = 400
"""More regions than this are specks."""


def check_picture(path: Path, num_variables: int, *, force: bool) -> None:
    """Refuse a picture that could not be drawn or written.

    Raises
    ------
    UsageError, OutputError, MissingPackageError
        There are more than two variables, or as `canvas.check_target`.
    """
    if not 1 <= num_variables <= 2:
        raise UsageError(f"pictures show one or two variables, not {num_variables}", where=str(path))
    canvas.check_target(path, SUFFIXES, force=force)


def save_analysis_picture(analysis: TropicalAnalysis, path: Path, *, force: bool = False) -> None:
    """Draw numerator and denominator of the first output, a row each; a denominator of one monomial is left out.

    Raises
    ------
    UsageError, OutputError
        As `save_subdivisions_picture`.
    """
    one = analysis.outputs[0]
    rows = [("F", one.numerator)]
    if len(one.denominator.edges):
        rows.append(("G", one.denominator))
    save_subdivisions_picture(rows, path, variables=analysis.variables, force=force)


def save_subdivisions_picture(
    rows: Sequence[tuple[str, DualSubdivision]], path: Path, *, variables: Sequence[str], force: bool = False
) -> None:
    """Draw subdivisions, each beside its hypersurface.

    Parameters
    ----------
    rows : sequence of (name, DualSubdivision)
    path : Path
        The suffix is the format.
    variables : sequence of one or two names
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    UsageError, OutputError
        As `check_picture`, or there are too many monomials to draw.
    """
    check_picture(path, len(variables), force=force)
    for name, subdivision in rows:
        if subdivision.polynomial.num_monomials > MAX_MONOMIALS:
            raise UsageError(f"{name} has more than {MAX_MONOMIALS} monomials, too many to draw", where=str(path))
    with canvas.plain():
        try:
            figure = _figure_of(rows, variables)
        except OverflowError as error:
            raise UsageError("numbers exceed the doubles that a picture is drawn with", where=str(path)) from error
        canvas.save_figure(figure, path, dpi=150, force=force, is_small=False)


def _figure_of(rows: Sequence[tuple[str, DualSubdivision]], variables: Sequence[str]) -> Figure:
    """The figure, a row for each subdivision."""
    figure = canvas.new_figure(10, 4.6 * len(rows))
    figure.set_layout_engine("constrained")
    for index, (name, subdivision) in enumerate(rows):
        left, right = (figure.add_subplot(len(rows), 2, 2 * index + k) for k in (1, 2))
        if len(variables) == 1:
            draw_lifted_points(left, subdivision)
            draw_graph(right, subdivision, variables[0])
            left.set_title(f"{name}: lifted monomials, upper hull, subdivision")
            right.set_title(f"{name} and where it bends")
        else:
            draw_newton_polygon(left, subdivision, variables)
            draw_hypersurface(right, subdivision, variables)
            left.set_title(f"{name}: Newton polygon, subdivided")
            right.set_title(f"{name}: tropical hypersurface")
    return figure
