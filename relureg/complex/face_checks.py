"""Checks of a complex by its faces of every dimension."""

from __future__ import annotations

from collections.abc import Callable

from relureg.complex import face_limits
from relureg.complex.checks import Check, ComplexSize, incomplete
from relureg.complex.faces import Faces
from relureg.errors import CheckFailedError
from relureg.words import figure


def check_faces(size: ComplexSize, faces: Callable[[], Faces]) -> tuple[Check, Check]:
    """Both checks; `faces` is called where they are complete and within `face_limits.MAX_FACES`."""
    if not size.complete:
        return incomplete("euler"), incomplete("faces")
    if face_limits.estimate_faces(size.regions, size.problem.essential_dim) > face_limits.MAX_FACES:
        return left_out(size)
    try:
        found = faces()
    except CheckFailedError as error:
        return _both(False, str(error))
    return euler(size, found), match_facets_and_vertices(size, found)


def left_out(size: ComplexSize) -> tuple[Check, Check]:
    """The same where there are too many faces to look at them unasked, or at all."""
    estimate = face_limits.estimate_faces(size.regions, size.problem.essential_dim)
    detail = f"left out: about {figure(estimate)} faces"
    if estimate <= face_limits.MAX_FACES:
        detail += "; face_checks and --faces look at them"
    return _both(None, detail)


def euler(size: ComplexSize, faces: Faces) -> Check:
    """Sum (-1)^k f_k is the Euler characteristic, with compact support, of the space that the cells divide.

    That is (-1)^r for R^r, 1 for a bounded domain and 0 for an unbounded one that contains no line. On the whole space
    the bounded faces make a contractible complex: their sum is 1.
    """
    expected = _euler_characteristic(size, all_bounded=faces.f_vector[-1] == faces.f_vector_bounded[-1])
    if expected is None:
        return Check(name="euler", passed=None, detail="for a domain that contains a line it is not known")
    passed, detail = faces.euler == expected, f"{faces.euler} = {expected}"
    if size.problem.domain is None:
        passed, detail = passed and faces.euler_bounded == 1, f"{detail}; bounded faces {faces.euler_bounded} = 1"
    return Check(name="euler", passed=passed, detail=detail)


def match_facets_and_vertices(size: ComplexSize, faces: Faces) -> Check:
    """The facets found from vertices are as many as those found from signs, and so are the vertices either way."""
    if not size.problem.essential_dim:
        return Check(name="faces", passed=None, detail="the complex is one point in its essential dimensions")
    counted, listed = faces.f_vector[-2], (size.inner_facets or 0) + (size.boundary_facets or 0)
    vertices = len(faces.generator_of_vertex)
    return Check(
        name="faces",
        passed=counted == listed and faces.f_vector[0] == vertices,
        detail=f"{counted:,} = {listed:,} facets, {faces.f_vector[0]:,} = {vertices:,} vertices",
    )


def _euler_characteristic(size: ComplexSize, *, all_bounded: bool) -> int | None:
    """None where it is not known without a look at the shape of the domain."""
    domain, dim = size.problem.domain, size.problem.essential_dim
    num_lines = dim if domain is None else dim - domain.normals.rank()
    if num_lines in (0, dim):
        return (-1) ** num_lines if all_bounded or num_lines else 0
    return None


def _both(passed: bool | None, detail: str) -> tuple[Check, Check]:
    return Check(name="euler", passed=passed, detail=detail), Check(name="faces", passed=passed, detail=detail)
