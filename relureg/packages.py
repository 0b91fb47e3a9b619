"""Packages that only some of relureg needs: what is said where one is missing, with a command that installs it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from relureg.errors import MissingPackageError

_PACKAGE = Path(__file__).parent


@contextlib.contextmanager
def needing(need: str, extra: str, otherwise: str = "") -> Iterator[None]:
    """Import a package of an extra inside; where it is not installed, say so, and how to install it.

    Parameters
    ----------
    need : str
        Who needs which package: ``pictures need matplotlib``.
    extra : str
        The extra of relureg that brings it.
    otherwise : str, optional
        What else can be done.

    Raises
    ------
    MissingPackageError
        The package is missing.
    """
    try:
        yield
    except ImportError as error:
        advice = f", or {otherwise}" if otherwise else ""
        raise MissingPackageError(f"{need}: {install_command(extra)}{advice}") from error


def install_command(extra: str) -> str:
    """The command that adds an extra to this relureg, from where it came: a folder with its source, or a wheel.

    Examples
    --------
    >>> install_command("plot").startswith("pip install ")
    True
    """
    import shlex

    source, is_editable = _source()
    if source is None:
        return f"pip install 'relureg[{extra}]'"
    place = "." if source == Path.cwd() else str(source)
    return f"pip install {'-e ' * is_editable}{shlex.quote(f'{place}[{extra}]')}"


def _source() -> tuple[Path | None, bool]:
    """The folder that relureg was installed from, or is run from; and whether changes there are seen at once."""
    import json
    from importlib import metadata  # with what reads letters: most of a start, where nothing is missing
    from urllib.parse import unquote, urlsplit

    try:
        text = metadata.distribution("relureg").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        text = None
    # Where pip installed a folder, it wrote down which (PEP 610); from an index it did not.
    found = json.loads(text) if text else {}
    is_editable = bool(found.get("dir_info", {}).get("editable"))
    folders = [_PACKAGE.parent]
    if "dir_info" in found:
        folders.append(Path(unquote(urlsplit(found["url"]).path)))
    return next((folder for folder in folders if (folder / "pyproject.toml").is_file()), None), is_editable
