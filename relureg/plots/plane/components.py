"""The connected components of a decision boundary in a view, by the vertices that its edges share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relureg.complex.graph import breadth_first
from relureg.complex.graph.region_graph import RegionGraph
from relureg.plots.plane.plane import Plane


def on_boundary(plane: Plane, boundary: float | None) -> NDArray[np.bool_]:
    """(E,): whether an edge lies on the level set at `boundary`, if it is drawn, or between two classes."""
    found = plane.edge_is_border.copy()
    for number, level in enumerate(plane.levels):
        if level == boundary:
            found |= plane.edge_level == number
    return found


def boundary_components(plane: Plane, boundary: float | None) -> NDArray[np.int64]:
    """(E,): the component of the boundary that each edge is in, -1 for an edge that is on none.

    Edges are joined where they share a vertex, which is known by what vanishes there, and along pieces on the whole of
    which the output is the level. Components are numbered from that of most edges. A boundary that is a single point
    has no edge, and is none of them.
    """
    chosen = np.flatnonzero(on_boundary(plane, boundary))
    component = np.full(len(plane.polygons.edges), -1, dtype=np.int64)
    if not len(chosen):
        return component
    links = [plane.polygons.edge_vertices[chosen]]
    if boundary in plane.levels:
        is_flat = plane.flat_level == plane.levels.index(boundary)
        on_flat = np.flatnonzero(is_flat[plane.polygons.owner])
        first = plane.polygons.starts[plane.polygons.owner[on_flat]]
        vertices = plane.polygons.vertices
        links.append(np.column_stack([vertices[first], vertices[on_flat]]))
    names, pairs = np.unique(np.concatenate(links), return_inverse=True)
    pairs = pairs.reshape(-1, 2)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    graph = RegionGraph.from_facets(len(names), pairs)
    of_vertex = breadth_first.components(graph.starts, graph.neighbours)
    found = of_vertex[np.searchsorted(names, plane.polygons.edge_vertices[chosen, 0])]
    _, rank, counts = np.unique(found, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    component[chosen] = np.argsort(order)[rank]
    return component
