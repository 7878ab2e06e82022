"""The bars that epochs have, `Epoch 3: 45%|███  | 45/100 […]`: where they show states enough, each is a row.

A bar that is shown at ten counts within one epoch is a curve of its own: its states are the epoch's batches.
One that is shown less often is left to `Bars`, for which the last state of an epoch is its row, unless the
log has but one epoch.
Of the states with one count the last holds that count's values; what is said again is no news.
"""

import re

from descentry.sources.text.run_bar import State
from descentry.sources.text.vocabulary import is_valish

MIN_COUNTS = 10
MAX_HELD = 4096
"""States that wait for a line with a loss, which would make them superfluous."""

_LABEL = re.compile(
    r"[^0-9]{0,40}\bepoch[^0-9A-Za-z]{0,4}[0-9]{1,9}(?:/[0-9]{1,9})?[^0-9]{0,40}", re.IGNORECASE
)


def epoch_state_of(label: str, text: str, n: str, total: str) -> State | None:
    """The state of an epoch's bar, or None.  Bars over validation data are none."""
    if not (n.isdecimal() and total.isdecimal()) or not _LABEL.fullmatch(label) or is_valish(label):
        return None
    return State(label, text, int(n), int(total))


def as_line(state: State) -> str:
    """The state as a line of the batch in its epoch."""
    return f"{state.label} batch {state.n}/{state.total}{state.text.removeprefix(state.label)}"


class EpochBar:
    """Collects the states of the first such bar.  `take` hands out their texts and lines."""

    def __init__(self) -> None:
        self.is_fine = False
        self.is_sure = False
        self._kind: str | None = None
        self._label = ""
        self._counts: set[int] = set()
        self._held: list[tuple[str, int]] = []
        self._pending: tuple[State, int] | None = None
        self._said: tuple[str, ...] = ()
        self._said_at: tuple[str, int] = "", -1

    def end(self) -> str:
        """The log has ended: of its only epoch each state is a row.  That epoch's label, "" when it is none."""
        is_lone = not self.is_fine and bool(self._kind) and len(self._counts) > 1
        self.is_fine |= is_lone
        if self.is_fine:
            self.finish()
        return self._label if is_lone else ""

    @property
    def is_full(self) -> bool:
        """Whether the newest state is the last of its epoch, and waits for more to be said with it."""
        return self.is_fine and self._pending is not None and self._pending[0].n == self._pending[0].total

    @property
    def says_loss(self) -> bool:
        """Whether a state that waits to be handed out says a loss."""
        return any("loss" in text.lower() for text, _ in self._held[:1])

    def takes(self, state: State) -> bool:
        """Whether the state is one of this bar."""
        return self._kind in (None, _kind(state.label))

    def feed(self, state: State, line: int) -> None:
        """Takes in the next state."""
        self._kind = _kind(state.label)
        if state.label != self._label:
            self._enter(state.label)
        if self._pending is not None and self._pending[0].n != state.n:
            self.finish()
        self._pending = state, line
        if not self.is_fine and state.n:
            self._counts.add(state.n)
            self.is_fine = len(self._counts) >= MIN_COUNTS

    def _enter(self, label: str) -> None:
        """A new epoch; the one before decided, when it had too few states, what the bars of the log are."""
        self.finish()
        self.is_sure |= self.is_fine and bool(self._label)
        if not self.is_fine:
            self._held = []
            self._kind = self._kind if not self._label else ""
        self._label = label
        self._counts = set()

    def finish(self) -> None:
        """The newest state is the last with its count."""
        if self._pending is None:
            return
        state, line = self._pending
        self._pending = None
        metrics = tuple(state.text.removeprefix(state.label).lstrip(" ,").split(", "))
        is_repeated = metrics == self._said and state.n in (0, state.total)
        if self._said_at == (state.label, state.n):
            fresh = tuple(metric for metric in metrics if metric not in self._said)
            state = state._replace(text=f"{state.label}, {', '.join(fresh)}")
            is_repeated = not fresh
        self._said = metrics
        self._said_at = state.label, state.n
        if not is_repeated:
            self._held.append((as_line(state), line))
            self.is_sure |= self.is_fine and len(self._held) > MAX_HELD

    def take(self) -> list[tuple[str, int]]:
        """The states that are finished since the last call."""
        out, self._held = self._held, []
        return out

    def drop(self) -> int:
        """Forgets what waits; how many states that were."""
        n = len(self._held) + (self._pending is not None)
        self._held, self._pending = [], None
        return n


def _kind(label: str) -> str:
    return re.sub("[0-9]+", "#", label)
