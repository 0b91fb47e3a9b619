"""Local linear maps on data: affine maps around points, functions extracted, maps between networks.

Everything here works on arrays of points, in chunks of bounded memory; what is decided about regions is decided
exactly.

Begin with `local.py`.
"""

from relureg.maps.clustering import ClusteredMaps, cluster_maps
from relureg.maps.data import Dataset, accuracy, read_data
from relureg.maps.everywhere import EverywhereCheck, compare_everywhere
from relureg.maps.extraction import Extraction, TestAgreement, extract_and_compare
from relureg.maps.images import DualPoints, dual_points, gradient_images
from relureg.maps.inequalities import LocalRegion, region_around
from relureg.maps.local import LocalMaps, PointRegions, find_regions, iter_maps, local_maps
from relureg.maps.nearest import NearestFacets, nearest_facets
from relureg.maps.relating import RelatedMaps, relate_maps
from relureg.maps.similarity import Similarity, StageAgreement, agreement_by_stage, compare_coefficients
from relureg.maps.surroundings import Surroundings, iter_surroundings
from relureg.maps.survey import PointSurvey, PointUse, survey_points
from relureg.maps.tropex import AgreementCheck, ExtractedFunction, check_agreement, extract

__all__ = [
    "AgreementCheck",
    "ClusteredMaps",
    "Dataset",
    "DualPoints",
    "EverywhereCheck",
    "ExtractedFunction",
    "Extraction",
    "LocalMaps",
    "LocalRegion",
    "NearestFacets",
    "PointRegions",
    "PointSurvey",
    "PointUse",
    "RelatedMaps",
    "Similarity",
    "StageAgreement",
    "Surroundings",
    "TestAgreement",
    "accuracy",
    "agreement_by_stage",
    "check_agreement",
    "cluster_maps",
    "compare_coefficients",
    "compare_everywhere",
    "dual_points",
    "extract",
    "extract_and_compare",
    "find_regions",
    "gradient_images",
    "iter_maps",
    "iter_surroundings",
    "local_maps",
    "nearest_facets",
    "read_data",
    "region_around",
    "relate_maps",
    "survey_points",
]
