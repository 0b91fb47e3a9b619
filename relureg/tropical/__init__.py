"""Tropical geometry of ReLU networks: exact tropical forms, Newton polytopes, dual subdivisions, and the way back.

See `tropical_map` for a network, `parse` for an expression, `dual_subdivision`, `zonotope`, `network_of` for the way
back to a network, `same_function`, and `analyse_network` for all of it with its checks.

Begin with `rational_map.py`.
"""

from relureg.tropical.analysis import OutputAnalysis, TropicalAnalysis, Wanted, analyse_expression, analyse_network
from relureg.tropical.construction import Construction, PiecewiseLinear, network_of
from relureg.tropical.equality import Equality, same_function
from relureg.tropical.expression import Expression, parse
from relureg.tropical.growth import Growth
from relureg.tropical.levels import LevelSet, level_set
from relureg.tropical.notation import in_max_notation, in_tropical_notation
from relureg.tropical.polynomial import TropicalPolynomial, largest_of
from relureg.tropical.rational_function import TropicalRational
from relureg.tropical.rational_map import TropicalMap, tropical_map
from relureg.tropical.subdivision import DualSubdivision, dual_subdivision, newton_vertices
from relureg.tropical.zonotope import Zonotope, zonotope

__all__ = [
    "Construction",
    "DualSubdivision",
    "Equality",
    "Expression",
    "Growth",
    "LevelSet",
    "OutputAnalysis",
    "PiecewiseLinear",
    "TropicalMap",
    "TropicalPolynomial",
    "TropicalRational",
    "TropicalAnalysis",
    "Wanted",
    "Zonotope",
    "dual_subdivision",
    "in_max_notation",
    "in_tropical_notation",
    "largest_of",
    "level_set",
    "network_of",
    "newton_vertices",
    "parse",
    "same_function",
    "tropical_map",
    "analyse_expression",
    "analyse_network",
    "zonotope",
]
