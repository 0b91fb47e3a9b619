"""relureg: the exact polyhedral complex of a ReLU network.

Load a network, enumerate every activation region of the whole input space, and ask the complex and its
region graph; see `load`, `enumerate_regions`, `bounds`.
"""

from relureg.complex.archive import load_complex
from relureg.complex.complex import Complex, Neighbour, enumerate_regions
from relureg.complex.count import RegionCount, count_regions
from relureg.complex.graph import RegionGraph
from relureg.complex.line import Breakpoint, breakpoints
from relureg.complex.linear import LinearRegions
from relureg.complex.polyhedron import Polyhedron
from relureg.network.domain import Domain
from relureg.network.formats import load, save
from relureg.network.model import Network
from relureg.network.slices import Slice
from relureg.reports.graph_files import save_graph
from relureg.reports.region_files import save_regions
from relureg.theory.bounds import Bound, bounds
from relureg.version import __version__

__all__ = [
    "Bound",
    "Breakpoint",
    "Complex",
    "Domain",
    "LinearRegions",
    "Network",
    "Neighbour",
    "Polyhedron",
    "RegionCount",
    "RegionGraph",
    "Slice",
    "__version__",
    "bounds",
    "breakpoints",
    "count_regions",
    "enumerate_regions",
    "load",
    "load_complex",
    "save",
    "save_graph",
    "save_regions",
]
