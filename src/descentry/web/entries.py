"""The runs that are listed: one entry each, found by an opaque id, filtered, sorted; changes are told to the hub."""

import hmac
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from descentry.report.jsonable import Json
from descentry.web.digest import unread_row
from descentry.web.hub import Hub
from descentry.web.places import Place

MANY = 50
"""Runs that come or go at once and are told one by one; more are told as one event, `listed`."""
VERDICTS = ("critical", "warning", "undetermined", "healthy", "unreadable", "unread")
SORTS: dict[str, Callable[[Json], object]] = {
    "changed": lambda row: row["changed"],
    "name": lambda row: str(row["run"]).casefold(),
    "verdict": lambda row: -VERDICTS.index(str(row["verdict"])),
    "last_loss": lambda row: row["last_loss"],
    "last_step": lambda row: row["last_step"],
    "n_points": lambda row: row["n_points"],
}
"""The words by which a list is sorted."""


@dataclass(slots=True)
class Entry:
    """One run.  `state`: of its place when `row` was made, "" before; `row` is never changed, only replaced."""

    id: str
    place: Place
    state: str
    row: Json
    search: str


class Entries:
    """All runs, by id; every method may be called from any thread."""

    def __init__(self, secret: bytes, hub: Hub) -> None:
        self._secret = secret
        self._hub = hub
        self._lock = Lock()
        self._by_id: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def id_of(self, place: Place) -> str:
        """An id that says nothing of the place, and is the same whenever the secret is."""
        text = f"{place.root}\0{place.path}\0{place.run}".encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, text, sha256).hexdigest()[:24]

    def get(self, run_id: str) -> Entry | None:
        """The entry, or None; the id is only looked up, whatever it is."""
        return self._by_id.get(run_id)

    def all(self) -> list[Entry]:
        """Every entry."""
        with self._lock:
            return list(self._by_id.values())

    def take(self, places: Iterable[Place]) -> None:
        """These are all runs that there are now: new ones are listed as unread, those that are gone are not."""
        now = {self.id_of(place): place for place in places}
        with self._lock:
            fresh = [key for key in now if key not in self._by_id]
            gone = [key for key in self._by_id if key not in now]
            for key in gone:
                del self._by_id[key]
            for key in fresh:
                self._by_id[key] = _entry(key, now[key], "", unread_row())
        if len(fresh) + len(gone) > MANY:
            self._hub.tell("listed", {"n_runs": len(now)})
            return
        for key in gone:
            self._hub.tell("gone", {"id": key})
        for key in fresh:
            self._hub.tell("added", {"id": key, "row": self._by_id[key].row})

    def put(self, place: Place, state: str, row: Json, *, is_quiet: bool = False) -> None:
        """A row that was made anew; `is_quiet`: nobody needs to be told."""
        entry = _entry(self.id_of(place), place, state, row)
        with self._lock:
            before = self._by_id.get(entry.id)
            if before is None and not is_quiet:
                return
            self._by_id[entry.id] = entry
        if is_quiet or before is None:
            return
        self._hub.tell("changed", {"id": entry.id, "row": entry.row})
        if before.row["verdict"] != "unread":
            for event, finding in _news(before.row, entry.row):
                self._hub.tell(event, {"id": entry.id, "run": entry.place.run, "finding": finding})

    def find(
        self, words: str, verdict: str | None, sort: str, is_rising: bool, offset: int, limit: int
    ) -> tuple[int, list[Json]]:
        """How many runs have all the words in name, format, tags, settings or findings, and a stretch of them."""
        wanted = words.casefold().split()
        rows = [
            entry.row
            for entry in self.all()
            if (verdict is None or entry.row["verdict"] == verdict)
            and all(word in entry.search for word in wanted)
        ]
        known = [row for row in rows if _is_known(SORTS[sort](row))]
        unknown = [row for row in rows if not _is_known(SORTS[sort](row))]
        known.sort(key=lambda row: str(row["run"]).casefold())
        known.sort(key=SORTS[sort], reverse=not is_rising)  # type: ignore[arg-type]
        return len(rows), [*known, *unknown][offset : offset + limit]


def _is_known(value: object) -> bool:
    """Whether a value can be compared: a loss may be missing, or one of the strings for what is not finite."""
    return (isinstance(value, str) and value not in ("nan", "inf", "-inf")) or (
        isinstance(value, int | float) and math.isfinite(value)
    )


def _entry(key: str, place: Place, state: str, row: Json) -> Entry:
    shown = {**row, "id": key, "run": _legible(place.run), "format": place.format}
    config, tags, findings = row["config"], row["tags"], row["findings"]
    assert isinstance(config, dict)
    assert isinstance(tags, list)
    assert isinstance(findings, list)
    words = [place.run, place.format, str(row["verdict"]), *map(str, tags)]
    words += [f"{name}={value}" for name, value in config.items()]
    words += [str(finding["pattern"]) for finding in findings]
    return Entry(key, place, state, shown, _legible(" ".join(words)).casefold())


def _legible(text: str) -> str:
    """The text as strict UTF-8: lone surrogates, from names that are none, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _news(before: Json, after: Json) -> Iterable[tuple[str, Json]]:
    """What a new row says of findings that the old one did not, by pattern and curve."""
    old, new = _findings(before), _findings(after)
    for key, finding in new.items():
        if key not in old:
            yield "opened", finding
        elif old[key] != finding:
            is_over = old[key]["is_open"] and not finding["is_open"]
            yield "resolved" if is_over else "updated", finding
    for key, finding in old.items():
        if key not in new:
            yield "resolved", {**finding, "is_open": False}


def _findings(row: Json) -> dict[tuple[str, str], Json]:
    findings = row["findings"]
    assert isinstance(findings, list)
    return {(str(one["pattern"]), str(one["curve"])): one for one in findings}
