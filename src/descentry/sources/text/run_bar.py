"""The bar that counts the steps of a whole run: each of its states is a row.

`for batch in (bar := tqdm(loader)): …; bar.set_postfix(loss=loss)` prints every loss behind the bar.  A bar is
taken for such a one when its label has no number (`Epoch 3:` has, and belongs to one epoch) and no header with an
epoch stands above it.  A bar that begins anew when it was full goes on counting: the next epoch's steps.
Of the states with one count the last is the one that holds that step's values; when the bar is full, a state
that says what was said before is no news.
"""

from collections.abc import Iterable
from typing import NamedTuple

from descentry.sources.text.vocabulary import STEP_WORDS, is_valish

MAX_HELD = 1024
"""States that wait for a line with a loss, which would make them superfluous; with more it is clear enough."""


class State(NamedTuple):
    """One state: `label`, count `n` of `total`, and the text with its metrics."""

    label: str
    text: str
    n: int
    total: int


def state_of(label: str, text: str, n: str, total: str) -> State | None:
    """The state of a bar that may count a run's steps, or None."""
    if any(map(str.isdigit, label)) or is_valish(label) or not (n.isdecimal() and total.isdecimal()):
        return None
    return State(label, text, int(n), int(total))


class RunBar:
    """Collects the states of the first such bar.  `take` hands out their texts and lines."""

    def __init__(self) -> None:
        self.is_sure = False
        self.n_full = 0
        self._key: tuple[str, int] | None = None
        self._held: list[tuple[str, int]] = []
        self._pending: tuple[State, int] | None = None
        self._said = ""
        self._n = 0
        self._offset = 0

    @property
    def says_loss(self) -> bool:
        """Whether a state that waits to be handed out says a loss."""
        return any("loss" in text.lower() for text, _ in self._held[:1])

    def takes(self, state: State) -> bool:
        """Whether the state is one of this bar."""
        return self._key in (None, (state.label, state.total))

    def feed(self, state: State, line: int) -> None:
        """Takes in the next state."""
        self._key = state.label, state.total
        if state.n != self._n:
            self._finish()
        if state.n < self._n:
            self._begin_anew(was_full=self._n == state.total)
        self.n_full += self._n < state.n == state.total
        self._n = state.n
        self._pending = state, line
        if state.n == state.total:
            self._finish()

    def _begin_anew(self, *, was_full: bool) -> None:
        self.is_sure = True
        if was_full and self._key is not None:
            self._offset += self._key[1]

    def _finish(self) -> None:
        """The newest state is the last with its count."""
        if self._pending is None:
            return
        state, line = self._pending
        self._pending = None
        if state.n == state.total and state.text == self._said:
            return
        self._said = state.text
        label = "" if state.label.lower().rstrip("s") in STEP_WORDS else state.label
        step = f"{label} step {self._offset + state.n}{state.text.removeprefix(state.label)}"
        self._held.append((step.strip(), line))
        self.is_sure |= len(self._held) > MAX_HELD

    def take(self) -> list[tuple[str, int]]:
        """The states that are finished since the last call."""
        out, self._held = self._held, []
        return out

    def end(self) -> Iterable[tuple[str, int]]:
        """What is left at the end of the log."""
        self._finish()
        return self.take()
