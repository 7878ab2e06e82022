"""Events of many values: read at once what is plain, and give up what says nothing."""

import random
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.made_logs import VERSION, event, record, simple, sized
from tests.sources.tensorboard.event_logs import float_tensor, naive_rows, rows_of

from descentry.formats.proto import BadMessage
from descentry.formats.tfevents import Kind, event_of, plain_event_of
from descentry.record.chunk import Chunk
from descentry.sources.rows import MAX_SERIES, joined
from descentry.sources.tensorboard import budget, points
from descentry.sources.tensorboard.event_file import EventFile


def wide(tags: list[str], first: float) -> bytes:
    return sized(5, b"".join(simple(tag, first + i)[2:] for i, tag in enumerate(tags)))


def one_value(tag: str, value: float) -> bytes:
    return sized(1, sized(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def read(data: bytes) -> Chunk:
    decoder = EventFile("a")
    return joined([decoder.feed(data), decoder.feed(b""), decoder.end()])


def log_of(widths: list[int], seed: int) -> bytes:
    rng = random.Random(seed)
    out = [VERSION]
    for step, width in enumerate(widths):
        tags = [f"{'l' * rng.choice((1, 9, 60))}{i}" for i in range(width)]
        out.append(
            event(step, sized(5, b"".join(one_value(tag, rng.random()) for tag in tags)), 1.7e9 + step)
        )
        out.append(event(step, simple("loss", rng.random()), 1.7e9 + step))
    return b"".join(out)


@settings(deadline=None, max_examples=20)
@given(widths=st.lists(st.integers(1, 400), min_size=1, max_size=12), seed=st.integers(0, 10**6))
def test_wide_events_say_what_a_reader_of_fields_says(widths: list[int], seed: int) -> None:
    data = log_of(widths, seed)
    assert rows_of(read(data)) == naive_rows(data)


def test_wide_events_of_every_size_say_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MAX_SLOW", 2)
    data = log_of([50 + 3 * n for n in range(60)], 5)
    assert rows_of(read(data)) == naive_rows(data)


@settings(deadline=None, max_examples=300)
@given(
    n_values=st.integers(1, 5),
    edits=st.lists(st.tuples(st.integers(0, 120), st.binary(max_size=3)), max_size=3),
)
def test_a_plain_event_is_the_event(n_values: int, edits: list[tuple[int, bytes]]) -> None:
    body = sized(5, b"".join(one_value(f"tag{i}", i / 2) for i in range(n_values)))
    payload = bytearray(b"\x09" + struct.pack("<d", 1.7e9) + b"\x10\x85\x01" + body)
    for at, new in edits:
        payload[at : at + len(new)] = new
    data = bytes(payload)
    plain = plain_event_of(data)
    if plain is None:
        return
    slow = event_of(data)
    assert np.array_equal((plain.wall_time, plain.step), (slow.wall_time, slow.step), equal_nan=True)
    assert [tag.decode("utf-8", "replace") for tag in plain.tags] == [value.tag for value in slow.values]
    assert [value.number.at for value in slow.values] == plain.at
    assert all(value.kind is Kind.SCALAR and not value.by_plugin for value in slow.values)


def test_an_unedited_plain_event_is_known_as_one() -> None:
    assert (
        plain_event_of(b"\x09" + bytes(8) + sized(5, one_value("a", 1.5) + one_value("b", 2.5))) is not None
    )
    assert plain_event_of(b"\x09" + bytes(8) + float_tensor("a", 1.5, "scalars")) is None


def test_names_beyond_the_limit_are_counted_in_wide_events() -> None:
    n_more = 500
    events = [
        event(step, sized(5, b"".join(one_value(f"{step}_{i}", 1.0) for i in range(2500))))
        for step in range(MAX_SERIES // 2500)
    ]
    last = event(
        99, sized(5, b"".join(one_value(f"x{i}", 1.0) for i in range(n_more)) + one_value("0_0", 7.0) * 200)
    )
    chunk = read(VERSION + b"".join(events) + last)
    assert len(chunk.columns) == MAX_SERIES
    assert sum(told.count for told in chunk.events if told.kind == "too_many_series") == n_more
    assert chunk.columns["0_0"].values.tolist()[:2] == [1.0, 7.0]


EMPTY = {
    "values": sized(5, b"\x0a\x00" * 50),
    "no values": sized(5, b""),
    "session starts": b"\x3a\x02\x08\x01",
    "texts": sized(5, sized(1, sized(1, b"t") + sized(9, sized(1, sized(1, b"text")))) * 50),
}


@pytest.mark.parametrize("name", EMPTY)
def test_records_that_say_nothing_are_given_up_but_no_curve_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(budget, "MAX_VAIN", 100)
    vain = b"".join(event(step, EMPTY[name]) for step in range(200))
    curve = b"".join(event(step, simple("loss", step / 4), 1.7e9 + step) for step in range(100))
    chunk = read(VERSION + curve + vain + curve)
    (told,) = [told for told in chunk.events if told.kind == "bad_record"]
    assert told.message.startswith("over 100 records and values held no number")
    assert told.count >= 50
    assert chunk.columns["loss"].values.tolist() == [step / 4 for step in range(100)] * 2


def test_a_shape_of_thousands_of_dimensions_is_refused() -> None:
    shape = sized(2, b"\x12\x02\x08\x01" * 5000)
    with pytest.raises(BadMessage, match="dimensions"):
        event_of(sized(5, sized(1, sized(1, b"a") + sized(8, shape))))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wide", "new names", "empty values", "empty records"])
def test_a_large_file_of_little_sense_ends(kind: str) -> None:
    bodies = {
        "wide": lambda n: event(n, sized(5, b"".join(one_value(f"w{i}", 1.0) for i in range(2000 + n % 50)))),
        "new names": lambda n: event(n, sized(5, b"".join(one_value(f"{n}.{i}", 1.0) for i in range(2000)))),
        "empty values": lambda n: event(n, sized(5, b"\x0a\x00" * 20_000)),
        "empty records": lambda _: record(b"") * 1000,
    }
    parts, size, n = [VERSION], 0, 0
    while size < 20 << 20:
        parts.append(bodies[kind](n))
        size, n = size + len(parts[-1]), n + 1
    begin = time.process_time()
    read(b"".join(parts))
    assert time.process_time() - begin < 10
