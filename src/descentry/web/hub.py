"""What happens, told to every page that listens: a bounded queue for each, and who does not keep up is let go."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from descentry.report.jsonable import Json, dumps

MOST_WAITING = 512
"""Events that may wait for one page; it is let go when there are more, and asks for the list again."""
MOST_PAGES = 1000
"""Pages that listen at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its word and its JSON."""

    event: str
    data: str


@dataclass(eq=False)
class Page:
    """One listener; None in its queue is the end."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING + 1))
    is_gone: bool = False

    def put(self, told: Told | None) -> None:
        """In the loop: one more event, or the end where too many wait."""
        if self.is_gone:
            return
        if told is None or self.queue.qsize() >= MOST_WAITING:
            self.is_gone = True
            while not self.queue.empty():
                self.queue.get_nowait()
            told = None
        self.queue.put_nowait(told)


class Hub:
    """All listeners."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._pages)

    def tell(self, event: str, data: Json) -> None:
        """From any thread."""
        pages = list(self._pages)
        if not pages:
            return
        told = Told(event, dumps(data).decode().strip())
        for loop in {page.loop for page in pages}:
            try:
                loop.call_soon_threadsafe(_put_all, [page for page in pages if page.loop is loop], told)
            except RuntimeError:  # the loop is closed: nobody listens there any more
                self._pages -= {page for page in pages if page.loop is loop}

    def close(self) -> None:
        """End every listener, and those that come later; in the loop's thread or after it."""
        self._is_closed = True
        for page in list(self._pages):
            try:
                page.loop.call_soon_threadsafe(page.put, None)
            except RuntimeError:
                self._pages.discard(page)

    async def listen(self) -> AsyncIterator[Told]:
        """The events from now on, until the hub is closed or too many wait."""
        if self._is_closed or len(self._pages) >= MOST_PAGES:
            return
        page = Page(asyncio.get_running_loop())
        self._pages.add(page)
        try:
            yield Told("hello", "{}")
            while (told := await page.queue.get()) is not None:
                yield told
        finally:
            page.is_gone = True
            self._pages.discard(page)


def _put_all(pages: list[Page], told: Told) -> None:
    for page in pages:
        page.put(told)
