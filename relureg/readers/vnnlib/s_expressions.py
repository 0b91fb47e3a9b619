"""S-expressions as SMT-LIB 2.6 (section 3.1) writes them, each with the line where it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relureg.errors import DataError

_TOKEN = re.compile(
    r"""[ \t\n\r\f\v]+|;[^\n\r]*            # white space; a comment, to the end of its line
    |(?P<parenthesis>[()])
    |"(?P<string>(?:[^"]|"")*)"
    |\|(?P<quoted>[^|\\]*)\|
    |(?P<symbol>(?:[^\x00-\x20();"|\[\]]|\[[^\[\]();"|]*\])+)  # with indices, as in X[0, 1]
    """,
    re.VERBOSE,
)
_LINE_END = re.compile(r"\r\n|\r|\n")
MAX_DEPTH = 100
"""Deepest nesting that is read; no property needs a tenth of it."""
_SHOWN = 60
"""Characters of an expression that a message shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A word: a name, an operator, a number or a text."""

    text: str
    line: int
    quoted: bool = False
    """Written between bars: ``|X_0|`` is the name X_0, but ``|5|`` is no number."""
    is_text: bool = False
    """Written between quotation marks."""

    def __str__(self) -> str:
        return f'"{self.text}"' if self.is_text else f"|{self.text}|" if self.quoted else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What stands between two parentheses."""

    parts: tuple[Expression, ...]
    line: int

    @property
    def head(self) -> str | None:
        """The symbol that it begins with, None where it begins otherwise."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Symbol) and not first.is_text else None

    @property
    def arguments(self) -> tuple[Expression, ...]:
        return self.parts[1:]

    def __str__(self) -> str:
        return "(" + " ".join(map(str, self.parts)) + ")"


Expression = Symbol | Group


def parse(text: str) -> Iterator[Expression]:
    """The expressions of a text, one after the other.

    Raises
    ------
    DataError
        Parentheses do not match, or something is no token; says in which line.
    """
    stack: list[tuple[int, list[Expression]]] = []
    line, position = 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise DataError(f"{text[position]!r} begins nothing that ends", where=f"line {line}")
        position = match.end()
        kind, here = match.lastgroup, line
        line += len(_LINE_END.findall(match[0])) if kind != "symbol" else 0
        if match["parenthesis"] == "(":
            if len(stack) == MAX_DEPTH:
                raise DataError("is nested too deeply", where=f"line {here}")
            stack.append((here, []))
            continue
        if match["parenthesis"]:
            if not stack:
                raise DataError("there is a closing parenthesis too many", where=f"line {here}")
            began, parts = stack.pop()
            done: Expression = Group(parts=tuple(parts), line=began)
        elif kind is not None:
            done = Symbol(
                text="".join(match[kind].split()) if kind == "symbol" else match[kind],
                line=here,
                quoted=kind == "quoted",
                is_text=kind == "string",
            )
        else:
            continue
        if stack:
            stack[-1][1].append(done)
        else:
            yield done
    if stack:
        raise DataError(
            "the file ends inside the parenthesis that begins here; it is truncated", where=f"line {stack[0][0]}"
        )


def refusal(expression: Expression, problem: str) -> DataError:
    """An error at the line of an expression, which is shown, shortened: ``(f x) is no formula``."""
    text = " ".join(str(expression).split())
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."
    return DataError(f"{shown} {problem}", where=f"line {expression.line}")
