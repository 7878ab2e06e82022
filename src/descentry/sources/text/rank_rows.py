"""The rows of one process among several: what another one prints too gets the rank before its name."""

from descentry.sources.text.table import Points, Table


class RankRows:
    """A table for the rows of `rank`, beside those of `home`, whose names are plain."""

    def __init__(self, table: Table, rank: int, home: int) -> None:
        self._table = table
        self._rank = rank
        self._home = home
        self._own: set[str] = set()

    def add(self, step: int, points: Points, wall: float, *, is_counted: bool = False) -> None:
        """See `Table.add`."""
        names = self._named(points, 1)
        self._table.put(
            step, {names[name]: value for name, value in points.items()}, wall, is_counted=is_counted
        )

    def run(
        self,
        steps: list[int],
        columns: dict[str, list[float]],
        walls: list[float],
        *,
        is_counted: bool = False,
    ) -> None:
        """See `Table.run`."""
        names = self._named(columns, len(steps))
        renamed = {names[name]: column for name, column in columns.items()}
        self._table.put_run(steps, renamed, walls, is_counted=is_counted)

    def _named(self, names: Points | dict[str, list[float]], n_rows: int) -> dict[str, str]:
        """The name that each has in the log; rows with a name that is not their own are counted."""
        named = {name: name if self._is_own(name) else f"rank{self._rank}/{name}" for name in names}
        if any(name != new for name, new in named.items()):
            self._table.n_ranked += n_rows
        return named

    def _is_own(self, name: str) -> bool:
        """Whether no other rank prints it: the first that did keeps the name."""
        if name in self._own:
            return True
        if name in self._table:
            return False
        self._own.add(name)
        self._table.foreign[name] = f"rank{self._home}/{name}"
        return True
