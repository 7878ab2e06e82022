"""Rows of an SQLite table that are new since the last visit, and whether those of the last visit are still there."""

from collections.abc import Callable, Iterator
from pathlib import Path

from descentry.formats.sqlite_file import Database, Row
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.sources.notes import Notes

REWRITTEN = "the database was rewritten: read again from its start"


class NewRows:
    """The rows of one owner in the order of their ids, from the first on or from the last that was seen.

    A database that was replaced, or in which the last row that was seen is gone or another (deleted, cleaned up),
    is told as `restart`; `forget` is called, and all rows come again.
    """

    def __init__(self, path: Path, owner: object, notes: Notes, forget: Callable[[], None]) -> None:
        self._path, self._owner = path, owner
        self._notes = notes
        self._forget = forget
        self._last: Row = ()
        self._since = 0

    @property
    def has_begun(self) -> bool:
        """Whether a row was seen."""
        return bool(self._last)

    def pages(self, database: Database, query: str, newest: str) -> Iterator[list[Row]]:
        """All rows that are new, page by page.  Raises InputError.

        `query` asks for rows that begin with an id, in its order, of an owner, above one id and up to another;
        `newest` for the highest id of any owner.
        """
        ((top,),) = database.rows(newest)
        until = top if isinstance(top, int) else 0
        if self._last and database.rows(query, self._owner, _id(self._last) - 1, _id(self._last)) != [
            self._last
        ]:
            self._last, self._since = (), 0
            self._forget()
            self._notes.add("restart", REWRITTEN)
        while page := database.rows(query, self._owner, self._since, until):
            self._require_order(page[-1])
            self._last, self._since = page[-1], _id(page[-1])
            yield page
        self._since = until

    def _require_order(self, row: Row) -> None:
        if not isinstance(row[0], int) or row[0] <= _id(self._last):
            raise DamagedError(str(self._path), "holds rows out of their order", "write it anew")

    def end(self, problem: str) -> Chunk | None:
        """An empty chunk with what was noticed; None where a problem left nothing."""
        if problem and not self._last:
            return None
        if problem:
            self._notes.add("torn_tail", f"the file {problem}; what came before was read")
        return empty(self._notes.take())


def _id(row: Row) -> int:
    return row[0] if row and isinstance(row[0], int) else 0
