"""Results as JSON documents: the one record that both renderings, JSON and tables, are made of.

The keys are described in docs/json-output.md and by docs/output.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np

from relureg import version
from relureg.complex.checks import Check
from relureg.complex.complex import Complex
from relureg.complex.count import RegionCount
from relureg.complex.line import Breakpoint
from relureg.complex.linear.notions import DEFINITIONS, LinearRegions
from relureg.engine.records import Predicates
from relureg.exact.rational import RationalMatrix, nearest_double
from relureg.network.domain import Domain
from relureg.network.model import Network, Port
from relureg.network.slices import Slice
from relureg.theory.bounds import Bound

SCHEMA_VERSION = 1

Document = dict[str, Any]


def inspect_document(network: Network, bounds: Iterable[Bound]) -> Document:
    """What `relureg inspect` tells."""
    forms = [stage.pre_activation for stage in network.stages]
    box = network.input_box
    return head("inspect", network) | {
        "output_dim": network.output_dim,
        "sequential": network.is_sequential,
        "stages": [
            {
                "name": stage.name,
                "kind": stage.kind.value,
                "units": stage.num_units,
                "sources": list(form.terms),
                "parameters": _kind([form.constant, *form.terms.values()]),
                "zero_weights": sum(_num_zeros(matrix) for matrix in form.terms.values()),
                "constant_units": _num_constant_units(form.terms.values(), form.size),
            }
            for stage, form in zip(network.stages, forms, strict=True)
        ],
        "inputs": [_port(port) for port in network.inputs],
        "outputs": [_port(port) for port in network.outputs],
        "output_parameters": _kind([network.output.constant, *network.output.terms.values()]),
        "input_box": None if box is None else [[str(x) for (x,) in bound.fractions()] for bound in box],
        "notices": list(network.notices),
        "bounds": [_bound(bound) for bound in bounds],
    }


def count_document(
    cells: RegionCount,
    bounds: Iterable[Bound],
    *,
    linear: LinearRegions | None = None,
    with_definitions: bool = False,
) -> Document:
    """What `relureg count` tells; linear regions that were not asked for are null."""
    return head("count", cells.network) | {
        "domain": _domain(cells),
        "engine": cells.engine,
        "complete": cells.complete,
        "stopped_by": cells.stopped_by,
        "regions": cells.num_regions,
        "bounded": cells.num_bounded,
        "unbounded": cells.num_unbounded,
        "relatively_bounded": cells.num_relatively_bounded,
        "per_stage": list(cells.per_stage),
        "checks": checks_of(cells.checks),
        "check_details": details_of(cells.checks),
        "facets": cells.num_facets,
        "boundary_facets": cells.num_boundary_facets,
        "predicates": None if cells.predicates is None else _predicates(cells.predicates),
        **_linear(linear),
        "definitions": dict(DEFINITIONS) if with_definitions else None,
        "bounds": [_bound(bound) for bound in bounds],
    }


def graph_document(
    cells: Complex, bounds: Iterable[Bound], *, with_degree: bool, with_diameter: bool, with_faces: bool
) -> Document:
    """What `relureg graph` tells; what was not asked for is null."""
    graph = cells.graph
    checks = cells.checks_of(faces=with_faces, graph=with_diameter)
    document = head("graph", cells.network) | {
        "domain": _domain(cells),
        "engine": cells.engine,
        "regions": cells.num_regions,
        "facets": cells.facets.num_inner,
        "boundary_facets": cells.facets.num_boundary,
        "components": graph.num_components,
        "connected": graph.is_connected,
        "bipartite": graph.is_bipartite,
        "odd_cycle": None if graph.odd_cycle is None else list(graph.odd_cycle),
        "twice_dim": 2 * cells.network.input_dim,
        "f_vector": list(cells.f_vector) if with_faces else None,
        "f_vector_bounded": list(cells.f_vector_bounded) if with_faces else None,
        "f_vector_reason": None if with_faces else f"not counted: about {cells.face_estimate:,} faces (--faces)",
    }
    degree: Document = dict.fromkeys(("average_degree", "min_degree", "max_degree", "degree_histogram"))
    if with_degree:
        degree = {
            "average_degree": rational(graph.average_degree),
            "min_degree": int(graph.degrees.min()),
            "max_degree": int(graph.degrees.max()),
            "degree_histogram": {str(k): count for k, count in graph.degree_histogram.items()},
        }
    extent: Document = dict.fromkeys(
        (
            "diameter",
            "diameter_pair",
            "diameter_patterns",
            "radius",
            "radius_bounds",
            "breadth_first_searches",
            "hamming",
        )
    )
    if with_diameter and graph.is_connected:
        found, radius = graph.diameter_found, graph.radius_found
        extent = {
            "diameter": found.value,
            "diameter_pair": list(found.pair),
            "diameter_patterns": [cells.pattern(region) for region in found.pair],
            "radius": graph.radius,
            "radius_bounds": [radius.low, radius.high],
            "breadth_first_searches": found.num_searches,
            "hamming": asdict(cells.hamming),
        }
    tail = {
        "checks": checks_of(checks),
        "check_details": details_of(checks),
        "bounds": [_bound(bound) for bound in bounds],
        "files": [],
    }
    return document | degree | extent | tail


def regions_document(cells: Complex) -> Document:
    """What `relureg regions` tells, but for the ``rows`` themselves: these are too many to be held."""
    return head("regions", cells.network) | {
        "domain": _domain(cells),
        "engine": cells.engine,
        "regions": cells.num_regions,
        "facets": cells.facets.num_inner,
        "checks": checks_of(cells.checks),
        "check_details": details_of(cells.checks),
        "files": [],
    }


def line_document(cells: Complex, points: Iterable[Breakpoint]) -> Document:
    """What `relureg line` tells; `points` are the breakpoints to list."""
    return head("line", cells.network) | {
        "domain": _domain(cells),
        "engine": cells.engine,
        "complete": cells.complete,
        "stopped_by": cells.stopped_by,
        "regions": cells.num_regions,
        "breakpoints": cells.facets.num_inner if cells.complete else None,
        "rows": [
            {
                "t": rational(point.t),
                "point": _embedded(cells.network, point.t),
                "units": list(point.units),
                "regions": list(point.regions),
            }
            for point in points
        ],
        "checks": checks_of(cells.checks),
        "check_details": details_of(cells.checks),
    }


def plot_document(cells: Complex, colour: str, theme: str) -> Document:
    """What `relureg plot` tells; the command fills in what came to be drawn."""
    return head("plot", cells.network) | {
        "domain": _domain(cells),
        "engine": cells.engine,
        "regions": cells.num_regions,
        "regions_in_view": cells.num_regions,
        "facets_drawn": cells.facets.num_inner,
        "view": None,
        "colour": colour,
        "theme": theme,
        "checks": checks_of(cells.checks),
        "check_details": details_of(cells.checks),
        "files": [],
    }


def animate_document(complexes: Sequence[Complex], colour: str, theme: str) -> Document:
    """What `relureg animate` tells; `network` is the last one. The command fills in what came to be drawn."""
    return head("animate", complexes[-1].network) | {
        "domain": _domain(complexes[-1]),
        "engine": complexes[-1].engine,
        "frames": [
            {
                "network": cells.network.name,
                "regions": cells.num_regions,
                "facets": cells.facets.num_inner,
                "average_degree": rational(cells.graph.average_degree),
            }
            for cells in complexes
        ],
        "view": None,
        "colour": colour,
        "theme": theme,
        "files": [],
    }


def _embedded(network: Network, t: Fraction) -> list[float]:
    """A point of the line in the space in which it lies, rounded."""
    if network.slice is None:
        return [nearest_double(t)]
    (point,) = network.slice.embed(np.array([[t]], dtype=object)).tolist()
    return list(point)


def bounds_document(
    bounds: Iterable[Bound], network: Network | None, widths: Iterable[int] | None, domain: Domain | None = None
) -> Document:
    """What `relureg bounds` tells."""
    listed = [int(width) for width in widths or ()]
    return head("bounds", network) | {
        "widths": listed or None,
        "domain": domain.label if domain else None,
        "bounds": [_bound(bound) for bound in bounds],
    }


def convert_document(network: Network, written: Network, *, path: str, format_name: str) -> Document:
    """What `relureg convert` tells: the network that was read, and the file that was written."""
    return head("convert", network) | {
        "written": {
            "path": path,
            "format": format_name,
            "parameters": _kind_of_network(written),
            "exact": written == network,
            "sha256": written.sha256,
        },
        "notices": list(network.notices),
    }


def head(command: str, network: Network | None) -> Document:
    """The keys that every command has."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "relureg_version": version.__version__,
        "network": None if network is None else network_document(network),
        "seconds": None,  # the command fills it in when all is done
    }


def network_document(network: Network) -> Document:
    """What every document tells of a network."""
    return {
        "name": network.name,
        "input_dim": network.input_dim,
        "effective_dim": network.effective_dim,
        "widths": list(network.widths),
        "output_dim": network.output_dim,
        "num_units": network.num_units,
        "num_comparison_units": network.num_comparison_units,
        "sha256": network.sha256,
        "slice": None if network.slice is None else slice_of(network.slice),
    }


def slice_of(flat: Slice) -> Document:
    """Where the inputs lie in the input space of the network that was read: base + directions @ inputs."""
    return {
        "label": flat.label,
        "base": [str(x) for (x,) in flat.base.fractions()],
        "directions": [[str(x) for x in row] for row in flat.directions.T.fractions()],
    }


def _domain(cells: Complex | RegionCount) -> str:
    return cells.domain.label if cells.domain else f"whole space R^{cells.network.input_dim}"


def _bound(bound: Bound) -> Document:
    return {
        "name": bound.name,
        "kind": bound.kind,
        "value": bound.value,
        "applies": bound.applies,
        "reason": bound.reason or None,
        "hypotheses": [{"text": h.text, "holds": h.holds, "needed": h.needed} for h in bound.hypotheses],
        "source": bound.source,
    }


def checks_of(checks: Iterable[Check]) -> dict[str, bool | None]:
    return {check.name: check.passed for check in checks}


def details_of(checks: Iterable[Check]) -> dict[str, str]:
    return {check.name: check.detail for check in checks}


def _linear(found: LinearRegions | None) -> Document:
    names = ("activation_patterns", "linear_regions_open", "linear_regions_closed", "affine_pieces", "convex_regions")
    if found is None:
        return dict.fromkeys(names)
    convex = {"low": found.convex_low, "high": found.convex_high}
    values = (found.activation_patterns, found.open_connected, found.closed_connected, found.affine_pieces, convex)
    return dict(zip(names, values, strict=True))


def rational(value: Fraction) -> Document:
    """A rational, exactly and as a double."""
    return {"num": value.numerator, "den": value.denominator, "float": nearest_double(value)}


def _kind(matrices: list[RationalMatrix]) -> str:
    """The narrowest kind of number that holds all entries."""
    if all(matrix.is_integral for matrix in matrices):
        return "integer"
    if all(matrix.is_exact_as(np.float32) for matrix in matrices):
        return "float32"
    return "float64" if all(matrix.is_exact_as(np.float64) for matrix in matrices) else "rational"


def _kind_of_network(network: Network) -> str:
    forms = [stage.pre_activation for stage in network.stages] + [network.output]
    return _kind([matrix for form in forms for matrix in (form.constant, *form.terms.values())])


def _port(port: Port) -> Document:
    return {"name": port.name, "shape": list(port.shape), "first": port.first, "size": port.size}


def _num_zeros(matrix: RationalMatrix) -> int:
    rows, columns = matrix.shape
    return rows * columns - len(matrix.nonzeros()[2])


def _num_constant_units(matrices: Iterable[RationalMatrix], size: int) -> int:
    """Units all of whose weights are zero: they never change sign."""
    alive = np.zeros(size, dtype=np.bool_)
    for matrix in matrices:
        alive[matrix.nonzeros()[0]] = True
    return int(size - alive.sum())


def _predicates(decided: Predicates) -> Document:
    """How signs were decided; each is settled by one of `settled_by`."""
    return {
        "total": decided.total,
        "exact": decided.exact,
        "zero": decided.zero,
        "settled_by": {
            "edges": decided.edges,
            "doubles": decided.doubles,
            "structure": decided.structural,
            "small_integers": decided.small_integers,
            "refined_doubles": decided.refined,
            "twofold_doubles": decided.twofold,
            "integers": decided.exact,
        },
        "exact_share": round(decided.exact_share, 3),
    }
