"""The documents name files as they lie in the repository; what their examples write goes elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all of the repository is found, with a `build` of its own."""
    folder = tmp_path_factory.mktemp("desk")
    for path in ROOT.iterdir():
        if path.name != "build":
            (folder / path.name).symlink_to(path)
    (folder / "build").mkdir()
    return folder


@pytest.fixture(autouse=True)
def at_the_desk(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
