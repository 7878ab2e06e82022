"""Streams that are followed as they come: stdin and named pipes, to their end."""

import gzip
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.sources import made_logs

from descentry.record.chunk import Chunk
from descentry.record.errors import UnknownFormatError, UnreadableError
from descentry.sources.places import pump, streams
from descentry.sources.places.targets import logs_at
from descentry.sources.protocol import Log, Reader
from descentry.testing.readers import points

LOG = b"step,loss\n1,2.5\n2,2.25\n3,2\n4,1.75\n"
N_POLLS = 100_000


class Fed:
    """A process at the other end of stdin, which it is fed by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reading, self._writing = os.pipe()
        self.source = os.fdopen(reading, "rb")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(self.source))

    def write(self, data: bytes) -> None:
        os.write(self._writing, data)

    def close(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
        self._writing = -1


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fed]:
    one = Fed(monkeypatch)
    yield one
    one.close()
    for thread in threading.enumerate():
        if thread.name == "descentry-stream":
            thread.join(20)
    one.source.close()


def live(target: str = "-") -> Log:
    (log,) = logs_at(target, live=True)
    return log


def until(chunks: Iterator[Chunk], n_rows: int) -> list[float]:
    """The losses that come, until there are so many."""
    values: list[float] = []
    ends = time.monotonic() + 20
    while len(values) < n_rows and time.monotonic() < ends:
        chunk = next(chunks)
        values += chunk.columns["loss"].values.tolist() if chunk.n_rows else []
    return values


def test_rows_are_handed_out_as_they_come(fed: Fed) -> None:
    fed.write(LOG)
    log = live()
    assert (log.run, log.place, log.format) == ("stdin", "stdin", "csv")
    chunks = log.follow()
    assert until(chunks, 4) == [2.5, 2.25, 2.0, 1.75]
    assert next(chunks).n_rows == 0
    fed.write(b"5,1.5\n6,1.2")
    assert until(chunks, 1) == [1.5]
    fed.write(b"5\n7,1")
    assert until(chunks, 1) == [1.25]
    fed.close()
    assert [event.kind for chunk in chunks for event in chunk.events] == ["torn_tail"]


def test_a_log_is_waited_for_until_its_first_lines_are_whole(fed: Fed) -> None:
    found: list[Log] = []
    waiting = threading.Thread(target=lambda: found.append(live()))
    waiting.start()
    for at in range(0, len(LOG), 7):
        fed.write(LOG[at : at + 7])
        time.sleep(0.01)
    waiting.join(20)
    fed.close()
    (log,) = found
    assert until(log.follow(), 4) == [2.5, 2.25, 2.0, 1.75]


def test_a_torn_line_that_comes_late_does_not_hide_the_log(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    known = streams.recognised

    def recognised(path: Path, start: bytes) -> Reader | None:
        reader = known(path, start)
        if reader is not None:
            # What the pump writes next: a line that has but begun.
            path.write_bytes(LOG[:17])
        return reader

    monkeypatch.setattr(streams, "recognised", recognised)
    fed.write(LOG[:16])
    log = live()
    assert log.format == "csv"
    fed.write(LOG[16:])
    assert until(log.follow(), 4) == [2.5, 2.25, 2.0, 1.75]
    fed.close()


FORMATS = {
    "csv": LOG,
    "csv without its last newline": LOG[:-1],
    "one line": b'{"step": 1, "loss": 2.5}',
    "jsonl": made_logs.jsonl(made_logs.ROWS),
    "jsonl without its last newline": made_logs.jsonl(made_logs.ROWS)[:-1],
    "tensorboard": made_logs.events(made_logs.ROWS),
    "gz": gzip.compress(made_logs.jsonl(made_logs.ROWS)),
    "torn": made_logs.jsonl(made_logs.ROWS)[:-9],
    "utf-16": LOG.decode().encode("utf-16"),
    "document": b'{"loss": [3.0, 2.0, 1.0], "val_loss": [3.5, 2.5, 1.5]}',
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("n", [1, 100, 1 << 20])
def test_what_is_followed_to_its_end_is_what_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, n: int
) -> None:
    data = FORMATS[name]
    source = io.BytesIO(data)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read1=lambda _: source.read(n))))
    log = live()
    followed = list(islice(log.follow(), N_POLLS))
    read = list(log.chunks())
    assert len(followed) < N_POLLS
    assert repr(points(followed)) == repr(points(read))
    assert points(read)
    kinds = {event.kind for chunk in read for event in chunk.events}
    assert {event.kind for chunk in followed for event in chunk.events} == kinds
    assert ("torn_tail" in kinds) == (name in ("torn", "csv without its last newline"))


def test_an_archive_is_there_at_its_end(fed: Fed) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a/log.csv", LOG)
    fed.write(content.getvalue())
    fed.close()
    log = live()
    assert log.place == "stdin/a/log.csv"
    assert len(points(log.follow())["loss"]) == 4


def test_what_cannot_be_read_is_told_under_the_name_of_the_stream(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed.write(b"\0\1\2")
    fed.close()
    with pytest.raises(UnknownFormatError, match=r"^stdin: holds binary data"):
        live()
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableError, match="is closed"):
        live()


def test_a_stream_that_is_too_long_ends_with_an_error(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "MAX_BYTES", 60)
    fed.write(LOG)
    chunks = live().follow()
    assert until(chunks, 4) == [2.5, 2.25, 2.0, 1.75]
    fed.write(LOG)
    with pytest.raises(UnreadableError, match=r"^stdin: holds more than 60 bytes"):
        list(islice(chunks, N_POLLS))
    fed.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_followed_to_the_end_of_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    told = threading.Event()

    def writes() -> None:
        with path.open("wb", buffering=0) as sink:
            sink.write(LOG)
            told.wait(20)
            sink.write(b"5,1.5\n")

    writer = threading.Thread(target=writes)
    writer.start()
    log = live(str(path))
    assert log.run == log.place == str(path)
    chunks = log.follow()
    assert until(chunks, 4) == [2.5, 2.25, 2.0, 1.75]
    told.set()
    assert until(chunks, 1) == [1.5]
    writer.join()
    assert not any(chunk.n_rows for chunk in chunks)


def test_a_program_may_end_while_its_stdin_is_open() -> None:
    code = """
        from descentry.sources.places.targets import logs_at
        (log,) = logs_at("-", live=True)
        print(next(log.follow()).n_rows)
    """
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdin.write(LOG)
    program.stdin.flush()
    assert program.stdout.read() == b"4\n"
    assert program.wait(20) == 0
    assert program.stderr.read() == b""
    for pipe in (program.stdin, program.stdout, program.stderr):
        pipe.close()
