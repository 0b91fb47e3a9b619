"""Limits on time and memory, SIGTERM and Ctrl-C, in whatever a command does: exit code, and what is proven by then."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from relureg import Domain, Network, load, save
from relureg.cli.guard import parse_memory
from relureg.errors import UsageError
from tests.cli.command_line import PROGRESS, Run, read_until_regions, started

COMMAND = [sys.executable, "-m", "relureg"]
SIZE = 40
"""Of the image of the convolutional network: 4 x 38 x 38 = 5,776 units follow."""


def _gaussian(path: Path, seed: int, *widths: int) -> Path:
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    save(Network.from_layers([rng.normal(size=s) for s in shapes], [rng.normal(size=n) for n in widths[1:]]), path)
    return path


@pytest.fixture(scope="module")
def run_relureg(run_process: Run) -> Run:
    """A process of its own: limits are on the time and the memory that it takes from its start."""
    return run_process


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More regions than any test has time for."""
    return _gaussian(tmp_path_factory.mktemp("nets") / "endless.json", 0, 7, 40, 40, 40, 1)


@pytest.fixture(scope="module")
def convolution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution, and a dense layer of 6 units."""
    rng = np.random.default_rng(0)
    inner, path = 4 * (SIZE - 2) ** 2, tmp_path_factory.mktemp("nets") / "convolution.onnx"
    values = {"K": rng.normal(size=(4, 1, 3, 3)), "W": rng.normal(size=(inner, 6)), "V": rng.normal(size=(6, 2))}
    nodes = [
        ("Conv", "x K", "a"), ("Relu", "a", "b"), ("Flatten", "b", "c"), ("MatMul", "c W", "d"), ("Relu", "d", "e"),
        ("MatMul", "e V", "y"),
    ]  # fmt: skip
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, ins.split(), [out]) for kind, ins, out in nodes],
        "convolution",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 1, SIZE, SIZE])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2])],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def _document(stdout: str) -> dict[str, object]:
    document = json.loads(stdout)
    assert isinstance(document, dict)
    return document


# -- time ----------------------------------------------------------------------------------------------


def test_a_convolutional_network_is_inspected(convolution: Path, run_relureg: Run) -> None:
    done = run_relureg("inspect", convolution, "--json")
    document = json.loads(done.stdout)
    # The shifts of a kernel with four different corners span all images: the rank is that of the inputs.
    assert (done.returncode, document["network"]["effective_dim"]) == (0, SIZE**2)
    assert document["network"]["widths"] == [4 * (SIZE - 2) ** 2, 6]


@pytest.mark.parametrize("command", ["count", "graph", "regions"])
def test_reading_and_preparing_count_as_time(convolution: Path, run_relureg: Run, command: str) -> None:
    done = run_relureg(command, convolution, "--timeout", "1.5", "--json")
    assert done.returncode == 4
    assert "stopped by the time limit of 1.5 s" in done.stderr
    assert "at least 0" not in done.stderr + done.stdout
    assert _document(done.stdout)


@pytest.mark.parametrize("command", ["inspect", "bounds", "line", "maps at", "convert"])
def test_every_command_has_a_limit_on_time(convolution: Path, run_relureg: Run, tmp_path: Path, command: str) -> None:
    points = tmp_path / "points.npy"
    np.save(points, np.random.default_rng(0).normal(size=(2, SIZE**2)))
    more = {"line": ["--through", points], "maps at": ["--data", points], "convert": [tmp_path / "out.json"]}.get(
        command, []
    )
    done = run_relureg(*command.split(), convolution, *more, "--timeout", "0.01", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["kind"]) == (4, "limit")
    assert done.stderr.strip() == "relureg: error: stopped by the time limit of 0.01 s"


def test_a_stopped_count_prints_its_document(endless: Path, run_relureg: Run) -> None:
    done = run_relureg("count", endless, "--timeout", "1.5", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["complete"]) == (4, False)
    assert document["stopped_by"] == "the time limit of 1.5 s"
    assert document["regions"] >= 1
    assert f"{document['regions']:,} region" in done.stderr


@pytest.mark.parametrize("engine", ["lp", "split"])
def test_a_box_of_many_inputs_has_a_region(tmp_path: Path, run_relureg: Run, engine: str) -> None:
    net = _gaussian(tmp_path / "wide.json", 1, 300, 8, 2)
    done = run_relureg("count", net, "--box", "-1", "1", "--engine", engine, "--timeout", "3", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["engine"], document["complete"]) == (4, engine, False)
    assert document["regions"] >= 1
    assert (document["bounded"], document["unbounded"]) == (document["regions"], 0)
    assert "a proven lower bound" in done.stderr


def test_the_theorems_are_stopped_too(tmp_path: Path, run_relureg: Run) -> None:
    # Its 2,753 regions are found at once; their checks take minutes.
    wide = tmp_path / "wide.json"
    run_relureg("random", "--widths", "784,8,4", "--seed", "1", "-o", wide)
    done = run_relureg("verify", wide, "fixtures/truth/xor.json", "--timeout", "3", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 4
    assert [network["stopped_by"] for network in document["networks"]] == ["the time limit of 3 s", None]
    assert done.stderr.endswith("stopped by the time limit of 3 s: 1 of 2 networks not verified\n")


def test_the_phases_after_the_count_are_stopped_too(tmp_path: Path, run_relureg: Run) -> None:
    # Its 523,686 regions are found at once; to compare their maps takes a minute.
    path = _gaussian(tmp_path / "one.json", 1, 4, 60, 1)
    done = run_relureg("count", path, "--linear", "--timeout", "1.5", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 4
    assert document["regions"] >= 1
    assert document["affine_pieces"] is None


def test_charpoly_keeps_the_lower_bound(tmp_path: Path, run_relureg: Run) -> None:
    path = _gaussian(tmp_path / "one.json", 2, 9, 60, 1)
    done = run_relureg("count", path, "--engine", "charpoly", "--timeout", "1.5", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["complete"]) == (4, False)
    assert document["regions"] > 1


def test_a_box_is_bounded_and_has_an_interior_by_looking_at_it() -> None:
    box = Domain.box([0] * 50, [1] * 50)
    assert (box.is_plainly_bounded, box.has_plain_interior) == (True, True)
    assert not Domain.box([0, -np.inf], [1, 1]).is_plainly_bounded
    diagonal = Domain.polytope([[1, 1], [-1, 0], [0, -1]], [1, 0, 0])
    assert (diagonal.is_plainly_bounded, diagonal.has_plain_interior) == (False, False)
    assert not Domain.polytope([[1], [-1]], [0, -1]).has_plain_interior


# -- what nothing else ends ----------------------------------------------------------------------------

STUBBORN = """
import random
import sys
from pathlib import Path
from flint import fmpz_mat
from relureg.cli import main, options
from relureg.files import open_atomically

def read(*words, **options):
    with open_atomically(Path("half.txt")) as stream:
        stream.write(b"half")
        # For minutes neither a signal handler nor a thread of Python runs.
        fmpz_mat(600, 600, [random.getrandbits(200) for _ in range(360_000)]).hnf()

options.load = read
sys.exit(main.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_process_that_cannot_stop_is_ended(tmp_path: Path, as_json: bool) -> None:
    words = ["inspect", "net.json", "--timeout", "1", *["--json"] * as_json]
    done = subprocess.run(
        [sys.executable, "-c", STUBBORN, *words], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (4, "relureg: error: stopped by the time limit of 1 s\n")
    if as_json:
        error = {"kind": "limit", "message": "stopped by the time limit of 1 s", "where": None}
        assert json.loads(done.stdout) == {"error": error}
    else:
        assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


ALARMED = """
import time
from relureg.cli import guard
for _ in range(20):
    with guard.guarding():
        guard.start()
        guard.limit_time(0.001)
        guard.current().answering()
        time.sleep(0.01)
"""


def test_a_limit_met_while_the_command_leaves_does_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", ALARMED], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# -- signals -------------------------------------------------------------------------------------------


def _signalled(words: list[object], number: int) -> subprocess.CompletedProcess[str]:
    """Run a command, and send the signal once it has found some regions."""
    process = started(*words)
    read_until_regions(process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, PROGRESS.sub("", stderr))


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_leaves_a_lower_bound(endless: Path, number: int, code: int, word: str) -> None:
    done = _signalled(["count", endless, "--json"], number)
    document = json.loads(done.stdout)
    assert (done.returncode, document["complete"]) == (code, False)
    assert document["regions"] > 1
    engine, *before, last = done.stderr.splitlines()
    assert engine.startswith("relureg: network: engine split: ")
    assert last == f"relureg: {word}: {document['regions']:,} regions are a proven lower bound"
    assert [line.split(" in ")[0] for line in before] == [
        "relureg: network: last stage counted by deletion and restriction"
    ]


def test_a_signal_leaves_a_journal_to_go_on_from(endless: Path, tmp_path: Path, run_relureg: Run) -> None:
    journal = tmp_path / "run.journal"
    done = _signalled(["count", endless, "--journal", journal, "--json"], signal.SIGTERM)
    assert done.returncode == 143
    assert f"go on with: relureg resume {journal}" in done.stderr
    told = json.loads(run_relureg("status", journal, "--json").stdout)
    assert 1 < json.loads(done.stdout)["regions"] <= told["regions"]  # a batch may be kept as the signal comes


# -- memory and jobs -----------------------------------------------------------------------------------


def test_memory_ends_a_run_that_grows(tmp_path: Path, run_relureg: Run) -> None:
    path = _gaussian(tmp_path / "lines.json", 3, 2, 2500, 1)
    done = run_relureg("regions", path, "--memory", "300MB", "-o", tmp_path / "regions.csv")
    assert done.returncode == 4
    assert "stopped by the memory limit of 300MB: " in done.stderr
    assert "regions are a proven lower bound" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["lines.json"]


def test_amounts_of_memory(run_relureg: Run) -> None:
    assert [parse_memory(text) for text in ("1.5GB", "2 GiB", "1e9", "3k")] == [1_500_000_000, 2**31, 10**9, 3 * 2**10]
    assert 0 < parse_memory("10%") < parse_memory("90%")
    for text in ("", "much", "-1GB", "0", "1XB", "nan", "inf"):
        with pytest.raises(UsageError, match="not an amount of memory"):
            parse_memory(text)
    assert run_relureg("count", "fixtures/truth/xor.json", "--memory", "lots").returncode == 2


@pytest.mark.parametrize(
    ("command", "jobs"), [("count", "100000"), ("count", "0"), ("graph", "-3"), ("verify", "1.5"), ("verify", "100000")]
)
def test_jobs_are_threads_that_there_can_be(run_relureg: Run, command: str, jobs: str) -> None:
    done = run_relureg(command, "fixtures/truth/xor.json", "--jobs", jobs)
    assert done.returncode == 2
    assert "--jobs" in done.stderr


def test_the_network_of_these_tests_is_what_it_is_said_to_be(convolution: Path) -> None:
    network = load(convolution)
    assert (network.input_dim, network.num_units) == (SIZE**2, 4 * (SIZE - 2) ** 2 + 6)
