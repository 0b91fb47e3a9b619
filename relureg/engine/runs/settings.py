"""What all batches of one run share, as it travels to workers and stands in a journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relureg import version
from relureg.network.document import problem_document, read_problem
from relureg.network.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """A problem, and what is wanted of it; `difference` says in what two of them differ."""

    problem: Problem
    audit: bool = False
    keeps_records: bool = False
    """Whether each batch also yields its regions and facets."""
    enumerates: bool = False
    """Whether a count visits every region."""
    dictionaries: bool = False
    """Whether the engine is `relureg.engine.dictionaries`, and not the splitter."""
    version: str = version.__version__
    """The relureg that asks; only the same one may answer, since its prefixes name the same cells."""

    def document(self) -> dict[str, Any]:
        """Everything but the version, as JSON; equal settings give equal documents."""
        wanted = {
            "audit": self.audit,
            "keeps_records": self.keeps_records,
            "enumerates": self.enumerates,
            "dictionaries": self.dictionaries,
        }
        return problem_document(self.problem) | wanted

    @classmethod
    def of(cls, document: dict[str, Any]) -> RunSettings:
        """The settings of a document; raises `ReluregError`, KeyError, TypeError or ValueError where it is none."""
        return cls(
            problem=read_problem(document),
            audit=bool(document["audit"]),
            keeps_records=bool(document["keeps_records"]),
            enumerates=bool(document["enumerates"]),
            dictionaries=bool(document["dictionaries"]),
        )

    def difference(self, other: RunSettings) -> str | None:
        """In what `other` differs, the version apart, in words; None if in nothing that matters."""
        mine, theirs = self.problem.network, other.problem.network
        is_other = {
            "another network": theirs.sha256 != mine.sha256,
            "another slice": theirs.slice != mine.slice
            and not (mine.slice and theirs.slice and mine.slice.is_same_as(theirs.slice)),
            "another domain": other.problem.domain != self.problem.domain,
            "audit": other.audit != self.audit,
            "--keep-regions": other.keeps_records != self.keeps_records,
            "another engine": other.dictionaries != self.dictionaries,
            "--enumerate": other.enumerates != self.enumerates,
        }
        return next((words for words, differs in is_other.items() if differs), None)
