"""A block of regular CSV lines to columns in one call: empty cells allowed, everything else is numbers."""

import io
import re
import warnings
from collections.abc import Collection

import numpy as np
import orjson
from numpy.typing import NDArray

from descentry.sources.numbers import floats

HOLE = b"-7.5417e-303"
"""Stands for an empty cell while a block is parsed: a number that no log holds (a block that does goes the
slow way), so that an empty cell and a logged NaN stay apart."""
HOLE_VALUE = float(HOLE)

AT_ONCE = 64 << 10
"""Bytes whose numbers are made at once: the objects that Python makes of more leave the processor's cache."""

PLAIN = b"0123456789eE+-.,;|\t\r\n nNaAiIfFtTyY"
"""Bytes of numbers and what stands between them: a block with any other goes the slow way."""
EVERY_BYTE = bytes(range(256))
_NAN = re.compile(rb"\bnan\b", re.IGNORECASE)


def parsed_block(data: bytes, delimiter: str, n_columns: int) -> NDArray[np.float64] | None:
    """float64[rows, n_columns], `HOLE_VALUE` where a cell is empty; None when the block is not regular.

    `data` ends with a newline.
    """
    if len(data) <= AT_ONCE:
        return _parsed_piece(data, delimiter, n_columns)
    pieces = []
    start = 0
    while start < len(data):
        stop = data.find(b"\n", start + AT_ONCE) + 1 or len(data)
        values = _parsed_piece(data[start:stop], delimiter, n_columns)
        if values is None:
            return None
        pieces.append(values)
        start = stop
    return np.concatenate(pieces)


def _parsed_piece(data: bytes, delimiter: str, n_columns: int) -> NDArray[np.float64] | None:
    """As `parsed_block`."""
    if delimiter != "," and b"," in data:
        if delimiter != ";":
            return None
        data = data.replace(b",", b".")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    mark = delimiter.encode()
    if b"\r" in data or not _is_regular(data, mark, n_columns, PLAIN):
        return None
    values = _as_json(data, mark)
    if values is None:
        return None if HOLE in data else _with_holes(_filled(data, mark), delimiter, n_columns)
    return None if (values == HOLE_VALUE).any() else values.reshape(-1, n_columns)


def _with_holes(data: bytes, delimiter: str, n_columns: int) -> NDArray[np.float64] | None:
    values = _as_json(_with_nulls(data), delimiter.encode())
    if values is None:
        values = _as_text(data, delimiter)
    return None if values is None else values.reshape(-1, n_columns)


def unquoted(data: bytes, delimiter: str, n_columns: int) -> bytes:
    """The block without its quotes where every cell of it stands in two and needs none, else as it is."""
    if not data.startswith(b'"'):
        return data
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    mark = delimiter.encode()
    n_rows = data.count(b"\n")
    n_between = n_rows * (n_columns - 1)
    is_whole = data.count(mark) == data.count(b'"' + mark + b'"') == n_between and data.endswith(b'"\n')
    if not is_whole or data.count(b'"\n"') != n_rows - 1 or data.count(b'"') != 2 * (n_rows + n_between):
        return data
    return data.replace(b'"', b"")


def without_columns(
    data: bytes, delimiter: str, n_columns: int, skipped: Collection[int]
) -> tuple[NDArray[np.float64], dict[int, list[bytes]]] | None:
    """As `parsed_block`, for a block with columns of text: these are `HOLE_VALUE`, and returned as cells."""
    mark = delimiter.encode()
    data = data.replace(b"\r\n", b"\n")
    if b'"' in data or b"\r" in data or HOLE in data or not _is_regular(data, mark, n_columns):
        return None
    flat = data[:-1].replace(b"\n", mark).split(mark)
    texts = {}
    for i in skipped:
        texts[i] = flat[i::n_columns]
        flat[i::n_columns] = [HOLE] * len(texts[i])
    if delimiter != ",":
        flat = [cell.replace(b",", b".") if b"," in cell and delimiter == ";" else cell for cell in flat]
        if any(b"," in cell for cell in flat):
            return None
    joined = b",".join([cell or HOLE for cell in flat])
    values = None if joined.translate(None, PLAIN) else _as_json(_with_nulls(joined + b"\n"), b",")
    return None if values is None else (values.reshape(-1, n_columns), texts)


def _is_regular(data: bytes, mark: bytes, n_columns: int, allowed: bytes = EVERY_BYTE) -> bool:
    """Whether every line has `n_columns` cells of `allowed` bytes, and none is blank."""
    if n_columns == 1 and b"\n\n" in b"\n" + data:
        return False
    separators = data.translate(None, allowed.replace(mark, b"").replace(b"\n", b""))
    row = mark * (n_columns - 1) + b"\n"
    return separators == row * (len(separators) // n_columns)


def _filled(data: bytes, mark: bytes) -> bytes:
    """The block with `HOLE` in its empty cells."""
    twice = mark + mark
    if twice in data:
        data = data.replace(twice, mark + HOLE + mark).replace(twice, mark + HOLE + mark)
    if mark + b"\n" in data:
        data = data.replace(mark + b"\n", mark + HOLE + b"\n")
    if b"\n" + mark in data:
        data = data.replace(b"\n" + mark, b"\n" + HOLE + mark)
    return HOLE + data if data.startswith(mark) else data


def _as_json(data: bytes, mark: bytes) -> NDArray[np.float64] | None:
    """float64[n] of cells that JSON would spell the same way (three times as fast as `_as_text`)."""
    text = data.replace(b"\n", b",")
    if mark != b",":
        text = text.replace(mark, b",")
    try:
        cells = orjson.loads(b"[%b0]" % text)
        cells.pop()
        return floats(cells)
    except (orjson.JSONDecodeError, OverflowError):
        return None


def _with_nulls(data: bytes) -> bytes:
    """The block with JSON's spelling of NaN."""
    return _NAN.sub(b"null", data) if b"n" in data or b"N" in data else data


def _as_text(data: bytes, delimiter: str) -> NDArray[np.float64] | None:
    """float64[n] of cells in any spelling that C knows (`inf`, `.5`, `+1`)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return np.loadtxt(io.BytesIO(data), delimiter=delimiter, comments=None, ndmin=2).ravel()
    except (ValueError, UserWarning):
        return None


def whole_steps(values: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """int64[n] steps, or None when one is empty, not whole or not finite."""
    if not np.isfinite(values).all() or (np.abs(values) >= 2**53).any() or (values == HOLE_VALUE).any():
        return None
    steps = values.astype(np.int64)
    return steps if (steps == values).all() else None


def present(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a cell was not empty."""
    return np.not_equal(values, HOLE_VALUE)
