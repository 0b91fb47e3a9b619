"""Region graphs as GraphML and as GEXF, element after element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.reports.exports.columns import iter_edges, iter_nodes, more_columns, node_columns

_SHARE = 0.8
"""The share of nodes that lies within `_EXTENT` of the middle."""
_EXTENT = 500.0
_NODE_ATTRIBUTES = (("pattern", "string"), ("bounded", "boolean"), ("degree", "int"), ("point", "string"))
_EDGE_ATTRIBUTES = (("units", "string"),)


def iter_graphml(cells: Complex) -> Iterator[str]:
    """The lines of a GraphML document; points and units are numbers separated by spaces."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for kind, attributes in (("node", _node_attributes(cells)), ("edge", _EDGE_ATTRIBUTES)):
        for name, type_ in attributes:
            yield f'<key id="{name}" for="{kind}" attr.name="{name}" attr.type="{type_}"/>\n'
    yield f'<graph id={quoteattr(cells.network.name)} edgedefault="undirected">\n'
    for node, values in _nodes(cells):
        data = "".join(f'<data key="{key}">{value}</data>' for key, value in values.items())
        yield f'<node id="{node}">{data}</node>\n'
    for source, target, units in _edges(cells):
        yield f'<edge source="{source}" target="{target}"><data key="units">{units}</data></edge>\n'
    yield "</graph>\n</graphml>\n"


def iter_gexf(cells: Complex) -> Iterator[str]:
    """The lines of a GEXF 1.2 document; points and units are numbers separated by spaces.

    Each node has a position, for programs that draw: see `positions`.
    """
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" '
    yield 'xmlns:viz="http://www.gexf.net/1.2draft/viz" version="1.2">\n'
    yield f"<meta><description>{escape(cells.network.name)}</description></meta>\n"
    yield '<graph mode="static" defaultedgetype="undirected">\n'
    for kind, attributes in (("node", _node_attributes(cells)), ("edge", _EDGE_ATTRIBUTES)):
        yield f'<attributes class="{kind}" mode="static">\n'
        for name, type_ in attributes:
            yield f'<attribute id="{name}" title="{name}" type="{"integer" if type_ == "int" else type_}"/>\n'
        yield "</attributes>\n"
    yield "<nodes>\n"
    for (node, values), (x, y, z) in zip(_nodes(cells), positions(cells).tolist(), strict=True):
        data = "".join(f'<attvalue for="{key}" value="{value}"/>' for key, value in values.items())
        yield f'<node id="{node}" label="{node}"><attvalues>{data}</attvalues>'
        yield f'<viz:position x="{x:.6g}" y="{y:.6g}" z="{z:.6g}"/></node>\n'
    yield "</nodes>\n<edges>\n"
    for number, (source, target, units) in enumerate(_edges(cells)):
        data = f'<attvalues><attvalue for="units" value="{units}"/></attvalues>'
        yield f'<edge id="{number}" source="{source}" target="{target}">{data}</edge>\n'
    yield "</edges>\n</graph>\n</gexf>\n"


def positions(cells: Complex) -> NDArray[np.float64]:
    """(R, 3): where to draw the regions: the points inside them, around the median and at a size that Gephi shows well.

    Of up to three inputs these are the inputs, the rest 0; of more, the three principal axes of the points.
    """
    points = cells.records.points - np.median(cells.records.points, axis=0)
    if points.shape[1] > 3:
        scale = np.abs(points).max() or 1.0
        _, _, axes = np.linalg.svd(points / scale, full_matrices=False)
        points = points @ axes[:3].T
    # Points in unbounded regions lie far out: they must not shrink all others to a dot.
    reach = float(np.quantile(np.abs(points).max(axis=1), _SHARE)) or 1.0
    placed = np.zeros((len(points), 3))
    placed[:, : points.shape[1]] = _EXTENT * points / reach
    return placed


def _node_attributes(cells: Complex) -> tuple[tuple[str, str], ...]:
    return _NODE_ATTRIBUTES + tuple((name, "int") for name in more_columns(cells))


def _nodes(cells: Complex) -> Iterator[tuple[int, dict[str, str]]]:
    names = node_columns(cells)[1:]
    for part in iter_nodes(cells):
        for region, *values in part.rows():
            yield region, dict(zip(names, map(_text, values), strict=True))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(repr, value)) if isinstance(value, list) else str(value)


def _edges(cells: Complex) -> Iterator[tuple[int, int, str]]:
    for part in iter_edges(cells):
        for source, target, units in part.rows():
            yield source, target, " ".join(map(str, units))
