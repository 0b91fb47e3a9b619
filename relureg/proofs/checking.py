"""The checker, asked from Python: `check_proof` says what a proof proves of a network, or why it is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relureg import stopping
from relureg.arguments import checked
from relureg.errors import MalformedNetworkError, ProofRefusedError
from relureg.frozen import Frozen, read_only
from relureg.network import json_format
from relureg.network.model import Network
from relureg.proofs import checker


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved(Frozen):
    """What a proof has proved."""

    numbers: Mapping[str, int]
    """``regions``; and where facets are proved, ``facets``, ``boundary_facets`` and perhaps ``diameter``. Of a proof of
    values ``claims``, how many."""
    sentences: tuple[str, ...]
    """The same in words."""


@checked
def check_proof(path: str | Path, network: Network, other: Network | None = None) -> Proved:
    """Check a proof that `write_proof`, another of the writers or ``--proof`` has written.

    As the program ``checker/check_proof.py`` does.

    Parameters
    ----------
    path : str or Path
    network : Network
        Of any file format: it is known by the hash of its numbers.
    other : Network, optional
        The second network, of a proof of what two differ by.

    Returns
    -------
    Proved

    Raises
    ------
    ProofRefusedError
        It does not prove what it claims of this network; says which line fails first, and why.
    MalformedNetworkError
        The file cannot be read.
    LimitReachedError
        The time was over before it began.

    Examples
    --------
    >>> import relureg
    >>> network = relureg.load("fixtures/counterexamples/counterexample-3-9-4-1.json")
    >>> dict(check_proof("fixtures/proofs/counterexample-3-9-4-1.proof", network).numbers)
    {'regions': 1024, 'facets': 3200, 'boundary_facets': 0, 'diameter': 22}
    """
    stopping.check()  # the checker itself knows no limits, and is broken off where it takes long
    networks = [json_format.write(each) for each in (network, other) if each is not None]
    try:
        sentences = checker.check(str(path), *networks)
    except checker.RefusedError as error:
        said = str(error) if _is_packed(path) else "is no proof; name a file that --proof has written"
        raise ProofRefusedError(said, where=str(path)) from None
    except FileNotFoundError as error:
        raise MalformedNetworkError("no such file; check the path", where=str(path)) from error
    except OSError as error:
        raise MalformedNetworkError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    return Proved(numbers=read_only(_numbers(path)), sentences=tuple(sentences))


def _is_packed(path: str | Path) -> bool:
    """Whether it begins as every proof does, which is compressed."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _numbers(path: str | Path) -> dict[str, int]:
    """Those that the first line of a proof claims, which is right."""
    with gzip.open(path) as lines:
        claims = json.loads(next(lines))["claims"]
    found: dict[str, int] = claims[0].get("numbers", {"claims": len(claims)})
    return found
