"""Layouts of events: records that differ in nothing but their time, step and numbers are read side by side.

A record that was read field by field teaches where its numbers stand.  Another of the same size whose other
bytes are the same, and whose step has as many bytes, says the same with other numbers: that is exact, since
those bytes alone decide how a message is read.
"""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.formats.proto import signed, varint
from descentry.formats.tfevents import Event, Kind
from descentry.formats.tfevents_points import Points
from descentry.formats.tftensors import decoded, number_at, width
from descentry.record.chunk import Ints

Rows = NDArray[np.uint8]
Words = NDArray[np.uint64]

MAX_SIZE = 1 << 15
"""Bytes of a payload that may be regular: hundreds of values in one event; larger ones are few."""
MAX_LAYOUTS = 32
"""Layouts of one size: step widths, types of values and lengths of tags set them apart."""
MAX_SHAPES = 20_000
MAX_BYTES = 32 << 20
"""Texts of all layouts together, and their bytes."""
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_FACTOR = 0x9E3779B97F4A7C15
"""Odd, of mixed bits (2**64 over the golden ratio): its powers hash the words of a row."""


class Place(NamedTuple):
    """Where the numbers of a layout stand in the payload.  `values`: (position, type) of each value."""

    size: int
    wall_at: int
    step_at: int
    step_width: int
    values: tuple[tuple[int, str], ...]


def place_of(event: Event, size: int) -> Place | None:
    """The place of an event of which nothing but numbers can change, else None."""
    if event.is_start or event.wall_at < 0 or not event.values or size > MAX_SIZE:
        return None
    for value in event.values:
        if value.kind is not Kind.SCALAR or value.by_plugin or value.number.at < 0:
            return None
    values = tuple((value.number.at, value.number.form) for value in event.values)
    return Place(size, event.wall_at, event.step_at, event.step_width, values)


class Layout:
    """All texts (the bytes that do not change) that were seen at one place, with their tags."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.n_words = -(-place.size // 8)
        mask = np.zeros(self.n_words * 8, np.uint8)
        mask[: place.size] = 0xFF
        mask[place.wall_at : place.wall_at + 8] = 0
        if place.step_width:
            mask[place.step_at : place.step_at + place.step_width] = 0x80
        for at, form in place.values:
            mask[at : at + width(form)] = 0
        self.mask = mask[: place.size]
        self._mask = mask.view("<u8")
        self._number = int.from_bytes(mask.tobytes(), "little")
        self._shapes: dict[int, int] = {}
        self._known: list[tuple[int, tuple[int, ...]]] = []
        self._texts = np.empty((0, self.n_words), np.uint64)
        self._tags = np.empty((0, len(place.values)), np.uint16)
        self._hashes = np.empty(0, np.uint64)
        self._order = np.empty(0, np.int64)
        factors = [pow(_FACTOR, i + 1, 1 << 64) for i in range(self.n_words)]
        self._factors = np.array(factors, np.uint64)

    def add(self, payload: bytes, tags: tuple[int, ...]) -> None:
        """Takes up the text of a payload, with the tags of its values."""
        text = self._masked(payload)
        if text not in self._shapes:
            self._shapes[text] = len(self._known)
            self._known.append((text, tags))

    def _index(self) -> None:
        """Brings the arrays up to date with what was added."""
        n = len(self._texts)
        if n == len(self._known):
            return
        texts = b"".join(text.to_bytes(self.n_words * 8, "little") for text, _ in self._known[n:])
        fresh = np.frombuffer(texts, "<u8").reshape(-1, self.n_words)
        self._texts = np.concatenate((self._texts, fresh))
        tags = np.array([tags for _, tags in self._known[n:]], np.uint16)
        self._tags = np.concatenate((self._tags, tags))
        hashes = self._texts @ self._factors
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def _masked(self, payload: bytes) -> int:
        return int.from_bytes(payload, "little") & self._number

    def shape(self, payload: bytes) -> int | None:
        """The number of the text that a payload has, or None."""
        return self._shapes.get(self._masked(payload))

    def tags(self, shape: int) -> tuple[int, ...]:
        """The tags of the values of a shape."""
        return self._known[shape][1]

    def numbers(self, payload: bytes) -> tuple[float, int, list[float]]:
        """Time, step and values of a payload that has one of the shapes."""
        place = self.place
        step = varint(payload, place.step_at)[0] if place.step_width else 0
        values = [
            _FLOAT.unpack_from(payload, at)[0] if form == "<f4" else number_at(payload, at, form)
            for at, form in place.values
        ]
        return _DOUBLE.unpack_from(payload, place.wall_at)[0], signed(step), values

    def hashes(self, rows: Words) -> Words:
        """A number for each row, the same for rows with the same text."""
        hashes: Words = (rows & self._mask) @ self._factors
        return hashes

    def match(self, rows: Words) -> Ints:
        """The shape of each row, -1 for none: uint64[n, n_words] to int64[n]."""
        self._index()
        if not len(self._order):
            return np.full(len(rows), -1)
        texts = rows & self._mask
        near = np.searchsorted(self._hashes, texts @ self._factors)
        shapes = self._order[np.minimum(near, len(self._order) - 1)]
        return np.where((self._texts[shapes] == texts).all(axis=1), shapes, -1)

    def points(self, rows: Words, starts: Ints, shapes: Ints) -> Points:
        """The points of rows with these shapes; `starts` are the positions of their payloads."""
        n, n_values = len(rows), len(self.place.values)
        rows = np.ascontiguousarray(rows)
        numbers = Numbers(rows, 0, n, rows.shape[1] * 8)
        values = np.empty((n, n_values))
        for column, (at, form) in enumerate(self.place.values):
            values[:, column] = numbers.values(at, form)
        inside = np.array([at for at, _ in self.place.values], np.int64)
        return Points(
            (starts[:, None] + inside).ravel(),
            self._tags[shapes].ravel(),
            np.repeat(numbers.steps(self.place), n_values),
            np.repeat(numbers.floats(self.place.wall_at, "<f8"), n_values),
            values.ravel(),
        )


class Numbers:
    """Columns of numbers out of bytes with a stride: row i begins at `start + i * stride` of `data`."""

    def __init__(self, data: bytes | NDArray[np.generic], start: int, n: int, stride: int) -> None:
        self._data, self._start, self._n, self._stride = data, start, n, stride

    def _column(self, at: int, form: str) -> NDArray[np.generic]:
        return np.ndarray((self._n,), form, self._data, self._start + at, (self._stride,))

    def floats(self, at: int, form: str) -> NDArray[np.generic]:
        """The values at one place of the rows, in their own type."""
        return self._column(at, form)

    def values(self, at: int, form: str) -> NDArray[np.generic]:
        """The values at one place of the rows."""
        if form == "bfloat16":
            return decoded(np.ascontiguousarray(self._column(at, "<u2")).tobytes(), form)
        return self._column(at, form)

    def steps(self, place: Place) -> Ints:
        """The steps of the rows: seven bits a byte, the lowest first; 0 where there is none."""
        steps = np.zeros(self._n, np.uint64)
        for i in range(place.step_width):
            bits = self._column(place.step_at + i, "u1").astype(np.uint64) & np.uint64(0x7F)
            steps |= bits << np.uint64(7 * i)
        return steps.view(np.int64)
