"""Columns that hold settings: Ray Tune repeats `config/lr` in every row.  The first value is the setting."""

from dataclasses import replace

import numpy as np

from descentry.record.chunk import Chunk
from descentry.record.event import Event

PREFIX = "config/"


def is_setting(name: str) -> bool:
    """Whether a series is named as a setting."""
    return name.startswith(PREFIX)


class Settings:
    """Takes the columns of settings out of one chunk after the other.  `place`: how events name the log."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._known: dict[str, float] = {}

    def without(self, chunk: Chunk) -> Chunk:
        """The chunk with settings as config; a change is told with its step (population based training)."""
        names = [name for name in chunk.columns if is_setting(name)]
        if not names:
            return chunk
        columns = {name: column for name, column in chunk.columns.items() if not is_setting(name)}
        events: list[Event] = []
        config: dict[str, object] = {}
        for name in names:
            rows, values = chunk.columns[name]
            setting = name.removeprefix(PREFIX)
            if name not in self._known:
                config[setting] = self._known[name] = float(values[0])
            events += self._changes(name, chunk.steps[rows].tolist(), values)
        return replace(
            chunk, columns=columns, events=(*chunk.events, *events), config={**config, **chunk.config}
        )

    def _changes(
        self, name: str, steps: list[int], values: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> list[Event]:
        """An event for each change of a setting."""
        before = np.concatenate([[self._known[name]], values[:-1]])
        changed = np.flatnonzero((values != before) & ~(np.isnan(values) & np.isnan(before)))
        self._known[name] = float(values[-1])
        return [
            Event(
                "config_change",
                f"`{name}` changes to {values[i]:g}",
                self._place,
                step=steps[i],
                warning=False,
            )
            for i in changed.tolist()
        ]
