"""A console log as the lines of one process or of several, each of which is read by itself.

The lines of rank 0, and those that name no rank, have the plain names.  A series that another rank prints too
is `rank1/loss` there; what only that rank prints keeps its name.
"""

from descentry.record.chunk import Chunk
from descentry.sources.notes import Notes
from descentry.sources.text.config import Config
from descentry.sources.text.rank_rows import RankRows
from descentry.sources.text.ranks import MAX_RANKS, Ranked, Ranks
from descentry.sources.text.reading import Reading
from descentry.sources.text.table import Table


class Console:
    """Reads lines; `take` gives the rows that are done.  `main` reads those of rank 0 and of no rank."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._table = Table()
        self._config = Config()
        self.main = Reading(notes, self._table, self._config, self._diverts)
        self._ranks = Ranks(self.main.counts)
        self._others: dict[int, Reading] = {}

    def take(self) -> Chunk:
        """The finished rows, with what was noticed and found."""
        if self._table.n_refused:
            self._notes.add("too_many_series", "more names than a log has: further ones are left out")
            self._table.n_refused = 0
        if self._table.n_repeated:
            message = "lines that say again what the line before said at its step were read once"
            self._notes.add("repeated_line", message, warning=False, count=self._table.n_repeated)
            self._table.n_repeated = 0
        if self._table.n_ranked:
            message = "several ranks print the same series: those of the others are read as `rank1/…`"
            self._notes.add("ranks", message, count=self._table.n_ranked)
            self._table.n_ranked = 0
        return self._table.take(self._notes.take(), self._config.take())

    def pause(self, *, is_line_done: bool) -> None:
        """Nothing follows for now: the newest row goes out as it is.  `is_line_done`: a newline came last."""
        if self._ranks.is_enough:
            self._release()
        for reading in (self.main, *self._others.values()):
            reading.pause(is_line_done=is_line_done)
        self._table.close()

    def end(self, number: int) -> None:
        """The log has ended: what waited goes out."""
        self._release()
        for reading in (self.main, *self._others.values()):
            reading.end(number)
        self._table.close()

    def understood(self, text: str) -> tuple[str, list[str]]:
        """The skeleton and the numbers of a line, without the rank before it."""
        ranked = self._ranks.of(text.strip())
        return self.main.understood(text if ranked is None else ranked.text)

    def _diverts(self, text: str, number: int) -> bool:
        """Takes a line of a rank; False for one that names none."""
        ranked = self._ranks.of(text)
        if self._ranks.home is None and ranked is not None and self.main.has_begun:
            self._ranks.home = 0
        if self._ranks.waits(text, number, ranked):
            if self._ranks.is_ready:
                self._release()
            return True
        if ranked is None:
            return False
        self._read(text, number, ranked)
        return True

    def _release(self) -> None:
        if self._ranks.n_held:
            for text, number in self._ranks.release():
                self._read(text, number, self._ranks.of(text))

    def _read(self, text: str, number: int, ranked: Ranked | None) -> None:
        if ranked is None or ranked.rank == (self._ranks.home or 0):
            plain = text if ranked is None else ranked.text
            self.main.line(plain, number, learns=ranked is None or ranked.is_cut)
            if ranked is not None and ranked.is_cut:
                self.main.prefix = text[: len(text) - len(plain)]
            return
        other = self._other(ranked.rank)
        if other is None:
            self._notes.add("bad_line", f"lines of more than {MAX_RANKS} ranks were left out", number)
            return
        if not other.has_counted and self.main.has_begun:
            other.lead(self.main.last_step)
        other.lines([ranked.text], number, is_one=True)

    def _other(self, rank: int) -> Reading | None:
        known = self._others.get(rank)
        if known is None and len(self._others) < MAX_RANKS:
            rows = RankRows(self._table, rank, self._ranks.home or 0)
            known = self._others[rank] = Reading(self._notes, rows, self._config)
        return known
