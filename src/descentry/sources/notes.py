"""What a reader noticed, told once per kind of oddity however often it occurs."""

from dataclasses import replace

from descentry.record.event import Event

MAX_MESSAGES = 20
"""Different messages of one kind that are kept; a hostile log could make up millions."""


class Notes:
    """Collects events: the same message counts up, its first place stays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._new: dict[tuple[str, str], Event] = {}
        self._n_messages: dict[str, set[str]] = {}

    def add(
        self,
        kind: str,
        message: str,
        line: int | None = None,
        step: int | None = None,
        *,
        warning: bool = True,
        count: int = 1,
    ) -> None:
        """Notes an event at `line` of the log (or in the log as a whole)."""
        where = self.name if line is None else f"{self.name}:{line}"
        self.put(Event(kind, message, where, count, step, warning))

    def put(self, event: Event) -> None:
        """Notes a finished event."""
        known = self._n_messages.setdefault(event.kind, set())
        if event.message not in known and len(known) >= MAX_MESSAGES:
            event = replace(event, message="more of this kind")
        known.add(event.message)
        key = (event.kind, event.message)
        first = self._new.get(key)
        self._new[key] = event if first is None else replace(first, count=first.count + event.count)

    def take(self) -> tuple[Event, ...]:
        """What came since the last call."""
        events = tuple(self._new.values())
        self._new = {}
        return events


def quoted(text: str, n: int = 40) -> str:
    """`text` in quotes for a message, cut to `n` characters, control characters spelled out."""
    clean = text if len(text) <= n else text[: n - 1] + "…"
    return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in clean) + '"'
