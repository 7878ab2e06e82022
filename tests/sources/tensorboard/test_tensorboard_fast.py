"""Event files by the block: what is read in columns equals what is read record by record, whatever the split."""

import random
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.made_logs import VERSION, event, record, simple, sized
from tests.sources.tensorboard.event_logs import made_up, many, naive_rows, rows_of

from descentry.record.chunk import Chunk
from descentry.sources.rows import MAX_ROWS, joined
from descentry.sources.tensorboard import reader as tensorboard
from descentry.sources.tensorboard.event_file import EventFile

SAMPLES = Path(__file__).parents[2] / "samples"
EVENT_FILES = sorted(SAMPLES.rglob("events.out.tfevents.*"))


def decoded(data: bytes, cuts: list[int], *, verify: bool = False) -> Chunk:
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder = EventFile("a", verify=verify)
    pieces = [data[a:b] for a, b in pairwise(bounds) if b > a]
    return joined([*map(decoder.feed, pieces), decoder.end()])


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**9),
    n_steps=st.integers(1, 900),
    cuts=st.lists(st.integers(0, 150_000), max_size=5),
    verify=st.booleans(),
)
def test_blocks_say_what_records_say(seed: int, n_steps: int, cuts: list[int], verify: bool) -> None:
    data = made_up(seed, n_steps)
    chunk = decoded(data, cuts, verify=verify)
    assert rows_of(chunk) == naive_rows(data)
    assert {found.kind for found in chunk.events} <= {"passed_over"}


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**9), at=st.integers(0, 10**6), mask=st.integers(1, 255), cut=st.integers(0, 10**5)
)
def test_with_every_checksum_one_flipped_byte_costs_one_record(
    seed: int, at: int, mask: int, cut: int
) -> None:
    whole = made_up(seed, 60)
    data = bytearray(whole)
    data[at % len(data)] ^= mask
    starts = record_starts(whole)
    hit = max(i for i, start in enumerate(starts) if start <= at % len(data))
    spared = whole[: starts[hit]] + whole[[*starts, len(whole)][hit + 1] :]
    chunk = decoded(bytes(data), [cut], verify=True)
    assert rows_of(chunk) == naive_rows(spared)
    (told,) = (found for found in chunk.events if found.kind != "passed_over")
    assert told.kind == "bad_record"
    assert told.where is not None
    assert told.where.startswith(f"a@byte {starts[hit]}")


def record_starts(data: bytes) -> list[int]:
    starts, at = [], 0
    while at < len(data):
        starts.append(at)
        at += 16 + int.from_bytes(data[at : at + 8], "little")
    return starts


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**9),
    edits=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=40)), max_size=4),
)
def test_damage_is_told_and_never_raises(seed: int, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(made_up(seed, 80))
    for at, piece in edits:
        data[at % len(data) : at % len(data) + len(piece)] = piece
    chunk = decoded(bytes(data), [])
    assert all(len(column.rows) == len(column.values) for column in chunk.columns.values())
    again = decoded(bytes(data), list(range(0, len(data), 997)))
    assert rows_of(again) == rows_of(chunk)


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.relative_to(SAMPLES).as_posix())
def test_a_file_cut_anywhere_gives_a_prefix(path: Path) -> None:
    data = path.read_bytes()
    rows = rows_of(decoded(data, []))
    for cut in {*range(300), *range(300, len(data), 13), *range(max(0, len(data) - 300), len(data))}:
        chunk = decoded(data[:cut], [])
        found = rows_of(chunk)
        assert found[:-1] == rows[: max(len(found) - 1, 0)]
        if found:
            assert found[-1][1].items() <= rows[len(found) - 1][1].items()


def test_names_of_one_length_are_told_apart_inside_a_run() -> None:
    tags = ["aa", "ab", "ac"]
    events = [event(i + 1000, simple(tag, i + j)) for i in range(3000) for j, tag in enumerate(tags)]
    chunk = decoded(VERSION + b"".join(events), [40_000])
    assert chunk.n_rows == 3000
    for j, tag in enumerate(tags):
        assert chunk.columns[tag].values.tolist() == [i + j for i in range(3000)]


def test_a_name_that_changes_inside_a_run_is_seen() -> None:
    events = [event(i + 1000, simple("bb" if i in (1500, 2400) else "aa", i)) for i in range(3000)]
    chunk = decoded(VERSION + b"".join(events), [20_000])
    assert chunk.columns["bb"].values.tolist() == [1500, 2400]
    assert len(chunk.columns["aa"].values) == 2998


def test_several_values_an_event_are_one_row() -> None:
    data = VERSION + b"".join(event(i, many(["a", "b", "c"], i)) for i in range(2000))
    chunk = decoded(data, [30_000])
    assert chunk.steps.tolist() == list(range(2000))
    assert chunk.columns["c"].values.tolist() == [i + 2 for i in range(2000)]


def test_a_tag_that_comes_again_at_one_step_begins_a_row() -> None:
    data = VERSION + b"".join(event(0, simple(tag, i)) for i in range(500) for tag in "ab")
    chunk = decoded(data, [7777])
    assert chunk.n_rows == 500
    assert chunk.columns["b"].rows.tolist() == list(range(500))


def test_more_series_than_there_is_room_for_are_counted() -> None:
    data = VERSION + b"".join(event(i, simple(f"tag{i}", 1.0)) for i in range(20_050))
    chunk = decoded(data, [])
    assert len(chunk.columns) == 20_000
    (told,) = chunk.events
    assert (told.kind, told.count) == ("too_many_series", 50)


def test_tags_beyond_the_limit_cost_no_other_series() -> None:
    data = VERSION + b"".join(event(i, simple("t" * (i % 90) + str(i), 1.0)) for i in range(22_000))
    chunk = decoded(data + event(1, simple("t0", 2.0)) * 2, [])
    assert len(chunk.columns) == 20_000
    (told,) = chunk.events
    assert (told.kind, told.count) == ("too_many_series", 2002)


@pytest.mark.parametrize("n_values", [1, 300, 5000])
def test_events_of_any_size(n_values: int) -> None:
    tags = [f"grad_norm/layer.{i}" for i in range(n_values)]
    n_steps = max(4, 60_000 // n_values) if n_values < 5000 else 4
    events = [event(i + 200, sized(5, b"".join(value_of(tag, i) for tag in tags))) for i in range(n_steps)]
    chunk = decoded(VERSION + b"".join(events), [100_000])
    assert chunk.steps.tolist() == list(range(200, 200 + n_steps))
    assert all(chunk.columns[tag].values.tolist() == list(range(n_steps)) for tag in tags)


@pytest.mark.parametrize("n_steps", [3, 100, 3000])
def test_a_signalling_nan_is_a_nan(n_steps: int) -> None:
    body = sized(5, sized(1, sized(1, b"loss") + b"\x15" + (0x7FA00000).to_bytes(4, "little")))
    chunk = decoded(VERSION + b"".join(event(i, body) for i in range(n_steps)), [])
    assert np.isnan(chunk.columns["loss"].values).sum() == n_steps


def value_of(tag: str, value: float) -> bytes:
    return sized(1, sized(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def test_a_follower_that_sees_few_records_at_a_time_reads_the_same() -> None:
    data = made_up(5, 300)
    decoder = EventFile("a")
    chunks = [chunk for i in range(0, len(data), 400) for chunk in (decoder.feed(data[i : i + 400]),)]
    assert rows_of(joined([*chunks, decoder.end()])) == naive_rows(data)


@pytest.mark.parametrize(
    "data",
    [
        bytes(300_000),
        b"\xff" * 300_000,
        record(b"") * 20_000,
        record(b"\xff" * 30) * 3000,
        record(b"\x10" + b"\x80" * 9 + b"\x01") * 3000,
        record(b"\x10" + b"\xff" * 11) * 100,
        record(sized(5, b"\x0a\x7f")) * 100,
        record(sized(5, sized(1, b"\x0a"))) * 100,
        record(sized(5, sized(1, b"\x0a\x05ab\x15"))) * 100,
    ],
    ids=["zeros", "ones", "empty", "bad", "no values", "long number", "outside", "no length", "short name"],
)
def test_nothing_that_is_no_event_brings_a_point(data: bytes) -> None:
    chunk = decoded(VERSION + data, [1000])
    assert (chunk.n_rows, dict(chunk.columns)) == (0, {})
    assert sum(found.count for found in chunk.events) <= 3000


def test_chunks_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1.a"
    path.write_bytes(VERSION + b"".join(record(b"\x10\x05" + simple("a", i)) for i in range(150_000)))
    chunks = list(tensorboard.read(path))
    assert sum(chunk.n_rows for chunk in chunks) == 150_000
    assert max(chunk.n_rows for chunk in chunks) <= MAX_ROWS


def test_a_log_of_noise_between_records_keeps_every_record() -> None:
    rng = random.Random(3)
    events = [event(i, simple("loss", i)) for i in range(300)]
    noisy = b"".join(one + rng.randbytes(rng.choice((0, 0, 5, 300))) for one in events)
    chunk = decoded(VERSION + noisy + event(300, simple("acc", 1)), [5000])
    assert np.array_equal(chunk.columns["loss"].values, np.arange(300))
    assert {found.kind for found in chunk.events} == {"bad_record"}
