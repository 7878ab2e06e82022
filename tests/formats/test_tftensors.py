"""Tensors of event files: every type that a scalar may have, and what is no single number."""

import struct

import numpy as np
import pytest
from tests.sources.made_logs import sized, varint

from descentry.formats import proto
from descentry.formats.proto import BadMessage
from descentry.formats.tftensors import (
    VARINTS,
    NoNumber,
    listed_rows,
    number_at,
    tensor_number,
    tensor_numbers,
    width,
)

FLOAT, DOUBLE, INT32, STRING, INT64, BOOL, BFLOAT16, HALF = 1, 2, 3, 7, 9, 10, 14, 19

NUMBERS = [
    (FLOAT, sized(4, struct.pack("<f", 1.5)), 1.5),
    (FLOAT, sized(5, struct.pack("<f", 1.5)), 1.5),
    (FLOAT, b"\x2d" + struct.pack("<f", 1.5), 1.5),
    (DOUBLE, sized(4, struct.pack("<d", 0.1)), 0.1),
    (DOUBLE, sized(6, struct.pack("<d", 0.1)), 0.1),
    (DOUBLE, b"\x31" + struct.pack("<d", 0.1), 0.1),
    (HALF, sized(4, np.float16(0.1).tobytes()), float(np.float16(0.1))),
    (HALF, sized(13, varint(int(np.float16(1.5).view(np.uint16)))), 1.5),
    (BFLOAT16, sized(4, (0x3FC0).to_bytes(2, "little")), 1.5),
    (BFLOAT16, sized(13, varint(0x3FC0)), 1.5),
    (HALF, sized(13, varint(int(np.float16(-1.5).view(np.int16)))), -1.5),
    (HALF, sized(13, varint(int(np.float32(-1.5).view(np.int32)))), -1.5),
    (BFLOAT16, sized(13, varint(int(np.float32(1e-40).view(np.int32)))), float(np.float32(1e-40))),
    (INT32, sized(7, varint(-7)), -7.0),
    (INT32, sized(4, struct.pack("<i", -7)), -7.0),
    (INT64, sized(10, varint(-7)), -7.0),
    (INT64, sized(4, struct.pack("<q", 1 << 40)), float(1 << 40)),
    (INT64, b"\x50" + varint(5), 5.0),
    (BOOL, sized(11, b"\x01"), 1.0),
    (BOOL, sized(4, b"\x00"), 0.0),
    (4, sized(4, b"\xff"), 255.0),
    (6, sized(4, b"\xff"), -1.0),
    (22, sized(16, varint(4_000_000_000)), 4e9),
    (23, sized(17, varint(1 << 63)), float(1 << 63)),
]


def tensor(dtype: int, body: bytes, *shape: int) -> bytes:
    dimensions = b"".join(sized(2, b"\x08" + varint(size)) for size in shape)
    return b"\x08" + varint(dtype) + sized(2, dimensions) + body


def number(data: bytes) -> tuple[float, int, str]:
    return tensor_number(data, 0, len(data))


@pytest.mark.parametrize(("dtype", "body", "value"), NUMBERS)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_tensor_of_one_element_is_a_number(
    dtype: int, body: bytes, value: float, shape: tuple[int, ...]
) -> None:
    data = tensor(dtype, body, *shape)
    found, at, form = number(data)
    assert found == value
    if form == "bfloat16":
        assert data[at : at + 2] == b"\xc0\x3f"
    elif form.startswith(VARINTS):
        assert number_at(data, at, form) == value
        assert width(form) == int(form[2:])
        bits = proto.varint(data, at)[0]
        assert listed_rows(np.array([bits], np.uint64), form[1]).tolist() == [value]
    elif form:
        assert float(np.frombuffer(data, form, 1, at)[0]) == value


@pytest.mark.parametrize(
    ("dtype", "body", "shape", "what"),
    [
        (FLOAT, sized(5, struct.pack("<ff", 1, 2)), (), "several"),
        (FLOAT, sized(4, struct.pack("<ff", 1, 2)), (2,), "several"),
        (FLOAT, sized(5, struct.pack("<f", 1)), (3,), "several"),
        (FLOAT, b"", (), "empty"),
        (FLOAT, sized(5, struct.pack("<f", 1)), (0,), "several"),
        (STRING, sized(8, b"text"), (), "text"),
    ],
)
def test_what_is_no_single_number(dtype: int, body: bytes, shape: tuple[int, ...], what: str) -> None:
    with pytest.raises(NoNumber, match=what):
        number(tensor(dtype, body, *shape))


def test_halves_of_values_are_refused() -> None:
    with pytest.raises(BadMessage, match="3 bytes"):
        tensor_numbers(data := tensor(FLOAT, sized(4, b"abc")), 0, len(data))


def test_all_numbers_and_the_shape() -> None:
    data = tensor(DOUBLE, sized(6, struct.pack("<6d", *range(6))), 2, 3)
    numbers, shape = tensor_numbers(data, 0, len(data))
    assert (numbers.tolist(), shape) == ([0, 1, 2, 3, 4, 5], (2, 3))
