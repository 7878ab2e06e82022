"""What can still be read of a damaged table `metrics`: its rows from both ends, up to what is lost.

A page that cannot be read is taken in smaller pieces.
"""

from collections.abc import Iterator

from descentry.formats.sqlite_file import Database, Row
from descentry.record.errors import DamagedError
from descentry.sources.merge import Points
from descentry.sources.mlflow.rows import Gathered
from descentry.sources.notes import Notes

SIZES = (4096, 256, 16, 1)
LEAST = -(1 << 63)
MOST = (1 << 63) - 1
PAGE = (
    "SELECT step, timestamp, {value}, key, rowid FROM metrics NOT INDEXED WHERE rowid > ? AND rowid < ? "
    "AND run_uuid = CAST(? AS TEXT) ORDER BY rowid {order} LIMIT ?"
)


def salvaged(
    database: Database, run: object, value: str, error: DamagedError, notes: Notes
) -> dict[str, Points]:
    """The run's points that are left, by name, and a warning.  Raises `error` when there is none.

    `value`: what to select for the value.
    """
    rows = list(_forwards(database, PAGE.format(value=value, order="ASC"), run))
    last = rows[-1][-1] if rows else LEAST
    end = list(_backwards(database, PAGE.format(value=value, order="DESC"), run, last))
    rows += end[::-1]
    if not rows:
        raise error
    gathered = Gathered(notes)
    gathered.add_odd(rows)
    notes.add("bad_record", f"the file {error.problem}: {len(rows)} points of the run could be read")
    return gathered.series()


def _forwards(database: Database, query: str, run: object) -> Iterator[Row]:
    last: object = LEAST
    for size in SIZES:
        while rows := _tried(database, query, last, MOST, run, size):
            if not _are_between(rows, last, MOST):
                return
            yield from rows
            last = rows[-1][-1]


def _backwards(database: Database, query: str, run: object, least: object) -> Iterator[Row]:
    first: object = MOST
    for size in SIZES:
        while rows := _tried(database, query, least, first, run, size):
            if not _are_between(rows, least, first):
                return
            yield from rows
            first = rows[-1][-1]


def _are_between(rows: list[Row], least: object, most: object) -> bool:
    """Whether the rows lie where they were looked for, no two at one place: damaged pages may lead in a circle."""
    places = [row[-1] for row in rows]
    inside = all(isinstance(at, int) and isinstance(least, int) and at > least for at in places)
    inside &= all(isinstance(at, int) and isinstance(most, int) and at < most for at in places)
    return inside and len(set(places)) == len(places)


def _tried(database: Database, query: str, *values: object) -> list[Row]:
    """The rows, none where the file is damaged."""
    try:
        return database.rows(query, *values)
    except DamagedError:
        return []
