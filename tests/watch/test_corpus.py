"""Public logs, followed by the whole of the watching: they end with the findings of `diagnose`."""

from pathlib import Path

import pytest
from tests.watch.made import watch_of

from descentry.diagnosis.diagnose import diagnose
from descentry.sources.places.targets import logs_at
from descentry.testing.verdicts import differences

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ENTRIES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir()) if CORPUS.is_dir() else []

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ENTRIES, reason="no corpus of public logs beside the repository"),
]


@pytest.mark.parametrize("slug", ENTRIES or ["none"])
def test_following_says_what_diagnose_says(slug: str) -> None:
    watch, memory = watch_of(CORPUS / slug, idle_s=30.0, tick_s=31.0, steps=[lambda: None] * 9)
    assert watch.run() == "idle"
    reports = {log.run: diagnose(log) for log in logs_at(str(CORPUS / slug))}
    assert {ended.run for ended in memory.ends} == set(reports)
    for ended in memory.ends:
        expected = reports[ended.run]
        assert differences(ended.report.findings, expected.findings) == []
        assert ended.report.verdict == expected.verdict
