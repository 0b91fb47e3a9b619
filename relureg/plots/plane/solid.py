"""Three-dimensional complexes as figures to turn: the facets of every stage in a box, in an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.complex.enumeration import enumerate_regions
from relureg.engine.records import Generators
from relureg.errors import UsageError
from relureg.files import check_absent, write_atomically
from relureg.network.domain import Domain
from relureg.packages import needing
from relureg.plots.colours import Theme, along
from relureg.plots.plane.view import MARGIN, SHARE
from relureg.words import plural

MAX_FACETS = 60_000
"""Most facets that a browser turns without stumbling."""

_TURN = """
const figure = document.getElementById('{plot_id}');
let angle = 0.9, held = false;
figure.addEventListener('pointerdown', () => { held = true; });
function turn() {
  if (held) return;
  angle += 0.006;
  Plotly.relayout(figure, {'scene.camera.eye': {x: 2 * Math.cos(angle), y: 2 * Math.sin(angle), z: 0.95}})
    .then(() => requestAnimationFrame(turn));
}
if (!window.matchMedia('(prefers-reduced-motion: reduce)').matches) requestAnimationFrame(turn);
"""
"""It turns slowly until somebody takes hold of it."""


def save_solid(cells: Complex, path: Path, theme: Theme, *, force: bool = False, jobs: int | None = None) -> int:
    """Write the facets of a network with three inputs to an HTML page; returns how many are drawn.

    Raises
    ------
    UsageError
        As `facets_in_box` does.
    OutputError, MissingPackageError
        The file cannot be written, or plotly is not installed.
    """
    check_absent(path, force=force)
    with needing("figures to turn need plotly", "plot"):
        import plotly.graph_objects as go
    seen = facets_in_box(cells, jobs=jobs)
    figure = go.Figure(_traces(seen, theme))
    axis = {"backgroundcolor": theme.ground, "gridcolor": theme.quiet, "zeroline": False, "color": theme.quiet}
    figure.update_layout(
        title={"text": f"{cells.network.name}   {plural(cells.num_regions, 'region')}", "font": {"size": 18}},
        paper_bgcolor=theme.ground,
        font={"color": theme.ink, "family": "Inter, Helvetica, Arial, sans-serif"},
        scene={f"{name}axis": axis | {"title": {"text": f"x{k}"}} for k, name in enumerate("xyz")}
        | {"camera": {"eye": {"x": 1.24, "y": 1.57, "z": 0.95}, "center": {"x": 0, "y": 0, "z": -0.08}}},
        margin={"l": 0, "r": 0, "t": 48, "b": 0},
    )
    page = figure.to_html(
        include_plotlyjs=True, full_html=True, post_script=_TURN, default_height="96vh", config={"displaylogo": False}
    )
    write_atomically(path, page.encode(), force=force)
    return seen.facets.num_inner


def facets_in_box(cells: Complex, *, jobs: int | None = None) -> Complex:
    """A bounded complex of three inputs to draw: the same where it is bounded, else what a box holds of it.

    Raises
    ------
    UsageError
        The network has another number of inputs, or more than `MAX_FACETS` facets are in the box.
    """
    if cells.network.input_dim != 3:
        raise UsageError(f"a figure of space needs three inputs, and there are {cells.network.input_dim}")
    seen = cells
    # Cells of a complex of fewer essential dimensions are bounded in these alone.
    if cells.domain is None or cells.essential_dim < 3 or not cells.records.bounded.all():
        box = _box(cells)
        inside = cells.domain.intersect(box) if cells.domain is not None else box
        seen = enumerate_regions(cells.network, inside, jobs=jobs)
    if seen.facets.num_inner > MAX_FACETS:
        raise UsageError(f"{seen.facets.num_inner:,} facets are too many to draw; take a smaller --box, or a --slice")
    return seen


def facet_polygons(cells: Complex) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """The corners of each inner facet of a bounded three-dimensional complex, in order, and the facet's first unit."""
    generators, records = cells.generators, cells.records
    offset = generators.num_rows - records.num_units
    polygons, units = [], []
    for row in cells.facets.record.tolist():
        region = int(records.facet_region[row])
        on_facet = records.facet_units[records.facet_starts[row] : records.facet_starts[row + 1]].astype(np.int64)
        signs = records.signs_of(np.array([region]))[0]
        polygons.append(_around(_corners_on(generators, region, on_facet + offset)))
        units.append(int(on_facet[signs[on_facet] != 0][0]))
    return polygons, np.array(units, dtype=np.int64)


def _corners_on(generators: Generators, region: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    start, stop = generators.starts[region : region + 2].tolist()
    words = generators.zeros[start:stop][:, rows // 64]
    on_all = ((words >> (rows % 64).astype(np.uint64)) & np.uint64(1)).all(axis=1)
    return generators.coordinates[start:stop][on_all]


def _around(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners of a flat convex polygon in order around its middle: which they are is exact, this is for the eye."""
    centred = corners - corners.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    x, y = (centred @ axes[:2].T).T
    return corners[np.argsort(np.arctan2(y, x))]


def _box(cells: Complex) -> Domain:
    generators = cells.generators
    vertices = generators.coordinates[~generators.is_ray & np.isfinite(generators.coordinates).all(axis=1)]
    if not len(vertices):
        vertices = np.zeros((1, 3))
    centre = np.median(vertices, axis=0)
    half = MARGIN * np.quantile(np.abs(vertices - centre), SHARE, axis=0)
    half = np.where(half > 0, half, half.max() or 1.0)
    return Domain.box((centre - half).tolist(), (centre + half).tolist())


def _traces(cells: Complex, theme: Theme) -> list[Any]:
    import plotly.graph_objects as go

    polygons, units = facet_polygons(cells)
    stages = np.searchsorted(np.cumsum([0, *cells.network.widths]), units, side="right") - 1
    num_stages = len(cells.network.stages)
    colours = along(theme.diverging, np.linspace(0.12, 0.88, max(num_stages, 2)))
    traces: list[Any] = []
    for stage in range(num_stages):
        own = [polygons[k] for k in np.flatnonzero(stages == stage)]
        if not own:
            continue
        colour = "rgb({:.0f},{:.0f},{:.0f})".format(*(255 * colours[stage]))
        lengths = np.array([len(corners) for corners in own])
        firsts = np.cumsum(lengths) - lengths
        fans = np.array([
            (first, first + k, first + k + 1) for first, n in zip(firsts, lengths, strict=True) for k in range(1, n - 1)
        ])  # fmt: skip
        x, y, z = np.concatenate(own).T
        traces.append(go.Mesh3d(
            x=x, y=y, z=z, i=fans[:, 0], j=fans[:, 1], k=fans[:, 2], color=colour,
            opacity=max(0.3 - 0.06 * stage, 0.16),
            flatshading=True, name=f"stage {stage + 1}", showlegend=True, hoverinfo="skip",
        ))  # fmt: skip
        gap = np.full((1, 3), np.nan)
        rims = np.concatenate([np.concatenate([corners, corners[:1], gap]) for corners in own])
        traces.append(go.Scatter3d(
            x=rims[:, 0], y=rims[:, 1], z=rims[:, 2], mode="lines",
            line={"color": theme.ink, "width": max(2.0 - 0.8 * stage, 0.8)},
            opacity=0.55, showlegend=False, hoverinfo="skip",
        ))  # fmt: skip
    return traces
