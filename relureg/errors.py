"""Every error relureg raises on purpose, each with the exit code the command line gives it.

A message says which argument, file, layer or node broke which rule, what was seen, and what to do
next. Errors of the libraries underneath are wrapped, never passed through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "ArgumentIndexError",
    "ArgumentTypeError",
    "ArgumentValueError",
    "CheckFailedError",
    "ComplexFileError",
    "DataError",
    "DomainError",
    "EngineUnavailableError",
    "ExpressionError",
    "JournalError",
    "LimitReachedError",
    "MalformedNetworkError",
    "MissingPackageError",
    "NetworkError",
    "NetworksDifferError",
    "OutputError",
    "ProofRefusedError",
    "PropertyViolatedError",
    "ReluregError",
    "TheoremViolatedError",
    "UnsupportedNetworkError",
    "UnsupportedOperator",
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

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the class with the message alone, which not every one of them takes.
        return _again, (type(self), self.args, self.__dict__)

    def within(self, place: str) -> ReluregError:
        """Prefix `place` to where the error happened, and return the same error to raise."""
        self.where = f"{place}: {self.where}" if self.where else place
        return self


class UsageError(ReluregError):
    """An argument or option has a value that cannot be used."""

    exit_code = 2
    kind = "usage"


class ArgumentTypeError(UsageError, TypeError):
    """An argument of a function is of a type that it does not take."""


class ArgumentValueError(UsageError, ValueError):
    """An argument of a function is of the right type, and out of range."""


class ArgumentIndexError(UsageError, IndexError):
    """There is no region, unit or output of that number."""


class DomainError(UsageError):
    """A domain is empty, flat, or does not fit the network."""

    kind = "domain"


class EngineUnavailableError(UsageError):
    """The chosen engine needs a package that is not installed."""

    kind = "engine-unavailable"


class MissingPackageError(EngineUnavailableError, ImportError):
    """What was asked for needs a package that is not installed."""

    kind = "missing-package"


class ExpressionError(UsageError):
    """An expression is malformed.

    Parameters
    ----------
    message : str
    text : str
        The whole expression.
    position : int
        The character where it goes wrong.
    """

    kind = "expression"

    WINDOW: ClassVar[int] = 40
    """Characters shown on each side of the place."""

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(message, where=f"column {position + 1}")
        self.text = text
        self.position = position

    @property
    def excerpt(self) -> str:
        """The expression, or the part of it around the place, and a caret under the place."""
        start = max(0, self.position - self.WINDOW)
        shown = self.text[start : self.position + self.WINDOW]
        # One column a character, so that the caret stands under its place whatever was typed.
        line = "".join(c if c.isprintable() else "?" if not c.isspace() else " " for c in shown)
        return f"{line}\n{' ' * (self.position - start)}^"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsupportedOperator:
    """One node or layer that is not read."""

    operator: str
    node: str
    """How the file names it."""
    reason: str
    """Empty where the operator is simply not known."""
    alternative: str
    """What comes nearest among those that are read; empty where nothing does."""

    def __str__(self) -> str:
        advice = f"use {self.alternative}" if self.alternative else ""
        return f"{self.operator} ({', '.join(filter(None, (self.node, self.reason, advice)))})"


class UnsupportedNetworkError(NetworkError):
    """The file is sound but holds something relureg does not read.

    Parameters
    ----------
    unsupported : tuple of UnsupportedOperator, optional
        Every node that is not read, where that is the reason.
    """

    kind = "unsupported"

    def __init__(
        self, message: str, *, where: str | None = None, unsupported: tuple[UnsupportedOperator, ...] = ()
    ) -> None:
        super().__init__(message, where=where)
        self.unsupported = unsupported


class ComplexFileError(ReluregError):
    """The file of a complex cannot be read, is damaged, or does not hold what it says."""

    exit_code = 3
    kind = "complex-file"


class ProofRefusedError(ReluregError):
    """The answer is no: a proof does not prove what it claims."""

    exit_code = 1
    kind = "refused"


class NetworksDifferError(ReluregError):
    """The answer is no: two networks are not the same function."""

    exit_code = 1
    kind = "different"


class PropertyViolatedError(ReluregError):
    """The answer is no: a network has not the property that was asked."""

    exit_code = 1
    kind = "property-violated"


class TheoremViolatedError(ReluregError):
    """The answer is no: a theorem does not hold for a network."""

    exit_code = 1
    kind = "violated"


class JournalError(ReluregError):
    """The journal of a run cannot be read."""

    exit_code = 3
    kind = "journal"


class DataError(ReluregError):
    """Points, labels, bounds or a property cannot be read, or are not what is needed."""

    exit_code = 3
    kind = "data"


class LimitReachedError(ReluregError):
    """A limit the user set stopped the work before it was complete."""

    exit_code = 4
    kind = "limit"


class CheckFailedError(ReluregError):
    """A result contradicts itself: a defect of relureg or of a library it rests on."""

    exit_code = 5
    kind = "check-failed"


def _again(kind: type[ReluregError], args: tuple[Any, ...], state: dict[str, Any]) -> ReluregError:
    """An error that was pickled, as in a worker process."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
