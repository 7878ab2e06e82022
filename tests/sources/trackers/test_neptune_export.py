"""Neptune's export while it is written: parts that come later are taken up."""

import shutil
from itertools import islice
from pathlib import Path

import pytest

from descentry.record.chunk import Chunk
from descentry.sources.places.find import find
from descentry.sources.rows import joined

pytest.importorskip("pyarrow")

SAMPLE = Path(__file__).parents[2] / "samples" / "parquet" / "neptune"


def test_a_part_that_comes_later_is_read(tmp_path: Path) -> None:
    first, second = sorted(SAMPLE.glob("*.parquet"))
    shutil.copy(first, tmp_path)
    (log,) = find(tmp_path)
    chunks = log.follow()
    got = until_it_rests(chunks)
    (tmp_path / second.name).write_bytes(second.read_bytes()[:-100])
    assert until_it_rests(chunks) == []
    shutil.copy(second, tmp_path)
    got += until_it_rests(chunks)
    whole = joined(find(SAMPLE)[0].chunks())
    assert joined(got).steps.tolist() == whole.steps.tolist()
    assert set(joined(got).columns) == set(whole.columns)
    assert "restart" not in {event.kind for event in joined(got).events}


def until_it_rests(chunks: object) -> list[Chunk]:
    got = []
    for chunk in islice(chunks, 100):  # type: ignore[call-overload]
        if not (chunk.n_rows or chunk.events or chunk.config):
            return got
        got.append(chunk)
    raise AssertionError("the follower never rests")
