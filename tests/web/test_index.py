"""The list of runs: found, read once, kept; links and damage; what comes and goes."""

import json
import os
import stat
from collections import Counter
from pathlib import Path

import pytest
from tests.web.logs import folder, rows, write
from tests.web.served import real_roots, running, until

from descentry._version import __version__
from descentry.web import workers
from descentry.web.digest import digest
from descentry.web.hub import Hub
from descentry.web.index import Index
from descentry.web.kept import Kept


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each log was read."""
    counted: Counter[str] = Counter()

    def counting(place, roots):  # type: ignore[no-untyped-def]
        counted[os.path.basename(place.path)] += 1
        return digest(place, roots)

    monkeypatch.setattr(workers, "digest", counting)
    return counted


def test_a_second_start_reads_only_what_changed(tmp_path: Path, read: Counter[str]) -> None:
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        first = server.read_runs(3)
    assert read == {"calm.jsonl": 1, "broken.jsonl": 1, "tuned.jsonl": 1}
    with (root / "a/calm.jsonl").open("a") as file:
        file.write(rows(120, 130))
    with running(root, tmp_path / "cache") as server:
        assert len(server.runs()) == 3  # at once, before any look
        until(lambda: server.runs(q="calm")[0]["last_step"] == 129)
        again = server.runs(sort="name", order="rising")
    assert read == {"calm.jsonl": 2, "broken.jsonl": 1, "tuned.jsonl": 1}
    assert again[1:] == first[1:]


def test_runs_come_and_go(tmp_path: Path) -> None:
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        server.read_runs(3)
        write(root / "d/late.jsonl", rows(0, 60))
        (root / "b/broken.jsonl").unlink()
        until(lambda: {run["run"] for run in server.runs()} == {"a/calm", "c/tuned", "d/late"})
        server.read_runs(3)


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside/secret.jsonl", rows(0, 60))
    root = folder(tmp_path / "runs")
    (root / "link.jsonl").symlink_to(outside)
    (root / "linked").symlink_to(outside.parent)
    with running(root, tmp_path / "cache") as server:
        assert {run["run"] for run in server.read_runs(3)} == {"a/calm", "b/broken", "c/tuned"}


def test_a_run_that_becomes_a_link_out_is_no_longer_opened(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside/secret.jsonl", rows(0, 60, level=77.0))
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        run_id = next(run["id"] for run in server.read_runs(3) if run["run"] == "a/calm")
        (root / "a/calm.jsonl").unlink()
        (root / "a/calm.jsonl").symlink_to(outside)
        answer = server.get(f"/api/runs/{run_id}/report")
    assert answer.status_code in (404, 409)
    assert "77" not in answer.text


def test_event_files_that_are_links_out_keep_their_folder_out(tmp_path: Path) -> None:
    samples = Path(__file__).parents[1] / "samples/accelerate/run"
    (event_file,) = samples.glob("events*")
    root = tmp_path / "runs"
    for name in ("plain", "linked"):
        (root / name).mkdir(parents=True)
    (root / "plain" / event_file.name).write_bytes(event_file.read_bytes())
    (root / "linked" / event_file.name).write_bytes(event_file.read_bytes())
    (root / "linked" / f"{event_file.name}.2").symlink_to(event_file)
    with running(root, tmp_path / "cache") as server:
        assert [run["format"] for run in server.read_runs(1)] == ["tensorboard"]
        assert server.runs()[0]["run"] == "plain"


def test_a_damaged_cache_is_thrown_away_and_told(tmp_path: Path, read: Counter[str]) -> None:
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        server.read_runs(3)
    (journal,) = (tmp_path / "cache").glob("rows-*.jsonl")
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    lines = journal.read_bytes().splitlines(keepends=True)
    for damage in (
        b"\x00\xff" * 100 + b"\n",
        b'{"place": 5}\n',
        b"[]\n",
        b'{"place": ["a"], "state": 1, "row": 2}\n',
    ):
        journal.write_bytes(lines[0] + damage + b"".join(lines[1:]))
        read.clear()
        with running(root, tmp_path / "cache") as server:
            server.read_runs(3)
            assert "thrown away" in server.told[0]
        assert sum(read.values()) == 3


def test_a_torn_cache_keeps_its_whole_lines(tmp_path: Path, read: Counter[str]) -> None:
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        server.read_runs(3)
    (journal,) = (tmp_path / "cache").glob("rows-*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-20])
    for n_read in (1, 0):
        read.clear()
        with running(root, tmp_path / "cache") as server:
            server.read_runs(3)
            assert server.told == []
        assert sum(read.values()) == n_read


def test_a_kept_row_outside_the_roots_is_not_listed(tmp_path: Path) -> None:
    root = folder(tmp_path / "runs")
    with running(root, tmp_path / "cache") as server:
        server.read_runs(3)
    outside = write(tmp_path / "outside/secret.jsonl", rows(0, 60))
    (journal,) = (tmp_path / "cache").glob("rows-*.jsonl")
    line = json.loads(journal.read_bytes().splitlines()[1])
    line["place"] = [str(outside), "secret", "jsonl", str(outside.parent)]
    with journal.open("a") as file:
        file.write(json.dumps(line) + "\n")
    kept = Kept(tmp_path / "cache", real_roots([str(root)]), __version__, print)
    index = Index(real_roots([str(root)]), kept, Hub(), print, n_workers=0)
    index.restore()
    kept.close()
    assert sorted(entry.row["run"] for entry in index.entries.all()) == ["a/calm", "b/broken", "c/tuned"]


def test_a_log_that_cannot_be_read_is_listed_with_its_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_place, _roots):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError("/a/secret/place")

    root = folder(tmp_path / "runs")
    monkeypatch.setattr("descentry.web.digest.open_log", broken)
    with running(root, tmp_path / "cache") as server:
        assert {run["problem"] for run in server.read_runs(3)} == {"cannot be read: a ZeroDivisionError"}
        assert server.get("/api/health").status_code == 200


@pytest.mark.slow
def test_processes_read_the_logs_and_end_with_the_server(tmp_path: Path) -> None:
    with running(folder(tmp_path / "runs"), tmp_path / "cache", n_workers=2) as server:
        assert [run["verdict"] for run in server.read_runs(3)] == ["healthy", "critical", "healthy"]
        processes = list(server.parts.index._workers._pool._processes.values())  # type: ignore[union-attr]
    for process in processes:
        process.join(10)
        assert not process.is_alive()
