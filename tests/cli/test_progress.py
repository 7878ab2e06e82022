"""Progress: on a terminal only, after a while, removed at the end; the chunks are untouched."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from descentry.cli import progress
from descentry.record.chunk import Chunk, table
from descentry.sources.protocol import Log

CHUNKS = [table(np.arange(n, dtype=np.int64), {"loss": np.zeros(n)}) for n in (1000, 0, 500)]


class _Reader:
    format = "fake"

    can_verify = True
    verified = False

    def read(self, path: Path, *, verify: bool = False) -> Iterator[Chunk]:
        del path
        self.verified = verify
        yield from CHUNKS

    follow = read


def _log() -> Log:
    return Log("a\x1b", "fake", Path("x"), _Reader())


def test_nothing_is_wrapped_without_a_terminal() -> None:
    log = _log()
    assert progress.watched(log) is log


@pytest.mark.parametrize(("quiet_s", "lines"), [(60.0, []), (-1.0, ["a\x1b: 1 000 rows read", ""])])
def test_progress_is_shown_and_removed(
    quiet_s: float, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(progress, "shows_progress", lambda: True)
    monkeypatch.setattr(progress, "progress", shown.append)
    monkeypatch.setattr(progress, "_QUIET_S", quiet_s)
    watched = progress.watched(_log())
    assert list(watched.chunks()) == CHUNKS
    assert shown == lines
    assert next(watched.follow()) is CHUNKS[0]


def test_checksums_are_verified_under_progress_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "shows_progress", lambda: True)
    log = _log()
    assert list(progress.watched(log).chunks(verify=True)) == CHUNKS
    assert log.reader.verified
