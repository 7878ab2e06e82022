"""What the API answers: from runs and index to JSON and bytes, without the web framework."""

import os
from dataclasses import replace

from descentry.record.errors import InputError
from descentry.record.event import Event
from descentry.record.report import RunReport
from descentry.report.jsonable import Json, report_of, run_report, strict_object
from descentry.report.page import page, run_page
from descentry.web.digest import bounded_config
from descentry.web.entries import Entry
from descentry.web.index import Index
from descentry.web.live import Followed, Live
from descentry.web.places import Place
from descentry.web.wire import packed

LIST_SCHEMA = "descentry/runs/1"
RUN_SCHEMA = "descentry/run/1"
PATIENCE_S = 2.0
"""How long an answer waits for a log to be read to its end; then it says that it is not yet."""
MOST_CONFIG = 1 << 20
"""Bytes of settings that are sent."""


class NotHereError(Exception):
    """No such run, or no such series."""


class StillReadingError(Exception):
    """The log is being read; `n_rows` by now."""

    def __init__(self, n_rows: int) -> None:
        super().__init__(n_rows)
        self.n_rows = n_rows


class Answers:
    """The answers to what is asked of the runs of an index."""

    def __init__(self, index: Index, live: Live, version: str) -> None:
        self._index = index
        self._live = live
        self._version = version

    def listing(
        self, words: str, verdict: str | None, sort: str, is_rising: bool, offset: int, limit: int
    ) -> Json:
        """A stretch of the list."""
        total, rows = self._index.entries.find(words, verdict, sort, is_rising, offset, limit)
        return {
            "schema": LIST_SCHEMA, "total": total, "offset": offset, "runs": rows, "progress": self._index.progress(),
        }  # fmt: skip

    def run(self, run_id: str) -> Json:
        """A run with its settings, its curves and what the log tells.  Raises NotHereError, InputError."""
        entry, followed, is_complete = self._followed(run_id)
        said = pathless(followed.report(), entry.place)
        return strict_object(
            {
                "schema": RUN_SCHEMA,
                "row": (self._index.entries.get(run_id) or entry).row,
                "is_complete": is_complete,
                "config": bounded_config(followed.config(), MOST_CONFIG),
                "curves": run_report(said)["curves"],
                "events": [_mark(one) for one in said.events],
            }
        )

    def report(self, run_id: str) -> Json:
        """`descentry/report/1` of one run; its `path` is the log's name alone.

        Raises NotHereError, StillReadingError, InputError.
        """
        followed = self._read_through(run_id)
        return report_of([run_report(pathless(followed.report(), followed.entry.place))], self._version)

    def page(self, run_id: str, made_at: str) -> Json:
        """`descentry/page/1` of one run.  Raises NotHereError, StillReadingError, InputError."""
        followed = self._read_through(run_id)
        return page([run_page(pathless(followed.report(), followed.entry.place))], self._version, made_at)

    def series(self, run_id: str, name: str, first: float, last: float, width: int) -> bytes:
        """A window of a series as `descentry/series/1`.  Raises NotHereError, InputError."""
        _, followed, is_complete = self._followed(run_id)
        found = followed.window(name, first, last, width)
        if found is None:
            raise NotHereError
        window, span = found
        head: Json = {"name": name, "first": span[0], "last": span[1], "is_complete": is_complete}
        return packed(head, window)

    def _read_through(self, run_id: str) -> Followed:
        """A report on half a log would say what is not so."""
        _, followed, is_complete = self._followed(run_id)
        if not is_complete:
            followed.check()
            raise StillReadingError(followed.gathered.n_rows)
        return followed

    def _followed(self, run_id: str) -> tuple[Entry, Followed, bool]:
        entry = self._index.entries.get(run_id)
        if entry is None:
            raise NotHereError
        followed = self._live.open(entry)
        return entry, followed, followed.wait(PATIENCE_S)


def told(error: InputError) -> str:
    """What is wrong with a log, without the place where it lies."""
    return f"{error.problem}; {error.advice}" if error.advice else error.problem


def _mark(event: Event) -> Json:
    return {
        "kind": event.kind, "message": event.message, "where": event.where, "count": event.count, "step": event.step,
        "warning": event.warning,
    }  # fmt: skip


def pathless(said: RunReport, place: Place) -> RunReport:
    """The report with the log's name in place of its path, wherever it says it."""
    name = os.path.basename(place.path)

    def short(text: str) -> str:
        return text.replace(place.path, name).replace(place.root.rstrip(os.sep) + os.sep, "")

    events = tuple(
        replace(one, message=short(one.message), where=None if one.where is None else short(one.where))
        for one in said.events
    )
    notes = tuple(map(short, said.notes))
    return replace(said, path=name, summary=short(said.summary), events=events, notes=notes)
