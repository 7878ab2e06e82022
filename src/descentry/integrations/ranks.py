"""Which process of a distributed training stands out: by a value that is no number, or by lying apart for long.

Where all ranks draw from the same data, each is as likely as any other to have the highest loss of a step, whatever the
noise.  So the place of a rank among the others, as a share between 0 and 1, is 0.5 on average, and by Hoeffding's
inequality (1963, JASA 58:13) the mean of `window` such places strays by t from it with a probability of at most
2 exp(-2 window t^2): no tail is assumed.  The rate of false alarms is divided among ranks and curves and spent over the
windows as in signal/alarms.py, so it holds however long the run is.  What is sure must also be large: the median
distance from the other ranks, as a multiple of its own robust noise.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from descentry.signal.alarms import DEFAULT_RATE, spent

Values = NDArray[np.float64]
_MAD = 1.4826
"""Standard deviation of Gaussian noise over its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class RankSettings:
    """When a rank is named.

    `rate`: healthy runs, as a share, in which a rank is named for lying apart; lower: later.  `window`: exchanges that
    are judged together; more: smaller distances, later.  `least_distance`: in units of the robust noise of one
    exchange; higher: only grosser differences.
    """

    rate: float = DEFAULT_RATE
    window: int = 128
    least_distance: float = 1.0


@dataclass(frozen=True, slots=True)
class OddRank:
    """A rank that stands out.  `kind`: `nonfinite` or `apart`; `value`: its own, `usual`: that of the others."""

    rank: int
    name: str
    step: int
    kind: str
    value: float
    usual: float

    def __str__(self) -> str:
        if self.kind == "nonfinite":
            return f"step {self.step}: {self.name} of rank {self.rank} is {self.value}, of others {self.usual:.4g}"
        where = f"since step {self.step}: {self.name} of rank {self.rank}"
        return f"{where} lies at {self.value:.4g}, others {self.usual:.4g}"


@dataclass
class Ranks:
    """Takes the values of all ranks, exchange by exchange, and names who stands out, once while it lasts."""

    settings: RankSettings = RankSettings()
    n_names: int = 2
    _rows: dict[str, list[tuple[int, Values]]] = field(default_factory=dict)
    _looks: dict[str, int] = field(default_factory=dict)
    _told: set[tuple[str, str, int]] = field(default_factory=set)

    def observe(self, step: int, name: str, values: Values) -> list[OddRank]:
        """Who stands out now.  `values`: float64[ranks]; a single rank has nobody to stand out of."""
        if values.size < 2:
            return []
        bad = ~np.isfinite(values)
        if bad.any():
            return self._nonfinite(step, name, values, bad)
        self._told = {one for one in self._told if one[:2] != (name, "nonfinite")}
        rows = self._rows.setdefault(name, [])
        rows.append((step, values))
        if len(rows) < self.settings.window:
            return []
        self._rows[name] = []
        return self._apart(name, rows)

    def _nonfinite(self, step: int, name: str, values: Values, bad: NDArray[np.bool_]) -> list[OddRank]:
        if bad.all():
            return []
        usual = float(np.median(values[~bad]))
        found = [
            OddRank(int(r), name, step, "nonfinite", float(values[r]), usual) for r in np.flatnonzero(bad)
        ]
        return self._new(found)

    def _apart(self, name: str, rows: list[tuple[int, Values]]) -> list[OddRank]:
        """The rank that lies furthest apart in this window, if it surely and clearly does."""
        at = self._looks[name] = self._looks.get(name, -1) + 1
        table = np.array([values for _, values in rows])
        strays = places(table).mean(axis=0) - 0.5
        rank = _furthest(strays)
        share = self.settings.rate * spent(at) / (self.n_names * table.shape[1])
        sure = math.sqrt(math.log(2.0 / share) / (2.0 * len(rows)))
        far = distance(table, rank)
        if far < self.settings.least_distance / 2.0:  # well below: what wavers about the bar is told once
            self._told = {one for one in self._told if one[:2] != (name, "apart")}
        if abs(strays[rank]) < sure or far < self.settings.least_distance:
            return []
        others = np.delete(table, rank, axis=1)
        medians = float(np.median(table[:, rank])), float(np.median(others))
        return self._new([OddRank(rank, name, rows[0][0], "apart", *medians)])

    def _new(self, found: list[OddRank]) -> list[OddRank]:
        fresh = [one for one in found if (one.name, one.kind, one.rank) not in self._told]
        self._told |= {(one.name, one.kind, one.rank) for one in fresh}
        return fresh


def places(table: Values) -> Values:
    """The place of each rank among the others, 0 lowest and 1 highest, ties shared: float64[exchanges, ranks]."""
    below = (table[:, :, None] > table[:, None, :]).sum(axis=2)
    tied = (table[:, :, None] == table[:, None, :]).sum(axis=2) - 1
    return np.asarray((below + tied / 2.0) / (table.shape[1] - 1.0))


def distance(table: Values, rank: int) -> float:
    """How far the rank lies from the others' median, in units of the robust noise of that; infinity without noise."""
    others = np.delete(table, rank, axis=1)
    apart = table[:, rank] - np.median(others, axis=1)
    middle = float(np.median(apart))
    noise = _MAD * float(np.median(np.abs(apart - middle)))
    return abs(middle) / noise if noise else (math.inf if middle else 0.0)


def _furthest(strays: Values) -> int:
    """Of two that stray alike, as two ranks always do, the higher one: too high a loss is the commoner fault."""
    return int(np.lexsort((strays, np.round(np.abs(strays), 12)))[-1])
