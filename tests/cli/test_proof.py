"""--proof and check-proof on the command line: answers, wrong usage, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relureg.cli.main import run
from relureg.network import json_format
from relureg.proofs import proof_writer
from relureg.proofs.proof_writer import ProofFigures, write_proof
from tests.cli.command_line import INPUT, USAGE, Run, check_one_line
from tests.deadlines import LONG, OVER, over_after
from tests.schemas import open_schema

ROOT = Path(__file__).parents[2]
INT = "fixtures/truth/int_2-6-6-1.json"
COUNTEREXAMPLE = "fixtures/counterexamples/counterexample-3-9-4-1.json"
SHIPPED = "fixtures/proofs/counterexample-3-9-4-1.proof"


def valid(text: str) -> dict[str, object]:
    """A document that the published schema allows."""
    document: dict[str, object] = json.loads(text)
    open_schema().validate(document)
    return document


def test_the_proof_of_the_counterexample(run_relureg: Run) -> None:
    """The values are those of counterexamples/counts.json, by independent exact programs."""
    done = run_relureg("check-proof", SHIPPED, COUNTEREXAMPLE, "--json")
    assert done.returncode == 0
    document = valid(done.stdout)
    known = json.loads((ROOT / "fixtures" / "counterexamples" / "counts.json").read_text())["folded_cut"]
    assert document["proved"] == {
        "regions": known["regions"], "facets": known["facets"], "boundary_facets": 0, "diameter": 22,
    }  # fmt: skip
    assert "average degree 25/4" in document["sentences"][2]


def test_a_count_and_its_proof(run_relureg: Run, tmp_path: Path) -> None:
    proof = tmp_path / "count.proof"
    done = run_relureg("count", INT, "--box", "-10", "10", "--proof", proof, "--json")
    assert done.returncode == 0
    written = valid(done.stdout)["proof"]
    assert written == {
        "file": str(proof), "bytes": proof.stat().st_size, "closed": written["closed"], "claims": {"regions": 48},
    }  # fmt: skip
    done = run_relureg("check-proof", proof, INT, "--json")
    assert valid(done.stdout)["proved"] == {"regions": 48}


@pytest.mark.parametrize(
    ("options", "claims"),
    [
        ([], {"regions", "facets", "boundary_facets", "diameter"}),
        (["--degree"], {"regions", "facets", "boundary_facets"}),
        (["--diameter"], {"regions", "facets", "boundary_facets", "diameter"}),
    ],
)
def test_a_graph_and_its_proof(options: list[str], claims: set[str], run_relureg: Run, tmp_path: Path) -> None:
    proof = tmp_path / "graph.proof"
    done = run_relureg("graph", INT, *options, "--proof", proof, "--json")
    document = valid(done.stdout)
    assert document["proof"]["claims"].keys() == claims
    assert document["proof"]["claims"]["facets"] == document["facets"] == 84
    assert run_relureg("check-proof", proof, INT).returncode == 0


def test_a_slice_and_a_saved_complex(run_relureg: Run, tmp_path: Path) -> None:
    proof, saved = tmp_path / "slice.proof", tmp_path / "cells.npz"
    net = "fixtures/truth/int_3-6-6-1.json"
    done = run_relureg("count", net, "--through", "0,0,0;1,2,0;0,1,3", "--proof", proof, "--json")
    regions = valid(done.stdout)["regions"]
    done = run_relureg("check-proof", proof, net)
    assert f"exactly {regions} activation regions in R^2 of t, where x = (t0, " in done.stdout
    run_relureg("regions", INT, "--save", saved)
    assert run_relureg("count", saved, "--proof", proof, "--force").returncode == 0
    assert "exactly 49 activation regions in R^2" in run_relureg("check-proof", proof, INT).stdout
    # Of a slice only the network on it is kept, not the one that was cut.
    run_relureg("regions", net, "--through", "0,0,0;1,2,0;0,1,3", "--save", saved, "--force")
    done = run_relureg("count", saved, "--proof", proof, "--force")
    check_one_line(done, USAGE, "--proof: is about a network, and the saved complex of a slice does not hold that")
    # The whole plane as a slice of itself.
    assert run_relureg("graph", INT, "--through", "0,0;1,0;0,1", "--proof", proof, "--force").returncode == 0
    assert run_relureg("check-proof", proof, INT).returncode == 0


def test_a_network_in_another_format(run_relureg: Run, tmp_path: Path) -> None:
    proof, net = tmp_path / "net.proof", "fixtures/nets/sherlock_sample_2_5_1.onnx"
    assert run_relureg("count", net, "--proof", proof).returncode == 0
    assert run_relureg("check-proof", proof, net).returncode == 0
    assert run_relureg("convert", net, tmp_path / "net.json").returncode == 0
    assert run_relureg("check-proof", proof, tmp_path / "net.json").returncode == 0


def test_what_is_no_proof(run_relureg: Run) -> None:
    done = run_relureg("check-proof", INT, INT)
    check_one_line(done, 1, f"{INT}: is no proof; name a file that --proof has written\n")
    check_one_line(run_relureg("check-proof", "gone.proof", INT), INPUT, "gone.proof: no such file; check the path\n")


def test_a_proof_that_is_refused(run_relureg: Run, tmp_path: Path) -> None:
    done = run_relureg("check-proof", SHIPPED, INT)
    check_one_line(done, 1, f"{SHIPPED}: line 1: it is of networks with sha256 ['b91f72")
    assert done.stdout == ""
    done = run_relureg("check-proof", SHIPPED, INT, "--json")
    assert valid(done.stdout)["error"]["kind"] == "refused"
    data = bytearray((ROOT / SHIPPED).read_bytes())
    data[5000] ^= 1
    (tmp_path / "damaged").write_bytes(data)
    assert run_relureg("check-proof", tmp_path / "damaged", COUNTEREXAMPLE).returncode == 1


def test_wrong_usage(run_relureg: Run, tmp_path: Path) -> None:
    proof = tmp_path / "new.proof"
    check_one_line(
        run_relureg("count", INT, "--proof", proof, "--journal", tmp_path / "j"), USAGE,
        "--proof: is written of regions that are kept in memory",
    )  # fmt: skip
    check_one_line(run_relureg("count", INT, INT, "--proof", proof), USAGE, "--proof: is for one network alone")
    check_one_line(
        run_relureg("count", INT, "--proof", tmp_path / "no" / "p"),
        2,
        f"{tmp_path / 'no' / 'p'}: cannot be written: its",
    )
    check_one_line(
        run_relureg("count", INT, "--engine", "charpoly", "--proof", proof), USAGE, "the engine charpoly only"
    )
    proof.write_text("mine")
    check_one_line(run_relureg("graph", INT, "--proof", proof), 2, f"{proof}: the file exists; give --force")
    net = tmp_path / "net.json"
    net.write_bytes((ROOT / INT).read_bytes())
    done = run_relureg("count", net, "--proof", net, "--force")
    assert (done.returncode, "is an input of this command" in done.stderr) == (2, True)
    assert json_format.read(net.read_bytes(), name="").num_units == 12
    assert proof.read_text() == "mine"


@pytest.mark.parametrize("limit", [("--timeout", "0.01"), ("--max-regions", "20")])
def test_a_limit_leaves_no_proof(limit: tuple[str, str], run_relureg: Run, tmp_path: Path) -> None:
    done = run_relureg("count", "fixtures/truth/rand_4-40-1.json", "--proof", tmp_path / "p", *limit)
    assert done.returncode == 4
    assert not list(tmp_path.iterdir())


def test_a_limit_of_time_while_a_proof_is_checked(run_relureg: Run) -> None:
    done = run_relureg("check-proof", SHIPPED, COUNTEREXAMPLE, "--timeout", "0.001")
    check_one_line(done, 4, "stopped by the time limit of 0.001 s")


def test_a_limit_of_time_while_the_proof_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(*args: Any, **kwargs: Any) -> ProofFigures:
        return write_proof(*args, **{**kwargs, "progress": over_after(lambda progress: True)})

    monkeypatch.setattr(proof_writer, "write_proof", write)
    net = "fixtures/truth/rand_3-16-16-1.json"
    assert run(["count", net, "--proof", str(tmp_path / "p"), "--timeout", f"{LONG:g}"]) == 4
    assert f"stopped by {OVER}: 5,092 regions" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_range_and_its_proof(run_relureg: Run, tmp_path: Path) -> None:
    proof = tmp_path / "range.proof"
    done = run_relureg("range", INT, "--box", "-10", "10", "--proof", proof, "--json")
    assert done.returncode == 0
    written = valid(done.stdout)["proof"]
    assert written == {
        "file": str(proof), "bytes": proof.stat().st_size, "cells": written["cells"], "claims": 2,
    }  # fmt: skip
    done = run_relureg("check-proof", proof, INT, "--json")
    document = valid(done.stdout)
    assert document["proved"] == {"claims": 2}
    assert "the smallest value of y0 is -316, at x = (-10, 10), in the box [-10, 10]^2" in document["sentences"]
    done = run_relureg("range", INT, "--proof", proof)
    check_one_line(done, USAGE, f"{proof}: the file exists")


def test_a_verdict_a_difference_and_a_constant(run_relureg: Run, tmp_path: Path) -> None:
    """Exit codes are those of the answer; of two networks, both are named to be checked."""
    asked, proof = tmp_path / "above.vnnlib", tmp_path / "proof"
    asked.write_text(
        "(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n"
        "(assert (>= X_0 0))\n(assert (<= X_0 1))\n(assert (>= X_1 0))\n(assert (<= X_1 1))\n(assert (> Y_0 1))\n"
    )
    xor = "fixtures/truth/xor.json"
    assert run_relureg("check", xor, asked, "--proof", proof, "--quiet").returncode == 0
    done = run_relureg("check-proof", proof, xor, "--json")
    assert valid(done.stdout)["sentences"][1] == "nowhere y0 > 1, in the box [0, 1]^2"
    done = run_relureg("compare", xor, INT, "--box", "0", "1", "--proof", proof, "--force", "--json")
    assert done.returncode == 1
    assert valid(done.stdout)["proof"]["claims"] == 3
    assert run_relureg("check-proof", proof, xor, INT).returncode == 0
    refused = run_relureg("check-proof", proof, xor)
    check_one_line(refused, 1, f"{proof}: line 1: it is of networks with sha256")
    done = run_relureg("lipschitz", xor, "--norms", "inf,inf", "--proof", proof, "--force", "--json")
    assert valid(done.stdout)["proof"]["cells"] == 3
    done = run_relureg("check-proof", proof, xor, "--json")
    assert valid(done.stdout)["sentences"][1].endswith("to the inf-norm is 4, in R^2")
