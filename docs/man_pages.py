"""Write a manual page for each command of relureg, from what `--help` says: python docs/man_pages.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click_man.core import generate_man_page

from relureg.cli.command import Group
from relureg.cli.main import TWO_WORDS, relureg, sentence
from relureg.version import __version__


def write_pages(command: click.Command, folder: Path, name: str, parent: click.Context | None = None) -> None:
    """The page of a command, and those of the commands in it."""
    command.short_help = sentence(command)
    context = click.Context(command, info_name=name, parent=parent)
    lines = [generate_man_page(context, version=__version__)]
    inner = [] if not isinstance(command, Group) else command.list_commands(context)
    if inner:
        assert isinstance(command, Group)
        lines.append(".SH COMMANDS")
        for word in inner:
            page = f"{context.command_path} {word}".replace(" ", "-")
            lines += [
                ".TP",
                f"\\fB{word}\\fP",
                f"{escaped(sentence(command.get_command(context, word)))} See {page}(1).",
            ]
    lines += [".SH EXAMPLES AND EXIT STATUS", ".nf", escaped((command.epilog or "").replace("\b\n", "")), ".fi"]
    (folder / f"{context.command_path.replace(' ', '-')}.1").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for word in inner:
        found = command.get_command(context, word) if isinstance(command, Group) else None
        assert found is not None
        write_pages(found, folder, word, context)


def two_words(folder: Path) -> None:
    """The pages of commands of two words that are in no group."""
    import importlib

    for (first, second), module in TWO_WORDS.items():
        command = getattr(importlib.import_module(f"relureg.cli.{module}"), second)
        write_pages(command, folder, second, click.Context(click.Command(first), info_name=f"relureg {first}"))


def escaped(text: str) -> str:
    """A text as roff has it."""
    return "\n".join(
        f"\\&{line}" if line.startswith((".", "'")) else line for line in text.replace("\\", "\\e").splitlines()
    ).replace("-", "\\-")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write_pages(relureg, target, "relureg")
    two_words(target)
