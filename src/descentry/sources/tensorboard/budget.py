"""How much of one file is read field by field before it is given up: what was made to keep us busy has an end.

After that only plain records and those of a known layout are read, and the others are told as left out.
"""

from descentry.formats.tfevents import EMPTY_HISTOGRAM, Event, Kind, Value

MAX_BAD = 100_000
"""Undecodable records."""
MAX_VAIN = 100_000
"""Records without a value, and values that are no number or for which there is no room."""
MAX_ODD = 200_000
"""Values of fewer than `SMALL` bytes that teach nothing for others."""
SMALL = 128
WIDE_COST = 4
"""Single values that cost as much time as a histogram."""


class Budget:
    """Counts what cost time and said little."""

    def __init__(self) -> None:
        self.n_bad = 0
        self._n_vain = 0
        self._n_odd = 0

    def take_read(self, event: Event, payload: bytes, *, is_known: bool) -> None:
        """Takes up a record that was read field by field; `is_known`: others like it need not be."""
        n = len(event.values)
        self._n_vain += not n
        if not is_known and len(payload) < SMALL * (n + 1):
            self._n_odd += n

    def take_vain(self, value: Value) -> None:
        """Takes up a value that no curve has."""
        is_wide = value.kind is not Kind.SCALAR and (value.histogram is not None or value.kind is Kind.BROKEN)
        self._n_vain += WIDE_COST if is_wide or value.what == EMPTY_HISTOGRAM else 1

    def why_given_up(self) -> str:
        """Why records are no more read field by field, "" while they are."""
        if self.n_bad >= MAX_BAD:
            return f"over {MAX_BAD} records could not be decoded"
        if self._n_vain >= MAX_VAIN:
            return f"over {MAX_VAIN} records and values held no number, or were of a series too many"
        return (
            f"over {MAX_ODD} small values were written each in its own way" if self._n_odd >= MAX_ODD else ""
        )
