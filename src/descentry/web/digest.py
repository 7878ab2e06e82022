"""What the list shows of a run: verdict, sentence, last loss, a small picture; a few kilobytes, whatever its length."""

import json
import math
import os
import time
from collections.abc import Mapping, Sequence

import numpy as np

from descentry.diagnosis.diagnose import report
from descentry.record.errors import DescentryError
from descentry.record.report import RunReport, Sketch
from descentry.record.roles import Role
from descentry.report.jsonable import Json, strict, strict_object
from descentry.signal.envelope import envelope
from descentry.stream.drive import Stream
from descentry.web.places import Place, open_log

N_SPARKS = 60
"""Values of the small picture."""
MOST_SETTINGS = 64
"""Settings of a run that the list can be searched and grouped by."""
MOST_TEXT = 200
"""Characters of a setting's name or value."""
MOST_TAGS = 32
_LOSSES = (Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_PART, Role.OTHER_LOSS)


def digest(place: Place, roots: Sequence[str]) -> Json:
    """The row of a run that is read from its start to its end; what cannot be read is a row with `problem`.

    `took_s`: seconds that it took.
    """
    began = time.monotonic()
    try:
        log = open_log(place, roots)
        stream = Stream()
        last_time = math.nan
        for chunk in log.chunks():
            stream.feed(chunk)
            last_time = newest(chunk.wall_times, last_time)
        outcome = stream.end()
        said = row(report(outcome, place.run, place.format, place.path), outcome.config, last_time)
    except DescentryError as error:
        said = problem_row(getattr(error, "problem", "cannot be read"))
    except Exception as error:  # the wall: one log that breaks a reader must not take the list with it
        said = problem_row(f"cannot be read: a {type(error).__name__}")
    return {**said, "changed": _changed(place.path), "took_s": time.monotonic() - began}


def newest(wall_times: "np.ndarray | None", last: float) -> float:
    """The time of the newest row that has one, in seconds since the epoch; `last` where these rows have none."""
    if wall_times is None or not len(wall_times) or not np.isfinite(wall_times).any():
        return last
    return float(wall_times[np.flatnonzero(np.isfinite(wall_times))[-1]])


def row(said: RunReport, config: Mapping[str, object], last_time: float) -> Json:
    """The row of a report: no path in it, every text bounded."""
    sketch = next(
        (one for role in _LOSSES for one in said.sketches if one.role is role),
        next(iter(said.sketches), None),
    )
    curve = next((one for one in said.curves if sketch is not None and one.name == sketch.name), None)
    return strict_object(
        {
            "verdict": said.verdict,
            "summary": _without(said.summary, said.path),
            "curve": None if curve is None else curve.name,
            "last_loss": None if curve is None else curve.last,
            "last_step": max((one.last_step for one in said.curves), default=None),
            "n_points": max((one.n_points for one in said.curves), default=0),
            "n_series": len(said.curves),
            "last_time": last_time if math.isfinite(last_time) else None,
            "sparkline": [] if sketch is None else _sparks(sketch),
            "findings": [
                {"pattern": one.pattern, "curve": one.curve, "severity": str(one.severity),
                 "onset_step": one.onset_step, "is_open": one.end_step is None and one.resolved_at_step is None}
                for one in said.findings
            ],
            "config": _settings(config),
            "tags": _tags(config),
            "problem": None,
        }
    )  # fmt: skip


def problem_row(problem: str) -> Json:
    """The row of a run that cannot be read."""
    return {
        "verdict": "unreadable", "summary": problem[:MOST_TEXT], "curve": None, "last_loss": None, "last_step": None,
        "n_points": 0, "n_series": 0, "last_time": None, "sparkline": [], "findings": [], "config": {}, "tags": [],
        "problem": problem[:MOST_TEXT],
    }  # fmt: skip


def unread_row() -> Json:
    """The row of a run that was found and is not read yet."""
    return {
        **problem_row(""),
        "verdict": "unread",
        "summary": "not read yet",
        "problem": None,
        "changed": None,
    }


def _without(text: str, path: str) -> str:
    """A sentence without the log's path, of which its name alone is told."""
    return text.replace(path, os.path.basename(path)) if path else text


def _sparks(sketch: Sketch) -> list[object]:
    """The curve as at most 60 values from left to right: the mean of each stretch that has a finite one."""
    shape = envelope(sketch.steps.astype(np.float64), sketch.values, N_SPARKS, sketch.low, sketch.high)
    return [float(f"{value:.5g}") for value in shape.mean.tolist()]


def _settings(config: Mapping[str, object]) -> Json:
    """The settings that are single values, by their dotted names."""
    return dict(list(_flat(config, ""))[:MOST_SETTINGS])


def _flat(config: Mapping[str, object], before: str, depth: int = 0) -> "list[tuple[str, object]]":
    pairs: list[tuple[str, object]] = []
    for key, value in config.items():
        name = f"{before}{key}"[:MOST_TEXT]
        if isinstance(value, Mapping):
            pairs += _flat(value, f"{name}.", depth + 1) if depth < 4 else []
        elif isinstance(value, str):
            pairs.append((name, value[:MOST_TEXT]))
        elif value is None or isinstance(value, bool | int | float):
            pairs.append((name, value))
        if len(pairs) >= MOST_SETTINGS:
            break
    return pairs


def _tags(config: Mapping[str, object]) -> list[str]:
    tags = config.get("tags")
    words = tags if isinstance(tags, list | tuple) else [tags] if isinstance(tags, str) else []
    return [str(word)[:MOST_TEXT] for word in words[:MOST_TAGS]]


def bounded_config(config: Mapping[str, object], most: int) -> object:
    """The whole settings as JSON, or the single values alone where they are larger than `most` bytes."""
    whole = strict(config)
    return whole if len(json.dumps(whole)) <= most else strict(_settings(config))


def _changed(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return None
