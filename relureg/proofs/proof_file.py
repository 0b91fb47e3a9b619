"""A proof's file: lines of JSON, compressed; equal proofs are equal files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relureg.files import open_atomically
from relureg.network.model import Network

FORMAT = "relureg-proof"
VERSION = 2


def header(networks: Sequence[Network], claims: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first line of a proof."""
    hashes = [network.sha256 for network in networks]
    return {"format": FORMAT, "version": VERSION, "networks": hashes, "claims": list(claims)}


@dataclass(slots=True)
class ProofFile:
    """A file that is being written."""

    _packed: gzip.GzipFile
    num_bytes: int = 0
    """Of the whole file, once it is closed."""

    def put(self, line: Any) -> None:
        """Write a line."""
        self._packed.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


@contextmanager
def open_proof(path: str | Path, *, force: bool) -> Iterator[ProofFile]:
    """A file that is there, whole, once the block has ended without an error; raises as `open_atomically` does."""
    with open_atomically(Path(path), force=force) as stream:
        # Without a name and a time in it, equal proofs are equal files.
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:
            file = ProofFile(packed)
            yield file
        file.num_bytes = stream.tell()
