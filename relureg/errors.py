"""Every error relureg raises on purpose, each with the exit code the command line gives it.

A message says which argument, file, layer or node broke which rule, what was seen, and what to do
next. Errors of the libraries underneath are wrapped, never passed through.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CheckFailedError",
    "ComplexFileError",
    "DataFileError",
    "DomainError",
    "EngineUnavailableError",
    "LimitReachedError",
    "MalformedNetworkError",
    "NetworkError",
    "OutputError",
    "ReluregError",
    "UnsupportedNetworkError",
    "UsageError",
]


class ReluregError(Exception):
    """Base of all relureg errors.

    Parameters
    ----------
    message : str
        One sentence: the rule broken, what was seen, what to do.
    where : str, optional
        The place: a file, ``layer 2``, ``node 'Conv_3'``, ``--box``.
    """

    exit_code: ClassVar[int] = 5
    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def within(self, place: str) -> ReluregError:
        """Prefix `place` to where the error happened, and return the same error to raise."""
        self.where = f"{place}: {self.where}" if self.where else place
        return self


class UsageError(ReluregError):
    """An argument or option has a value that cannot be used."""

    exit_code = 2
    kind = "usage"


class DomainError(UsageError):
    """A domain is empty, flat, or does not fit the network."""

    kind = "domain"


class EngineUnavailableError(UsageError):
    """The chosen engine needs a package that is not installed."""

    kind = "engine-unavailable"


class OutputError(UsageError):
    """An output file cannot be written."""

    kind = "output"


class NetworkError(ReluregError):
    """A network cannot be read, or cannot be expressed in the format asked for."""

    exit_code = 3
    kind = "network"


class MalformedNetworkError(NetworkError):
    """The file is missing, damaged, or breaks the rules of its format."""

    kind = "malformed"


class UnsupportedNetworkError(NetworkError):
    """The file is sound but holds something relureg does not read."""

    kind = "unsupported"


class ComplexFileError(ReluregError):
    """The file of a complex cannot be read, is damaged, or does not hold what it says."""

    exit_code = 3
    kind = "complex-file"


class DataFileError(ReluregError):
    """A file of points, bounds or a property cannot be read, or does not hold what is needed."""

    exit_code = 3
    kind = "data-file"


class LimitReachedError(ReluregError):
    """A limit the user set stopped the work before it was complete."""

    exit_code = 4
    kind = "limit"


class CheckFailedError(ReluregError):
    """A result contradicts itself: a defect of relureg or of a library it rests on."""

    exit_code = 5
    kind = "check-failed"
