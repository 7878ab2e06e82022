"""Blocks of long tables, and of tables whose every cell is quoted: by the block as line by line, and in little time."""

import csv
import io
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.chunk import Chunk
from descentry.sources.rows import MAX_SERIES, joined
from descentry.sources.tables.csv import read as read_csv
from descentry.sources.tables.csv_lines import CsvLines

NAMES = ("loss", "train/loss", "lr", "Verlust ä", "a b", " loss", "n" * 500)
VALUES = ("1", "0.5", "-2e-3", "nan", "inf", "", "N/A", "1,5", "abc", "12")
Found = tuple[list[int], dict[str, list[tuple[int, str]]], set[tuple[str, str]], int]


def read(data: bytes, cut: int) -> Found:
    decoder = CsvLines("a.csv")
    whole = joined([decoder.feed(data[:cut]), decoder.feed(data[cut:]), decoder.end()])
    return said(whole)


def said(chunk: Chunk) -> Found:
    points = {
        name: list(zip(rows.tolist(), map(repr, values.tolist()), strict=True))
        for name, (rows, values) in chunk.columns.items()
    }
    told = {(event.kind, event.message) for event in chunk.events}
    return chunk.steps.tolist(), points, told, sum(event.count for event in chunk.events)


def read_by_row(data: bytes, cut: int) -> Found:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CsvLines, "_as_columns", lambda *_: None)
        return read(data, cut)


def table(seed: int, n_rows: int, *, is_odd: bool, quoting: int, delimiter: str) -> bytes:
    rng = random.Random(seed)
    values = VALUES if is_odd else VALUES[:6]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=rng.choice(("\n", "\r\n")))  # type: ignore[arg-type]
    writer.writerow(["step", "note", "metric", "value", "wall_time"])
    for i in range(n_rows):
        step = i if not is_odd or rng.random() < 0.95 else rng.choice(("", "2.5", "x"))
        name = rng.choice(NAMES) if not is_odd or rng.random() < 0.95 else ""
        writer.writerow([step, rng.choice(("a", "", "7")), name, rng.choice(values), 1.7e9 + i])
    return file.getvalue().encode()


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**9),
    n_rows=st.integers(0, 60),
    cut=st.integers(0, 2000),
    is_odd=st.booleans(),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    delimiter=st.sampled_from((",", ";", "\t")),
)
def test_a_long_block_says_what_its_rows_say(
    seed: int, n_rows: int, cut: int, is_odd: bool, quoting: int, delimiter: str
) -> None:
    data = table(seed, n_rows, is_odd=is_odd, quoting=quoting, delimiter=delimiter)
    assert read(data, cut) == read_by_row(data, cut)


CELLS = st.sampled_from(("1", "2.5", "nan", "", '"', "1,2", 'a"b', "\n", "x", "1e5", " 3"))


@settings(deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8), broken=st.integers(0, 200))
def test_quoted_rows_say_what_they_say_one_by_one(rows: list[list[str]], broken: int) -> None:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["step", "loss", "acc"])
    for i, row in enumerate(rows):
        writer.writerow([str(i), *row[1:]])
    data = file.getvalue().encode()
    at = broken % len(data)
    for text in (data, data[:at] + data[at + 1 :]):
        assert read(text, len(text)) == read_by_row(text, len(text))


@pytest.mark.parametrize("header", ["step,metric,value", '"step","metric","value"'])
def test_regular_long_tables_are_read_by_the_block(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    monkeypatch.setattr(CsvLines, "_line_by_line", lambda *_: pytest.fail("read line by line"))
    quote = '"' if header.startswith('"') else ""
    rows = [
        f"{quote}{i // 2}{quote},{quote}{('loss', 'lr')[i % 2]}{quote},{quote}{i / 4}{quote}\n"
        for i in range(50)
    ]
    found = read((header + "\n" + "".join(rows)).encode(), 700)
    assert [len(points) for points in found[1].values()] == [25, 25]


def test_a_long_table_with_a_name_in_every_row_is_bounded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    n = 400_000
    path.write_text("step,metric,value\n" + "".join(f"{i},m{i},{i}\n" for i in range(n)), "utf-8")
    start = time.process_time()
    chunk = joined(read_csv(path))
    assert time.process_time() - start < 4.0
    assert len(chunk.columns) == MAX_SERIES
    assert {event.kind for event in chunk.events} == {"too_many_series"}
    assert sum(event.count for event in chunk.events) == n - MAX_SERIES
