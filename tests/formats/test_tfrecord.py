"""Framing: any split gives the same records, damage costs what it hits, patterns are only a short cut."""

import random
import struct
from array import array
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.made_logs import record

from descentry.formats.crc32c import crc32c, masked, masked_rows
from descentry.formats.tfrecord import MAX_RECORD, Records
from descentry.formats.tfrecord_runs import LEAST_PERIODS, period
from descentry.formats.tfrecord_scan import damaged, header_after

Found = list[tuple[int, bytes, int]]


def read(data: bytes, cuts: list[int] | None = None) -> tuple[Records, Found]:
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts or []), len(data)]
    records = Records()
    found = [one for a, b in pairwise(bounds) for one in records.feed(data[a:b])]
    records.end()
    return records, found


def payloads(found: Found) -> list[bytes]:
    return [payload for _, payload, _ in found]


def simply(data: bytes) -> list[bytes]:
    """The payloads of a file without damage, by the obvious walk."""
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        found.append(data[at + 12 : at + 12 + size])
        at += 16 + size
    return found


SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=6)


@settings(deadline=None)
@given(
    parts=st.lists(st.tuples(SIZES, st.integers(1, 120)), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 20_000), max_size=8),
)
def test_patterns_and_splits_change_nothing(parts: list[tuple[list[int], int]], cuts: list[int]) -> None:
    rng = random.Random(1)
    data = b"".join(record(rng.randbytes(size)) for sizes, n in parts for _ in range(n) for size in sizes)
    records, found = read(data, cuts)
    assert payloads(found) == simply(data)
    ends = np.cumsum([len(payload) + 16 for payload in simply(data)]).tolist()
    assert [offset for offset, _, _ in found] == [0, *ends[:-1]]
    assert (records.offset, records.n_waiting, records.damages) == (len(data), 0, [])


def test_a_pattern_is_read_as_a_run() -> None:
    data = b"".join(record(bytes(size)) for _ in range(200) for size in (10, 12, 11))
    batch = Records().feed(data)
    assert sum(run.n_periods * len(run.sizes) for run in batch.runs) > 500
    starts, sizes = batch.all_payloads()
    assert sizes.tolist() == [10, 12, 11] * 200
    assert (np.diff(starts) == sizes[:-1] + 16).all()


def test_a_pattern_that_breaks_off_is_left_and_found_again() -> None:
    one = b"".join(record(bytes(size)) for _ in range(10 * LEAST_PERIODS) for size in (10, 12, 11))
    data = (one + record(bytes(77))) * 5
    assert payloads(read(data)[1]) == simply(data)
    assert len(Records().feed(data).runs) == 5


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([5] * 8, 1),
        ([5, 6] * 4, 2),
        ([1, 2, 3, 4, 5, 6], 0),
        ([], 0),
        ([9, 5, 6, 7, 8, 5, 6, 7, 8], 4),
        ([256, 1, 256, 1, 256, 1], 2),
    ],
)
def test_the_period_of_sizes(sizes: list[int], expected: int) -> None:
    assert period(array("q", sizes)) == expected


def test_bytes_one_by_one() -> None:
    data = b"".join(record(bytes([i]) * (i * 7 % 50)) for i in range(30))
    records, found = read(data, list(range(len(data))))
    assert payloads(found) == simply(data)
    assert records.n_waiting == 0


@settings(deadline=None)
@given(at=st.integers(0, 2999), mask=st.integers(1, 255), cuts=st.lists(st.integers(0, 3000), max_size=5))
def test_one_flipped_byte_costs_at_most_its_record(at: int, mask: int, cuts: list[int]) -> None:
    whole = [bytes([i]) * 9 for i in range(120)]
    data = bytearray(b"".join(map(record, whole)))
    at %= len(data)
    data[at] ^= mask
    records, found = read(bytes(data), cuts)
    hit = at // 25
    others = [payload for offset, payload, _ in found if offset != hit * 25]
    assert others == [payload for i, payload in enumerate(whole) if i != hit]
    is_header = at % 25 < 12
    assert [(d.offset, d.n_bytes) for d in records.damages] == ([(hit * 25, 25)] if is_header else [])


def test_damage_at_the_end_is_told() -> None:
    data = record(b"one") + b"\xff" * 1000
    records, found = read(data)
    assert payloads(found) == [b"one"]
    (damage,) = records.damages
    assert (damage.offset, damage.n_bytes) == (19, 1000)
    assert (records.offset, records.n_waiting) == (len(data), 0)


def test_an_absurd_length_costs_only_itself() -> None:
    data = record(b"one") + (1 << 50).to_bytes(8, "little") + bytes(1000) + record(b"two")
    records, found = read(data)
    assert payloads(found) == [b"one", b"two"]
    assert [damage.n_bytes for damage in records.damages] == [1008]


@pytest.mark.parametrize("n_pieces", [1, 7])
def test_a_record_too_large_to_keep_is_passed_over(n_pieces: int) -> None:
    size = MAX_RECORD + 1
    length = struct.pack("<Q", size)
    large = length + struct.pack("<I", masked(length)) + bytes(size + 4)
    data = record(b"one") + large + record(b"two")
    records, found = read(data, [len(data) * i // n_pieces for i in range(n_pieces)])
    assert payloads(found) == [b"one", b"two"]
    assert [(damage.offset, damage.n_bytes) for damage in records.damages] == [(19, size + 16)]
    assert records.offset == len(data)


def test_a_record_that_is_not_whole_waits() -> None:
    data = record(b"one") + record(b"two" * 1000)
    records = Records()
    assert payloads(list(records.feed(data[:-1]))) == [b"one"]
    assert records.n_waiting == 3015
    assert payloads(list(records.feed(data[-1:]))) == [b"two" * 1000]


def test_many_damages_end_the_search() -> None:
    data = (record(b"one") + b"\xff" * 12) * 10_100
    records, found = read(data)
    assert 10_000 <= len(found) < 10_100
    assert len(records.damages) <= 10_001
    assert records.offset == len(data)


def test_the_next_header() -> None:
    data = bytes(5000) + record(b"abc") + bytes(16)
    assert header_after(data, 0, len(data) - 16) == 5000
    assert header_after(data, 5001, len(data) - 16) is None
    assert header_after(data[:5011] + bytes(16), 0, 5011) is None


def test_wrong_checksums_are_found_whatever_the_sizes() -> None:
    rng = random.Random(2)
    whole = [rng.randbytes(rng.choice((0, 3, 9, 9, 9, 5000, 9000))) for _ in range(200)]
    data = bytearray(b"".join(map(record, whole)) + bytes(16))
    batch = Records().feed(bytes(data[:-16]))
    starts, sizes = batch.all_payloads()
    bad = [i for i in range(0, 200, 7) if sizes[i]]
    for i in bad:
        data[int(starts[i]) + int(sizes[i]) // 2] ^= 4
    assert damaged(bytes(data), starts, sizes).tolist() == bad


@given(data=st.binary(max_size=70))
def test_checksums_side_by_side_are_those_one_by_one(data: bytes) -> None:
    rows = np.frombuffer(data * 3, np.uint8).reshape(3, len(data))
    assert masked_rows(rows).tolist() == [masked(data)] * 3


@pytest.mark.parametrize("size", [8191, 8192, 8193, 100_001])
def test_the_checksum_of_a_long_text_is_that_of_a_short_walk(size: int) -> None:
    data = random.Random(size).randbytes(size)
    rows = np.frombuffer(data, np.uint8).reshape(1, size)
    assert masked_rows(rows).tolist() == [masked(data)]
    assert crc32c(bytes(size)) != crc32c(bytes(size - 1))
