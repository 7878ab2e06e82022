"""TensorFlow's TensorProto: 1 dtype, 2 shape, 4 content, and lists of values by type.

Content stands in the bytes of the type; lists hold float (5), double (6), int (7), int64 (10), bool (11),
half and bfloat16 bits (13), uint32 (16), uint64 (17).
"""

import math

import numpy as np
from numpy.typing import NDArray

from descentry.formats.proto import (
    BYTES,
    FEW_FIELDS,
    FIXED32,
    FIXED64,
    VARINT,
    BadMessage,
    signed,
    spans,
    varint,
)
from descentry.record.chunk import Floats

CONTENT = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "<u1", 5: "<i2", 6: "<i1", 9: "<i8", 10: "<u1", 14: "bfloat16",
    17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8",
}  # fmt: skip
"""Types of the content by TensorFlow's number of the dtype."""
BFLOAT16 = 14
STRING = 7
FIXED = {5: "<f4", 6: "<f8"}
LISTS = frozenset({5, 6, 7, 10, 11, 13, 16, 17})
UNSIGNED = frozenset({11, 13, 16, 17})
HALVES = {"h": "<f2", "b": "bfloat16"}
VARINTS = "~"
"""Begins the form of a number in a varint: then its kind (see `_listed`) and how many bytes it has."""
MAX_SHAPE = 1 << 13
"""Bytes of a shape: TensorFlow has at most 254 dimensions."""
MAX_DIMENSIONS = 16
"""Dimensions that are looked at: one more, and it is neither a number nor a table."""
MAX_NUMBERS = 1 << 16
"""Elements of a list that are read; histograms have tens or hundreds."""


class NoNumber(ValueError):
    """The tensor is well, but no single number; the message is a word for what it is."""


def decoded(data: bytes, form: str) -> Floats:
    """Values of one type, little-endian: float64[n].  `bfloat16` is the upper half of a float32."""
    if form == "bfloat16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return np.frombuffer(data, form).astype(np.float64)


def width(form: str) -> int:
    """Bytes of one value."""
    if form.startswith(VARINTS):
        return int(form[2:])
    return 2 if form == "bfloat16" else np.dtype(form).itemsize


def number_at(data: bytes, at: int, form: str) -> float:
    """One value of a type at a place."""
    if form.startswith(VARINTS):
        return _listed(varint(data, at)[0], form[1])
    return float(decoded(data[at : at + width(form)], form)[0])


def tensor_number(data: bytes, at: int, end: int) -> tuple[float, int, str]:
    """The value of the TensorProto with one element in `data[at:end]`; where it stands, and as which type.

    Raises NoNumber for any other tensor, BadMessage.
    """
    tensor = _Tensor(data, at, end)
    if tensor.dtype == STRING:
        raise NoNumber("text")
    if tensor.n_elements not in (None, 1):
        raise NoNumber("tensor of several elements")
    form, start, stop = tensor.place()
    if form:
        if stop - start != width(form):
            raise NoNumber("tensor of several elements")
        return number_at(data, start, form), start, form
    found = tensor.numbers(2)
    if len(found) != 1:
        raise NoNumber("tensor of several elements" if len(found) else "empty tensor")
    return float(found[0]), *tensor.varint_place()


def tensor_numbers(data: bytes, at: int, end: int) -> tuple[Floats, tuple[int, ...]]:
    """All elements, float64[n], and the shape.  Raises BadMessage."""
    tensor = _Tensor(data, at, end)
    return tensor.numbers(MAX_NUMBERS), tensor.shape


def table_at(data: bytes, at: int, end: int, form: str) -> tuple[int, int]:
    """Where the elements of the TensorProto in `data[at:end]` begin that stand as bytes of `form`, and how many;
    none where they stand otherwise.  Raises BadMessage."""
    found, start, stop = _Tensor(data, at, end).place()
    return (start, (stop - start) // width(form)) if found == form else (-1, 0)


class _Tensor:
    """Where the parts of a TensorProto stand."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self.dtype = 0
        self.shape: tuple[int, ...] = ()
        self.n_elements: float | None = None
        self._content = (0, 0)
        self._lists: list[tuple[int, int, int, int]] = []
        n_loose = 0
        for number, kind, start, stop in spans(data, at, end):
            if number == 1 and kind == VARINT:
                self.dtype = varint(data, start)[0]
            elif number == 2 and kind == BYTES:
                self._take_shape(start, stop)
            elif number == 4 and kind == BYTES:
                self._content = (start, stop)
            elif number in LISTS:
                self._lists.append((number, kind, start, stop))
            n_loose += kind == VARINT
            if n_loose > FEW_FIELDS:
                self.shape, self.n_elements = (), n_loose
                return

    def _take_shape(self, at: int, end: int) -> None:
        if end - at > MAX_SHAPE:
            raise BadMessage("its shape has too many dimensions")
        sizes: list[int] = []
        for number, kind, start, stop in spans(self._data, at, end):
            if number == 2 and kind == BYTES:
                sizes.append(_size(self._data, start, stop))
            if len(sizes) > MAX_DIMENSIONS:
                break
        self.shape = tuple(sizes)
        self.n_elements = math.prod(map(float, sizes)) if len(sizes) <= MAX_DIMENSIONS else 0

    def place(self) -> tuple[str, int, int]:
        """Type, start and stop of the elements where they stand as bytes of their type; "" where not."""
        start, stop = self._content
        if stop > start:
            return CONTENT.get(self.dtype, "") or "<u1", start, stop
        if len(self._lists) == 1:
            number, kind, start, stop = self._lists[0]
            if number in FIXED and kind in (BYTES, FIXED32 if number == 5 else FIXED64):
                return FIXED[number], start, stop
        return "", 0, 0

    def varint_place(self) -> tuple[int, str]:
        """Where the only element of a list of varints stands, and its form; (-1, "") where it is another list."""
        number, kind, start, stop = self._lists[0]
        if len(self._lists) != 1 or kind not in (BYTES, VARINT) or varint(self._data, start)[1] != stop:
            return -1, ""
        return start, f"{VARINTS}{self._kind(number)}{stop - start}"

    def _kind(self, number: int) -> str:
        """How the varints of a field are numbers."""
        if number == 13:
            return "b" if self.dtype == BFLOAT16 else "h"
        return "u" if number in UNSIGNED else "i"

    def numbers(self, most: int) -> Floats:
        """The first `most` elements.  Raises BadMessage."""
        form, start, stop = self.place()
        if form:
            self._require_whole(start, stop, form)
            return decoded(self._data[start : min(stop, start + most * width(form))], form)
        parts = [self._list(number, start, stop, most) for number, _, start, stop in self._lists[:most]]
        return np.concatenate(parts)[:most] if parts else np.empty(0)

    def _require_whole(self, start: int, stop: int, form: str) -> None:
        if (stop - start) % width(form):
            raise BadMessage(f"{stop - start} bytes are no whole number of values")

    def _list(self, number: int, start: int, stop: int, most: int) -> Floats:
        """The elements of one `…_val` field, packed or single."""
        if number in FIXED:
            self._require_whole(start, stop, FIXED[number])
            return decoded(self._data[start:stop], FIXED[number])[:most]
        raw: list[int] = []
        while start < stop and len(raw) < most:
            value, start = varint(self._data, start)
            raw.append(value)
        kind = self._kind(number)
        return np.array([_listed(value, kind) for value in raw])


def _listed(value: int, kind: str) -> float:
    """The number that a varint of a list stands for: "i" signed, "u" unsigned, "h" and "b" bits of a half."""
    if kind in HALVES:
        return _half(signed(value), HALVES[kind])
    return float(value if kind == "u" else signed(value))


def listed_rows(values: NDArray[np.uint64], kind: str) -> Floats:
    """What `_listed` says of each of many: float64[n]."""
    if kind == "u":
        return values.astype(np.float64)
    numbers = values.view(np.int64)
    if kind == "i":
        return numbers.astype(np.float64)
    wide = decoded((values & np.uint64(0xFFFFFFFF)).astype("<u4").tobytes(), "<f4")
    short = decoded((values & np.uint64(0xFFFF)).astype("<u2").tobytes(), HALVES[kind])
    return np.where((numbers >= -0x8000) & (numbers <= 0xFFFF), short, wide)


def _half(value: int, form: str) -> float:
    """A number out of `half_val`: the 16 bits of its type, or the 32 of a float, which torch writes there."""
    if -0x8000 <= value <= 0xFFFF:
        return number_at((value & 0xFFFF).to_bytes(2, "little"), 0, form)
    return number_at((value & 0xFFFFFFFF).to_bytes(4, "little"), 0, "<f4")


def _size(data: bytes, at: int, end: int) -> int:
    """The size of one dimension (1 size); 0 where it is left out."""
    sizes = [
        signed(varint(data, start)[0])
        for number, kind, start, _ in spans(data, at, end, FEW_FIELDS)
        if number == 1 and kind == VARINT
    ]
    return sizes[-1] if sizes else 0
