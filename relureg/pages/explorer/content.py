"""What the explorer is told of a complex: columns as base64, the names of what they say, and the palettes."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.errors import UsageError
from relureg.network.comparisons import MAX_CLASSES
from relureg.network.model import Network
from relureg.plots.colours import THEMES
from relureg.plots.plane.gradients import gradients
from relureg.plots.plane.picture import Style, axis_names, plane_for
from relureg.plots.plane.plane import Plane
from relureg.plots.plane.view import View
from relureg.reports.exports.columns import bounded, geometry

MAX_REGIONS = 60_000
"""Most regions that a browser holds without stumbling."""
MOST_WIDTH, MOST_STAGES = 12, 3
"""The largest network whose weights can be turned in the page: its cells are found again at every step of a slider."""


def require_plane(network: Network) -> None:
    """Raise `UsageError` where the network has another number of inputs than two."""
    if network.input_dim != 2:
        there = "is 1" if network.input_dim == 1 else f"are {network.input_dim}"
        raise UsageError(
            f"the explorer shows two inputs, and there {there}; look at a plane through points of yours (--through), "
            "or fix inputs by equal bounds (--box)"
        )


def seen_in_page(cells: Complex, view: View | None, *, jobs: int | None = None) -> Plane:
    """The cells in a view, cut along the decision boundary where there is one.

    Raises
    ------
    UsageError
        The network has another number of inputs than two, or more than `MAX_REGIONS` regions.
    DomainError
        The view misses the domain.
    """
    require_plane(cells.network)
    if cells.num_regions > MAX_REGIONS:
        raise UsageError(f"{cells.num_regions:,} regions are too many for a page; take a smaller --box")
    return plane_for(cells, Style(colour="none", boundary=has_classes(cells.network)), view=view, jobs=jobs)


def has_classes(network: Network) -> bool:
    """Whether there is a decision boundary to cut along: outputs that depend on the input, and not too many of them."""
    return network.output_dim <= MAX_CLASSES and not network.output.is_constant


def content(plane: Plane) -> dict[str, Any]:
    """Everything the page shows, as JSON has it. P pieces, E edges, R regions of N units, K facets of all regions."""
    cells, polygons, view = plane.cells, plane.polygons, plane.view
    network, records = cells.network, cells.records
    everything = slice(0, cells.num_regions)
    shape = geometry(cells, everything)
    one_output = network.output_dim == 1
    on_boundary = plane.edge_level == 0 if one_output else plane.edge_is_border
    return {
        "name": network.name,
        "shape": [network.input_dim, *network.widths, network.output_dim],
        "slice": None if network.slice is None else network.slice.label,
        "axes": [name.strip("$").replace("{", "").replace("}", "").replace("_", "") for name in axis_names(network)],
        "domain": None if cells.domain is None else cells.domain.label,
        "low": view.low.tolist(),
        "high": view.high.tolist(),
        "frame": view.frame.tolist(),
        "isometric": view.is_isometric,
        "numRegions": cells.num_regions,
        "numSeen": plane.num_regions_seen,
        "numFacets": cells.facets.num_inner,
        "hasBoundary": has_classes(network),
        "columns": {
            "corners": _packed(polygons.corners),  # (G, 2), inputs
            "starts": _packed(polygons.starts.astype(np.int32)),  # (P + 1,)
            "region": _packed(plane.region.astype(np.int32)),  # (P,)
            "label": _packed((plane.band if one_output else plane.label).astype(np.int32)),  # (P,)
            "edges": _packed(polygons.edges),  # (E, 2, 2), inputs
            "edgePieces": _packed(polygons.edge_cells.astype(np.int32)),  # (E, 2), -1 for none
            "edgeStage": _packed(plane.edge_stage.astype(np.int32)),  # (E,), from 0; -1 the domain's boundary
            "edgeIsBoundary": _packed(on_boundary.astype(np.uint8)),  # (E,)
            "patterns": _packed(records.patterns),  # (R, ceil(N / 8)), bit i % 8 of byte i // 8
            "bounded": _packed(bounded(cells, everything).astype(np.uint8)),  # (R,)
            "points": _packed(records.points),  # (R, 2)
            "weights": _packed(shape.weights),  # (R, m, 2)
            "bias": _packed(shape.bias),  # (R, m)
            "slopes": _packed(gradients(plane)),  # (R, 2), what colours by direction
            "facetStarts": _packed(np.append(0, np.cumsum(shape.facet_count)).astype(np.int32)),  # (R + 1,)
            "facetBehind": _packed(shape.neighbour.astype(np.int32)),  # (K,), -1 on the domain's boundary
            "unitStarts": _packed(shape.units.starts.astype(np.int32)),  # (K + 1,)
            "units": _packed(shape.units.values.astype(np.int32)),
        },
        "themes": {name: asdict(theme) for name, theme in THEMES.items()},
        "layers": layers_of(network),
    }


def layers_of(network: Network) -> list[dict[str, Any]] | None:
    """Weights and biases of a small sequential network, in doubles, for the sliders; None for another one."""
    is_small = network.is_sequential and 0 < len(network.widths) <= MOST_STAGES
    if not is_small or max(*network.widths, network.output_dim) > MOST_WIDTH:
        return None
    return [
        {
            "weights": form.terms[k].floats.tolist() if k in form.terms else np.zeros((form.size, width)).tolist(),
            "bias": form.constant.floats[:, 0].tolist(),
        }
        for k, (form, width) in enumerate(zip(network.forms, (network.input_dim, *network.widths), strict=True))
    ]


def _packed(array: NDArray[Any]) -> dict[str, str]:
    """A column as little-endian bytes in base64, with its type."""
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {"type": array.dtype.str[1:], "data": base64.b64encode(plain.tobytes()).decode()}
