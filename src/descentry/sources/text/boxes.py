"""Boxes of a name and a value a line between two rules, as loggers of reinforcement learning print them.

Stable-Baselines3 (1 and 2; console and `log.txt`) puts a tag over the names below it, which stand further in;
OpenAI Baselines and Spinning Up print names alone.  A box of settings looks like those without tags, so such a one
is data when it says a loss beside a counter, or when a second one with the same names comes.
"""

import re
from typing import NamedTuple

from descentry.sources.loss_names import loss_name
from descentry.sources.text.table import MAX_SERIES
from descentry.sources.text.tokens import NUMBER, cut_moment

MAX_LINE = 300
MAX_BETWEEN = 16
"""Other lines that may break into a box before it is given up."""

RULE = "-------"
_RULE = re.compile(f"{RULE}-*+")
_NUMBER = re.compile(NUMBER)
_INDENT = "   "
COUNTERS = (
    ("totaltimesteps", "totalenvinteracts", "timestepssofar", "numtimesteps", "totalsteps", "envsteps",
     "timesteps", "globalstep", "steps", "step"),
    ("iterations", "iteration", "itr", "nupdates", "updates", "iterssofar"), ("epoch", "epochs"), ("episodes",),
)  # fmt: skip
"""The last parts of names that count, best first."""
_PLAIN = re.compile(r"[^a-z]")


class Entry(NamedTuple):
    """A line of a box: the name with its tag, the value as spelt, and the line itself."""

    name: str
    spelling: str
    text: str

    @property
    def is_number(self) -> bool:
        """Whether the value is a number."""
        return _NUMBER.fullmatch(self.spelling) is not None


class Box(NamedTuple):
    """A box, which begins at line `number`."""

    entries: tuple[Entry, ...]
    is_tagged: bool
    number: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, in their order."""
        return tuple(entry.name for entry in self.entries)

    def counter(self) -> int:
        """The index of what counts best, or -1."""
        plain = [_PLAIN.sub("", name.lower().rpartition("/")[2]) for name in self.names]
        known = [word for kind in COUNTERS for word in kind if word in plain]
        found = [plain.index(word) for word in known if self.entries[plain.index(word)].is_number]
        return found[0] if found else -1

    def says_loss(self) -> bool:
        """Whether a number in it is a loss."""
        return any(entry.is_number and loss_name(entry.name) is not None for entry in self.entries)


def _cells(text: str) -> tuple[str, str] | None:
    """Name, as far in as it stands, and value of a line of a box, or None."""
    cells = text.split("|") if len(text) <= MAX_LINE else []
    if len(cells) != 4 or cells[0] or cells[3] or not any(map(str.isalpha, cells[1])):
        return None
    return cells[1][1:].rstrip(), cells[2].strip()


def without_time(text: str) -> str:
    """The line without a time before it, and the brackets around that."""
    return text if text[0] in "-|" else cut_moment(text)[0].strip(" \t[]")


class Boxes:
    """Collects boxes.  `data`: those that are rows, in their order; `others`: those that are none; `torn`: those
    that were never closed, and were to be rows.  Whoever takes them empties the lists."""

    def __init__(self) -> None:
        self.data: list[Box] = []
        self.others: list[Box] = []
        self.torn: list[Box] = []
        self.is_open = False
        self._entries: list[Entry] = []
        self._tag = ""
        self._is_tagged = False
        self._number = 0
        self._n_between = 0
        self._unsure: Box | None = None
        self._known: set[str] = set()

    def feed(self, text: str, number: int) -> bool:
        """Takes in line `number`; True for a line of a box."""
        if _RULE.fullmatch(text):
            self._close()
            self.is_open = True
            return False
        cells = _cells(text) if self.is_open else None
        if cells is None:
            self._n_between += 1
            if not self._has_begun or self._n_between > MAX_BETWEEN:
                self._give_up()
            return False
        if not self._has_begun:
            self._number = number
        self._add(*cells, text)
        return True

    def end(self) -> None:
        """The log has ended."""
        self._give_up()
        self._settle()

    @property
    def _has_begun(self) -> bool:
        return bool(self._entries or self._tag)

    def _add(self, name: str, spelling: str, text: str) -> None:
        if not spelling:
            self._tag = name.strip()
            self._is_tagged = True
        elif len(self._entries) < MAX_SERIES:
            is_below = bool(self._tag) and name.startswith(_INDENT)
            name = f"{self._tag.rstrip('/')}/{name.strip()}" if is_below else name.strip()
            self._entries.append(Entry(name, spelling, text))

    def _box(self) -> Box:
        return Box(tuple(self._entries), self._is_tagged, self._number)

    def _clear(self) -> None:
        self._entries, self._tag, self._is_tagged, self._n_between = [], "", False, 0
        self.is_open = False

    def _give_up(self) -> None:
        """What is open is no box, or none that is whole."""
        box = self._box()
        if box.is_tagged or not self._known.isdisjoint(box.names):
            self.torn.append(box)
        elif box.entries:
            self.others.append(box)
        self._clear()

    def _close(self) -> None:
        box = self._box()
        self._clear()
        if not any(entry.is_number for entry in box.entries):
            if box.entries:
                self.others.append(box)
            return
        is_again = self._unsure is not None and box.names == self._unsure.names
        if is_again and self._unsure is not None:
            self.data.append(self._unsure)
            self._unsure = None
        self._settle()
        if not (is_again or self._is_data(box)):
            self._unsure = box
            return
        if len(self._known) < MAX_SERIES:
            self._known.update(box.names)
        self.data.append(box)

    def _is_data(self, box: Box) -> bool:
        """Whether the box is data by what stands in it, or as half of it was data before."""
        n_known = sum(name in self._known for name in box.names)
        return box.is_tagged or 2 * n_known > len(box.names) or (box.counter() >= 0 and box.says_loss())

    def _settle(self) -> None:
        """The box that a second one did not follow is no data."""
        if self._unsure is not None:
            self.others.append(self._unsure)
            self._unsure = None
