"""An extracted function, judged: at the data, at test points, layer by layer, and on the whole input space."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relureg.arguments import checked
from relureg.complex.enumeration import enumerate_regions
from relureg.errors import UsageError
from relureg.frozen import Frozen, read_only
from relureg.maps.data import Dataset
from relureg.maps.everywhere import EverywhereCheck, compare_everywhere
from relureg.maps.float_network import FloatNetwork
from relureg.maps.local import PointRegions, Report, classes_of, outputs_at, regions_at
from relureg.maps.similarity import Similarity, StageAgreement, agreement_by_stage, compare_coefficients
from relureg.maps.tropex import AgreementCheck, ExtractedFunction, check_agreement, extract
from relureg.network.model import Network

_MEASURABLE = 0.1
"""Seconds that a forward pass of all points takes at least where the cost of the extraction is told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TestAgreement(Frozen):
    """N and N^(X) at q test points."""

    __test__ = False  # no test, though pytest would think so

    classes: NDArray[np.int64]
    """(q,): the classes that N^(X) gives."""
    labels: NDArray[np.int64] | None
    """(q,): the true classes, where they are known."""
    agreement: float
    """The share of points to which both give the same class."""
    accuracy: float | None
    """The share of points to which N gives their label, where there are labels."""
    extracted_accuracy: float | None
    """The same of N^(X)."""
    similarity: Similarity
    stages: tuple[StageAgreement, ...] | None
    """After each layer that is merged, where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Extraction(Frozen):
    """The function N^(X) that was extracted at n data points, and how it compares with the network N."""

    function: ExtractedFunction
    num_points: int
    """n."""
    forward_passes: float | None
    """What the extraction costs, in forward passes of all points; None where these take too little time to tell."""
    check: AgreementCheck
    """Theorem 3.3, at the data."""
    test: TestAgreement | None
    everywhere: EverywhereCheck | None
    """On the whole input space, where that was asked for; with a point in each region."""

    @property
    def checks(self) -> dict[str, bool]:
        """What is proven of the function, by name, and whether it held."""
        everywhere = {} if self.everywhere is None else {"everywhere": self.everywhere.passed}
        return {"theorem_3_3": self.check.passed} | everywhere


@checked
def extract_and_compare(
    network: Network,
    data: Dataset,
    test: Dataset | None = None,
    *,
    every_output: bool = False,
    stages: bool = False,
    everywhere: bool = False,
    chunk: int | None = None,
    report: Report | None = None,
) -> Extraction:
    """Extract the linear terms that a network uses at data points (TropEx), and compare; what `maps extract` tells.

    Source: Trimmel, Petzka and Sminchisescu [TPS21].

    Parameters
    ----------
    data : Dataset
        Where the terms are extracted.
    test : Dataset, optional
        Where N and N^(X) are compared.
    every_output : bool, optional
        Numerators of all outputs at each point, as in `extract`.
    stages : bool, optional
        Compare also after each layer that is merged; see `agreement_by_stage`.
    everywhere : bool, optional
        Enumerate all regions, and compare on the whole input space; see `compare_everywhere`.
    chunk : int, optional
        Points at once; by default as many as fit into about 128 MB.
    report : callable, optional
        Told of progress.

    Raises
    ------
    UsageError
        `stages` without `test`.

    Examples
    --------
    >>> import relureg
    >>> from relureg import maps
    >>> xor = relureg.load("fixtures/truth/xor.json")
    >>> data = maps.read_data(xor, "fixtures/maps/xor.csv", "label")
    >>> found = maps.extract_and_compare(xor, data, data, everywhere=True)
    >>> found.check.passed, found.test.agreement, found.everywhere.passed
    (True, 1.0, True)
    """
    if stages and test is None:
        raise UsageError("stages are compared on test points; give test")
    regions = regions_at(FloatNetwork.of(network), data.points, chunk, report)
    function, passes = _timed(network, data, regions, every_output=every_output, chunk=chunk, report=report)
    return Extraction(
        function=function,
        num_points=len(data.points),
        forward_passes=passes,
        check=check_agreement(network, function, data.points, chunk=chunk),
        test=None if test is None else _compare(network, function, data, test, stages, chunk, report),
        everywhere=compare_everywhere(enumerate_regions(network)) if everywhere else None,
    )


def _timed(
    network: Network,
    data: Dataset,
    regions: PointRegions,
    *,
    every_output: bool,
    chunk: int | None,
    report: Report | None,
) -> tuple[ExtractedFunction, float | None]:
    """The function, and what it costs in forward passes."""
    begun = time.process_time()
    outputs_at(FloatNetwork.of(network), data.points, chunk)
    passed = time.process_time()
    function = extract(network, data.points, regions, every_output=every_output, chunk=chunk, report=report)
    spent = time.process_time() - passed
    # Few points take less time than the clock can tell.
    return function, spent / (passed - begun) if passed - begun >= _MEASURABLE else None


def _compare(
    network: Network,
    function: ExtractedFunction,
    data: Dataset,
    test: Dataset,
    with_stages: bool,
    chunk: int | None,
    report: Report | None,
) -> TestAgreement:
    classes = classes_of(outputs_at(FloatNetwork.of(network), test.points, chunk))
    extracted = function.predict(test.points)
    stages = None
    similarity = compare_coefficients(network, function, test.points, chunk=chunk)
    if with_stages:
        stages = agreement_by_stage(network, data.points, test.points, test.labels, chunk=chunk, report=report)
    return TestAgreement(
        classes=read_only(extracted),
        labels=test.labels,
        agreement=float((classes == extracted).mean()),
        accuracy=test.accuracy(classes),
        extracted_accuracy=test.accuracy(extracted),
        similarity=similarity,
        stages=stages,
    )
