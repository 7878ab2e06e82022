"""Logs on an S3 server that change while they are followed, and stores that cannot be opened."""

import http.server
import io
import os
import socket
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from tests.sources import made_logs
from tests.sources.places.served import put

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError, UnreadableError
from descentry.sources.collect import collect
from descentry.sources.places import clouds, mirrors
from descentry.sources.places.buckets import Bucket
from descentry.sources.places.targets import all_logs

pytest.importorskip("obstore")
LOG = b"step,loss\n1,2.5\n2,2.25\n3,2\n4,1.75\n"


def news(chunks: Iterator[Chunk], name: str = "loss") -> tuple[list[float], list[str]]:
    """The values of a series, and the kinds of what was told, until nothing has come for a while."""
    values: list[float] = []
    kinds: list[str] = []
    n_quiet = 0
    for chunk in islice(chunks, 200):
        n_quiet = 0 if chunk.n_rows else n_quiet + 1
        values += chunk.columns[name].values.tolist() if name in chunk.columns else []
        kinds += [event.kind for event in chunk.events]
        if n_quiet == 4:
            break
    return values, kinds


@pytest.mark.slow
def test_a_new_object_of_a_followed_folder_is_seen(s3: Bucket) -> None:
    rows = [(step, {"loss": float(step)}) for step in range(60)]
    first, second = made_logs.events(rows[:40]), made_logs.events(rows[40:])
    put(s3, "new/run/events.out.tfevents.1700000000.x", first)
    put(s3, "new/other/log.csv", LOG)
    run, _ = sorted(all_logs("s3://logs/new"), key=lambda log: log.format, reverse=True)
    chunks = run.follow()
    assert len(news(chunks)[0]) == 40
    put(s3, "new/run/events.out.tfevents.1700000100.x", second)
    assert len(news(chunks)[0]) == 20


@pytest.mark.slow
def test_another_object_of_the_same_size_is_read_anew(s3: Bucket) -> None:
    put(s3, "same/a.csv", LOG)
    (log,) = all_logs("s3://logs/same/a.csv")
    chunks = log.follow()
    assert news(chunks) == ([2.5, 2.25, 2.0, 1.75], [])
    put(s3, "same/a.csv", LOG)
    assert news(chunks) == ([], [])
    put(s3, "same/a.csv", LOG.replace(b"2.5", b"7.5"))
    assert news(chunks) == ([7.5, 2.25, 2.0, 1.75], ["restart"])
    (log,) = all_logs("s3://logs/same/a.csv")
    put(s3, "same/a.csv", LOG.replace(b"2.5", b"8.5"))
    assert collect(log).curves["loss"].values.tolist() == [8.5, 2.25, 2.0, 1.75]


@pytest.mark.slow
def test_a_zip_that_is_written_anew_is_followed(s3: Bucket) -> None:
    def zipped(data: bytes) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("a/log.csv", data)
        return content.getvalue()

    put(s3, "zips/x.zip", zipped(LOG))
    (log,) = all_logs("s3://logs/zips/x.zip")
    assert log.place == "s3://logs/zips/x.zip/a/log.csv"
    chunks = log.follow()
    assert news(chunks) == ([2.5, 2.25, 2.0, 1.75], [])
    put(s3, "zips/x.zip", zipped(LOG + b"5,1.5\n"))
    assert news(chunks) == ([1.5], [])


@pytest.mark.slow
def test_a_database_whose_size_stays_is_fetched_anew(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(path)) as base:
        base.execute("create table metrics (step integer, loss real)")
        base.execute("insert into metrics values (1, 2.5)")
        base.commit()
        put(s3, "base/a.sqlite3", path.read_bytes())
        entry = s3.entry("base/a.sqlite3")
        (tmp_path / "copies").mkdir()
        mirror = mirrors.Mirror(s3, entry, tmp_path / "copies" / "a.sqlite3", tmp_path / "hidden")
        mirror.sample()
        base.execute("insert into metrics values (2, 2.25)")
        base.commit()
    assert path.stat().st_size == entry.size
    put(s3, "base/a.sqlite3", path.read_bytes())
    mirror.sync()
    assert mirror.copy.read_bytes() == path.read_bytes()
    assert os.listdir(tmp_path / "copies") == ["a.sqlite3"]
    monkeypatch.setattr(mirrors, "MAX_BYTES", 10)
    put(s3, "base/a.sqlite3", path.read_bytes() + bytes(4096))
    with pytest.raises(UnreadableError, match="holds 12288 bytes"):
        mirror.sync()


@pytest.mark.slow
def test_an_object_that_changes_while_it_is_fetched_is_fetched_again(s3: Bucket, tmp_path: Path) -> None:
    put(s3, "race/a.csv", LOG)
    stale = s3.entry("race/a.csv")
    put(s3, "race/a.csv", LOG.replace(b"2.5", b"7.5"))
    with pytest.raises(UnreadableError, match="was changed while it was fetched"):
        s3.fetch(stale, 0, stale.size, tmp_path / "copy")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "may not be read with the credentials that are set"),
        (403, "may not be read with the credentials that are set"),
        (404, "no such object"),
        (412, "was changed while it was fetched"),
        (416, "416 Range Not Satisfiable"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "401/403.csv", "permission/condition/LOCATION.csv"])
def test_a_refusal_goes_by_the_status_alone(
    web: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, status: int, words: str, name: str
) -> None:
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "do_HEAD", lambda self: self.send_error(status))
    with pytest.raises(UnreadableError, match=words):
        Bucket(web[0]).entry(name)


@pytest.mark.slow
@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_told() -> None:
    for address in ("s3://no-such-bucket", "s3://no-such-bucket/a/b.csv"):
        with pytest.raises(UnreadableError) as caught:
            all_logs(address)
        assert str(caught.value) in (
            f"{address}: no such bucket; check the address",
            f"{address}: no such object; check the address",
        )


VARIABLES = ("AWS_", "GOOGLE_", "AZURE_")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without credentials, on a machine of no cloud: no metadata service is there."""
    for name in [name for name in os.environ if name.startswith(VARIABLES)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setattr(clouds, "METADATA", deaf.getsockname())


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://bucket/a", ["no credentials for S3", "AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE=true"]),
        ("gs://bucket/a", ["no credentials for Google", "GOOGLE_APPLICATION_CREDENTIALS"]),
        ("az://box/a", ["the storage account is not set", "AZURE_STORAGE_ACCOUNT_NAME"]),
        (
            "abfss://box@account.dfs.core.windows.net/a",
            ["no credentials for Azure", "AZURE_STORAGE_ACCOUNT_KEY"],
        ),
        ("s3://", ["names no bucket", "expected s3://bucket/prefix"]),
        ("gs:///a", ["names no bucket", "expected gs://bucket/prefix"]),
        ("az://", ["names no container"]),
        ("http://", ["names no server", "expected http://server/file"]),
    ],
)
def test_what_is_missing_is_told_at_once_and_in_one_line(address: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        all_logs(address)
    said = str(caught.value)
    assert said.startswith(f"{address}: ")
    assert all(word in said for word in words)
    assert "\n" not in said


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("cloud", [clouds.S3, clouds.GOOGLE, clouds.AZURE])
def test_each_way_to_give_credentials_is_taken(cloud: clouds.Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreadableError):
        clouds.require_credentials("x://y", cloud, has_account=True)
    for name in cloud.signs:
        with monkeypatch.context() as patch:
            patch.setenv(name, "x")
            clouds.require_credentials("x://y", cloud, has_account=True)
