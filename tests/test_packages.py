"""Missing packages: the command that installs them works from where relureg came."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import relureg
from relureg import maps, packages
from relureg.errors import MissingPackageError
from relureg.packages import install_command


class _Distribution:
    def __init__(self, origin: dict[str, Any] | None) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self._origin is None else json.dumps(self._origin)


def _installed(monkeypatch: pytest.MonkeyPatch, package: Path, origin: dict[str, Any] | None) -> None:
    monkeypatch.setattr(packages, "_PACKAGE", package)
    monkeypatch.setattr(metadata, "distribution", lambda name: _Distribution(origin))


def test_the_command_for_each_way_of_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, tree = tmp_path / "site-packages" / "relureg", tmp_path / "a tree"
    tree.mkdir()
    (tree / "pyproject.toml").touch()
    url = tree.as_uri()
    _installed(monkeypatch, site, None)  # from an index
    assert install_command("torch") == "pip install 'relureg[torch]'"
    _installed(monkeypatch, site, {"url": "file:///tmp/relureg.whl", "archive_info": {}})
    assert install_command("torch") == "pip install 'relureg[torch]'"
    _installed(monkeypatch, site, {"url": "file:///gone", "dir_info": {}})
    assert install_command("torch") == "pip install 'relureg[torch]'"
    _installed(monkeypatch, site, {"url": url, "dir_info": {}})
    assert install_command("torch") == f"pip install '{tree}[torch]'"
    monkeypatch.chdir(tree)
    assert install_command("torch") == "pip install '.[torch]'"
    _installed(monkeypatch, tree / "relureg", {"url": url, "dir_info": {"editable": True}})
    assert install_command("lp") == "pip install -e '.[lp]'"


def test_run_from_a_folder_without_being_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_there(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(packages, "_PACKAGE", tmp_path / "relureg")
    monkeypatch.setattr(metadata, "distribution", not_there)
    monkeypatch.chdir(tmp_path)
    assert install_command("maps") == "pip install '.[maps]'"


@pytest.mark.parametrize(("module", "extra", "use"), [
    ("cdd", "lp", lambda net: relureg.count_regions(net, engine="lp")),
    ("torch", "torch", lambda net: relureg.from_torch(net, (2,))),
    ("sklearn.cluster", "maps", lambda net: maps.cluster_maps(net, [[0, 0]], [[0, 0]], k=[1])),
    ("distributed", "dask", lambda net: relureg.count_regions(net, scheduler="local:1")),
    ("pyarrow", "parquet", lambda net: relureg.save_regions(relureg.enumerate_regions(net), "new.parquet")),
])  # fmt: skip
def test_what_is_missing_is_named_with_the_command(
    module: str, extra: str, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    network = relureg.load(Path(__file__).parents[1] / "fixtures" / "truth" / "int_2-6-6-1.json")
    with pytest.raises(MissingPackageError) as caught:
        use(network)
    assert install_command(extra) in str(caught.value)
    assert isinstance(caught.value, ImportError)
    assert (caught.value.kind, caught.value.exit_code) == ("missing-package", 2)
