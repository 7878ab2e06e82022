"""A window of a curve as bytes: `descentry/series/1`.

    4 bytes   uint32, little-endian: length of the head
    head      JSON in UTF-8, padded with spaces so that what follows begins at a multiple of 8
    arrays    float64, little-endian, `length` of each, one behind the other in the order of `arrays`

NaN is a gap.  The head: `schema`, `name`, `length`, `arrays` (["x", "min", "mean", "max"]), `first`, `last` (of
the whole curve), `n_points`, `n_nonfinite` (in the window), `is_exact` (each item is one point; min, mean and max are
equal), `is_complete` (the log was read to its present end).
"""

import struct

import numpy as np
import orjson

from descentry.report.jsonable import Json, strict_object
from descentry.signal.pyramid import Window

SCHEMA = "descentry/series/1"
ARRAYS = ("x", "min", "mean", "max")
_ALIGNED = 8


def packed(head: Json, window: Window) -> bytes:
    """The bytes; `head` says of the curve what the window does not."""
    whole = strict_object(
        {
            "schema": SCHEMA,
            **head,
            "length": len(window),
            "arrays": ARRAYS,
            "n_points": window.n_points,
            "n_nonfinite": window.n_nonfinite,
            "is_exact": window.is_exact,
        }
    )
    text = orjson.dumps(whole)
    text += b" " * (-(4 + len(text)) % _ALIGNED)
    arrays = (window.x, window.low, window.mean, window.high)
    return (
        struct.pack("<I", len(text))
        + text
        + b"".join(np.ascontiguousarray(one, "<f8").tobytes() for one in arrays)
    )


def unpacked(data: bytes) -> tuple[Json, dict[str, "np.ndarray"]]:
    """Head and arrays by name: what a client does."""
    (n_head,) = struct.unpack_from("<I", data)
    head = orjson.loads(data[4 : 4 + n_head])
    n, start = int(head["length"]), 4 + n_head
    return head, {
        name: np.frombuffer(data, "<f8", n, start + i * n * 8) for i, name in enumerate(head["arrays"])
    }
