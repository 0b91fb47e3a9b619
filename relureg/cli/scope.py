"""Where to look: --box, --around, --domain, --slice and --through, from options to a network and a domain."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from relureg.errors import DataError, DomainError, ReluregError, UsageError
from relureg.exact.numbers import Number, as_fraction
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.network.slices import Slice
from relureg.readers.texts import parse_number, unpacked_suffix
from relureg.words import plural, short

if TYPE_CHECKING:
    from relureg.readers.data_files import Rows

OPTIONS = (
    click.option(
        "--box", metavar="LO HI",
        help='Look only inside a box: LO HI for every input, or "x0:0,1;x1:-2,2" for some, or '
        '"file" for the box a .nnet file states. Numbers are doubles, p/q is exact; equal bounds fix an input.',
    ),
    click.option(
        "--around", metavar="POINT",
        help='Look only inside the box of half-side --radius around a point, "0,1/2", or the one row of a file.',
    ),
    click.option("--radius", metavar="EPS", help="Half the side of the box of --around: a positive number."),
    click.option(
        "--domain", metavar="FILE", type=click.Path(path_type=Path),
        help="Look only inside a polyhedron: JSON with C x <= c, or lower and upper bounds (JSON, .csv or .npy), "
        "or the input constraints of a .vnnlib property; packed by gzip or not.",
    ),
    click.option(
        "--slice", "slice_", metavar="P;U;...",
        help='Look only on a line or plane: a base point and directions, "0,0,0;1,0,0;0,1,0", or a file of such rows '
        "(.npy, .npz, .csv, .json, .parquet). A box or domain is then cut with it.",
    ),
    click.option(
        "--through", metavar="POINTS",
        help="The same through 2, 3 or more points, given like --slice; the first is the origin of the slice.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of the input space that a command is asked to look at."""

    box: str | None = None
    around: str | None = None
    radius: str | None = None
    domain: Path | None = None
    slice_: str | None = None
    through: str | None = None

    @property
    def is_everything(self) -> bool:
        return all(getattr(self, field.name) is None for field in dataclasses.fields(Scope))


def scoped(network: Network, scope: Scope) -> tuple[Network, Domain | None]:
    """The network on the slice that is asked for, and the domain of that slice.

    Raises
    ------
    DomainError, UsageError, DataError
        An option is not understood, or does not fit the network.
    """
    _, problem = placed(network, scope)
    return problem.network, problem.domain


def placed(network: Network, scope: Scope) -> tuple[Slice | None, Problem]:
    """The same as a problem, and the flat of the network's inputs in which it lies; None where that is all of them."""
    chosen = chosen_slice(network, scope)
    network, domain = located(network, scope)
    try:
        flat, problem = Problem(network=network, domain=domain).restriction()
    except DomainError as error:
        where = "--box" if scope.around is None else "--around"
        raise error.within(where if scope.domain is None else f"--domain: {scope.domain}") from error
    if chosen is not None:
        flat = chosen if flat is None else flat.within(chosen)
    return flat, problem


def located(network: Network, scope: Scope) -> tuple[Network, Domain | None]:
    """The same with all inputs left, also those that the domain fixes; raises as `scoped` does."""
    domain = _domain(network, scope)
    chosen = chosen_slice(network, scope)
    if chosen is not None:
        domain = None if domain is None else domain.substitute(chosen.base, chosen.directions)
        network = network.on(chosen)
    return network, domain


def chosen_slice(network: Network, scope: Scope) -> Slice | None:
    """The flat that --slice or --through names."""
    if scope.slice_ is not None and scope.through is not None:
        raise UsageError("name the slice once, by --slice or by --through")
    if scope.slice_ is not None:
        return _made("--slice", scope.slice_, network, lambda rows: Slice.along(rows[0], rows[1:]))
    if scope.through is not None:
        return _made("--through", scope.through, network, Slice.through)
    return None


def parse_box(text: str, network: Network, option: str = "--box") -> Domain:
    """The domain that --box names, or another option written alike."""
    try:
        if text == "file":
            return _file_box(network)
        low: list[Number] = [-math.inf] * network.input_dim
        high: list[Number] = [math.inf] * network.input_dim
        if ":" not in text:
            for axis in range(network.input_dim):
                low[axis], high[axis] = _interval(text)
            return Domain.box(low, high)
        seen: set[int] = set()
        for part in filter(None, text.split(";")):
            name, _, interval = part.strip().partition(":")
            if not (name.startswith("x") and name[1:].isascii() and name[1:].isdigit()):
                raise DomainError(f"{short(part)} does not name an input; write x0:LO,HI;x1:LO,HI")
            axis = int(name[1:]) if len(name) < 10 else network.input_dim
            if axis >= network.input_dim:
                raise DomainError(f"{short(name)[1:-1]} is not one of x0..x{network.input_dim - 1}")
            if axis in seen:
                raise DomainError(f"{name} is given twice")
            seen.add(axis)
            low[axis], high[axis] = _interval(interval)
        return Domain.box(low, high)
    except DomainError as error:
        raise error.within(option) from error


def parse_rows(text: str, dim: int, labels: str | None = None) -> Rows:
    """Points in a file, of which a column may hold labels, or written as "1,2;3,4"."""
    from relureg.readers.data_files import read_points
    from relureg.readers.point_tables import SUFFIXES

    if ";" not in text and (unpacked_suffix(Path(text)) in SUFFIXES or os.path.exists(text) or _names_file(text)):
        return read_points(Path(text), dim, labels)
    if labels is not None:
        raise UsageError(f"labels are those of a file, and {short(text)} names none")
    rows = [[_number(word) for word in row.split(",")] for row in text.split(";")]
    for row in rows:
        if len(row) != dim:
            raise UsageError(
                f"{plural(len(row), 'coordinate')}, but the network has {plural(dim, 'input')}; "
                "write 0,1;2,3 or name a file"
            )
    return rows


def _names_file(text: str) -> bool:
    """Whether a text is one word and no number: a file that is not there or has a suffix that is not read."""
    try:
        parse_number(text)
    except ValueError:
        return "," not in text and any(c in text for c in "./\\")
    return False


def parse_radius(text: str, option: str) -> Fraction:
    """Half the side of a box, exactly; raises `UsageError` where it is not a positive number."""
    try:
        radius = as_fraction(parse_number(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{short(text)} is not a finite number (write 0.01, 1/3)", where=option) from error
    if radius <= 0:
        raise UsageError("the radius is not positive", where=option)
    return radius


def _domain(network: Network, scope: Scope) -> Domain | None:
    if (scope.around is None) != (scope.radius is None):
        raise UsageError("--around POINT and --radius EPS go together")
    if scope.around is not None and (scope.box is not None or scope.domain is not None):
        raise UsageError("name the domain once, by --around or by --box and --domain")
    box = _ball(network, scope) if scope.box is None else parse_box(scope.box, network)
    if scope.domain is None:
        return box
    from relureg.readers.data_files import read_domain

    try:
        found = read_domain(scope.domain, network.input_dim)
    except (DataError, DomainError) as error:
        raise error.within("--domain") from error
    return found if box is None else box.intersect(found)


def _ball(network: Network, scope: Scope) -> Domain | None:
    """The box of --around and --radius, with exact bounds; None where they are not given."""
    if scope.around is None or scope.radius is None:
        return None
    try:
        rows = parse_rows(scope.around, network.input_dim)
        if len(rows) != 1:
            raise UsageError(f"{plural(len(rows), 'point')} where one is needed")
        centre = [as_fraction(x) for x in rows[0]]
    except ReluregError as error:
        raise error.within("--around") from error
    except (ValueError, OverflowError) as error:
        raise UsageError("the point is not finite", where="--around") from error
    radius = parse_radius(scope.radius, "--radius")
    return Domain.box([x - radius for x in centre], [x + radius for x in centre])


def _made(option: str, text: str, network: Network, make: Callable[[Sequence[Sequence[Number]]], Slice]) -> Slice:
    try:
        return make(parse_rows(text, network.input_dim))
    except ReluregError as error:
        raise error.within(option) from error


def _file_box(network: Network) -> Domain:
    if network.input_box is None:
        raise DomainError("the network file states no input box; give LO HI")
    low, high = ([x for (x,) in bound.fractions()] for bound in network.input_box)
    return Domain.box(low, high)


def _interval(text: str) -> tuple[Number, Number]:
    bounds = text.split(",") if "," in text else text.split()
    if len(bounds) != 2:
        raise DomainError(f"{short(text)} is not an interval; write LO HI, or x0:LO,HI for one input")
    return _number(bounds[0]), _number(bounds[1])


def _number(text: str) -> Number:
    try:
        return parse_number(text)
    except ValueError as error:
        raise DomainError(f"{short(text)} is not a number (write 1.5, 1/3, inf)") from error


def scope_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`OPTIONS`, given to the command one by one; `scope_of` gathers them."""
    return _with_options(function, OPTIONS)


def place_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same without --around and --radius, for a command that has its own point."""
    return _with_options(function, OPTIONS[:1] + OPTIONS[3:])


def _with_options(
    function: Callable[..., Any], options: Sequence[Callable[[Callable[..., Any]], Callable[..., Any]]]
) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function


def scope_of(values: dict[str, Any]) -> Scope:
    """Take the values of `OPTIONS` out of a command's arguments."""
    return Scope(**{field.name: values.pop(field.name, None) for field in dataclasses.fields(Scope)})
