"""What `relureg convert` tells: the network that was read, and the file that was written."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.text import Text

from relureg.network.model import Network
from relureg.reports.inspect import kind_of
from relureg.reports.layout import facts_table, page
from relureg.reports.report import NetworkFacts, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """The file, as it reads back."""

    path: str
    format: str
    parameters: str
    exact: bool
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertReport(Report):
    """A network in another file format."""

    command: str = field(default="convert", init=False)
    network: NetworkFacts
    written: WrittenFile
    notices: tuple[str, ...]

    @classmethod
    def of(cls, network: Network, written: Network, *, path: str, format_name: str) -> ConvertReport:
        forms = [stage.pre_activation for stage in written.stages] + [written.output]
        file = WrittenFile(
            path=path,
            format=format_name,
            parameters=kind_of([matrix for form in forms for matrix in (form.constant, *form.terms.values())]),
            exact=written == network,
            sha256=written.sha256,
        )
        return cls(network=NetworkFacts.of(network), written=file, notices=tuple(network.notices))

    def table(self) -> RenderableType:
        facts = facts_table()
        facts.add_row("written", Text(self.written.path, overflow="fold"))
        facts.add_row("format", f"{self.written.format}, {self.written.parameters} parameters")
        facts.add_row("read back", "equal, exactly" if self.written.exact else "parameters are rounded, as allowed")
        facts.add_row("sha256", self.written.sha256)
        return page(self.network, "", facts)
