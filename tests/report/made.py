"""Reports on made curves."""

from descentry.diagnosis.diagnose import report
from descentry.record.chunk import Chunk
from descentry.record.report import RunReport
from descentry.stream.drive import Stream


def diagnosed(chunk: Chunk, run: str = "made") -> RunReport:
    """The report on a complete log of one chunk."""
    stream = Stream()
    stream.feed(chunk)
    return report(stream.end(), run, "jsonl", run)
