"""The lines of a run folder: what `descentry.Log` writes and `sources.run_folder` reads.

`metrics.jsonl` is JSON lines, append-only, one write(2) a line:

    {"log":"descentry/log/1","session":"9f3a1c07","wall_time":1783000000.5}   the first line, again at each resume
    {"step":100,"wall_time":1783000012.25,"loss":2.31,"lr":0.0003,"gn":"nan"}  a row; "nan", "inf", "-inf" are floats
    {"step":100,"wall_time":1783000012.5,"odd":{"loss":"'high'"}}              what was given in place of numbers
    {"config":{"batch_size":32}}
    {"event":"data","message":"shard 7","at_step":100,"wall_time":1783000013.0}   told by the user
    {"notice":"repair","message":"…","at_step":null,"wall_time":1783000014.0}     told by the writer of itself

No line carries a checksum: a row that was cut anywhere lacks its closing brace, so it is no JSON, and the zeros
that a power failure leaves are none either.  A second writer takes `metrics.2.jsonl`, then `metrics.3.jsonl`, …
"""

import math
from collections.abc import Mapping
from typing import Any

import orjson

NAME = "metrics.jsonl"
HEAD = b'{"log":"descentry/log/1"'
MIRROR = "__tensorboard__"
"""The folder of a mirror in event files: one of such a name is passed over by `sources.find`."""
ROW = b'{"step":'
SPELLINGS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
RESERVED = frozenset({"step", "wall_time", "odd"})
MAX_STEP = 1 << 62
MAX_LINE = 4 << 20
"""Bytes of a line: the writer cuts wide rows long before, the reader leaves longer lines out."""


def file_name(n: int) -> str:
    """The name of the n-th file of a folder, counted from one."""
    return NAME if n == 1 else NAME.replace(".", f".{n}.")


def session_line(session: str, wall_time: float, why: str = "") -> bytes:
    """The line that opens a log and each resume: the same `session` again is the same writer, no resume.

    `why` a second file was taken, if it was.
    """
    said = {"log": "descentry/log/1", "session": session, "wall_time": wall_time}
    return line({**said, "why": why} if why else said)


def told_line(key: str, kind: str, message: str, step: int | None, wall_time: float) -> bytes:
    """A line that tells something.  `key`: "event" for what the user tells, "notice" for the writer's own."""
    return line({key: kind, "message": message, "at_step": step, "wall_time": wall_time})


def line(content: Mapping[str, Any]) -> bytes:
    """The content as one line, with its newline.  Raises TypeError for what is no plain JSON value."""
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def spelled(value: float) -> float | str:
    """A number as it stands in a row: itself, or "nan", "inf", "-inf"."""
    if math.isfinite(value):
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def is_log(start: bytes) -> bool:
    """Whether a file that starts so is a log of this format; `start` holds at least its first 64 bytes."""
    return start.startswith(HEAD)


def may_be_taken(start: bytes) -> bool:
    """Whether a writer may go on in a file that starts so: a log, an empty file, a first line that was torn."""
    return is_log(start) or HEAD.startswith(start.rstrip(b"\0"))


def is_whole(text: bytes) -> bool:
    """Whether a line without its newline is one that was written to its end."""
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
