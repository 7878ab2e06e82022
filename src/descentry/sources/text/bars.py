"""Progress bars in console text: tqdm's and Keras'.  Of a bar that is shown a few times an epoch only the last
state counts; of others every one (see `run_bar`, `epoch_bar`).

Where epoch lines with a loss stand beside them, bars say nothing new and are left out; where they are all
there is, the last state of each is a row.
"""

import re
from typing import NamedTuple

from descentry.sources.text.epoch_bar import EpochBar, epoch_state_of
from descentry.sources.text.run_bar import RunBar, State, state_of

MAX_WAITING = 64

_TQDM = re.compile(
    r"%\|[^|]*\|\s*+(?P<n>[0-9.]{1,15}[kMG]?)/(?P<total>[0-9.]{1,15}[kMG]?) \[(?P<inner>[^\]]*)\]?"
)
_TIMES = re.compile(r"[0-9:]{4,12}<(?:[0-9:]{4,12}|\?)(?=,|$)(?!, {0,9}[0-9.?]{1,12}[^,=]{0,20}/)")
"""Times without a rate behind them, which NeMo's bars have."""
_KERAS = re.compile(r"(?P<n>[0-9]{1,15})/(?P<total>[0-9]{1,15}) (?:\[[=>.]*\]|━+)(?P<inner>.*)")


class Bar(NamedTuple):
    """One state of a bar, as a line: `label` and the metrics behind it; `rest`: text after the bar.

    `state`: where the bar may count the steps of a whole run; `epoch_state`: where it is an epoch's.
    """

    label: str
    text: str
    is_full: bool
    has_metrics: bool
    rest: str
    state: State | None = None
    epoch_state: State | None = None


def looks_like_bar(line: str) -> bool:
    """Whether a line is worth `bar_of`."""
    return "%|" in line or "━" in line or ("/" in line and (" [=" in line or " [>" in line or " [." in line))


def bar_of(line: str) -> Bar | None:
    """The state of the bar that the line is, or None."""
    at = line.find("%|")
    found = _TQDM.match(line, at) if at > 0 and line[at - 1].isdigit() else None
    if found is not None:
        label = line[:at].rstrip("0123456789").strip().rstrip(":")
        metrics = _postfix(found["inner"])
        is_full = found["n"] == found["total"]
        text = f"{label}, {metrics}"
        has_metrics = "=" in metrics
        state = state_of(label, text, found["n"], found["total"]) if has_metrics else None
        epoch_state = epoch_state_of(label, text, found["n"], found["total"]) if has_metrics else None
        # At a count of 0 an epoch's bar repeats the metrics of the epoch before.
        rest = line[found.end() :].strip()
        return Bar(label, text, is_full, has_metrics and found["n"] != "0", rest, state, epoch_state)
    found = _KERAS.match(line)
    if found is None:
        return None
    inner = found["inner"]
    return Bar("", f"- {inner.partition(' - ')[2]}", found["n"] == found["total"], ": " in inner, "")


def _postfix(inner: str) -> str:
    """The metrics behind the times and the rate of a bar."""
    times = _TIMES.match(inner)
    if times is not None:
        return inner[times.end() :].lstrip(" ,")
    metrics = inner.partition("/s")[2] or inner.partition("s/it")[2]
    return metrics.lstrip(" ,]")


def below(bar: Bar, epoch: int | None) -> Bar:
    """The bar with the epoch of the header above it, where it has no label of its own."""
    if bar.label or epoch is None:
        return bar
    return bar._replace(text=f"Epoch {epoch} {bar.text}", state=None)


class Bars:
    """Decides whether bars are data, and hands out the states that are.

    `feed` takes a bar's state; `saw_summary` a line with a loss beside them.  States wait until one of both
    is clear: the next bar of the same kind came without such a line, or the log ended.

    A bar that is full is often shown again: with the metrics that belong to its last count (until then it
    repeats those of the count before), and once more with those of the validation behind them.
    """

    def __init__(self) -> None:
        self.are_data: bool | None = None
        self.n_left_out = 0
        self._is_by_pause = False
        self._current: Bar | None = None
        self._waiting: list[tuple[str, int]] = []
        self._labels: set[str] = set()
        self._finished: Bar | None = None
        self._run = RunBar()
        self._epochs = EpochBar()

    def feed(self, bar: Bar, line: int) -> list[tuple[str, int]]:
        """The texts (and their lines) that are rows now."""
        if self.are_data is False:
            self.n_left_out += bar.is_full and bar.has_metrics
            return []
        if bar.state is not None and self._run.takes(bar.state):
            return self._of_run(bar.state, line)
        if bar.epoch_state is not None and self._epochs.takes(bar.epoch_state):
            self._epochs.feed(bar.epoch_state, line)
            if self._epochs.is_fine:
                return self._of_epoch(bar.label, line)
        elif bar.has_metrics:
            self._epochs.finish()
        if not bar.is_full and self._finished and (bar.has_metrics or bar.label == self._finished.label):
            self._finished = None
        out = []
        before = self._current
        if before is not None and before.label != bar.label:
            out = self._finish(before, line)
            before = None
        self._current = bar if bar.has_metrics else None
        is_stale = before is not None and not before.is_full and before.text == bar.text
        if bar.is_full and bar.has_metrics and bar.label and not is_stale:
            out += self._finish(bar, line)
        return out

    @property
    def is_held(self) -> bool:
        """Whether a full bar waits for its last metrics."""
        return (self._current is not None and self._current.is_full) or self._epochs.is_full

    def settle(self, line: int) -> list[tuple[str, int]]:
        """The rows that are due before a line that is no bar."""
        if self._epochs.is_full:
            self._epochs.finish()
            return self._released() if self.are_data else []
        return self._finish(self._current, line) if self._current is not None and self.is_held else []

    def pause(self, line: int, *, is_line_done: bool) -> list[tuple[str, int]]:
        """The rows that are done when the log pauses.

        The states of a run's or an epoch's bar that say a loss are data from now on, whatever lines come: who
        watches a run cannot wait for its end (see `saw_summary`).  A full bar is done when a newline follows it.
        """
        if self.are_data is False:
            return []
        out = self.settle(line) if is_line_done else []
        if self.are_data is None and (
            self._run.says_loss or (self._epochs.is_fine and self._epochs.says_loss)
        ):
            self.are_data = self._is_by_pause = True
        return out + self._released() if self.are_data else out

    def _of_run(self, state: State, line: int) -> list[tuple[str, int]]:
        self._run.feed(state, line)
        if not (self.are_data or self._run.is_sure):
            return []
        self.are_data = True
        return self._released()

    def _of_epoch(self, label: str, line: int) -> list[tuple[str, int]]:
        other = self._current if self._current is not None and self._current.label != label else None
        out = self._finish(other, line) if other is not None else []
        self._current = None
        if not (self.are_data or self._epochs.is_sure):
            return out
        self.are_data = True
        return out + self._released()

    def saw_summary(self) -> bool:
        """An epoch line with a loss was read: what bars say is said there.

        True once, when a pause let states go that would have been left out had this line been known.
        """
        is_late = self._is_by_pause and not (self._run.is_sure or self._epochs.is_sure)
        self._is_by_pause = False
        if self.are_data is None:
            self.are_data = False
            self.n_left_out += len(self._waiting) + self._run.n_full + self._epochs.drop()
            self._waiting = []
            self._current = None
        return is_late

    def end(self, line: int) -> list[tuple[str, int]]:
        """What is still a row at the end of the log."""
        if self.are_data is False:
            return []
        self.are_data = True
        lone = self._epochs.end()
        if lone:
            self._waiting = [row for row in self._waiting if not row[0].startswith(f"{lone}, ")]
            if self._current is not None and self._current.label == lone:
                self._current = None
        run = self._run.end()
        return [*run, *(self._finish(self._current, line) if self._current else self._released())]

    def _finish(self, bar: Bar, line: int) -> list[tuple[str, int]]:
        self._current = None
        text = _news(bar, self._finished)
        self._finished = bar if bar.is_full else None
        if not text:
            return self._released() if self.are_data else []
        return self._put(bar.label, text, line)

    def _put(self, label: str, text: str, line: int) -> list[tuple[str, int]]:
        kind = re.sub("[0-9]+", "#", label)
        if kind in self._labels or len(self._waiting) >= MAX_WAITING:
            self.are_data = True
        if len(self._labels) < MAX_WAITING:
            self._labels.add(kind)
        self._waiting.append((text, line))
        return self._released() if self.are_data else []

    def _released(self) -> list[tuple[str, int]]:
        fine = self._epochs.take() if self._epochs.is_fine else []
        out, self._waiting = [*self._run.take(), *fine, *self._waiting], []
        return out


def _news(bar: Bar, before: Bar | None) -> str:
    """The bar's text, less what it said when it was shown full before; "" when nothing is new."""
    if before is None or bar.label != before.label:
        return bar.text
    if bar.text == before.text and bar.label:
        return ""
    between = ", " if bar.label else " - "
    label, *metrics = bar.text.split(between)
    first, *said = before.text.split(between)
    if label != first or not any(map(str.isdigit, label)):
        return bar.text
    fresh = [metric for metric in metrics if metric not in said]
    return between.join([label, *fresh]) if fresh else ""
