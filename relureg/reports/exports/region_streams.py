"""Regions in files while they are found: batch after batch, in memory that does not grow with their number."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from relureg.complex.checks import failures
from relureg.complex.complex import Complex
from relureg.complex.halfspaces import Inequalities, exact_pieces, facet_hyperplanes, float_pieces
from relureg.complex.stream import CellBatch, CellStream
from relureg.engine.records import Generators
from relureg.errors import CheckFailedError, LimitReachedError, UsageError
from relureg.network.patterns import letters
from relureg.network.problem import Problem
from relureg.reports.exports.columns import Lists, NestedLists
from relureg.reports.exports.lines import json_rows, write_csv
from relureg.reports.exports.npz import NpzWriter, SpooledNpz
from relureg.reports.exports.parquet import write_parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file of regions shall have besides what it always has."""

    vertices: bool = False
    inequalities: bool = False
    exact: bool = False
    """Inequalities and affine maps rounded once."""
    names: tuple[str, ...] = ()
    """Of the inputs."""
    folder: Path = Path()
    """Of the file: where there is room for what is written beside it meanwhile."""

    def rows_of(self, cells: Complex) -> Inequalities | None:
        """The inequalities of all regions, where they are wanted."""
        return cells.inequalities(exact=self.exact) if self.inequalities else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A batch as columns."""

    batch: CellBatch
    facet_starts: NDArray[np.int64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    rows: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    """``A`` (F, d) and ``b`` (F,)."""

    @property
    def degree(self) -> NDArray[np.int64]:
        """(n,): facets with a region behind them, which are as many as neighbours: regions are convex."""
        records = self.batch.records
        inner = records.facet_region[~records.facet_on_boundary]
        return np.bincount(inner, minlength=records.num_regions).astype(np.int64)

    @property
    def region(self) -> NDArray[np.int64]:
        return np.arange(self.batch.first, self.batch.first + self.batch.num_regions)


def fitting_names(dim: int, names: Sequence[str]) -> tuple[str, ...]:
    """Names of so many inputs, or none; raises `UsageError`."""
    given = tuple(names)
    if given and (len(given) != dim or not all(given) or len(set(given)) != dim):
        raise UsageError(f"{dim} different names of inputs are needed, one for each; {len(given)} were given")
    return given


def require_complete(stream: CellStream) -> None:
    """Raise unless a stream has come to its end with all regions, and its checks have passed."""
    if stream.stopped_by is not None:
        raise LimitReachedError(
            f"stopped by {stream.stopped_by} after {stream.num_regions:,} regions: no file has been written"
        )
    if stream.has_count:
        for check in failures(stream.count().checks):
            raise CheckFailedError(
                f"the check '{check.name}' failed ({check.detail}); no file has been written, please report the network"
            )


def streamed_parquet(stream: CellStream, file: BinaryIO, wanted: Wanted) -> None:
    """A row group a batch."""

    def batches() -> Iterator[dict[str, Any]]:
        for part in _parts(stream, wanted):
            records = part.batch.records
            units = Lists(starts=records.facet_starts, values=records.facet_units)
            columns: dict[str, Any] = {
                "region": part.region, "pattern": _as_bytes(part.batch), "bounded": part.batch.bounded,
                "degree": part.degree, "point": records.points,
                "facets": NestedLists(starts=part.facet_starts, values=units),
                "weights": part.weights, "bias": part.bias,
            }  # fmt: skip
            if wanted.vertices and (found := part.batch.generators) is not None:
                columns |= {"vertices": chosen(found, ~found.is_ray), "rays": chosen(found, found.is_ray)}
            if part.rows is not None:
                columns |= {"A": Lists(starts=part.facet_starts, values=part.rows[0]),
                            "b": Lists(starts=part.facet_starts, values=part.rows[1])}  # fmt: skip
            yield columns

    write_parquet(file, batches(), told=frame_of(stream.problem, wanted), is_large=True)


def streamed_npz(stream: CellStream, file: BinaryIO, wanted: Wanted) -> None:
    """The arrays of a complex but for ``facet_neighbours``; each grows in a file of its own beside the archive."""
    facets = units = generators = 0
    with SpooledNpz(wanted.folder) as spool:
        for part in _parts(stream, wanted):
            records = part.batch.records
            if not part.batch.first:
                for name in ("facet_starts", "facet_unit_starts"):
                    spool.append(name, np.zeros(1, dtype=np.int64))
            spool.append("pattern", _as_bytes(part.batch))
            spool.append("bounded", part.batch.bounded)
            spool.append("degree", part.degree)
            spool.append("point", records.points)
            spool.append("facet_starts", facets + part.facet_starts[1:])
            spool.append("facet_unit_starts", units + records.facet_starts[1:])
            spool.append("facet_units", records.facet_units)
            spool.append("bias", part.bias)
            spool.append("weights", part.weights)
            facets, units = facets + int(part.facet_starts[-1]), units + len(records.facet_units)
            if part.rows is not None:
                spool.append("A", part.rows[0])
                spool.append("b", part.rows[1])
            if wanted.vertices and (found := part.batch.generators) is not None:
                if not part.batch.first:
                    spool.append("generator_starts", np.zeros(1, dtype=np.int64))
                spool.append("generator_starts", generators + found.starts[1:])
                spool.append("generators", found.coordinates)
                spool.append("is_ray", found.is_ray)
                generators += int(found.starts[-1])
        with NpzWriter(file) as archive:
            spool.write(archive)
            write_frame(archive, stream.problem, wanted)


def _as_bytes(batch: CellBatch) -> NDArray[np.bytes_]:
    """The patterns, all of one length; there are units or there are not."""
    found = letters(batch.signs > 0, batch.problem.network.widths)
    width = found.shape[1]
    return found.view(f"S{width}")[:, 0] if width else np.zeros(len(batch), dtype="S1")


def write_frame(archive: NpzWriter, problem: Problem, wanted: Wanted) -> None:
    """Where the inputs lie, what they are called, and with inequalities the domain."""
    flat = problem.network.slice
    if flat is not None:
        archive.write("slice_base", flat.base.floats[:, 0])
        archive.write("slice_directions", flat.directions.floats.T)
    if wanted.inequalities and problem.domain is not None:
        archive.write("domain_A", -problem.domain.normals.floats)
        archive.write("domain_b", problem.domain.constants.floats[:, 0])
    if wanted.names:
        archive.write("input_names", np.array(wanted.names))


def frame_of(problem: Problem, wanted: Wanted) -> dict[str, Any]:
    """The same for files of text, where there is something to tell."""
    frame: dict[str, Any] = {"inputs": list(wanted.names)} if wanted.names else {}
    domain = problem.domain
    if wanted.inequalities and domain is not None:
        frame["domain"] = {"A": (-domain.normals.floats).tolist(), "b": domain.constants.floats[:, 0].tolist()}
    return frame


def streamed_csv(stream: CellStream, file: BinaryIO, wanted: Wanted) -> None:
    """A line a region."""
    nested = ("facets", "weights", "vertices", "rays", "A")
    header: tuple[str, ...] = ("region", "pattern", "bounded", "degree", "point", "facets", "weights", "bias")
    header += (("vertices", "rays") if wanted.vertices else ()) + (("A", "b") if wanted.inequalities else ())
    rows = ([flat(v) if name in nested else v for name, v in row.items()] for row in _rows(stream, wanted))
    write_csv(file, header, [rows])


def streamed_json(stream: CellStream, file: BinaryIO, wanted: Wanted) -> None:
    """One document, whose last key is the number of regions: it is known last."""
    head: dict[str, Any] = {"network": stream.network.name, "sha256": stream.network.sha256}
    head |= frame_of(stream.problem, wanted)
    file.write(json.dumps(head)[:-1].encode() + b', "rows": [')
    file.writelines(json_rows(_rows(stream, wanted)))
    file.write(f'\n], "regions": {stream.num_regions}}}\n'.encode())


def chosen(generators: Generators, which: NDArray[np.bool_]) -> Lists:
    """The coordinates of some generators, a list for each region."""
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(which)])
    return Lists(starts=before[generators.starts], values=generators.coordinates[which])


def flat(lists: Any) -> str:
    """Lists separated by semicolons, their entries by spaces."""
    return ";".join(" ".join(map(str, entries)) for entries in lists)


def _parts(stream: CellStream, wanted: Wanted) -> Iterator[_Part]:
    problem = stream.problem
    for batch in stream:
        records = batch.records
        units, walls = (facet_hyperplanes(records), batch.facet_walls) if wanted.inequalities else (None, None)
        if wanted.exact:
            pieces, _ = exact_pieces(problem, records, units, walls, wants_outputs=True)
        else:
            pieces = float_pieces(problem, records, units, walls, wants_outputs=True)
        assert pieces.outputs is not None
        rows = None if pieces.rows is None else (0.0 - pieces.rows[:, 1:], pieces.rows[:, 0] + 0.0)
        yield _Part(
            batch=batch,
            facet_starts=np.searchsorted(records.facet_region, np.arange(len(batch) + 1)).astype(np.int64),
            weights=pieces.outputs[:, :, 1:],
            bias=pieces.outputs[:, :, 0],
            rows=rows,
        )


def _rows(stream: CellStream, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """One row a region, as lists."""
    for part in _parts(stream, wanted):
        batch, records = part.batch, part.batch.records
        units = Lists(starts=records.facet_starts, values=records.facet_units)
        columns: dict[str, list[Any]] = {
            "region": part.region.tolist(), "pattern": batch.patterns, "bounded": batch.bounded.tolist(),
            "degree": part.degree.tolist(), "point": records.points.tolist(),
            "facets": _lists(part.facet_starts, units.tolist()),
            "weights": part.weights.tolist(), "bias": part.bias.tolist(),
        }  # fmt: skip
        if wanted.vertices and (found := batch.generators) is not None:
            columns |= {"vertices": chosen(found, ~found.is_ray).tolist(), "rays": chosen(found, found.is_ray).tolist()}
        if part.rows is not None:
            columns |= {"A": _lists(part.facet_starts, part.rows[0].tolist()),
                        "b": _lists(part.facet_starts, part.rows[1].tolist())}  # fmt: skip
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def _lists(starts: NDArray[np.int64], values: list[Any]) -> list[list[Any]]:
    return [values[first:last] for first, last in itertools.pairwise(starts.tolist())]
