"""The journal: whatever happens to the file, what is trusted is true, and the rest is done again."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import relureg
from relureg.engine.gathering import join
from relureg.engine.records import Records
from relureg.engine.runs import driver, stored_batches
from relureg.engine.runs.journal import Journal
from relureg.errors import JournalError, OutputError, UsageError
from tests.cli.command_line import Run, check_one_line
from tests.engine.runs.runs import assert_same_records, he_network

NETWORK = he_network(3, 28, 20, 1)
LARGE = he_network(4, 18, 12, 1)
"""Half as many regions again: many batches, however late one is told that its time is over."""

Check = Callable[[Path], None]


@pytest.fixture(autouse=True, scope="module")
def short_units() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "_BATCH_SECONDS", 0.001)
        yield


@pytest.fixture(scope="module")
def expected() -> relureg.Complex:
    return relureg.enumerate_regions(NETWORK)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory, short_units: None) -> Path:
    """The folder with the journal of a complete run that kept its regions, in several units."""
    folder = tmp_path_factory.mktemp("complete")
    relureg.count_regions(NETWORK, journal=folder / "run.journal", keep_regions=True, jobs=2)
    return folder


@pytest.fixture
def run(complete: Path, tmp_path: Path) -> Path:
    """A journal of that run of one's own: nothing in it says where it lies."""
    shutil.copytree(complete, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run.journal"


@pytest.fixture
def check_whole(expected: relureg.Complex) -> Check:
    """After going on, the run is complete, and each region is there once."""

    def check(path: Path) -> None:
        counted = relureg.resume(path, jobs=2)
        assert counted.complete
        assert counted.num_regions == expected.num_regions
        assert counted.checks[0].passed is True
        assert counted.per_stage == expected.per_stage
        assert_same_records(_records(path), expected.records)

    return check


def _rows(path: Path) -> int:
    with Journal.open_to_read(path) as journal:
        return len(journal.entries)


def _records(path: Path) -> Records:
    with Journal.open_to_read(path) as journal:
        stored = [entry.stored for entry in journal.entries if entry.stored]
        found = [stored_batches.read(part, journal.parts_folder, NETWORK.num_units) for part in stored]
    return join(found, NETWORK.num_units, NETWORK.input_dim)


def test_a_run_is_told_again_without_work(run: Path, check_whole: Check) -> None:
    rows = _rows(run)
    assert rows > 3
    check_whole(run)
    assert _rows(run) == rows


def test_the_last_rows_may_be_missing(run: Path, check_whole: Check) -> None:
    rows = _rows(run)
    with sqlite3.connect(run) as connection:
        connection.execute("DELETE FROM batches WHERE number > ?", (rows // 2,))
    check_whole(run)


@pytest.mark.parametrize("column", ["content", "digest"])
def test_a_changed_row_and_all_after_it_are_done_again(run: Path, column: str, check_whole: Check) -> None:
    with sqlite3.connect(run) as connection:
        (text,) = connection.execute(f"SELECT {column} FROM batches WHERE number = 2").fetchone()
        at = text.index('"regions":') + 10 if column == "content" else 0
        text = f"{text[:at]}{'1' if text[at] != '1' else '2'}{text[at + 1 :]}"
        connection.execute(f"UPDATE batches SET {column} = ? WHERE number = 2", (text,))
    assert _rows(run) == 1
    notes: list[str | None] = []
    relureg.resume(run, progress=lambda progress: notes.append(progress.note))
    assert any("damaged rows" in note for note in notes if note)
    check_whole(run)


def test_a_damaged_part_is_done_again(run: Path, check_whole: Check) -> None:
    with Journal.open_to_read(run) as journal:
        victim = journal.parts_folder / journal.entries[-1].stored.names[1]  # type: ignore[union-attr]
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    check_whole(run)


def test_a_part_that_no_row_names_is_removed(run: Path, check_whole: Check) -> None:
    stray = run.with_name("run.journal.parts") / "99999999.regions.parquet"
    stray.write_bytes(b"cut off")
    check_whole(run)
    assert not stray.exists()


def _size_without_rows(run: Path) -> int:
    with Journal.open_to_read(run) as journal:
        settings = journal.settings
    path = run.with_name("empty.journal")
    Journal.create_or_continue(path, settings).close()
    return path.stat().st_size


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_mended(run: Path, keep: float, check_whole: Check) -> None:
    first, size = _size_without_rows(run), run.stat().st_size
    assert size > first + 4096
    os.truncate(run, int(first + keep * (size - first)))
    check_whole(run)


def test_overwritten_pages_are_mended(run: Path, check_whole: Check) -> None:
    first = _size_without_rows(run)
    content = bytearray(run.read_bytes())
    content[first + 4096 :] = bytes(range(256)) * ((len(content) - first - 4096) // 256)
    run.write_bytes(content)
    check_whole(run)


def test_a_journal_without_its_beginning_is_refused(run: Path) -> None:
    content = bytearray(run.read_bytes())
    content[4096 : _size_without_rows(run)] = bytes(_size_without_rows(run) - 4096)
    run.write_bytes(content)
    with pytest.raises(JournalError, match="start anew"):
        relureg.resume(run)


def test_a_torn_write_ahead_log_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    counted = relureg.count_regions(NETWORK, journal=path, jobs=2)
    # A second connection keeps SQLite from folding the log into the file: what a killed run leaves behind.
    reader = sqlite3.connect(path)
    reader.execute("SELECT count(*) FROM batches").fetchone()
    with Journal.open(path) as journal:
        journal.begin_session("nobody")
        journal.begin_session("nobody")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", tmp_path / f"copy.journal{suffix}")
    reader.close()
    log = tmp_path / "copy.journal-wal"
    assert log.stat().st_size > 5000
    os.truncate(log, log.stat().st_size - 1000)
    again = relureg.resume(tmp_path / "copy.journal")
    assert again.num_regions == counted.num_regions
    with Journal.open_to_read(tmp_path / "copy.journal") as journal:
        assert len(journal.sessions()) == 2  # one of the run itself, one whole transaction of the log


def test_another_network_or_other_options_are_refused(run: Path, check_whole: Check) -> None:
    with pytest.raises(UsageError, match="a run with another network"):
        relureg.count_regions(he_network(3, 8, 1), journal=run)
    with pytest.raises(UsageError, match="a run with another domain"):
        relureg.count_regions(NETWORK, relureg.Domain.box([-1] * 3, [1] * 3), journal=run, keep_regions=True)
    with pytest.raises(UsageError, match="a run with --keep-regions"):
        relureg.count_regions(NETWORK, journal=run)
    check_whole(run)


def test_two_runs_on_one_journal(run: Path, check_whole: Check) -> None:
    with Journal.open(run) as journal:
        assert journal.is_running
        with pytest.raises(UsageError, match="another run is writing"):
            relureg.resume(run)
    assert not relureg.journal_status(run).running
    check_whole(run)


def test_two_processes_on_one_journal(run: Path, run_relureg: Run) -> None:
    with run.with_name(run.name + ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check_one_line(run_relureg("resume", run), 2, f"{run}: another run is writing this journal")
        done = run_relureg("status", run)
    assert done.returncode == 0
    assert "complete" in done.stdout


def test_what_is_no_journal(tmp_path: Path, run_relureg: Run) -> None:
    path = tmp_path / "x"
    check_one_line(run_relureg("status", path), 3, f"{path}: no such file")
    path.write_text("a" * 10_000)
    check_one_line(run_relureg("resume", path), 3, f"{path}: is no journal")
    check_one_line(run_relureg("count", "fixtures/truth/xor.json", "--journal", path), 3, f"{path}: is no journal")
    assert path.read_text() == "a" * 10_000
    path.unlink()
    sqlite3.connect(path).executescript("CREATE TABLE other (x)").close()
    with pytest.raises(JournalError, match=r"no sound journal|damaged from its beginning"):
        relureg.resume(path)
    with pytest.raises(JournalError):
        relureg.resume(tmp_path)


def _as_nobody_special(*words: object) -> list[str]:
    """A command line that cannot write what it may not write, even for root."""
    command = [sys.executable, "-m", "relureg", *map(str, words)]
    if os.geteuid() == 0:
        return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--", *command]
    return command


def test_a_read_only_journal(run: Path) -> None:
    before = run.read_bytes()
    run.chmod(0o444)
    for command in (("resume", run), ("status", run)):
        done = subprocess.run(_as_nobody_special(*command), capture_output=True, text=True, timeout=60)
        if command[0] == "resume":
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr == f"relureg: error: {run}: is read-only; make it writable, or copy it\n"
        else:
            assert done.returncode == 0, done.stderr
    run.chmod(0o644)
    assert run.read_bytes() == before


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    network = tmp_path / "net.json"
    relureg.save(LARGE, network)
    # No file may grow beyond this: what a write meets on a full disk, for anyone to try.
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), -1));"
        "from relureg.engine.runs import driver; driver._BATCH_SECONDS = 0.004;"
        "from relureg.cli.main import main; main()"
    )
    stopped = 0
    for limit in (10_000, 30_000, 40_000):  # too little for the journal itself, for its first row, for some more
        command = [sys.executable, "-c", script, str(limit), "count", network, "--journal", path, "--jobs", "2"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
        if done.returncode:
            stopped += 1
            assert done.returncode == 2
            assert done.stderr.startswith(f"relureg: error: {path}: cannot be written: "), done.stderr
            assert done.stderr.count("\n") == 1
    assert stopped >= 2
    counted = relureg.count_regions(LARGE, journal=path)
    assert counted.num_regions == relureg.count_regions(LARGE).num_regions
    assert counted.checks[0].passed is True


def test_limits_leave_a_journal_to_go_on_from(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    whole = relureg.count_regions(LARGE).num_regions
    part = relureg.count_regions(LARGE, journal=path, keep_regions=True, jobs=1, max_regions=500)
    assert not part.complete
    assert 500 <= part.num_regions < whole
    status = relureg.journal_status(path)
    assert (status.regions, status.complete) == (part.num_regions, False)
    assert 0 < status.fraction < 1
    assert abs(status.expected - whole) <= 5 * status.expected_error + 1e-6
    again = relureg.resume(path, jobs=2)
    assert (again.num_regions, again.complete, again.checks[0].passed) == (whole, True, True)
    assert relureg.journal_status(path).fraction == 1


def test_a_disk_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        relureg.count_regions(NETWORK, journal=tmp_path / "nowhere" / "run.journal")
