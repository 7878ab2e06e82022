"""The names of a log's series, by number, and what the writer said of each tag."""

from descentry.formats.tfevents import Event
from descentry.sources.json.values import clean_name
from descentry.sources.rows import MAX_SERIES

MAX_PLUGINS = 100_000
LONGEST_CLEAN = 100
"""Plain names up to this long are clean already."""


class Tags:
    """Numbers the names as they come; more than `MAX_SERIES` are refused and counted."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.n_refused = 0
        self._numbers: dict[str, int] = {}
        self._written: dict[bytes, int] = {}
        self._plugins: dict[str, tuple[int, str]] = {}

    def number(self, tag: str) -> int | None:
        """The number of a tag's series, None when there is no room for it."""
        found = self._numbers.get(tag)
        if found is not None:
            return found
        is_full = len(self.names) >= MAX_SERIES
        if is_full and tag.isascii() and len(tag) <= LONGEST_CLEAN:
            return None
        name = clean_name(tag)
        found = self._numbers.get(name)
        if found is None and not is_full:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found

    def number_of(self, tag: bytes) -> int:
        """The number of a tag as it is written, -1 when there is no room for it."""
        found = self._written.get(tag)
        if found is None:
            number = self.number(tag.decode("utf-8", "replace"))
            found = -1 if number is None else number
            if found >= 0:
                self._written[tag] = found
        return found

    def hear(self, event: Event, offset: int) -> None:
        """Keeps what the event at `offset` says of its tags."""
        for value in event.values:
            if value.plugin is not None:
                self.say(value.tag, value.plugin, offset)

    def say(self, tag: str, plugin: str, offset: int) -> None:
        """Notes the plugin that the event at `offset` names; the first in the file counts."""
        known = self._plugins.get(tag)
        if known is None and len(self._plugins) >= MAX_PLUGINS:
            return
        if known is None or offset < known[0]:
            self._plugins[tag] = (offset, plugin)

    def plugin(self, tag: str, offset: int) -> str:
        """The plugin that an event before `offset` named for the tag, "" for none."""
        known = self._plugins.get(tag)
        return known[1] if known is not None and known[0] <= offset else ""
