"""relureg: the exact polyhedral complex of a ReLU network.

Load a network, enumerate every activation region of the whole input space, and ask the complex and its
region graph; see `load`, `enumerate_regions`, `bounds`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from relureg.version import __version__

if TYPE_CHECKING:
    from relureg.behaviour.derivative_ranges import DerivativeExtremum, DerivativeRange, derivative_ranges
    from relureg.behaviour.differences import Deviation, NetworkComparison, compare_networks
    from relureg.behaviour.lipschitz_constants import LipschitzConstant, lipschitz_constant, lipschitz_constants
    from relureg.behaviour.output_ranges import Extremum, Range, output_range
    from relureg.behaviour.polytopes import Polytope
    from relureg.behaviour.preimages import ImagePiece, Preimage, image, preimage
    from relureg.behaviour.properties import Counterexample, Verdict, check_property
    from relureg.complex.complex import Complex
    from relureg.complex.count import RegionCount, count_problem, count_regions, resume
    from relureg.complex.decision_cut import DecisionCut, decision_cut
    from relureg.complex.enumeration import enumerate_problem, enumerate_regions, load_complex
    from relureg.complex.estimation import RegionEstimate, estimate_regions
    from relureg.complex.facets import Neighbour
    from relureg.complex.graph.region_graph import RegionGraph
    from relureg.complex.graph.stored_graph import StoredGraph, stored_graph
    from relureg.complex.halfspaces import Inequalities
    from relureg.complex.history import HistoryRow, RegionHistory
    from relureg.complex.line import Breakpoint, breakpoints
    from relureg.complex.linear.notions import LinearRegions
    from relureg.complex.neighbourhood import Neighbourhood, regions_around
    from relureg.complex.polyhedron import Polyhedron
    from relureg.complex.stream import CellBatch, iter_cells
    from relureg.control.closed_loop import Trajectory, closed_loop
    from relureg.control.piecewise_affine import PiecewiseAffine
    from relureg.engine.intervals import Interval
    from relureg.engine.limits import Limits, Workers
    from relureg.engine.runs.status import JournalStatus, journal_status
    from relureg.families.catalogue import construct
    from relureg.families.random import random_network
    from relureg.network.domain import Domain
    from relureg.network.model import Network
    from relureg.network.problem import Problem
    from relureg.network.slices import Slice
    from relureg.network.specification import Condition, Specification
    from relureg.pages.explorer.page import save_explorer
    from relureg.plots.figure import plot
    from relureg.proofs.checking import Proved, check_proof
    from relureg.proofs.lipschitz import write_lipschitz_proof
    from relureg.proofs.proof_writer import ProofFigures, write_proof
    from relureg.proofs.values import (
        ValueProofFigures,
        write_comparison_proof,
        write_property_proof,
        write_range_proof,
    )
    from relureg.readers.formats import load, save
    from relureg.readers.sklearn import from_sklearn
    from relureg.readers.torch.reader import from_torch
    from relureg.reports.exports.graph_files import save_graph
    from relureg.reports.exports.region_files import save_regions
    from relureg.theory.bounds import Bound, bounds
    from relureg.theory.theorems import check_theorems
    from relureg.topology.decision_topology import DecisionTopology, TopologyPart, decision_topology
    from relureg.topology.persistence import PersistenceDiagram, PersistencePair, persistence

__all__ = [
    "Bound",
    "Breakpoint",
    "CellBatch",
    "Complex",
    "Condition",
    "Counterexample",
    "DecisionCut",
    "DecisionTopology",
    "DerivativeExtremum",
    "DerivativeRange",
    "Deviation",
    "Domain",
    "Extremum",
    "HistoryRow",
    "Inequalities",
    "ImagePiece",
    "Interval",
    "JournalStatus",
    "Limits",
    "LinearRegions",
    "LipschitzConstant",
    "Neighbour",
    "Neighbourhood",
    "Network",
    "NetworkComparison",
    "PersistenceDiagram",
    "PersistencePair",
    "PiecewiseAffine",
    "Polyhedron",
    "Polytope",
    "Preimage",
    "Problem",
    "ProofFigures",
    "Proved",
    "Range",
    "RegionCount",
    "RegionEstimate",
    "RegionGraph",
    "RegionHistory",
    "Slice",
    "Specification",
    "StoredGraph",
    "TopologyPart",
    "Trajectory",
    "ValueProofFigures",
    "Verdict",
    "Workers",
    "__version__",
    "bounds",
    "breakpoints",
    "check_proof",
    "check_property",
    "check_theorems",
    "closed_loop",
    "compare_networks",
    "construct",
    "derivative_ranges",
    "image",
    "preimage",
    "count_problem",
    "count_regions",
    "decision_cut",
    "decision_topology",
    "enumerate_problem",
    "enumerate_regions",
    "estimate_regions",
    "from_sklearn",
    "from_torch",
    "iter_cells",
    "journal_status",
    "lipschitz_constant",
    "lipschitz_constants",
    "load",
    "plot",
    "resume",
    "load_complex",
    "output_range",
    "persistence",
    "random_network",
    "regions_around",
    "save",
    "save_explorer",
    "stored_graph",
    "save_graph",
    "save_regions",
    "write_comparison_proof",
    "write_lipschitz_proof",
    "write_proof",
    "write_property_proof",
    "write_range_proof",
]

_MODULES = {
    "Bound": "theory.bounds",
    "Breakpoint": "complex.line",
    "CellBatch": "complex.stream",
    "Complex": "complex.complex",
    "Condition": "network.specification",
    "Counterexample": "behaviour.properties",
    "DecisionCut": "complex.decision_cut",
    "DecisionTopology": "topology.decision_topology",
    "DerivativeExtremum": "behaviour.derivative_ranges",
    "DerivativeRange": "behaviour.derivative_ranges",
    "Deviation": "behaviour.differences",
    "Domain": "network.domain",
    "Extremum": "behaviour.output_ranges",
    "HistoryRow": "complex.history",
    "Inequalities": "complex.halfspaces",
    "ImagePiece": "behaviour.preimages",
    "Interval": "engine.intervals",
    "JournalStatus": "engine.runs.status",
    "Limits": "engine.limits",
    "LinearRegions": "complex.linear.notions",
    "LipschitzConstant": "behaviour.lipschitz_constants",
    "Neighbour": "complex.facets",
    "Neighbourhood": "complex.neighbourhood",
    "Network": "network.model",
    "NetworkComparison": "behaviour.differences",
    "PersistenceDiagram": "topology.persistence",
    "PersistencePair": "topology.persistence",
    "PiecewiseAffine": "control.piecewise_affine",
    "Polyhedron": "complex.polyhedron",
    "Polytope": "behaviour.polytopes",
    "Preimage": "behaviour.preimages",
    "Problem": "network.problem",
    "ProofFigures": "proofs.proof_writer",
    "Proved": "proofs.checking",
    "Range": "behaviour.output_ranges",
    "RegionCount": "complex.count",
    "RegionEstimate": "complex.estimation",
    "RegionGraph": "complex.graph.region_graph",
    "RegionHistory": "complex.history",
    "Slice": "network.slices",
    "Specification": "network.specification",
    "StoredGraph": "complex.graph.stored_graph",
    "TopologyPart": "topology.decision_topology",
    "Trajectory": "control.closed_loop",
    "ValueProofFigures": "proofs.values",
    "Verdict": "behaviour.properties",
    "Workers": "engine.limits",
    "bounds": "theory.bounds",
    "breakpoints": "complex.line",
    "check_proof": "proofs.checking",
    "check_property": "behaviour.properties",
    "check_theorems": "theory.theorems",
    "closed_loop": "control.closed_loop",
    "compare_networks": "behaviour.differences",
    "construct": "families.catalogue",
    "derivative_ranges": "behaviour.derivative_ranges",
    "image": "behaviour.preimages",
    "preimage": "behaviour.preimages",
    "count_problem": "complex.count",
    "count_regions": "complex.count",
    "decision_cut": "complex.decision_cut",
    "decision_topology": "topology.decision_topology",
    "enumerate_problem": "complex.enumeration",
    "enumerate_regions": "complex.enumeration",
    "estimate_regions": "complex.estimation",
    "from_sklearn": "readers.sklearn",
    "from_torch": "readers.torch.reader",
    "iter_cells": "complex.stream",
    "journal_status": "engine.runs.status",
    "lipschitz_constant": "behaviour.lipschitz_constants",
    "lipschitz_constants": "behaviour.lipschitz_constants",
    "load": "readers.formats",
    "load_complex": "complex.enumeration",
    "plot": "plots.figure",
    "persistence": "topology.persistence",
    "output_range": "behaviour.output_ranges",
    "random_network": "families.random",
    "regions_around": "complex.neighbourhood",
    "resume": "complex.count",
    "save": "readers.formats",
    "save_explorer": "pages.explorer.page",
    "save_graph": "reports.exports.graph_files",
    "save_regions": "reports.exports.region_files",
    "stored_graph": "complex.graph.stored_graph",
    "write_comparison_proof": "proofs.values",
    "write_lipschitz_proof": "proofs.lipschitz",
    "write_proof": "proofs.proof_writer",
    "write_property_proof": "proofs.values",
    "write_range_proof": "proofs.values",
}
"""Where each public name is: imported when it is asked for (PEP 562), so that a start brings only what it uses."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
