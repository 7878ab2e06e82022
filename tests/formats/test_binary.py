"""The codecs of binary logs: checksums, framing, messages, tensors."""

from hypothesis import given
from hypothesis import strategies as st
from tests.sources import made_logs

from descentry.formats.crc32c import crc32c
from descentry.formats.leveldb_log import LogRecords
from descentry.formats.proto import BadMessage, fields, signed, varint
from descentry.formats.tfevents import event_of


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
        event_of(data)
    except BadMessage as error:
        assert str(error)  # noqa: PT017


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
