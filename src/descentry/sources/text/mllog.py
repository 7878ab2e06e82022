"""Lines of MLPerf training, `:::MLLOG {"key": "train_loss", "value": 4.5, "metadata": {"samples_count": 64, …}, …}`.

Written by mlperf_logging 0.7 to 4.1 between whatever else a program prints.  A point in time whose metadata
count something is a row: its value (of `tracked_stats` each item) and the other numbers of the metadata (`lr`).
One that counts nothing is a setting.  Intervals say no more than when something began and ended.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from descentry.sources.json.leaves import as_number
from descentry.sources.json.values import BadJson, clean_name, parsed
from descentry.sources.numbers import seconds

MARK = ":::MLLOG"
COUNTERS = (
    "step_num", "step", "global_step", "iteration", "current_iter_num", "samples_count", "epoch_num",
    "current_epoch_num", "epoch_count", "first_epoch_num",
)  # fmt: skip
"""Fields of the metadata that say where the run is, best first."""
MAX_POINTS = 64
MAX_SPELLING = 200
"""Characters of a setting that is kept."""


class MlEvent(NamedTuple):
    """`step`: where the run is, None where nothing counts it in whole numbers; `counter`: what counts.

    `points`: values by name, of a row; `config`: settings.  `wall`: seconds since the epoch, NaN if unknown.
    """

    counter: str
    step: int | None
    points: dict[str, float]
    config: dict[str, object]
    wall: float


def event_of(line: str) -> MlEvent | None:
    """What the line says, or None when it is cut, or no event of MLPerf."""
    try:
        event = parsed(line.partition(MARK)[2].strip().encode())
    except BadJson:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("key"), str):
        return None
    at = as_number(event.get("time_ms"))
    wall = seconds(at) if at is not None else None
    metadata = event.get("metadata")
    return _event(
        event, metadata if isinstance(metadata, dict) else {}, float("nan") if wall is None else wall
    )


def _event(event: Mapping[str, Any], metadata: Mapping[str, Any], wall: float) -> MlEvent:
    key, value = clean_name(event["key"]), event.get("value")
    if event.get("event_type") != "POINT_IN_TIME":
        status = metadata.get("status")
        return MlEvent("", None, {}, {"status": status} if isinstance(status, str) else {}, wall)
    counter, step = _counted(metadata)
    if not counter:
        return MlEvent("", None, {}, {key: value} if _is_setting(value) else {}, wall)
    told = value if isinstance(value, dict) else {key: value}
    beside = {name: raw for name, raw in metadata.items() if name not in (counter, "lineno")}
    numbers = ((clean_name(str(name)), as_number(raw)) for name, raw in {**beside, **told}.items())
    points = {name: number for name, number in numbers if number is not None}
    if step is None:
        points[counter] = float(metadata[counter])
    return MlEvent(counter, step, dict(list(points.items())[:MAX_POINTS]), {}, wall)


def _counted(metadata: Mapping[str, Any]) -> tuple[str, int | None]:
    """The best counter and its number; None for a fraction, as of an epoch; "" where nothing is counted."""
    known = [name for name in COUNTERS if type(metadata.get(name)) in (int, float)]
    for name in known:
        number = as_number(metadata[name])
        if number is not None and number.is_integer() and abs(number) < 2**62:
            return name, int(number)
    finite = [name for name in known if abs(as_number(metadata[name]) or 0.0) < 2**62]
    return (finite[0], None) if finite else ("", None)


def _is_setting(value: object) -> bool:
    return isinstance(value, bool | int | float | str) and len(json.dumps(value)) <= MAX_SPELLING
