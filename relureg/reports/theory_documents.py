"""What the commands about theory tell: networks made, and theorems verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relureg.network.catalogue import Constructed, Construction
from relureg.network.model import Network
from relureg.reports.documents import Document, head


def catalogue_document(families: Iterable[Construction]) -> Document:
    """What `relureg construct` tells without a name."""
    return head("construct", None) | {
        "constructions": [
            {
                "name": family.name,
                "summary": family.summary,
                "source": family.source,
                "parameters": [
                    {"name": p.name, "meaning": p.meaning, "default": p.default} for p in family.parameters
                ],
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
