"""Bytes in and out: limits, compression, and files that are whole or absent."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import relureg
from relureg import Network
from relureg.errors import MalformedNetworkError, OutputError, UsageError
from relureg.files import MAX_BYTES, protecting, read_bytes, write_atomically


@pytest.fixture
def xor(fixtures: Path) -> Path:
    return fixtures / "truth" / "xor.json"


def test_a_sparse_file_beyond_the_limit_is_not_even_begun(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(MalformedNetworkError, match=r"huge\.json: the file is larger than 512 MiB") as caught:
        relureg.load(path)
    assert caught.value.exit_code == 3


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_bytes(b"12345")
    assert read_bytes(path, limit=5) == b"12345"
    with pytest.raises(MalformedNetworkError, match="larger than"):
        read_bytes(path, limit=4)


def test_compressed_networks_are_read_by_suffix_and_by_content(xor: Path, tmp_path: Path) -> None:
    expected = relureg.load(xor)
    for name in ("xor.json.gz", "xor.json", "xor.gz", "xor"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(xor.read_bytes()))
        assert relureg.load(path) == expected
    nnet = xor.parents[1] / "nets" / "nv_spiky_1d.nnet"
    (tmp_path / "spiky.nnet.gz").write_bytes(gzip.compress(nnet.read_bytes()))
    compressed = relureg.load(tmp_path / "spiky.nnet.gz")
    assert (compressed, compressed.name) == (relureg.load(nnet), "spiky")


def test_gzip_members_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0")
    assert read_bytes(path) == b"one two"


def test_damaged_and_endless_compression_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * 50)
    cases = {
        whole[:-1]: "the gzip data ends too early; the file is truncated",
        whole[:40]: "the gzip data ends too early; the file is truncated",
        whole[:5]: "the gzip data ends too early; the file is truncated",
        whole[:30] + b"\xff\xff\xff" + whole[33:]: "the gzip data is damaged",
        whole[:-8] + b"\0\0\0\0" + whole[-4:]: "the gzip data is damaged: CRC check failed",
        whole + b"rest": "the gzip data is damaged: Not a gzipped file",
        gzip.compress(b""): "the file is empty; a network was expected",
    }
    path = tmp_path / "net"
    for data, message in cases.items():
        path.write_bytes(data)
        with pytest.raises(MalformedNetworkError, match=re.escape(message)):
            read_bytes(path)
    path.write_bytes(gzip.compress(bytes(10**6)))
    with pytest.raises(MalformedNetworkError, match="the file is larger than"):
        read_bytes(path, limit=10**6 - 1)


def test_the_format_is_that_of_the_suffix_or_else_of_the_content(fixtures: Path, tmp_path: Path) -> None:
    for name in (
        "truth/xor.json",
        "nets/nv_spiky_1d.nnet",
        "nets/overt_car_smallest.nnet",
        "nets/marabou_fc_2_2_3.onnx",
    ):
        source = fixtures / name
        plain = tmp_path / "network"
        plain.write_bytes(source.read_bytes())
        assert relureg.load(plain) == relureg.load(source)
    (tmp_path / "XOR.JSON").write_bytes((fixtures / "truth/xor.json").read_bytes())
    assert relureg.load(tmp_path / "XOR.JSON").widths == (2,)
    (tmp_path / "Spiky.NNET").write_bytes((fixtures / "nets/nv_spiky_1d.nnet").read_bytes())
    assert relureg.load(tmp_path / "Spiky.NNET").name == "Spiky"
    (tmp_path / "net.txt").write_bytes(b"?")
    with pytest.raises(MalformedNetworkError, match=r"net\.txt: not a known network format; read are relureg JSON"):
        relureg.load(tmp_path / "net.txt")


def test_a_file_is_written_whole_and_replaced_only_when_forced(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    write_atomically(path, b"first")
    with pytest.raises(OutputError, match=r"net\.json: the file exists; give --force") as caught:
        write_atomically(path, b"second")
    assert caught.value.exit_code == 2
    assert path.read_bytes() == b"first"
    write_atomically(path, b"second", force=True)
    assert path.read_bytes() == b"second"
    assert [p.name for p in tmp_path.iterdir()] == ["net.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: its folder does not exist"):
        write_atomically(tmp_path / "missing" / "net.json", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="is a directory; name a file"):
        write_atomically(tmp_path / "folder", b"x", force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("suffix", [".json", ".nnet", ".onnx"])
def test_save_and_load_give_an_equal_network(suffix: str, tmp_path: Path) -> None:
    net = Network.from_layers([[[1, -0.5], [0.1, 3]], [[2, 1e-300]]], [[0, 1], [0.25]], name="net")
    path = tmp_path / f"net{suffix}"
    relureg.save(net, path)
    again = relureg.load(path)
    assert (again, again.name) == (net, "net")
    with pytest.raises(OutputError, match="the file exists"):
        relureg.save(net, path)


def test_an_unknown_suffix_is_not_written(tmp_path: Path) -> None:
    net = Network.from_layers([[[1]]], [[0]])
    with pytest.raises(UsageError, match=r"the suffix is not one of \.json, \.nnet, \.onnx"):
        relureg.save(net, tmp_path / "net.txt")
    assert list(tmp_path.iterdir()) == []


LAUNCHER = """
import os, resource, subprocess, sys
words = [sys.executable, "-m", "relureg", *sys.argv[1:]]
done = subprocess.run(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
print(done.stderr.decode())
"""
"""A small process between, for a child begins with the memory of its parent."""


def refused(*arguments: object, stdin: int | None = None) -> str:
    """What a command says of a file that it refuses, in less than 200 MB."""
    words = [sys.executable, "-c", LAUNCHER, *map(str, arguments)]
    text = subprocess.run(words, stdin=stdin, capture_output=True, text=True, timeout=60, check=True).stdout
    figures, message = text.split("\n", 1)
    code, megabytes = map(int, figures.split())
    assert code == 3
    assert megabytes < 200, message
    return message


def test_refusing_takes_little_memory_and_ends(tmp_path: Path) -> None:
    assert "is neither a file nor a pipe" in refused("count", "/dev/zero")
    with open("/dev/zero", "rb") as zeros:
        assert "standard input: the file is larger than 128 MiB" in refused("inspect", "-", stdin=zeros.fileno())
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "is a pipe into which nobody writes" in refused("count", tmp_path / "pipe.onnx")
    zeros_in_gzip = gzip.compress(bytes(2**20)) * 700  # members, one after the other: 700 MiB in 0.7 MiB
    (tmp_path / "bomb.json.gz").write_bytes(zeros_in_gzip)
    assert "unpack to more than 200 times their size" in refused("count", tmp_path / "bomb.json.gz")


def test_a_pipe_is_read_once_somebody_writes(xor: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", f"sleep 0.3; exec cat {xor} > {pipe}"])
    try:
        assert relureg.load(pipe) == relureg.load(xor)
    finally:
        writer.wait(timeout=10)


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    real, link, far = tmp_path / "folder" / "real.json", tmp_path / "link.json", tmp_path / "far.json"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to("folder/real.json")
    far.symlink_to(link)
    with pytest.raises(OutputError, match=r"far\.json: the file exists"):
        write_atomically(far, b"new")
    write_atomically(far, b"new", force=True)
    assert (far.is_symlink(), link.is_symlink(), real.read_bytes()) == (True, True, b"new")
    assert real.stat().st_mode & 0o777 == 0o640
    real.unlink()
    for force in (False, True):
        with pytest.raises(OutputError, match="a symbolic link that leads nowhere"):
            write_atomically(far, b"new", force=force)
    link.unlink()
    link.symlink_to(far)  # each leads to the other
    with pytest.raises(OutputError, match="a symbolic link that leads nowhere"):
        write_atomically(far, b"new", force=True)


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/null")):
        with pytest.raises(OutputError, match="no regular file"):
            write_atomically(path, b"x", force=True)
    with pytest.raises(OutputError, match="cannot be written: File name too long"):
        write_atomically(tmp_path / ("x" * 300), b"x")


def test_inputs_are_not_replaced_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, other = tmp_path / "held.csv", tmp_path / "other.csv"
    held.write_bytes(b"points")
    other.write_bytes(b"others")
    (tmp_path / "soft.csv").symlink_to(held)
    (tmp_path / "hard.csv").hardlink_to(held)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    with protecting([held]):
        for name in (held, Path("../held.csv"), tmp_path / "soft.csv", Path("../hard.csv")):
            with pytest.raises(OutputError, match="is an input of this command"):
                write_atomically(name, b"x", force=True)
        write_atomically(other, b"x", force=True)
    assert held.read_bytes() == b"points"
    write_atomically(held, b"x", force=True)
    assert held.read_bytes() == b"x"
