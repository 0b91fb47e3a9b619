"""No command replaces a file that it reads, under whatever name."""

from __future__ import annotations

from pathlib import Path

import pytest

from relureg.cli.main import run
from relureg.cli.verify import _write_file
from relureg.errors import OutputError
from relureg.files import protecting

ROOT = Path(__file__).parents[2]
INT_2 = ROOT / "fixtures/truth/int_2-6-6-1.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.json").write_bytes(INT_2.read_bytes())
    (tmp_path / "box.json").write_text('{"lower": [-1, -1], "upper": [1, 1]}')
    (tmp_path / "points.csv").write_text("0,0\n2,1\n")
    (tmp_path / "soft.json").symlink_to("net.json")
    (tmp_path / "hard.json").hardlink_to(tmp_path / "net.json")
    assert run(["regions", str(tmp_path / "net.json"), "--save", str(tmp_path / "cells.npz"), "--quiet"]) == 0
    (tmp_path / "again.npz").symlink_to(tmp_path / "cells.npz")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "regions net.json -o net.json --force",
        "regions net.json -o soft.json --force",
        "regions soft.json -o net.json --force",
        "regions net.json -o hard.json --force",
        "regions net.json --domain box.json -o ./box.json --force",
        "regions cells.npz --save again.npz --force",
        "graph cells.npz -o ../{name}/cells.npz --force",
        "graph net.json --through points.csv -o points.csv --force",
        "convert hard.json net.json --force",
        "convert net.json net.json",
        "count net.json --journal soft.json",
        "verify net.json --junit net.json --force",
        "maps at net.json --data points.csv -o points.csv --force",
        "plot net.json --points points.csv -o points.csv --force",
    ],
)
def test_inputs_stay_what_they_are(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: (path.is_symlink(), path.read_bytes()) for path in folder.iterdir()}
    assert run([*command.format(name=folder.name).split(), "--quiet"]) == 2
    stderr = capsys.readouterr().err
    assert stderr.count("\n") == 1
    assert "is an input of this command" in stderr or "suffix" in stderr
    assert {path.name: (path.is_symlink(), path.read_bytes()) for path in folder.iterdir()} == before


def test_a_violation_that_is_verified_again_is_not_written_again(tmp_path: Path) -> None:
    content = INT_2.read_bytes()
    path = Path(_write_file(tmp_path / "found", "net_0123.json", content))
    with protecting([path]):
        assert _write_file(tmp_path / "found", "net_0123.json", content) == str(path)
        with pytest.raises(OutputError, match="is an input of this command"):
            _write_file(tmp_path / "found", "net_0123.json", content + b" ")
    assert path.read_bytes() == content
