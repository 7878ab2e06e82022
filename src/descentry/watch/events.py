"""`descentry/event/1`: what is told, as JSON for other programs."""

from descentry.record.report import Cause
from descentry.report.jsonable import EVENT_SCHEMA, Json, cause, finding, strict_object
from descentry.watch.ends import REASONS
from descentry.watch.told import END, Ended, Told


def event(told: Told) -> Json:
    """One change in the life of a finding."""
    leader = None if told.follows is None else {"pattern": told.follows[0], "curve": told.follows[1]}
    return strict_object(
        {
            **_head(told.event, told),
            "verdict": told.verdict,
            "change": told.change,
            "finding": finding(told.finding),
            "follows": leader,
            "cause": None if told.cause is None else _cause(told.cause),
        }
    )


def end(ended: Ended) -> Json:
    """The end of the watching of one run; `findings` as in `report/1`."""
    return strict_object(
        {
            **_head(END, ended),
            "verdict": ended.report.verdict,
            "change": None,
            "finding": None,
            "follows": None,
            "cause": None,
            "end": {
                "reason": ended.reason,
                "message": REASONS[ended.reason],
                "summary": ended.report.summary,
                "n_points": ended.n_points,
                "watched_s": ended.watched_s,
                "findings": [finding(one) for one in ended.report.findings],
            },
        }
    )


def _head(word: str, told: Told | Ended) -> Json:
    return {
        "schema": EVENT_SCHEMA,
        "event": word,
        "run": told.run,
        "path": told.path,
        "step": told.step,
        "time": told.time,
    }


def _cause(item: Cause) -> Json:
    """The cause without its indices: there is no list here that they could point into."""
    whole = cause(item)
    del whole["findings"]
    return whole
