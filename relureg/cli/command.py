"""Commands and groups of commands: how their names and words are read, and which files they may not replace."""

from __future__ import annotations

import importlib
import itertools
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from relureg.cli.standard_output import to_standard_output
from relureg.errors import DomainError, UsageError
from relureg.files import protecting
from relureg.words import did_you_mean, short

EXIT_CODES = """\b
Exit codes: 0 done and every check held; 1 the answer is "no"; 2 wrong usage;
3 the input cannot be read or is not supported; 4 stopped by a limit you set;
5 an internal check failed; 130 interrupted; 141 the reader of stdout has
gone; 143 terminated (SIGTERM)."""

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""Asked by a shell which words complete one that is begun."""

_OUTPUTS = {"output", "out", "save", "plot", "picture", "graph", "junit", "journal", "proof"}
"""The parameters that name files or folders to write; all others that name a file read it."""
_NUMBER = r"[-+]?(?:\d[\d.eE/+-]*|\.\d[\d.eE+-]*|inf)"
_INTERVAL = re.compile(rf"(?:x\d+:)?{_NUMBER},{_NUMBER}")
"""An interval of one input, as `--box` has it, or of all of them."""


class Group(click.Group):
    """Commands under one name, imported only when they run; of one that is not there it says which was meant.

    Parameters
    ----------
    modules : mapping of str to str
        The module of each command, in which it has its own name, with _ for -.
    """

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = self.modules.get(cmd_name)
        if module is None:
            return None
        command = getattr(importlib.import_module(module), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        if Path(name).suffix or Path(name).exists():
            raise UsageError(
                f"{short(name)} is no command; a command comes first, as in: {ctx.command_path} "
                f"{self.list_commands(ctx)[0]} {short(name)[1:-1]}"
            )
        nearest = (
            did_you_mean(name, [*self.list_commands(ctx), "--help"])
            or f"; there are {', '.join(self.list_commands(ctx))}"
        )
        raise UsageError(f"there is no command {short(name)}{nearest}")


def sentence(command: click.Command | None) -> str:
    """The first sentence of a command's help, as a whole."""
    words = " ".join(((command and command.help) or "").partition("\n\n")[0].split())
    return words if words.endswith(".") and ". " not in words else f"{words.partition('. ')[0].rstrip('.:')}."


class Command(click.Command):
    """A command whose options of LO HI, such as --box, take one word (x0:0,1;x1:-2,2 or file) or two.

    It replaces none of the files that it reads, and ``-o -`` is standard output.
    """

    def invoke(self, ctx: click.Context) -> Any:
        with protecting(_files_read(ctx.params)), to_standard_output(ctx):
            return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for parameter in self.params:
            if not (isinstance(parameter, click.Option) and parameter.metavar == "LO HI"):
                continue
            option = parameter.opts[0]
            _refuse_words_of_inputs(args, option)
            args = _join_words(args, option)
            if sum(arg.partition("=")[0] == option for arg in args) > 1:  # the first would be dropped without a word
                raise UsageError('is given twice; the intervals of a box are one word, "x0:0,1;x1:-2,2"', where=option)
        return super().parse_args(ctx, args)


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the shell completes where a file is meant: its own files."""
    return [CompletionItem(incomplete, type="file")]


def one_of(module: str, *names: str) -> Complete:
    """What the shell completes where one of the words of a module is meant; it is imported only then.

    Parameters
    ----------
    module : str
    names : str
        What in it holds words: mappings by their keys, enums by their values.
    """

    def words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        held = importlib.import_module(module)
        known = (getattr(entry, "value", entry) for name in names for entry in getattr(held, name))
        default = [parameter.default] if isinstance(parameter.default, str) else []
        return [CompletionItem(word) for word in dict.fromkeys([*default, *known]) if word.startswith(incomplete)]

    return words


def _files_read(parameters: dict[str, Any]) -> list[Path]:
    """The files that a command line names to be read."""
    values = [value for name, value in parameters.items() if name not in _OUTPUTS]
    words = [word for value in values for word in (value if isinstance(value, tuple) else [value])]
    return [Path(word) for word in words if isinstance(word, (str, Path)) and os.path.isfile(word)]


def _refuse_words_of_inputs(args: list[str], option: str) -> None:
    """An interval for each input, in words of their own, is not what the option takes: say how to write it."""
    words = args[args.index(option) + 1 :] if option in args else []
    given = list(itertools.takewhile(lambda word: _INTERVAL.fullmatch(word) and not os.path.exists(word), words))
    if len(given) > 1:
        named = [word if ":" in word else f"x{k}:{word}" for k, word in enumerate(given)]
        wanted = ";".join(named[:3]) + (";..." if len(named) > 3 else "")
        told = f'bounds of each input are one word, "{wanted}"; LO HI are those of every input'
        raise DomainError(told).within(option)


def _join_words(args: list[str], option: str) -> list[str]:
    if option not in args:
        return args
    at = args.index(option)
    words = args[at + 1 : at + 3]
    if len(words) < 2 or words[0] == "file" or any(c in words[0].strip() for c in ":, "):
        return args
    return [*args[:at], f"{option}={words[0]},{words[1]}", *args[at + 3 :]]
