"""What all work units of one run share, as it travels to workers and stands in a journal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from relureg import version
from relureg.exact.rational import RationalMatrix
from relureg.network import document as json_
from relureg.network.domain import Domain
from relureg.network.model import Network
from relureg.network.particulars import particulars, with_particulars


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A network, a domain, and what is wanted of them; `difference` says in what two of them differ."""

    network: Network
    domain: Domain | None
    audit: bool = False
    keeps_records: bool = False
    """Whether each unit also yields its regions and facets."""
    enumerates: bool = False
    """Whether a count visits every region."""
    version: str = version.__version__
    """The relureg that asks; only the same one may answer, since its prefixes name the same cells."""

    def document(self) -> dict[str, Any]:
        """Everything but the version, as JSON; equal problems give equal documents."""
        domain = self.domain
        return {
            "network": json.loads(json_.write(self.network)),
            "network_sha256": self.network.sha256,
            "name": self.network.name,
            "particulars": particulars(self.network),
            "domain": None
            if domain is None
            else {
                "label": domain.label,
                "constants": _texts(domain.constants),
                "normals": _texts(domain.normals),
            },
            "audit": self.audit,
            "keeps_records": self.keeps_records,
            "enumerates": self.enumerates,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Problem:
        """The problem of a document; raises `ReluregError`, KeyError, TypeError or ValueError where it is none."""
        network = json_.read(json.dumps(document["network"]).encode(), name=str(document["name"]))
        # Older journals tell nothing but the name.
        if document.get("particulars") is not None:
            network = with_particulars(network, document["particulars"])
        found = document["domain"]
        domain = None
        if found is not None:
            domain = Domain(
                constants=_matrix(found["constants"], 1),
                normals=_matrix(found["normals"], network.input_dim),
                label=str(found["label"]),
            )
            domain.check_fits(network)
        if network.sha256 != document["network_sha256"]:
            raise ValueError("the network is not the one whose hash is given")
        return cls(
            network=network,
            domain=domain,
            audit=bool(document["audit"]),
            keeps_records=bool(document["keeps_records"]),
            enumerates=bool(document["enumerates"]),
        )

    @property
    def key(self) -> str:
        """A hash of everything, the version included."""
        return hashlib.blake2b(json.dumps([self.version, self.document()]).encode(), digest_size=16).hexdigest()

    def difference(self, other: Problem) -> str | None:
        """In what `other` differs, the version apart, in words; None if in nothing that matters."""
        if other.network.sha256 != self.network.sha256:
            return "another network"
        flat, wanted = self.network.slice, other.network.slice
        # A journal without a slice is of a network that was given as it is, or an older one, which does not tell.
        if flat is not None and (wanted is None or not flat.is_same_as(wanted)):
            return "another slice"
        mine, theirs = self.document(), other.document()
        for name, words in (
            ("domain", "another domain"),
            ("audit", "audit"),
            ("keeps_records", "--keep-regions"),
            ("enumerates", "--enumerate"),
        ):
            if mine[name] != theirs[name]:
                return words
        return None


def _texts(matrix: RationalMatrix) -> list[list[str]]:
    return [[str(entry) for entry in row] for row in matrix.fractions()]


def _matrix(rows: list[list[str]], columns: int) -> RationalMatrix:
    return RationalMatrix.from_fractions([[Fraction(entry) for entry in row] for row in rows], columns)
