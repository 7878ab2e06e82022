"""Archives and packed logs that grow, or are written anew, while they are followed."""

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from tests.sources.places.test_archives import LOG, LOSSES, MORE, PACKERS, tar_of, written, zip_of

from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.sources.places.targets import all_logs


def news(chunks: Iterator[Chunk]) -> tuple[list[float], list[Event]]:
    """The losses, and what was told, until nothing has come for a while."""
    values: list[float] = []
    events: list[Event] = []
    n_quiet = 0
    for chunk in islice(chunks, 200):
        n_quiet = 0 if chunk.n_rows else n_quiet + 1
        values += chunk.columns["loss"].values.tolist() if "loss" in chunk.columns else []
        events += chunk.events
        if n_quiet == 4:
            break
    return values, events


ARCHIVES = {
    "zip": zip_of,
    "tar": tar_of,
    "tar.gz": lambda files: gzip.compress(tar_of(files)),
    "zip.gz": lambda files: gzip.compress(zip_of(files)),
    "zip.zip": lambda files: zip_of({"inner.zip": zip_of(files)}),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_is_followed_as_it_is_written_anew(tmp_path: Path, kind: str) -> None:
    made = ARCHIVES[kind]
    path = written(tmp_path / f"x.{kind}", made({"a/log.csv": LOG}))
    (log,) = all_logs(str(path))
    chunks = log.follow()
    assert news(chunks) == (LOSSES, [])
    assert news(chunks) == ([], [])
    written(path, made({"a/log.csv": LOG + MORE, "b/log.csv": LOG}))
    assert news(chunks) == ([1.5, 1.25], [])
    whole = path.read_bytes()
    written(path, whole[: len(whole) // 2])
    assert news(chunks) == ([], [])
    written(path, whole)
    assert news(chunks) == ([], [])
    written(path, made({"a/log.csv": b"step,loss\n1,9\n"}))
    values, events = news(chunks)
    assert (values, [event.kind for event in events]) == ([9.0], ["restart"])
    path.unlink()
    assert news(chunks) == ([], [])


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_log_is_followed_member_by_member(tmp_path: Path, packer: str) -> None:
    pack = PACKERS[packer]
    path = written(tmp_path / f"a.csv.{packer}", pack(LOG))
    (log,) = all_logs(str(path))
    chunks = log.follow()
    assert news(chunks) == (LOSSES, [])
    member = pack(MORE)
    with path.open("ab") as file:
        file.write(member[:11])
        file.flush()
        first, events = news(chunks)
        file.write(member[11:])
    rest, more = news(chunks)
    assert (first + rest, [*events, *more]) == ([1.5, 1.25], [])


@pytest.mark.parametrize("packer", PACKERS)
def test_a_packed_log_that_is_written_anew_is_read_anew(tmp_path: Path, packer: str) -> None:
    pack = PACKERS[packer]
    path = written(tmp_path / f"a.csv.{packer}", pack(LOG))
    (log,) = all_logs(str(path))
    chunks = log.follow()
    news(chunks)
    for other, expected in (
        (LOG.replace(b"2.5", b"7.5"), [7.5, *LOSSES[1:]]),
        (LOG + MORE, [*LOSSES, 1.5, 1.25]),
    ):
        written(path, pack(other))
        values, events = news(chunks)
        assert (values, [event.kind for event in events]) == (expected, ["restart"])
