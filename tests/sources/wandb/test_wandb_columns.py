"""Histories of W&B read all at once give what they give one by one, whatever the records are."""

import json
import random
import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.made_logs import sized, varint

from descentry.formats.leveldb_log import LogRecords, Records
from descentry.record.chunk import Chunk
from descentry.sources.json.table import MAX_SHAPES
from descentry.sources.wandb.columns import groups_of
from descentry.sources.wandb.offline import WandbFile
from descentry.sources.wandb.walk import Irregular

HEAD = b":W&B\xe1\xbe\x00"
MEDIA = {"_type": "histogram", "values": [1, 2]}


def history(row: dict[str, object], number: int = 1, *, key: int = 2) -> bytes:
    items = b"".join(
        sized(
            1,
            b"".join(sized(key, part.encode()) for part in name.split("/"))
            + sized(16, json.dumps(value).encode()),
        )
        for name, value in row.items()
    )
    return b"\x08" + varint(number) + sized(2, items + sized(2, b"\x08\x05"))


def summary(number: int = 1) -> bytes:
    return b"\x08" + varint(number) + sized(3, sized(1, b"\x0a\x01a\x12\x011"))


def settings_record(name: str = "lr") -> bytes:
    config = sized(4, sized(1, sized(1, name.encode()) + sized(16, b"0.5")))
    return b"\x08\x01" + sized(17, config) + sized(200, b"")


def log_of(records: list[bytes]) -> bytes:
    out = bytearray(HEAD)
    for record in records:
        left = 32768 - len(out) % 32768
        assert len(record) < 32000
        if left < len(record) + 7:
            part, record = record[: max(left - 7, 0)], record[max(left - 7, 0) :]
            out += bytes(left) if left < 7 else piece(part, 2)
            out += piece(record, 1 if left < 7 else 4)
        else:
            out += piece(record, 1)
    return bytes(out)


def piece(data: bytes, kind: int) -> bytes:
    return struct.pack("<IHB", zlib.crc32(data, zlib.crc32(bytes([kind]))), len(data), kind) + data


def told(chunks: list[Chunk]) -> tuple[list[object], ...]:
    """Rows, config and events, NaN spelt out."""
    rows: list[object] = []
    for chunk in chunks:
        points: list[dict[str, str]] = [{} for _ in range(chunk.n_rows)]
        for name, (where, values) in chunk.columns.items():
            for row, value in zip(where.tolist(), values.tolist(), strict=True):
                points[row][name] = repr(value)
        walls = [float("nan")] * chunk.n_rows if chunk.wall_times is None else chunk.wall_times.tolist()
        rows += zip(chunk.steps.tolist(), map(repr, walls), points, strict=True)
    config = sorted((key, repr(value)) for chunk in chunks for key, value in chunk.config.items())
    events = sorted({(event.kind, event.message) for chunk in chunks for event in chunk.events})
    return rows, config, events


def both(records: list[bytes]) -> tuple[tuple[list[object], ...], tuple[list[object], ...]]:
    """What the decoder gives as it is, and what it gives when it may take no records together."""
    data = log_of(records)
    together, one_by_one = (told([it.feed(data), it.end()]) for it in (WandbFile("a"), _OneByOne("a")))
    return together, one_by_one


class _OneByOne(WandbFile):
    def _together(self, found: object) -> None:  # noqa: ARG002
        return None


class _Together(WandbFile):
    def _one_by_one(self, found: Records) -> None:
        raise AssertionError(f"{len(found.ends)} records are read one by one")


def rows(n: int, seed: int = 0) -> list[dict[str, object]]:
    """Rows in the order of their fields in which the writers leave them: any."""
    noise = random.Random(seed)
    made = []
    for step in range(n):
        row: dict[str, object] = {"_step": step, "loss": noise.random(), "_timestamp": 1.7e9 + step, "lr": 1}
        if step % 7 == 3:
            row["eval/loss"] = noise.choice(["NaN", "Infinity", 2.5, None])
        if step % 11 == 5:
            row["weights"] = MEDIA
        items = list(row.items())
        noise.shuffle(items)
        made.append(dict(items))
    return made


def test_shuffled_fields_are_read_together_and_as_one_by_one() -> None:
    records = [settings_record()]
    for at, row in enumerate(rows(600)):
        records += [history(row, 2 * at + 1), summary(2 * at + 2)]
    groups, n_rows, others = groups_of(records, lambda head: head.decode("latin-1"))
    assert n_rows == 600
    assert sum(len(group.rows) for group in groups) == 600
    assert others == [0]
    together, one_by_one = both(records)
    assert together == one_by_one
    assert len(together[0]) == 600


@pytest.mark.parametrize("key", [1, 2])
def test_names_and_nested_names(key: int) -> None:
    together, one_by_one = both([history({"_step": 3, "a/b/c": 1.5, "ö": 2}, key=key)])
    assert together == one_by_one
    assert together[0] == [(3, "nan", {"a/b/c": "1.5", "ö": "2.0"})]


def test_texts_that_hold_what_lies_between_values_stay_texts() -> None:
    odd = [{"_step": i, "loss": 1.5, "note": note} for i, note in enumerate(['a,"b', "],[", "1,2", ",", "x"])]
    together, one_by_one = both([history(row) for row in odd])
    assert together == one_by_one
    assert [points for _, _, points in together[0]] == [{"loss": "1.5"}] * 5  # type: ignore[misc]


def test_texts_with_commas_are_read_all_at_once() -> None:
    texts = ["a, b", ",", "plain", '"q", ,', "[1, 2", "1,2"]
    records = [
        history({"_step": i, "note, this": texts[i % 6], "loss": i / 2, "more": "x,"}) for i in range(40)
    ]
    groups, n_rows, others = groups_of(records, lambda head: head[2:].decode())
    assert (n_rows, others, len(groups)) == (40, [], 1)
    assert groups[0].columns["note, this"] == [texts[i % 6] for i in range(40)]
    assert groups[0].columns["loss"] == [i / 2 for i in range(40)]
    together, apart = both(records)
    assert together == apart


@pytest.mark.parametrize("value", [[1, 2], {"a": 1, "b": 2}])
def test_lists_and_objects_with_commas_are_read_one_by_one(value: object) -> None:
    with pytest.raises(Irregular):
        groups_of([history({"_step": 1, "k": value, "loss": 0.5})], lambda head: head[2:].decode())


def test_a_value_that_is_two_is_not_taken_for_two() -> None:
    item = sized(1, sized(2, b"loss") + sized(16, b"1,2")) + sized(1, sized(2, b"_step") + sized(16, b"4"))
    with pytest.raises(Irregular):
        groups_of([b"\x08\x01" + sized(2, item)], bytes.decode)


def test_too_many_shapes_are_read_one_by_one() -> None:
    made = [{"_step": i, **{f"m{j}": 1.0 for j in range(i + 1)}} for i in range(MAX_SHAPES + 1)]
    with pytest.raises(Irregular):
        groups_of([history(row) for row in made], bytes.decode)
    together, one_by_one = both([history(row) for row in made])
    assert together == one_by_one
    assert len(together[0]) == MAX_SHAPES + 1


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 50),
    edits=st.lists(
        st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4
    ),
)
def test_damage_under_a_right_checksum_is_read_alike(seed: int, edits: list[tuple[int, bytes]]) -> None:
    records = [settings_record(), *map(history, rows(12, seed)), summary()]
    for at, new in edits:
        which = at % len(records)
        record = bytearray(records[which])
        record[at // 13 % len(record) : at // 13 % len(record) + len(new)] = new
        records[which] = bytes(record)
    together, one_by_one = both(records)
    assert together == one_by_one


@given(cuts=st.lists(st.integers(0, 200_000), max_size=8))
@settings(max_examples=25, deadline=None)
def test_records_come_out_alike_however_they_are_fed(cuts: list[int]) -> None:
    data = log_of([history(row) for row in rows(900)])
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    whole, ones, many = LogRecords(), LogRecords(), LogRecords()
    expected = whole.feed_all(data)
    given_one, given_many, ends = [], [], []
    for start, stop in pairwise(bounds):
        for payload in ones.feed(data[start:stop]):
            given_one.append(payload)
            ends.append(ones.offset)
        given_many += many.feed_all(data[start:stop]).payloads
    assert len(expected.payloads) == 900
    assert given_one == given_many == expected.payloads
    assert ends == expected.ends


def test_a_flipped_bit_costs_its_block_and_is_told() -> None:
    data = bytearray(log_of([history(row) for row in rows(900)]))
    data[50_000] ^= 1
    decoder = WandbFile("a")
    found, _, events = told([decoder.feed(bytes(data)), decoder.end()])
    assert 500 < len(found) < 900
    assert [kind for kind, _ in events] == ["bad_record"]  # type: ignore[misc]


def various(n: int, seed: int, *, n_names: int, has_steps: bool) -> list[dict[str, object]]:
    """Rows of too many shapes for tables: each has a few of many names."""
    noise = random.Random(seed)
    made: list[dict[str, object]] = []
    for at in range(n):
        names = noise.sample(range(n_names), noise.randint(1, 3))
        row: dict[str, object] = {f"{'val/' if k % 5 == 0 else ''}k{k}": noise.random() for k in names}
        if noise.random() < 0.1:
            row[f"k{names[0]}/odd"] = noise.choice(["NaN", "-Infinity", 7, 1e300])
        if has_steps and noise.random() < 0.9:
            row |= {"_step": at, "_timestamp": 1.7e9 + at} if at % 3 else {"_step": at}
        made.append(row)
    return made


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("has_steps", [True, False])
def test_rows_of_many_shapes_are_read_alike_point_by_point(seed: int, has_steps: bool) -> None:
    made = various(400, seed, n_names=60, has_steps=has_steps)
    noise = random.Random(seed)
    records = [settings_record(), *(record_of(row, noise.choice([None, 5])) for row in made), summary()]
    data = log_of(records)
    together, one_by_one = _Together("a"), _OneByOne("a")
    cut = len(data) // 2
    fast, slow = (told([it.feed(data[:cut]), it.feed(data[cut:]), it.end()]) for it in (together, one_by_one))
    assert fast == slow
    assert len(fast[0]) == 400


def record_of(row: dict[str, object], step: int | None) -> bytes:
    """A history with or without a step beside its items."""
    items = b"".join(
        sized(1, sized(2, name.encode()) + sized(16, json.dumps(value).encode()))
        for name, value in row.items()
    )
    return b"\x08\x01" + sized(2, items + (b"" if step is None else sized(2, b"\x08" + varint(step))))


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 50),
    edits=st.lists(
        st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4
    ),
)
def test_damage_among_many_shapes_is_read_alike(seed: int, edits: list[tuple[int, bytes]]) -> None:
    records = [history(row) for row in various(40, seed, n_names=30, has_steps=seed % 2 == 0)]
    for at, new in edits:
        which = at % len(records)
        record = bytearray(records[which])
        record[at // 13 % len(record) : at // 13 % len(record) + len(new)] = new
        records[which] = bytes(record)
    together, one_by_one = both(records)
    assert together == one_by_one
