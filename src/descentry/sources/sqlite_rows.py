"""Rows of an SQLite table that are new since the last visit, and whether those of earlier visits are still there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from descentry.formats.sqlite_file import Database, Row
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError
from descentry.sources.notes import Notes

REWRITTEN = "the database was rewritten: read again from its start"
N_WITNESSES = 32
"""Rows that are looked at again whenever a database has changed; of fewer rows, all."""
N_OF_PAGE = 16


class Witnesses:
    """Rows, spread over all that were seen, by which a database is known again; the last one is always among them.

    Another database may end in the very same row: a learning rate that was planned, a copy in which something else
    was mended.
    """

    def __init__(self) -> None:
        self._known: list[tuple[int, int]] = []

    def add(self, rows: Iterable[tuple[int, Row]]) -> None:
        """Takes rows by their ids, which come after those before."""
        self._known += [(id, hash(row)) for id, row in rows]
        while len(self._known) > N_WITNESSES:
            self._known = self._known[::-2][::-1]

    def are_there(self, rows_of: Callable[[int], Sequence[Row]]) -> bool:
        """Whether each row is the only one that `rows_of` finds by its id now."""
        return all([hash(row) for row in rows_of(id)] == [seen] for id, seen in reversed(self._known))


def spread(n: int) -> list[int]:
    """Which of the `n` rows of a page become witnesses: some from all over it, and the last."""
    return sorted({*range(0, n, max(1, n // N_OF_PAGE)), n - 1})


class NewRows:
    """The rows of one owner in the order of their ids, from the first on or from the last that was seen.

    A database that was replaced, or in which a row that was seen is gone or another (deleted, cleaned up), is told
    as `restart`; `forget` is called, and all rows come again.
    """

    def __init__(self, path: Path, owner: object, notes: Notes, forget: Callable[[], None]) -> None:
        self._path, self._owner = path, owner
        self._notes = notes
        self._forget = forget
        self._begin()

    def _begin(self) -> None:
        self._witnesses = Witnesses()
        self._last = self._since = 0

    @property
    def has_begun(self) -> bool:
        """Whether a row was seen."""
        return bool(self._last)

    def pages(self, database: Database, query: str, newest: str, again: str = "") -> Iterator[list[Row]]:
        """All rows that are new, page by page.  Raises InputError.

        `query` asks for rows that begin with an id, in its order, of an owner, above one id and up to another;
        `again` asks the same faster where it is one row; `newest` is for the highest id of any owner.
        """
        ((top,),) = database.rows(newest)
        until = top if isinstance(top, int) else 0
        if not self._witnesses.are_there(lambda id: database.rows(again or query, self._owner, id - 1, id)):
            self._begin()
            self._forget()
            self._notes.add("restart", REWRITTEN)
        while page := database.rows(query, self._owner, self._since, until):
            self._require_order(page[-1])
            self._witnesses.add((_id(page[at]), page[at]) for at in spread(len(page)))
            self._last = self._since = _id(page[-1])
            yield page
        self._since = until

    def _require_order(self, row: Row) -> None:
        if not isinstance(row[0], int) or row[0] <= self._last:
            raise DamagedError(str(self._path), "holds rows out of their order", "write it anew")

    def end(self, problem: str) -> Chunk | None:
        """An empty chunk with what was noticed; None where a problem left nothing."""
        if problem and not self._last:
            return None
        if problem:
            self._notes.add("torn_tail", f"the file {problem}; what came before was read")
        return empty(self._notes.take())


def _id(row: Row) -> int:
    return row[0] if isinstance(row[0], int) else 0
