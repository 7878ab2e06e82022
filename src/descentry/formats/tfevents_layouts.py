"""Layouts of events: records that differ in nothing but their time, step and numbers are read side by side.

A record that was read field by field teaches where its numbers stand.  Another of the same size whose other
bytes are the same, and whose step has as many bytes, says the same with other numbers: that is exact, since
those bytes alone decide how a message is read.
"""

import math
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.formats.proto import signed, varint
from descentry.formats.tfevents import Event, Kind, Value
from descentry.formats.tfevents_points import Points
from descentry.formats.tfhistogram_rows import (
    Buckets,
    BucketsAt,
    buckets_of_message,
    buckets_of_rows,
    buckets_of_tensor,
)
from descentry.formats.tfhistograms import FRACTIONS
from descentry.formats.tftensors import VARINTS, decoded, listed_rows, number_at, width
from descentry.record.chunk import Ints

Rows = NDArray[np.uint8]
Words = NDArray[np.uint64]

MAX_SIZE = 1 << 15
"""Bytes of a payload that may be regular: hundreds of values in one event; larger ones are few."""
MAX_LAYOUTS = 32
"""Layouts of one size: step widths, types of values and lengths of tags set them apart."""
MAX_SHAPES = 40_000
MAX_BYTES = 32 << 20
"""Texts of all layouts together, and their bytes."""
OLD_STYLE = 5
"""The field of a HistogramProto; a tensor is the other way to write one."""
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_FACTOR = 0x9E3779B97F4A7C15
"""Odd, of mixed bits (2**64 over the golden ratio): its powers hash the words of a row."""


class Place(NamedTuple):
    """Where the numbers of a layout stand in the payload.

    `values`: (position, type) of each plain value; `histograms`: the others, which stand behind them in `tags`,
    each with one for every quantile.
    """

    size: int
    wall_at: int
    step_at: int
    step_width: int
    values: tuple[tuple[int, str], ...]
    histograms: tuple[BucketsAt, ...] = ()


def place_of(event: Event, payload: bytes) -> Place | None:
    """The place of an event of which nothing but numbers can change, else None."""
    if event.is_start or not event.values or len(payload) > MAX_SIZE:
        return None
    values: list[tuple[int, str]] = []
    histograms: list[BucketsAt] = []
    for value in event.values:
        buckets = _buckets_of(value, payload)
        if buckets is not None:
            histograms.append(buckets)
        elif value.kind is Kind.SCALAR and value.number.at >= 0:
            values.append((value.number.at, value.number.form))
        else:
            return None
    where = event.wall_at, event.step_at, event.step_width
    return Place(len(payload), *where, tuple(values), tuple(histograms))


def _buckets_of(value: Value, payload: bytes) -> BucketsAt | None:
    """Where the buckets of a histogram stand; None where it is none, or one of another build."""
    if value.kind is not Kind.HISTOGRAM:
        return None
    number, start, stop = value.content
    return (buckets_of_message if number == OLD_STYLE else buckets_of_tensor)(payload, start, stop)


class Layout:
    """All texts (the bytes that do not change) that were seen at one place, with their tags."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.n_words = -(-place.size // 8)
        mask = np.zeros(self.n_words * 8, np.uint8)
        mask[: place.size] = 0xFF
        if place.wall_at >= 0:
            mask[place.wall_at : place.wall_at + 8] = 0
        if place.step_width:
            mask[place.step_at : place.step_at + place.step_width] = 0x80
        for at, form in place.values:
            mask[at : at + width(form)] = 0x80 if form.startswith(VARINTS) else 0
        for buckets in place.histograms:
            for at, length in buckets.bytes_of_numbers():
                mask[at : at + length] = 0
        self.mask = mask[: place.size]
        self._mask = mask.view("<u8")
        self._number = int.from_bytes(mask.tobytes(), "little")
        self._shapes: dict[int, int] = {}
        self._known: list[tuple[int, tuple[int, ...]]] = []
        self._texts = np.empty((0, self.n_words), np.uint64)
        n_tags = len(place.values) + len(place.histograms) * len(FRACTIONS)
        self._tags = np.empty((0, n_tags), np.uint16)
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
        wall = _DOUBLE.unpack_from(payload, place.wall_at)[0] if place.wall_at >= 0 else math.nan
        return wall, signed(step), values

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

    def are_well(self, rows: Words) -> NDArray[np.bool_]:
        """Which rows say what their shape promises; the others hold a histogram that is none, or empty: bool[n]."""
        well = np.ones(len(rows), bool)
        for buckets in self._buckets(rows):
            well &= buckets.are_well()
        return well

    def _buckets(self, rows: Words) -> Iterator[Buckets]:
        payloads = np.ascontiguousarray(rows).view(np.uint8)
        return (buckets_of_rows(payloads, place) for place in self.place.histograms)

    def points(self, rows: Words, starts: Ints, shapes: Ints) -> Points:
        """The points of rows with these shapes, all of them well; `starts` are the positions of their payloads."""
        n = len(rows)
        rows = np.ascontiguousarray(rows)
        numbers = Numbers(rows, 0, n, rows.shape[1] * 8)
        values = np.empty((n, self._tags.shape[1]))
        for column, (at, form) in enumerate(self.place.values):
            values[:, column] = numbers.values(at, form)
        places = [at for at, _ in self.place.values]
        for buckets, place in zip(self._buckets(rows), self.place.histograms, strict=True):
            after = len(places) + len(FRACTIONS)
            values[:, len(places) : after] = buckets.quantiles(FRACTIONS)
            places += [place.edges] * len(FRACTIONS)
        n_values = len(places)
        inside = np.array(places, np.int64)
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
        """The values at one place of the rows, in their own type; NaN for place -1."""
        return self._column(at, form) if at >= 0 else np.full(self._n, np.nan)

    def values(self, at: int, form: str) -> NDArray[np.generic]:
        """The values at one place of the rows."""
        if form == "bfloat16":
            return decoded(np.ascontiguousarray(self._column(at, "<u2")).tobytes(), form)
        if form.startswith(VARINTS):
            return listed_rows(self._varints(at, width(form)), form[1])
        return self._column(at, form)

    def steps(self, place: Place) -> Ints:
        """The steps of the rows: seven bits a byte, the lowest first; 0 where there is none."""
        return self._varints(place.step_at, place.step_width).view(np.int64)

    def _varints(self, at: int, n_bytes: int) -> Words:
        found = np.zeros(self._n, np.uint64)
        for i in range(n_bytes):
            bits = self._column(at + i, "u1").astype(np.uint64) & np.uint64(0x7F)
            found |= bits << np.uint64(7 * i)
        return found
