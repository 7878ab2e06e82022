"""Lines that begin with progress bars, to the texts that are rows."""

from collections.abc import Callable, Iterator

from descentry.sources.text.bars import Bar, Bars, bar_of, below, looks_like_bar

MAX_BARS = 64
"""Bars in one line that are looked at."""


def rows_of(
    bar: Bar, bars: Bars, epoch_above: Callable[[], int | None], number: int
) -> Iterator[tuple[str, int]]:
    """The texts (and their lines) that are rows now that this bar, and those behind it in line `number`, have come.

    What stands behind the last bar is a row of its own, as if at line 0.  Each row is read before the next is
    asked for: it may change the epoch.
    """
    for _ in range(MAX_BARS):
        yield from bars.feed(below(bar, epoch_above()), number)
        after = bar_of(bar.rest) if looks_like_bar(bar.rest) else None
        if after is None:
            break
        bar = after
    if bar.rest and not looks_like_bar(bar.rest):
        yield bar.rest, 0
