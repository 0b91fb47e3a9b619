"""Points and domains in files: the tables of `point_tables.py`, polyhedra in .json, properties in .vnnlib."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from relureg.errors import DataError, DomainError
from relureg.exact.numbers import Number
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.specification import Specification
from relureg.readers.point_tables import SUFFIXES, naming, read_table
from relureg.readers.texts import parse_entry, read_json, read_text, unpacked_suffix
from relureg.readers.vnnlib import property as vnnlib
from relureg.readers.vnnlib import property_cases
from relureg.words import did_you_mean, plural, short

Rows = list[list[Number]]


def read_points(path: Path, dim: int, labels: str | None = None) -> Rows:
    """Points of R^dim, a row each, in any format that `read_table` reads; each of more axes is flattened.

    A column named `labels` is left out.

    Raises
    ------
    DataError
        The file cannot be read, or does not hold finite points of that many coordinates.
    UsageError
        As `read_table`.
    """
    with naming(path):
        table = read_table(path, labels)
        if labels is not None and table.labels is None:
            raise DataError(f"there is no column {short(labels)}{did_you_mean(labels, table.names)}")
        points = table.points
        if not len(points):
            raise DataError("there are no points in the file")
        if points.ndim < 2:
            raise DataError(f"holds an array of shape {points.shape}; rows are needed")
        flat = points.reshape(len(points), -1)
        if flat.shape[1] != dim:
            raise DataError(
                f"{plural(flat.shape[1], 'column')}, but the network has {plural(dim, 'input')}: one row a point"
            )
    rows: Rows = flat.tolist()
    return rows


def read_domain(path: Path, dim: int) -> Domain:
    """A domain of R^dim from a file, which gzip may have packed.

    * ``.vnnlib``: the input constraints of a property.
    * ``.json``: ``{"C": [[...], ...], "c": [...]}`` for C x <= c, or ``{"lower": [...], "upper": [...]}``.
    * Any file that `read_table` reads: a row for each input, its lower and its upper bound; infinities are no bounds.

    Raises
    ------
    DataError
        The file cannot be read or is of another form.
    DomainError
        What it states is no domain, or one of another space.
    """
    with naming(path):
        domain = _read_domain(path, dim)
        if domain.dim != dim:
            raise DomainError(
                f"the domain has {plural(domain.dim, 'coordinate')} and the network {plural(dim, 'input')}"
            )
    return domain


def read_specification(path: Path, network: Network) -> Specification:
    """The property in a ``.vnnlib`` file, which gzip may have packed.

    Raises
    ------
    DataError
        The file cannot be read, is of another form, or does not fit the network.
    """
    with naming(path):
        return property_cases.read_specification(read_text(path), network.input_dim, network.output_dim, path.name)


def write_domain(domain: Domain) -> bytes:
    """A domain as JSON that `read_domain` reads again, exactly; equations as two opposite inequalities.

    This is the form ``C x <= c`` in which people write domains. What relureg keeps for itself, in journals and saved
    complexes, has the rows ``c - C x >= 0`` and the equations apart, and is `relureg.network.document`'s.
    """
    rows = domain.rows.fractions()
    equations = [] if domain.equations is None else domain.equations.fractions()
    rows += [*equations, *([-x for x in row] for row in equations)]
    document = {"C": [[str(-x) for x in row[1:]] for row in rows], "c": [str(row[0]) for row in rows]}
    return json.dumps(document).encode() + b"\n"


def _read_domain(path: Path, dim: int) -> Domain:
    suffix = unpacked_suffix(path)
    if suffix == ".vnnlib":
        return vnnlib.read(read_text(path), dim, path.name)
    if suffix not in SUFFIXES and path.is_file():
        raise DataError(f"the suffix is none of .vnnlib, {', '.join(SUFFIXES)}, with or without .gz")
    if suffix != ".json":
        bounds = read_table(path, finite=False).points
        if bounds.shape != (dim, 2):
            raise DataError(f"needs {dim} rows, a lower and an upper bound for each input")
        return Domain.box(*bounds.T.tolist())
    document = read_json(path)
    keys = set(document) if isinstance(document, dict) else set()
    if keys == {"C", "c"}:  # the form that people and other tools write, not that of `network.document`
        matrix, bounds = document["C"], document["c"]
        if not isinstance(matrix, list) or not isinstance(bounds, list):
            raise DataError('needs lists: {"C": [[...], ...], "c": [...]}')
        return Domain.polytope([_numbers(row, "C") for row in matrix], _numbers(bounds, "c"))
    if keys == {"lower", "upper"}:
        low, high = (_numbers(document[key], key, finite=False) for key in ("lower", "upper"))
        return Domain.box(low, high)
    raise DataError('needs {"C": [[...], ...], "c": [...]} for C x <= c, or {"lower": [...], "upper": [...]}')


def _numbers(row: Any, place: str, *, finite: bool = True) -> list[Number]:
    if not isinstance(row, list):
        raise DataError(f"{place}: a list of numbers is needed")
    return [parse_entry(entry, place, finite=finite) for entry in row]
