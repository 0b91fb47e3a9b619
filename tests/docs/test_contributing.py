"""CONTRIBUTING.md is true: a dummy of each kind is added along its list, to a copy of the package, and works."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
XOR = ROOT / "fixtures" / "truth" / "xor.json"

# Finders of an editable install come before PYTHONPATH, and would find the package that is copied.
START = "import sys; sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]; "
RUN = f"{START}from relureg.cli.main import main; main()"


class Copy:
    """A copy of the package, which knows what was changed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.touched: set[str] = set()
        shutil.copytree(ROOT / "relureg", folder / "relureg", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        for name in ("_cells", "_cells_v3"):
            try:
                compiled = importlib.import_module(f"relureg.engine.{name}").__file__
            except ImportError:  # not on this processor
                continue
            assert compiled is not None
            shutil.copy(compiled, folder / "relureg" / "engine")

    def write(self, name: str, text: str) -> None:
        """A new file."""
        self.touched.add(name.replace("dummy", "NAME"))
        (self.folder / name).write_text(text, encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """More at the end of a file."""
        self.touched.add(name)
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def insert(self, name: str, after: str, text: str) -> None:
        """More behind the one line that a pattern fits."""
        self.touched.add(name)
        path = self.folder / name
        changed, number = re.subn(f"(?m)^{after}$", lambda m: f"{m[0]}\n{text}", path.read_text(encoding="utf-8"))
        assert number == 1, f"{name} has {number} lines like {after}"
        path.write_text(changed, encoding="utf-8")

    def run(self, *arguments: object, code: str = RUN) -> str:
        """What relureg prints, or the code that is given."""
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=self.folder, env=os.environ | {"PYTHONPATH": str(self.folder)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def listed(what: str, part: str = "") -> set[str]:
    """The files of the package that the list for one kind names, where there are several lists that after `part`."""
    section = GUIDE.split(f"## How to add {what}\n")[1].split("\n## ")[0]
    return set(re.findall(r"`(relureg/[\w/]+\.py)`", section.split(part)[1].split("\nFor ")[0] if part else section))


def test_the_copy_is_what_runs(copy: Copy) -> None:
    assert copy.run(code=f"{START}import relureg; print(relureg.__file__)").startswith(str(copy.folder))


def test_a_reader(copy: Copy) -> None:
    copy.write(
        "relureg/readers/dummy.py",
        "from relureg.network.model import Network\n\n\n"
        "def read(data: bytes, *, name: str) -> Network:\n"
        "    return Network.from_layers([[[float(data.split()[1])]], [[1]]], [[0], [0]], name=name)\n",
    )
    copy.insert(
        "relureg/readers/formats.py",
        r"FORMATS\b.*\(",
        '    Format(name="dummy", suffixes=(".dummy",), recognises=lambda head: head[:5] == b"dummy",\n'
        '           read=lambda source: _reader("dummy").read(source.data, name=source.name)),',
    )
    (copy.folder / "hinge.dummy").write_text("dummy 2")
    (copy.folder / "hinge.txt").write_text("dummy 2")
    assert "activation regions   2 " in copy.run("count", "hinge.dummy")
    assert "activation regions   2 " in copy.run("count", "hinge.txt")
    assert copy.touched == listed("a reader")


def test_an_operator_of_onnx(copy: Copy) -> None:
    from onnx import TensorProto, helper, save

    copy.append(
        "relureg/readers/onnx/piecewise_linear.py",
        '\n\n@operator("Celu", kink=True)\ndef _dummy(call: Call) -> Value:\n'
        "    return call.builder.relu(call.tensor(0), call.label)\n",
    )
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Celu", ["x"], ["y"])], "graph", [x], [y])
    opset = helper.make_opsetid("", 13)
    save(helper.make_model(graph, opset_imports=[opset], ir_version=8), copy.folder / "celu.onnx")
    assert "activation regions   8 " in copy.run("count", "celu.onnx")
    assert copy.touched == listed("an operator", "For ONNX:")


def test_a_function_of_pytorch(copy: Copy) -> None:
    copy.append(
        "relureg/readers/torch/piecewise_linear.py",
        '\n\n@function("celu", kink=True)\n'
        "def _dummy(c: Context, input: AffineTensor, alpha: float = 1.0, inplace: bool = False) -> AffineTensor:\n"
        "    return c.builder.relu(input, c.label)\n",
    )
    copy.insert("relureg/readers/torch/modules.py", r"_MODULES\b.*\{", '    "CELU": _plain("celu", "alpha"),')
    code = (
        f"{START}import torch, relureg; net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.CELU())\n"
        "print(relureg.from_torch(net, (2,)).num_units)"
    )
    assert copy.run(code=code) == "3\n"
    assert copy.touched == listed("an operator", "For PyTorch:") - {"relureg/readers/torch/aten.py"}


def test_a_bound(copy: Copy) -> None:
    def add(module: str, kind: str) -> None:
        copy.append(
            f"relureg/theory/{module}.py",
            f'\n\n@published("dummy {kind}", {kind}, "nobody", lambda a: ())\n'
            f"def dummy(a: Architecture) -> int:\n    return {7000 if kind == 'UPPER' else 1} + len(a.widths)\n",
        )

    add("upper_bounds", "UPPER")
    add("lower_bounds", "LOWER")
    printed = copy.run("bounds", "--widths", "2,16,16")
    assert re.search(r"dummy UPPER +at most +7,002\n", printed)
    assert re.search(r"dummy LOWER +some network has +3\n", printed)
    assert {"    dummy UPPER: nobody", "    dummy LOWER: nobody"} <= set(printed.splitlines())
    assert copy.touched == listed("a bound")


def test_a_theorem(copy: Copy) -> None:
    copy.append(
        "relureg/theory/degree_theorems.py",
        '\n\n@theorem("dummy", "there is a region", "nobody")\n'
        "def dummy(case: Case) -> Comparison:\n    return at_most(1, case.cells.num_regions)\n",
    )
    printed = copy.run("verify", XOR)
    assert re.search(r"dummy +1 +0 +0\n", printed)
    assert "    dummy: there is a region\n" in printed
    assert copy.touched == listed("a theorem")


def test_an_engine(copy: Copy) -> None:
    copy.write(
        "relureg/engine/dummy.py",
        "def find(*question):\n"
        "    from relureg.engine.engines import ENGINES\n\n"
        '    return ENGINES["lp"].find(*question)\n',
    )
    copy.append(
        "relureg/engine/engines.py",
        "\n\nimport dataclasses\n\nfrom relureg.engine import dummy\n\n"
        'ENGINES["dummy"] = dataclasses.replace(ENGINES["lp"], name="dummy", find=dummy.find)\n',
    )
    for command in ("count", "graph"):
        printed = copy.run(command, XOR, "--engine", "dummy")
        assert re.search(r"watertight yes .* engine dummy ", printed)
    assert copy.touched == listed("an engine")


def test_a_command(copy: Copy) -> None:
    copy.write(
        "relureg/cli/dummy.py",
        "import click\n\n"
        "from relureg.cli.command import Command\n"
        "from relureg.cli.options import network_argument, read_network\n"
        "from relureg.cli.printing import Printer, output_options\n\n\n"
        "@click.command(cls=Command)\n@network_argument\n@output_options\n"
        "def dummy(net: str | None, raw: bool, printer: Printer) -> None:\n"
        '    """Say how many units NET has."""\n'
        '    click.echo(f"{read_network(net, printer, raw=raw).num_units} units")\n',
    )
    copy.insert("relureg/cli/main.py", r"COMMANDS\b.*\(", '    "dummy",')
    assert copy.run("dummy", XOR) == "2 units\n"
    assert re.search(r"dummy +Say how many units NET has\.", copy.run("--help"))
    assert copy.touched == listed("a command")


def test_there_are_six_lists_which_number_their_steps() -> None:
    kinds = re.findall(r"^## How to add an? (\w+)$", GUIDE, re.MULTILINE)
    assert kinds == ["reader", "operator", "bound", "theorem", "engine", "command"]
    for part in re.split(r"^(?:## How to add .*|For \w+:)$", GUIDE, flags=re.MULTILINE)[1:]:
        steps = re.findall(r"^(\d)\. `[\w/.]+`", part, re.MULTILINE)
        assert steps == [str(number) for number in range(1, len(steps) + 1)]
        assert len(steps) in (0, 3, 4)
