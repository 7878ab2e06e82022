"""Columns of Arrow to NumPy: numbers with what is null told apart from NaN, times, texts as codes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from descentry.record.chunk import Floats, Ints
from descentry.sources.extras import library
from descentry.sources.json.values import clean_name
from descentry.sources.numbers import seconds_of

Bools = NDArray[np.bool_]
MAX_DEPTH = 4
SEPARATOR = "/"


class Numbers(NamedTuple):
    """float64[n] values, NaN where null; bool[n] where one is.  Whole numbers also as int64[n]."""

    values: Floats
    is_valid: Bools
    whole: Ints | None = None

    def take(self, rows: Ints) -> "Numbers":
        """Those of the given rows."""
        whole = None if self.whole is None else self.whole[rows]
        return Numbers(self.values[rows], self.is_valid[rows], whole)


class Texts(NamedTuple):
    """int64[n] codes into `words`, -1 where null."""

    codes: Ints
    words: list[str]


def _arrow() -> Any:
    return library("pyarrow", "parquet", "a table")


def is_number(kind: Any) -> bool:
    """Whether a column of that type holds numbers; booleans do not."""
    types = _arrow().types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def is_text(kind: Any) -> bool:
    """Whether a column of that type holds texts, plain or coded."""
    types = _arrow().types
    if types.is_dictionary(kind):
        kind = kind.value_type
    views = bool(getattr(types, "is_string_view", lambda _: False)(kind))
    return bool(types.is_string(kind) or types.is_large_string(kind)) or views


def is_time(kind: Any) -> bool:
    """Whether a column of that type holds moments."""
    return bool(_arrow().types.is_timestamp(kind))


def leaves(name: str, kind: Any, depth: int = 0) -> list[tuple[str, Any]]:
    """(name, type) of a column, or of those inside a struct, their names joined by "/"."""
    if not _arrow().types.is_struct(kind):
        return [(name, kind)]
    if depth >= MAX_DEPTH:
        return []
    inner = [(kind.field(i).name, kind.field(i).type) for i in range(kind.num_fields)]
    return [leaf for part, its in inner for leaf in leaves(f"{name}{SEPARATOR}{part}", its, depth + 1)]


def columns_of(batch: Any) -> dict[str, Any]:
    """The leaf columns of a batch by name; of two with one name the last."""
    found: dict[str, Any] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        found.update(_leaf_arrays(name, array, 0))
    return found


def _leaf_arrays(name: str, array: Any, depth: int) -> dict[str, Any]:
    if not _arrow().types.is_struct(array.type):
        return {name: array}
    found: dict[str, Any] = {}
    if depth < MAX_DEPTH:
        for i, inner in enumerate(array.flatten()):
            part = array.type.field(i).name
            found.update(_leaf_arrays(f"{name}{SEPARATOR}{part}", inner, depth + 1))
    return found


def numbers(array: Any) -> Numbers:
    """The values of a column of numbers."""
    arrow = _arrow()
    is_valid = _is_valid(array)
    if arrow.types.is_integer(array.type) and array.type != arrow.uint64():
        whole = array.cast(arrow.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        values = whole.astype(np.float64)
        values[~is_valid] = np.nan
        return Numbers(values, is_valid, whole)
    values = array.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return Numbers(np.array(values, np.float64), is_valid)


def _is_valid(array: Any) -> Bools:
    if not array.null_count:
        return np.ones(len(array), np.bool_)
    return np.array(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)


def moments(array: Any) -> Floats:
    """Seconds since the epoch of a column of moments or of numbers: float64[n], NaN where there is none."""
    arrow = _arrow()
    if not is_time(array.type):
        return seconds_of(numbers(array).values)
    per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[array.type.unit]
    values = numbers(array.cast(arrow.int64())).values
    return values / per_second


def texts(array: Any) -> Texts:
    """The texts of a column as codes."""
    arrow = _arrow()
    if not arrow.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = array.indices.cast(arrow.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    raw = array.dictionary.cast(arrow.large_binary()).to_pylist()
    words = ["" if word is None else clean_name(word.decode("utf-8", "replace")) for word in raw]
    return Texts(np.array(codes, np.int64), words)
