"""The region graph for networkx, with what is known of every region and facet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from relureg.complex.affine import float_output_maps
from relureg.complex.facets import Facets, facet_units
from relureg.engine.records import Records
from relureg.network.model import Network
from relureg.network.patterns import texts

if TYPE_CHECKING:
    import networkx


def graph_with_attributes(network: Network, records: Records, facets: Facets, *, is_full: bool) -> networkx.Graph[Any]:
    """See `Complex.to_networkx`; `is_full`: all inputs are essential, without which no region is bounded."""
    import networkx

    weights, bias = float_output_maps(network, records.signs)
    columns = {
        "pattern": texts(records.signs > 0, network.widths),
        "bounded": (records.bounded & is_full).tolist(),
        "degree": np.bincount(facets.regions.ravel(), minlength=records.num_regions).tolist(),
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
