"""relureg: the exact polyhedral complex of a ReLU network.

Load a network, enumerate every activation region of the whole input space, and ask the complex and its
region graph; see `load`, `enumerate_regions`, `bounds`.
"""

from typing import TYPE_CHECKING, Any

from relureg.complex.complex import Complex
from relureg.complex.count import RegionCount, count_regions, resume
from relureg.complex.enumeration import enumerate_regions, load_complex
from relureg.complex.facets import Neighbour
from relureg.complex.graph.region_graph import RegionGraph
from relureg.complex.graph.stored_graph import StoredGraph, stored_graph
from relureg.complex.line import Breakpoint, breakpoints
from relureg.complex.linear.notions import LinearRegions
from relureg.complex.polyhedron import Polyhedron
from relureg.engine.runs.status import JournalStatus, journal_status
from relureg.families.catalogue import construct
from relureg.families.random import random_network
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.problem import Problem
from relureg.network.slices import Slice
from relureg.readers.formats import load, save
from relureg.reports.exports.graph_files import save_graph
from relureg.reports.exports.region_files import save_regions
from relureg.theory.bounds import Bound, bounds
from relureg.theory.theorems import check_theorems
from relureg.version import __version__

if TYPE_CHECKING:
    from relureg.readers.sklearn import from_sklearn
    from relureg.readers.torch.reader import from_torch

__all__ = [
    "Bound",
    "Breakpoint",
    "Complex",
    "Domain",
    "LinearRegions",
    "Network",
    "Neighbour",
    "Polyhedron",
    "Problem",
    "JournalStatus",
    "RegionCount",
    "RegionGraph",
    "Slice",
    "StoredGraph",
    "__version__",
    "bounds",
    "breakpoints",
    "check_theorems",
    "construct",
    "count_regions",
    "enumerate_regions",
    "from_sklearn",
    "from_torch",
    "journal_status",
    "load",
    "resume",
    "load_complex",
    "random_network",
    "save",
    "stored_graph",
    "save_graph",
    "save_regions",
]


def __getattr__(name: str) -> Any:
    """The readers of modules and estimators, which bring all that other libraries can hold, when they are asked for."""
    if name == "from_torch":
        from relureg.readers.torch.reader import from_torch

        return from_torch
    if name == "from_sklearn":
        from relureg.readers.sklearn import from_sklearn

        return from_sklearn
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
