"""The codecs of binary logs: checksums, framing, messages, tensors."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources import made_logs
from tests.sources.made_logs import sized

from descentry.formats.crc32c import crc32c
from descentry.formats.leveldb_log import LogRecords
from descentry.formats.proto import BadMessage, fields, signed, varint
from descentry.formats.tfevents import event_of, tensor_scalar
from descentry.formats.tfrecord import Records


def test_the_checksum_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_varints_come_back(value: int) -> None:
    assert signed(varint(made_logs.varint(value), 0)[0]) == value


@given(data=st.binary(max_size=200))
def test_any_bytes_are_fields_or_a_bad_message(data: bytes) -> None:
    try:
        list(fields(data))
        event_of(data, {})
    except BadMessage as error:
        assert str(error)  # noqa: PT017


TENSORS = [
    (1, sized(4, struct.pack("<f", 1.5))),
    (1, sized(5, struct.pack("<f", 1.5))),
    (1, b"\x2d" + struct.pack("<f", 1.5)),
    (2, sized(4, struct.pack("<d", 1.5))),
    (2, sized(6, struct.pack("<d", 1.5))),
    (2, b"\x31" + struct.pack("<d", 1.5)),
    (19, sized(4, np.float16(1.5).tobytes())),
    (19, sized(13, made_logs.varint(int(np.float16(1.5).view(np.uint16))))),
    (14, sized(4, (0x3FC0).to_bytes(2, "little"))),
    (14, sized(13, made_logs.varint(0x3FC0))),
]


@pytest.mark.parametrize(("dtype", "body"), TENSORS)
def test_a_tensor_of_one_element_is_a_scalar(dtype: int, body: bytes) -> None:
    assert tensor_scalar(b"\x08" + bytes([dtype]) + body) == 1.5


@pytest.mark.parametrize(
    ("dtype", "body", "value"),
    [
        (3, sized(7, made_logs.varint(-7)), -7.0),
        (9, sized(10, made_logs.varint(-7)), -7.0),
        (3, sized(4, struct.pack("<i", -7)), -7.0),
        (9, sized(4, struct.pack("<q", 1 << 40)), float(1 << 40)),
        (9, b"\x50" + made_logs.varint(5), 5.0),
        (1, sized(5, struct.pack("<ff", 1, 2)), None),
        (1, sized(4, struct.pack("<ff", 1, 2)), None),
        (7, sized(8, b"text"), None),
    ],
)
def test_other_tensors(dtype: int, body: bytes, value: float | None) -> None:
    assert tensor_scalar(b"\x08" + bytes([dtype]) + body) == value


@pytest.mark.parametrize("plugin", ["scalars", "", None])
def test_a_scalar_tensor_with_or_without_its_plugin(plugin: str | None) -> None:
    body = b"\x08\x01" + sized(4, struct.pack("<f", 2.5))
    assert event_of(made_logs.tensor("a", body, plugin), {}).scalars == [("a", 2.5)]


def test_a_plugin_that_is_named_once_holds_for_later_values() -> None:
    plugins: dict[str, str] = {}
    body = b"\x08\x01" + sized(4, struct.pack("<f", 2.5))
    assert event_of(made_logs.tensor("a", body, "histograms"), plugins).scalars == []
    assert event_of(made_logs.tensor("a", body, None), plugins).scalars == []


@given(cuts=st.lists(st.integers(0, 2000), max_size=10))
def test_records_survive_any_split(cuts: list[int]) -> None:
    payloads = [bytes([i]) * (i * 7 % 50) for i in range(30)]
    data = b"".join(map(made_logs.record, payloads))
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    records = Records()
    found = [
        record for i in range(len(bounds) - 1) for record in records.feed(data[bounds[i] : bounds[i + 1]])
    ]
    assert [payload for _, payload, _ in found] == payloads
    assert records.n_waiting == 0


def test_an_absurd_length_ends_the_stream_and_keeps_what_came() -> None:
    records = Records()
    data = made_logs.record(b"one") + (1 << 50).to_bytes(8, "little") + bytes(1000)
    assert [payload for _, payload, _ in records.feed(data)] == [b"one"]
    assert records.problem
    assert list(records.feed(made_logs.record(b"two"))) == []


def test_wandb_records_span_blocks() -> None:
    data = made_logs.wandb([(i, {f"k{j}": float(j) for j in range(800)}) for i in range(5)])
    assert len(list(LogRecords().feed(data))) == 5


def test_damage_in_a_wandb_file_costs_at_most_its_block() -> None:
    data = bytearray(made_logs.wandb([(i, {"loss": 1.0}) for i in range(3000)]))
    data[40_000] ^= 0xFF
    records = LogRecords()
    n = len(list(records.feed(bytes(data))))
    assert len(records.damages) == 1
    assert 2000 < n < 3000
