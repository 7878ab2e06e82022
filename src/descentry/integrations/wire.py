"""Actions as a row of bytes of fixed length, which every process of a training can be sent; nothing is unpickled."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from descentry.guard.actions import (
    Action,
    Checkpoint,
    ClipTo,
    Continue,
    Deed,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
    as_mapping,
    name_of,
)

SIZE = 1024
"""Bytes of a row; a longer reason is cut."""
MOST_REASON = 200
"""Characters of a reason that are sent: even four bytes each, escaped, leave room for the rest."""
_KINDS: dict[str, type[Deed]] = {
    "skip_batch": SkipBatch,
    "roll_back": RollBack,
    "scale_lr": ScaleLr,
    "clip_to": ClipTo,
    "checkpoint": Checkpoint,
    "stop": Stop,
}


def packed(action: Action) -> NDArray[np.uint8]:
    """The action as uint8[SIZE]; Continue is sent without its advice."""
    row = np.zeros(SIZE, np.uint8)
    if isinstance(action, Continue):
        return row
    brief = replace(action, reason=action.reason[:MOST_REASON].encode("ascii", "replace").decode())
    told = orjson.dumps({**as_mapping(brief), "action": name_of(brief)})
    row[: len(told)] = np.frombuffer(told, np.uint8)
    return row


def unpacked(row: NDArray[np.uint8]) -> Action:
    """The action that was sent.  ValueError, KeyError: bytes that `packed` does not make."""
    told = row.tobytes().rstrip(b"\0")
    if not told:
        return Continue()
    values: dict[str, Any] = orjson.loads(told)
    kind: Any = _KINDS[values.pop("action")]
    known = {one.name for one in fields(kind)}
    made: Action = kind(**{name: value for name, value in values.items() if name in known})
    return made
