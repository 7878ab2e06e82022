"""Two processes that write into one folder at once (ranks, a folder used twice) are told from a resumed run.

A resume begins where the file before it ends.  Where the times of a series in two files overlap by more than clocks
differ, both were being written: this is told once as `two_writers`, and the files stay in their order.  A file with
a SessionLog START says itself that it is a resume.
"""

from descentry.record.chunk import Chunk
from descentry.record.event import Event
from descentry.sources.rows import with_events

LEAST_S = 1.0
LEAST_SHARE = 0.1
"""Of the shorter of the two times: two machines whose clocks differ by a little resume each other, too."""
MAX_FILES = 2
"""Files of which the times of a series are kept."""
Span = tuple[float, float]


class Writers:
    """Hears when each file logged each series."""

    def __init__(self) -> None:
        self._spans: dict[str, dict[str, Span]] = {}
        self._resumes: set[str] = set()
        self._told: set[str] = set()

    def heard(self, file: str, chunk: Chunk) -> Chunk:
        """The chunk, with an event where its file was written at the same time as an earlier one."""
        if any(event.kind == "resume" for event in chunk.events):
            self._resumes.add(file)
        if chunk.wall_times is None or not chunk.n_rows or file in self._resumes:
            return chunk
        others = [
            self._other(file, name, float(chunk.wall_times[rows[0]]), float(chunk.wall_times[rows[-1]]))
            for name, (rows, _) in chunk.columns.items()
        ]
        other = next((other for other in others if other and not {file, other} <= self._told), None)
        return chunk if other is None else with_events(chunk, [self._event(file, other)])

    def _other(self, file: str, name: str, first: float, last: float) -> str:
        """Takes up when a series was logged; the other file that did so at the same time, or ""."""
        spans = self._spans.setdefault(name, {})
        begin, end = spans.get(file, (first, last))
        mine = spans[file] = min(begin, first), max(end, last)
        if len(spans) > MAX_FILES:
            del spans[next(iter(spans))]
        return next((other for other, its in spans.items() if other != file and _at_once(its, mine)), "")

    def _event(self, file: str, other: str) -> Event:
        self._told |= {file, other}
        message = (
            f"two writers at once: the times of this file lie between those of {other}, with the same series in "
            "both; this is no resume, the files are read one after the other"
        )
        return Event("two_writers", message, file)


def _at_once(a: Span, b: Span) -> bool:
    """Whether two times overlap by more than the clocks of two machines would make them."""
    overlap = min(a[1], b[1]) - max(a[0], b[0])
    return overlap >= max(LEAST_S, LEAST_SHARE * min(a[1] - a[0], b[1] - b[0]))
