"""Logs on an S3 server and a web server, both real and on loopback."""

import os
import sys
from itertools import islice
from pathlib import Path

import pytest
from tests.sources import made_logs
from tests.sources.places.served import put

from descentry.formats.blocks import HEAD
from descentry.record.errors import UnknownFormatError, UnreadableError
from descentry.sources.collect import collect
from descentry.sources.places.buckets import Bucket
from descentry.sources.places.targets import all_logs

pytest.importorskip("obstore")
ROWS = b"".join(b'{"step": %d, "loss": %.3f}\n' % (i, 5 / (i + 1)) for i in range(20_000))


def test_a_log_on_a_web_server_is_read(web: tuple[str, Path]) -> None:
    address, folder = web
    (folder / "my run.jsonl").write_bytes(ROWS)
    (log,) = all_logs(f"{address}/my%20run.jsonl")
    assert (log.place, log.format) == (f"{address}/my%20run.jsonl", "jsonl")
    assert len(collect(log).curves["loss"].values) == 20_000


def test_what_is_not_there_is_told_by_its_address(web: tuple[str, Path]) -> None:
    address, _ = web
    with pytest.raises(UnreadableError, match=f"^{address}/no.csv: no such object"):
        all_logs(f"{address}/no.csv")


def test_a_growing_log_on_a_web_server_is_followed(web: tuple[str, Path]) -> None:
    address, folder = web
    path = folder / "a.jsonl"
    path.write_bytes(ROWS[:1000])
    (log,) = all_logs(f"{address}/a.jsonl")
    follower = log.follow()
    n_rows = sum(chunk.n_rows for chunk in islice(follower, 4))
    assert n_rows == ROWS[:1000].count(b"\n")
    path.write_bytes(ROWS)
    assert n_rows + sum(chunk.n_rows for chunk in islice(follower, 6)) == 20_000


def test_a_log_that_is_away_for_a_moment_is_waited_for(web: tuple[str, Path]) -> None:
    address, folder = web
    path = folder / "a.jsonl"
    path.write_bytes(ROWS[:1000])
    (log,) = all_logs(f"{address}/a.jsonl")
    follower = log.follow()
    list(islice(follower, 4))
    path.rename(folder / "away")
    told = [event.kind for chunk in islice(follower, 4) for event in chunk.events]
    (folder / "away").rename(path)
    with path.open("ab") as file:
        file.write(ROWS[1000:])
    assert told == ["unreachable"]
    n_rows = sum(chunk.n_rows for chunk in islice(follower, 6))
    assert n_rows == 20_000 - ROWS[:1000].count(b"\n")


@pytest.mark.slow
def test_a_prefix_holds_runs_of_any_format(s3: Bucket) -> None:
    put(s3, "sweep/a/metrics.jsonl", ROWS)
    put(s3, "sweep/a/model.bin", b"\0" * 1000)
    put(s3, "sweep/b/events.out.tfevents.1.x", made_logs.events(made_logs.ROWS))
    put(s3, "sweep/c/log.csv", b"step,loss\n1,2.5\n2,2.25\n3,2\n")
    logs = all_logs("s3://logs/sweep")
    assert [(log.run, log.format) for log in logs] == [("a", "jsonl"), ("b", "tensorboard"), ("c", "csv")]
    assert logs[0].place == "s3://logs/sweep/a/metrics.jsonl"
    assert len(collect(logs[0]).curves["loss"].values) == 20_000
    assert logs[0].path.stat().st_size == HEAD
    assert len(collect(logs[0]).curves["loss"].values) == 20_000
    assert collect(logs[2]).curves["loss"].values.tolist() == [2.5, 2.25, 2.0]


@pytest.mark.slow
def test_an_object_that_grows_or_is_rewritten_is_followed(s3: Bucket) -> None:
    put(s3, "live.jsonl", ROWS[:100_000])
    (log,) = all_logs("s3://logs/live.jsonl")
    follower = log.follow()
    chunks = list(islice(follower, 6))
    put(s3, "live.jsonl", ROWS)
    chunks += islice(follower, 8)
    assert sum(chunk.n_rows for chunk in chunks) == 20_000
    put(s3, "live.jsonl", b'{"step": 1, "loss": 9.5}\n')
    chunks = list(islice(follower, 6))
    assert [event.kind for chunk in chunks for event in chunk.events] == ["restart"]
    assert sum(chunk.n_rows for chunk in chunks) == 1


@pytest.mark.slow
def test_nothing_there_is_told(s3: Bucket) -> None:
    with pytest.raises(UnreadableError, match="no such object"):
        all_logs("s3://logs/none/here.csv")
    put(s3, "pictures/a.png", b"x")
    with pytest.raises((UnknownFormatError, UnreadableError)):
        all_logs("s3://logs/pictures")


def test_without_the_library_the_advice_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(UnreadableError, match=r"descentry\[cloud\]"):
        all_logs("gs://bucket/a.csv")


def test_the_temporary_folder_goes_with_its_logs(web: tuple[str, Path]) -> None:
    address, folder = web
    (folder / "a.jsonl").write_bytes(ROWS[:500])
    logs = all_logs(f"{address}/a.jsonl")
    copy = logs[0].path
    assert copy.exists()
    logs.clear()
    assert not os.path.lexists(copy)
