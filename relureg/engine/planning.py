"""How the samples of an estimate are taken: learned from samples before, which are no part of it."""

from __future__ import annotations

import itertools

import numpy as np

from relureg.engine.experience import Experience, joined
from relureg.engine.intervals import FEWEST
from relureg.engine.sampling import PROBE, Plan, Sample, TreeSampler

_MOST_WHOLE = 10_000
"""Cells of a tree that is searched as a whole, instead of samples."""
_PROBES = 32
"""Descents to single cells, from which the first sample is planned."""
_ROUNDS = (16, 64, 256)
"""Cells of the samples from which the next one is planned, each better than the one before."""
_MOST_VISITS = 40_000
"""Cells that a sample may go on with while it is only planned; one that would be larger is made smaller."""
_VISITS = 4_000
"""The same that the samples of the estimate itself are planned for, on average."""


def plan_samples(sampler: TreeSampler, seeds: itertools.count[int]) -> tuple[Plan, list[Sample]]:
    """How to take the samples of an estimate, and the samples from which that was learned.

    Where the last of these is whole, there is nothing left to be sampled; where it is incomplete, a limit was reached.
    """
    (whole,) = sampler.take(sampler.everything, itertools.islice(seeds, 1), most_visits=_MOST_WHOLE)
    if whole.is_complete or whole.is_stopped:
        return sampler.everything, [whole]
    probes = [s for s in sampler.take(PROBE, itertools.islice(seeds, _PROBES)) if s.is_complete]
    taken = list(probes)
    if not probes:
        return PROBE, taken
    experience = joined([probe.experience for probe in probes])
    regions = float(np.mean([probe.regions for probe in probes]))
    own: list[Experience] = []
    plan, visits = PROBE, 1.0
    for cells in _ROUNDS:
        threshold = max(regions / cells, 1e-9)
        while True:
            plan = Plan(threshold=threshold, expected=sampler.expected(experience))
            (sample,) = sampler.take(plan, itertools.islice(seeds, 1), most_visits=_MOST_VISITS)
            taken.append(sample)
            if sample.is_complete:
                break
            if sample.is_stopped:
                return plan, taken
            threshold *= 8
        own.append(sample.experience)
        experience = joined(own[-2:] if len(own) > 1 else [own[0], experience])
        regions = max(sample.regions, 1.0)
        visits = float(sample.visits)
    if sample.cells <= FEWEST * _VISITS:  # samples would cost more than the whole tree does
        taken += sampler.take(sampler.everything, itertools.islice(seeds, 1))
        return sampler.everything, taken
    threshold = plan.threshold * max(visits, 1.0) / _VISITS
    return Plan(threshold=threshold, expected=sampler.expected(experience)), taken
