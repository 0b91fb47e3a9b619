"""The public names: imported when they are asked for, and the same for people, type checkers and `import *`."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import relureg

TREE = ast.parse(Path(relureg.__file__).read_text())


def test_each_name_is_where_the_table_and_the_imports_for_type_checkers_say() -> None:
    block = next(node for node in TREE.body if isinstance(node, ast.If))
    imported = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == {name: f"relureg.{module}" for name, module in relureg._MODULES.items()}
    assert sorted(relureg.__all__) == sorted([*imported, "__version__"])
    assert set(relureg.__all__) <= set(dir(relureg))
    for name, module in imported.items():
        assert getattr(relureg, name) is getattr(sys.modules[str(module)], name)


def test_a_start_imports_neither_numpy_nor_any_room() -> None:
    program = "import relureg, sys; print(*sorted(m for m in sys.modules if m.startswith(('relureg', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["relureg", "relureg.version"]


def test_a_count_imports_no_reader_but_its_own_and_no_database() -> None:
    program = (
        "import sys; from relureg.cli.main import run; code = run(['count', 'fixtures/truth/xor.json', '--json']);"
        "print(code, *sorted(m for m in sys.modules if m in sys.argv[1:]), file=sys.stderr)"
    )
    unwanted = [
        "relureg.engine.runs.driver", "relureg.engine.lp", "relureg.complex.archive", "relureg.readers.nnet",
        "relureg.readers.vnnlib", "relureg.readers.point_tables", "relureg.readers.onnx", "relureg.readers.torch",
        "sqlite3", "importlib.metadata", "concurrent.futures", "zipfile", "flint", "onnx", "networkx", "scipy",
    ]  # fmt: skip
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", program, *unwanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stderr.split() == ["0"]


def test_names_come_by_from_import_and_by_star() -> None:
    names: dict[str, object] = {}
    exec("from relureg import *; from relureg import Domain as Box", names)
    assert names["Box"] is relureg.Domain
    assert set(relureg.__all__) <= set(names)


def test_objects_survive_pickling_by_their_modules() -> None:
    box = relureg.Domain.box([-1, -1], [1, 1])
    assert pickle.loads(pickle.dumps(box)) == box
    assert pickle.loads(pickle.dumps(relureg.load)) is relureg.load


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'relureg' has no attribute 'lode'"):
        relureg.lode  # noqa: B018
