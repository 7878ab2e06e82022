"""From what stands in the stream to what is told of it: confirmed, with its likeliest cause, each thing once."""

from collections.abc import Collection
from dataclasses import replace

from descentry.diagnosis.confidence import load as load_calibration
from descentry.diagnosis.diagnose import report
from descentry.diagnosis.verdict import verdict
from descentry.record.finding import Finding, Severity
from descentry.record.report import RunReport
from descentry.sources.protocol import Log
from descentry.stream.drive import Stream
from descentry.watch.ledger import Key, Ledger, News, key_of
from descentry.watch.settings import Settings
from descentry.watch.told import RESOLVED, Told

CONFIRMED = 0.12
"""What warns or informs of a shape is told once the log has grown by this share since it was seen: a little more than
the tenth after which judges look again.  Higher: later, and less is withdrawn."""


class Telling:
    """What was told of one run.  `verdict`: by what stands and was told; None before anything was."""

    def __init__(self, log: Log, settings: Settings) -> None:
        self.first_step = 0
        self.verdict: str | None = None
        self._log = log
        self._settings = settings
        self._ledger = Ledger()
        self._followers: set[Key] = set()

    @property
    def standing(self) -> Collection[Finding]:
        """What was told and still stands."""
        return self._ledger.standing.values()

    def report(self, stream: Stream) -> RunReport:
        """All that is said of the run by now."""
        log = self._log
        return report(stream.so_far(), log.run, log.format, log.place, self._settings.vocab_size)

    def news(self, stream: Stream, time: float, *, is_last: bool = False) -> list[Told]:
        """What is new against what was told, leaders first; `is_last`: nothing more comes that could confirm it."""
        at_once = is_last or self._settings.at_once
        news = self._ledger.compare(stream.standing, lambda one: at_once or self._is_sure(one, stream))
        if not news:
            return []
        told = self.report(stream)
        known = tuple(self._known(one, told) for one in told.findings if key_of(one) in self._ledger.standing)
        self.verdict = verdict(known, stream.so_far())
        all_told = [self._told(one, told, stream.step, time) for one in news]
        return sorted(all_told, key=lambda one: one.follows is not None)

    def _is_sure(self, finding: Finding, stream: Stream) -> bool:
        """Whether a finding is told: what is critical or of single points at once, a shape after a second look."""
        if finding.severity is Severity.CRITICAL or finding.pattern in stream.dated:
            return True
        seen = finding.detected_at_step
        return stream.step - seen > CONFIRMED * (seen - self.first_step)

    def _known(self, finding: Finding, report: RunReport) -> Finding:
        """The finding; it leads where its leader was not told."""
        return finding if self._leader(finding, report) is not None else replace(finding, explained_by=None)

    def _leader(self, finding: Finding, report: RunReport) -> Key | None:
        leader = None if finding.explained_by is None else key_of(report.findings[finding.explained_by])
        return leader if leader in self._ledger.standing else None

    def _told(self, news: News, report: RunReport, step: int, time: float) -> Told:
        key = key_of(news.finding)
        index = next((i for i, one in enumerate(report.findings) if key_of(one) == key), None)
        known = report.findings[index] if index is not None else load_calibration().finding(news.finding)
        follows = self._leader(known, report)
        if news.change == "withdrawn":
            known = replace(known, resolved_at_step=step)
        return Told(
            run=self._log.run,
            path=self._log.place,
            event=news.event,
            change=news.change,
            step=step,
            time=time,
            verdict=self.verdict or "undetermined",
            finding=replace(known, explained_by=None),
            was=news.was,
            cause=next((cause for cause in report.causes if index in cause.findings), None),
            follows=follows,
            is_news=self._is_new(key, news, follows is not None) and news.is_news,
        )

    def _is_new(self, key: Key, news: News, follows: bool) -> bool:
        """Whether people are told: of what only follows from another finding, its first coming alone."""
        followed = key in self._followers
        if follows:
            self._followers.add(key)
        elif news.event != RESOLVED:
            self._followers.discard(key)
        return not (followed and (follows or news.event == RESOLVED))
