"""Public logs live and post hoc: in pieces of 1, 7 and 1000 rows each gives the findings of one pass."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from descentry.record.chunk import Chunk
from descentry.sources.places.find import find
from descentry.stream.drive import run
from descentry.testing.verdicts import differences

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ENTRIES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir()) if CORPUS.is_dir() else []

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ENTRIES, reason="no corpus of public logs beside the repository"),
]


def in_pieces(chunks: Iterable[Chunk], n_rows: int) -> Iterator[Chunk]:
    for chunk in chunks:
        if not chunk.n_rows:
            yield chunk
        for start in range(0, chunk.n_rows, n_rows):
            yield chunk.take(start, min(start + n_rows, chunk.n_rows))


@pytest.mark.parametrize("slug", ENTRIES or ["none"])
def test_live_says_what_is_said_post_hoc(slug: str) -> None:
    for log in find(CORPUS / slug):
        chunks = list(log.chunks())
        whole = run(chunks)
        for n_rows in (1, 7, 1000):
            live = run(in_pieces(chunks, n_rows))
            assert differences(whole.findings, live.findings) == [], (log.run, n_rows)
            assert [one.explained_by for one in live.findings] == [
                one.explained_by for one in whole.findings
            ], (log.run, n_rows)
