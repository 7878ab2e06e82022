"""Samples that grow in odd pieces, and are rotated, emptied or made anew, are followed to what a fresh read gives."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from descentry.record.chunk import Chunk
from descentry.record.errors import InputError
from descentry.sources.places.targets import logs_at
from descentry.sources.protocol import Log
from descentry.sources.rows import is_empty
from descentry.testing.readers import Points, points

SAMPLES = Path(__file__).parents[1] / "samples"
WHOLE = {".md", ".py", ".db", ".parquet", ".arrow", ".feather", ".zip", ".yaml"}
"""No logs, and those that are written whole, or in place."""
PATHS = [
    path
    for path in sorted(SAMPLES.rglob("*"))
    if path.is_file()
    and path.suffix not in WHOLE
    and path.parent.name != "live"
    and not path.name.endswith((".truth.json", ".points.json"))
]
PIECES = (1, 7, 100, 1000, 5000)


def grown(path: Path, data: bytes, rng: random.Random) -> None:  # noqa: ARG001
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def rotated(path: Path, data: bytes, rng: random.Random) -> None:
    path.rename(path.with_name("old"))
    path.write_bytes(data[: rng.randrange(len(data))])


def emptied(path: Path, data: bytes, rng: random.Random) -> None:
    path.write_bytes(data[: rng.randrange(len(data) // 3)])


def kept(path: Path, data: bytes, rng: random.Random) -> None:
    pass


def ready(chunks: Iterator[Chunk]) -> list[Chunk]:
    """What a follower has to say for now."""
    got: list[Chunk] = []
    n_quiet = 0
    for chunk in islice(chunks, 100_000):
        n_quiet = n_quiet + 1 if is_empty(chunk) else 0
        got.append(chunk)
        if n_quiet == 2:
            return got
    raise AssertionError("the follower never rests")


def since_restart(chunks: list[Chunk]) -> Points:
    starts = [i for i, chunk in enumerate(chunks) if any(event.kind == "restart" for event in chunk.events)]
    return points(chunks[starts[-1] :] if starts else chunks)


def found(path: Path) -> Log | None:
    try:
        logs = logs_at(str(path), live=True)
    except InputError:
        return None
    return logs[0] if len(logs) == 1 else None


@pytest.mark.parametrize("change", [kept, rotated, emptied, grown])
@pytest.mark.parametrize("sample", PATHS, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_what_was_followed_is_what_is_read(
    tmp_path: Path, sample: Path, change: Callable[[Path, bytes, random.Random], None]
) -> None:
    if sample.suffix == ".arrows":
        pytest.importorskip("pyarrow")
    data = sample.read_bytes()
    rng = random.Random(f"{sample.name} {change.__name__}")
    path = tmp_path / sample.name
    path.write_bytes(b"")
    log = found(path)
    assert log is not None
    chunks = log.follow()
    got: list[Chunk] = []
    for is_anew in (False, True):
        if is_anew:
            change(path, data, rng)
            got += ready(chunks)
        while (at := path.stat().st_size) < len(data):
            with path.open("ab") as file:
                file.write(data[at : at + rng.choice(PIECES)])
            got += ready(chunks) if rng.random() < 0.8 else []
        got += ready(chunks)
    fresh = points(chunk for log in logs_at(str(path)) for chunk in log.chunks())
    assert sorted(map(repr, since_restart(got).items())) == sorted(map(repr, fresh.items()))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_label_that_is_cut_off_is_no_run_of_its_own(tmp_path: Path, end: bytes) -> None:
    rows = [b"step,loss,trial_id", *(b"%d,%.2f,a1b2c_00000" % (i, 3 - i / 8) for i in range(6))]
    data = end.join(rows) + end
    path = tmp_path / "progress.csv"
    for n in range(len(end.join(rows[:3]) + end), len(data) + 1):
        path.write_bytes(data[:n])
        (log,) = logs_at(str(path))
        read = points(log.chunks())["loss"]
        assert read == [(i, float(f"{3 - i / 8:.2f}")) for i in range(len(read))]
        assert len(read) >= data[:n].count(end) - 1


def test_one_long_line_of_json_is_waited_for_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    data = b'{"loss": [' + b", ".join(b"%d.5" % i for i in range(30_000)) + b', NaN], "val_loss": [1.5]}'
    path.write_bytes(b"")
    log = found(path)
    assert log is not None
    chunks = log.follow()
    assert points(ready(chunks)) == {}
    path.write_bytes(data[:100_000])
    assert points(ready(chunks)) == {}
    path.write_bytes(data)
    assert len(points(ready(chunks))["loss"]) == 30_001
