"""What the commands about theory tell: networks made, and theorems verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from relureg.families.catalogue import Constructed, Construction
from relureg.network.model import Network
from relureg.reports.documents import Document, head, network_document, rational
from relureg.theory.theorems import THEOREMS
from relureg.theory.verification import Verification


def catalogue_document(families: Iterable[Construction]) -> Document:
    """What `relureg construct` tells without a name."""
    return head("construct", None) | {
        "constructions": [
            {
                "name": family.name,
                "summary": family.summary,
                "source": family.source,
                "parameters": [{"name": p.name, "meaning": p.meaning, "default": p.default} for p in family.parameters],
                "example": family.example,
            }
            for family in families
        ]
    }


def construct_document(made: Constructed, parameters: Mapping[str, str], output: str | None) -> Document:
    """What `relureg construct NAME` tells."""
    return head("construct", made.network) | {
        "construction": made.construction.name,
        "parameters": dict(parameters),
        "source": made.construction.source,
        "regions": made.regions,
        "regions_at_least": made.at_least if made.regions is None else made.regions,
        "output": output,
    }


def random_document(network: Network, init: str, seed: int, output: str | None) -> Document:
    """What `relureg random` tells."""
    return head("random", network) | {"init": init, "seed": seed, "output": output}


def verify_document(
    verifications: Iterable[Verification], *, claims: bool, seed: int | None, saved: Mapping[str, str]
) -> Document:
    """What `relureg verify` tells; `saved` maps files to what they hold."""
    listed = list(verifications)
    return head("verify", None) | {
        "claims": claims,
        "seed": seed,
        "networks": [
            network_document(found.network)
            | {
                "domain": None if found.domain is None else found.domain.label,
                "regions": found.regions,
                "stopped_by": found.stopped_by,
            }
            for found in listed
        ],
        "theorems": [
            {"name": t.name, "statement": t.statement, "source": t.source, "claimed": t.is_claimed}
            for t in THEOREMS.values()
        ],
        "results": [
            {
                "network": found.network.name,
                "theorem": verdict.theorem,
                "status": verdict.status.value,
                "lhs": _number(verdict.lhs),
                "rhs": _number(verdict.rhs),
                "detail": verdict.detail,
            }
            for found in listed
            for verdict in found.verdicts
        ],
        "violations": sum(len(found.violations(claims=claims)) for found in listed),
        "saved": [{"file": file, "what": what} for file, what in saved.items()],
    }


def _number(value: Fraction | int | None) -> Document | int | None:
    """An integer as it is, another rational exactly and as a double."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else rational(value)
    return value
