"""The laws of readers, as checks that raise LawBroken, and the points of a log as plain lists.

from descentry.testing.readers import check_reader
def test_mine_keeps_the_laws() -> None:
    check_reader(my_reader, sample_bytes, "metrics.mine")
"""

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.errors import DescentryError
from descentry.sources.places.find import find
from descentry.sources.protocol import Reader
from descentry.testing.verdicts import LawBroken, same

Points = dict[str, list[tuple[int, float]]]
"""Series name -> its points as logged: order, duplicates, NaN and infinities kept."""
N_PATIENCE = 3
"""Empty chunks in a row after which a follower has nothing more to say for now."""


def read_points(path: Path) -> Points:
    """The points of every series of the one log at `path`.  Raises InputError; LawBroken for several logs."""
    logs = find(path)
    if len(logs) != 1:
        raise LawBroken(f"{path} holds {len(logs)} logs, expected one; name the file")
    return points(logs[0].chunks())


def points(chunks: Iterable[Chunk]) -> Points:
    """The points of every series, in the order of the chunks."""
    found: Points = {}
    for chunk in chunks:
        for name, (rows, values) in chunk.columns.items():
            pairs = zip(chunk.steps[rows].tolist(), values.tolist(), strict=True)
            found.setdefault(name, []).extend(pairs)
    return found


def check_reader(
    reader: Reader, sample: bytes, name: str, n_splits: int = 8, n_cuts: int | None = None
) -> None:
    """A log `sample` under the file name `name` is read alike however it comes, and never with a crash.

    Written in pieces and followed it gives the points of the whole; cut short at any byte it gives a
    beginning of them or a DescentryError.  `n_cuts`: cuts at so many places only, spread evenly.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(sample)
        _check_chunks(reader, path)
        whole = points(reader.read(path))
        for seed in range(n_splits):
            _check_growth(reader, path, sample, seed, whole)
        for length in _lengths(len(sample), n_cuts):
            _check_cut(reader, path, sample[:length], whole)


def _lengths(n_bytes: int, n_cuts: int | None) -> list[int]:
    if n_cuts is None or n_cuts >= n_bytes:
        return list(range(n_bytes))
    return sorted({int(at) for at in np.linspace(0, n_bytes - 1, n_cuts)})


def _check_chunks(reader: Reader, path: Path) -> None:
    """Every chunk is sound: rows increase, lie inside, and have a value each."""
    for chunk in reader.read(path):
        for name, (rows, values) in chunk.columns.items():
            inside = len(rows) > 0 and int(rows[0]) >= 0 and int(rows[-1]) < chunk.n_rows
            if not inside or len(rows) != len(values) or bool((np.diff(rows) <= 0).any()):
                raise LawBroken(f"{path.name}: rows of {name} are {rows[:5]} … in {chunk.n_rows} rows")


def _check_growth(reader: Reader, path: Path, sample: bytes, seed: int, whole: Points) -> None:
    """A file that is written while it is followed."""
    random = np.random.default_rng(seed)
    cuts = sorted(random.integers(1, max(2, len(sample)), 1 + seed).tolist())
    path.write_bytes(sample[: cuts[0]])
    chunks: list[Chunk] = []
    follower = reader.follow(path)
    for cut in [*cuts[1:], len(sample)]:
        chunks += _fresh(follower)
        with path.open("ab") as file:
            file.write(sample[path.stat().st_size : cut])
    chunks += _fresh(follower)
    if isinstance(follower, Generator):
        follower.close()
    problem = _beyond(points(chunks), whole)
    if problem:
        raise LawBroken(f"{path.name} written in pieces {cuts}: {problem}")


def _fresh(follower: Iterator[Chunk]) -> list[Chunk]:
    """What has come since, up to N_PATIENCE empty chunks in a row."""
    chunks: list[Chunk] = []
    n_empty = 0
    while n_empty < N_PATIENCE:
        for chunk in islice(follower, 1):
            n_empty = 0 if chunk.n_rows else n_empty + 1
            chunks.append(chunk)
    return chunks


def _check_cut(reader: Reader, path: Path, start: bytes, whole: Points) -> None:
    path.write_bytes(start)
    try:
        got = points(reader.read(path))
    except DescentryError as error:
        if "\n" in str(error):
            raise LawBroken(f"{path.name} cut to {len(start)} bytes: an error of several lines") from error
        return
    problem = _beyond(got, whole, n_torn=1)
    if problem:
        raise LawBroken(f"{path.name} cut to {len(start)} bytes: {problem}")


def _beyond(got: Points, whole: Points, n_torn: int = 0) -> str:
    """What of `got` is no beginning of `whole`, in words; "" when all is.

    The last `n_torn` points of a series may differ: in some formats a number that is cut short is a number.
    """
    for name, pairs in got.items():
        sure = pairs[: max(0, len(pairs) - n_torn)]
        expected = whole.get(name, [])[: len(sure)]
        if len(expected) < len(sure) or not all(map(_same, sure, expected)):
            return (
                f"{name} has {sure[:3]} … ({len(sure)} points), expected {expected[:3]} … ({len(expected)})"
            )
    return ""


def _same(one: tuple[int, float], other: tuple[int, float]) -> bool:
    return one[0] == other[0] and same(one[1], other[1])
