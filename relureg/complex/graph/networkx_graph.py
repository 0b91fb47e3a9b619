"""The region graph for networkx, with what is known of every region and facet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from relureg.complex.facets import facet_units
from relureg.network.patterns import texts

if TYPE_CHECKING:
    import networkx

    from relureg.complex.complex import Complex


def graph_with_attributes(cells: Complex) -> networkx.Graph[Any]:
    """See `Complex.to_networkx`."""
    import networkx

    records, network, facets = cells.records, cells.network, cells.facets
    weights, bias = cells.affine_maps()
    everywhere = cells.essential_dim == network.input_dim
    columns = {
        "pattern": texts(records.signs > 0, network.widths),
        "bounded": (records.bounded & everywhere).tolist(),
        "degree": np.bincount(facets.regions.ravel(), minlength=cells.num_regions).tolist(),
        "point": records.points.tolist(),
        "weights": weights.tolist(),
        "bias": bias.tolist(),
    }
    graph: networkx.Graph[Any] = networkx.Graph(name=network.name)
    rows = zip(*columns.values(), strict=True)
    graph.add_nodes_from((region, dict(zip(columns, row, strict=True))) for region, row in enumerate(rows))
    pairs = zip(facets.regions.tolist(), facets.record.tolist(), strict=True)
    graph.add_edges_from((one, two, {"units": list(facet_units(records, row))}) for (one, two), row in pairs)
    return graph
