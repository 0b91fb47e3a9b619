"""Verifications as a JUnit XML report, which CI systems show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from relureg.theory.theorem import Status
from relureg.theory.theorems import THEOREMS
from relureg.theory.verification import Verification


def junit_report(verifications: Iterable[Verification], *, claims: bool) -> bytes:
    """One test suite a network, one test case a theorem.

    A violated theorem is a failure; a claimed one is a failure with `claims`, and passes with its numbers as output
    otherwise. A theorem that does not apply, or a network stopped by a limit, is skipped.
    """
    root = ElementTree.Element("testsuites", name="relureg verify")
    for found in verifications:
        suite = ElementTree.SubElement(root, "testsuite", name=found.network.name)
        if found.domain is not None:
            properties = ElementTree.SubElement(suite, "properties")
            ElementTree.SubElement(properties, "property", name="domain", value=found.domain.label)
        counts = {"tests": 0, "failures": 0, "skipped": 0}
        failing = {verdict.theorem for verdict in found.violations(claims=claims)}
        for verdict in found.verdicts:
            case = _case(suite, found.network.name, verdict.theorem)
            counts["tests"] += 1
            if verdict.theorem in failing:
                counts["failures"] += 1
                failure = ElementTree.SubElement(case, "failure", message=verdict.detail, type=verdict.status.value)
                failure.text = f"{THEOREMS[verdict.theorem].statement} ({THEOREMS[verdict.theorem].source})"
            elif verdict.status is Status.NOT_APPLICABLE:
                counts["skipped"] += 1
                ElementTree.SubElement(case, "skipped", message=verdict.detail)
            else:
                ElementTree.SubElement(case, "system-out").text = f"{verdict.status.value}: {verdict.detail}"
        if found.stopped_by is not None:
            counts["tests"], counts["skipped"] = 1, 1
            case = _case(suite, found.network.name, "all theorems")
            ElementTree.SubElement(case, "skipped", message=f"stopped by {found.stopped_by}")
        suite.attrib.update({key: str(value) for key, value in counts.items()})
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def is_report(path: Path) -> bool:
    """Whether a file is a report that relureg has written, of which the next may take the place."""
    try:
        with path.open("rb") as stream:
            head = stream.read(200)
    except OSError:
        return False
    return head.startswith(b"<?xml ") and b'<testsuites name="relureg ' in head


def _case(suite: ElementTree.Element, network: str, theorem: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=network, name=theorem)
