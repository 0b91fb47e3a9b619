"""The notebooks say what they are stored with, when they are executed from nothing."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def execute() -> ModuleType:
    """docs/notebooks/execute.py, which `python` runs to store them."""
    spec = importlib.util.spec_from_file_location("execute", ROOT / "docs" / "notebooks" / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Jupyter's packages have to say of themselves
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_executed_from_nothing_says_what_is_stored(path: Path, execute: ModuleType) -> None:
    stored = execute.nbformat.read(path, as_version=4)
    assert execute.said(execute.executed(path)) == execute.said(stored)


def test_notebooks_are_stored_executed_and_small() -> None:
    import json

    assert [path.stem for path in NOTEBOOKS] == ["controller", "digits", "theorems", "training"]
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
        assert counts == list(range(1, len(counts) + 1))
        kinds = {kind for cell in cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
        assert "image/png" in kinds
        assert path.stat().st_size < 300_000
