"""Records that are read side by side say what each says alone: histograms, numbers in varints, tensors that name no
plugin; and what a file that was made to keep us busy may cost."""

import random
import struct
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.made_logs import VERSION, event, record, simple, sized, tensor, varint
from tests.sources.tensorboard.event_logs import rows_of

from descentry.formats.tfhistogram_rows import Buckets
from descentry.formats.tfhistograms import FRACTIONS, quantiles
from descentry.record.chunk import Chunk
from descentry.sources.rows import joined
from descentry.sources.tensorboard import budget, learned
from descentry.sources.tensorboard.event_file import EventFile

SEEDS = st.integers(0, 10**9)
DIMENSION = b"\x08"


def read(data: bytes, cuts: list[int]) -> Chunk:
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder = EventFile("a")
    return joined([*(decoder.feed(data[a:b]) for a, b in pairwise(bounds) if b > a), decoder.end()])


def read_alone(data: bytes) -> Chunk:
    """The same, with nothing learned: every record is read field by field."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learned, "FEW", 1 << 60)
        patch.setattr(learned, "N_ALONE", 1 << 60)
        return read(data, [])


def told(chunk: Chunk) -> set[tuple[str, str, str]]:
    return {(event.kind, event.message, str(event.where)) for event in chunk.events}


def message(rng: random.Random, n: int) -> bytes:
    """A histogram as torch writes it; some are none, or hold nothing."""
    edges = sorted(rng.choice((rng.gauss(0, 1), 1e300, -1e300, float("nan"))) for _ in range(n))
    counts = [float(rng.choice((0, 0, 1, 3, 1e9))) for _ in range(n)]
    if rng.random() < 0.1:
        counts[rng.randrange(n)] = rng.choice((-1.0, float("nan"), float("inf"), 1.7e308))
    limits = [(0x09, edges[0]), (0x11, edges[-1]), (0x19, 5.0), (0x21, rng.random()), (0x29, rng.random())]
    head = b"".join(bytes([key]) + struct.pack("<d", value) for key, value in limits[rng.choice((0, 0, 2)) :])
    return head + sized(6, struct.pack(f"<{n}d", *edges)) + sized(7, struct.pack(f"<{n}d", *counts))


def table(rng: random.Random, n: int) -> bytes:
    """A histogram as TF2 writes it."""
    rows = [[rng.random(), 1 + rng.random(), float(rng.choice((0, 1, 2, 5)))] for _ in range(n)]
    if rng.random() < 0.05:
        rows[0][2] = -1.0
    shape = sized(2, sized(2, DIMENSION + varint(n)) + sized(2, DIMENSION + b"\x03"))
    field = rng.choice((4, 6))
    return b"\x08\x02" + shape + sized(field, np.array(rows).tobytes())


def log_of_histograms(seed: int, n_events: int) -> bytes:
    rng = random.Random(seed)
    style = rng.choice(("message", "table", "named once", "mixed"))
    n_most = rng.choice((1, 3))
    out = [VERSION]
    for step in range(n_events):
        tag, n = f"w{rng.randrange(2)}", rng.randint(1, n_most)
        if style in ("table", "named once"):
            plugin = "histograms" if style == "table" or step in (40, 41) else None
            out.append(event(step, tensor(tag, table(rng, n), plugin), 1.7e9 + step))
            continue
        value = sized(1, sized(1, tag.encode()) + sized(5, message(rng, n)))
        more = simple("loss", rng.random())[2:] if style == "mixed" else b""
        out.append(event(step, sized(5, more + value + value.replace(b"w", b"v", 1)), 1.7e9 + step))
    return b"".join(out)


def half(value: float) -> bytes:
    return varint(int(np.float16(value).view(np.uint16)))


def log_of_tensors(seed: int, n_events: int) -> bytes:
    """Numbers in varints of many types and lengths, and tensors whose plugin stands in another event or nowhere."""
    rng = random.Random(seed)
    out = [VERSION]
    for step in range(n_events):
        dtype, field, number = rng.choice(
            (
                (19, 13, half(rng.random())),
                (14, 13, varint(rng.randrange(1 << 16))),
                (14, 13, varint(-rng.randrange(1 << 31))),
                (3, 7, varint(rng.randrange(-300, 300))),
                (9, 10, varint(rng.choice((5, -1, 1 << 40, 1 << 62)))),
                (23, 17, varint((1 << 63) + rng.randrange(1 << 62))),
                (10, 11, rng.choice((b"\0", b"\x01"))),
                (1, 5, struct.pack("<f", rng.random())),
            )
        )
        spelled = sized(field, number) if rng.random() < 0.8 or field == 5 else varint(field << 3) + number
        tag = f"t{rng.randrange(3)}"
        plugin = rng.choice((None, None, None, "scalars")) if step > n_events // 2 else None
        if step == n_events * 3 // 4:
            tag, plugin = "t1", "text"
        body = tensor(tag, b"\x08" + bytes([dtype]) + spelled, plugin)
        payload = b"\x10" + varint(step) + body
        out.append(record(payload) if rng.random() < 0.1 else event(step, body, 1.7e9 + step))
    return b"".join(out)


@settings(deadline=None, max_examples=40)
@given(
    seed=SEEDS,
    n_events=st.integers(1, 400),
    cuts=st.lists(st.integers(0, 60_000), max_size=3),
    tensors=st.booleans(),
)
def test_what_is_read_together_is_what_is_read_alone(
    seed: int, n_events: int, cuts: list[int], tensors: bool
) -> None:
    data = (log_of_tensors if tensors else log_of_histograms)(seed, n_events)
    together, alone = read(data, cuts), read_alone(data)
    assert rows_of(together) == rows_of(alone)
    assert {event[:2] for event in told(together)} == {event[:2] for event in told(alone)}
    assert sum(event.count for event in together.events) == sum(event.count for event in alone.events)
    walls = [chunk.wall_times for chunk in (together, alone)]
    assert (walls[0] is None) == (walls[1] is None)
    assert walls[0] is None or walls[1] is None or np.array_equal(walls[0], walls[1], equal_nan=True)


def test_names_that_are_cleaned_alike_keep_their_own_plugins() -> None:
    number = b"\x08\x01" + sized(5, struct.pack("<f", 1.5))
    tags = ("a\x01", "a\x02")
    parts = [event(step, tensor(tag, number, None)) for step in range(60) for tag in tags]
    parts.append(event(60, tensor(tags[1], number, "text")))
    parts += [event(61 + step, tensor(tag, number, None)) for step in range(60) for tag in tags]
    data = VERSION + b"".join(parts)
    assert rows_of(read(data, [len(data) // 2])) == rows_of(read_alone(data))


@given(
    counts=st.lists(
        st.lists(st.sampled_from((0.0, 1.0, 2.5, 1e9)), min_size=4, max_size=4), min_size=1, max_size=9
    ),
    lefts=st.lists(st.floats(), min_size=4, max_size=4),
    rights=st.lists(st.floats(), min_size=4, max_size=4),
)
def test_quantiles_of_rows_are_those_of_each(
    counts: list[list[float]], lefts: list[float], rights: list[float]
) -> None:
    n = len(counts)
    buckets = Buckets(np.tile(lefts, (n, 1)), np.tile(rights, (n, 1)), np.array(counts))
    well = buckets.are_well()
    assert well.tolist() == [any(row) for row in counts]
    kept = Buckets(*(part[well] for part in buckets))
    found = kept.quantiles(FRACTIONS)
    with np.errstate(over="ignore"):
        for row, (left, right, count) in zip(found, zip(*kept, strict=True), strict=True):
            filled = np.array((left, right, count)).T[count > 0]
            assert np.array_equal(row, quantiles(filled, FRACTIONS), equal_nan=True)


def busy(name: str, i: int, rng: random.Random) -> bytes:
    """Events that no two are alike, or that say nothing."""
    if name == "names of histograms":
        edge = struct.pack("<d", 1.0)
        body = b"\x09" + bytes(8) + b"\x11" + edge + sized(6, edge) + sized(7, edge)
        return event(i, sized(5, sized(1, sized(1, b"w%d" % i) + sized(5, body))))
    if name == "names of tensors":
        return event(i, tensor(f"t{i}", b"\x08\x01" + sized(5, bytes(4)), "scalars"))
    if name == "wide":
        n = rng.randint(1, 60)
        one = sized(8, b"\x08\x02" + sized(4, struct.pack("<d", i)))
        return event(
            i, sized(5, b"".join(sized(1, sized(1, rng.randbytes(3).hex().encode()) + one) for _ in range(n)))
        )
    return event(i, b"".join(b"\x18" + bytes([rng.randrange(128)]) for _ in range(9)) + simple("a", 1.0))


@pytest.mark.parametrize("name", ["names of histograms", "names of tensors", "wide", "fields"])
def test_a_file_that_keeps_us_busy_is_given_up_and_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(budget, "MAX_VAIN", 2_000)
    monkeypatch.setattr(budget, "MAX_ODD", 2_000)
    monkeypatch.setattr(learned, "MAX_SHAPES", 1_000)
    monkeypatch.setattr("descentry.sources.tensorboard.tags.MAX_SERIES", 100)
    rng = random.Random(1)
    curve = b"".join(event(step, simple("loss", step / 4), 1.7e9 + step) for step in range(100))
    chunk = read(VERSION + curve + b"".join(busy(name, i, rng) for i in range(6_000)) + curve, [])
    assert chunk.columns["loss"].values.tolist() == [step / 4 for step in range(100)] * 2
    n_left = sum(
        event.count
        for event in chunk.events
        if "small values" in event.message or "no number" in event.message
    )
    assert n_left > 100


@pytest.mark.parametrize("at", [(), (5,), (5, 1), (5, 1, 9), (5, 1, 8), (5, 1, 8, 2), (5, 1, 5), (7,)])
def test_a_message_of_millions_of_fields_costs_little(at: tuple[int, ...]) -> None:
    body = b"\x18\x00" * (1 << 22)
    for number in reversed(at):
        body = sized(number, body)
    start = time.process_time()
    chunk = read(VERSION + record(body) + event(1, simple("loss", 2.5)), [])
    assert time.process_time() - start < 2.0
    assert chunk.columns["loss"].values.tolist() == [2.5]
