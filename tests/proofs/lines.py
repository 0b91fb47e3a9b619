"""Proofs as lists of lines, to be falsified."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from relureg.proofs.checker import RefusedError, check

Lines = list[Any]
"""The lines of a proof, parsed; the first one is the header."""


def read(path: Path) -> Lines:
    return [json.loads(line) for line in gzip.open(path)]


def write(lines: Sequence[Any], path: Path) -> Path:
    with gzip.open(path, "wt", compresslevel=1) as stream:
        stream.writelines(f"{json.dumps(line)}\n" for line in lines)
    return path


def said(lines: Sequence[Any], folder: Path, *networks: bytes) -> list[str]:
    """What the lines prove of networks in relureg JSON; raises RefusedError."""
    return check(str(write(lines, folder / "changed.proof")), *networks)


def check_refused(lines: Sequence[Any], network: bytes, folder: Path, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        said(lines, folder, network)
