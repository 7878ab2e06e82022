"""The whole of it, by script: what is told when a log grows, stands still, goes away, ends."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.watch.made import append, rows, watch_of

from descentry.diagnosis.diagnose import diagnose
from descentry.record.errors import UsageError
from descentry.record.finding import Severity
from descentry.sources.places.targets import logs_at
from descentry.testing.verdicts import differences
from descentry.watch.run import HELD_S


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    path.write_text(rows(0, 200))
    return path


def nothing() -> None:
    """A step of a script in which only time passes."""


def test_a_finding_is_told_once_when_it_opens_and_the_run_at_the_end(log: Path) -> None:
    steps = [append(log, rows(k, k + 10, nan_from=260)) for k in range(200, 300, 10)]
    watch, memory = watch_of(log, steps=steps)
    assert watch.run() == "interrupted"
    assert memory.changes[0] == ("opened", "nan")
    assert [change for change in memory.changes if change[1] == "nan"] == [("opened", "nan")]
    (ended,) = memory.ends
    assert (ended.n_points, ended.step, ended.report.verdict) == (300, 299, "critical")
    assert memory.told[0].cause is not None
    assert memory.patience_s > 0


def test_what_stood_there_before_is_told_as_it_stands_now(log: Path) -> None:
    log.write_text(rows(0, 400, leap=range(150, 153)))
    watch, memory = watch_of(log)
    watch.run()
    assert memory.changes == [("opened", "spike")]
    assert memory.told[0].finding.end_step is not None
    assert "400 points up to step 399" in memory.notes[0]
    assert "waiting for more" in memory.notes[0]


@pytest.mark.parametrize("ending", ["once", "idle"])
def test_a_complete_log_is_judged_as_diagnose_does(log: Path, ending: str) -> None:
    log.write_text(rows(0, 400, leap=range(150, 153), nan_from=390))
    watch, memory = watch_of(log, once=ending == "once", idle_s=30.0, tick_s=31.0, steps=[nothing] * 9)
    assert watch.run() == ending
    expected = diagnose(logs_at(str(log))[0])
    (ended,) = memory.ends
    assert differences(ended.report.findings, expected.findings) == []
    assert ended.report.verdict == expected.verdict


def test_once_reads_a_last_line_without_end_too(log: Path) -> None:
    log.write_text(rows(0, 50).rstrip("\n"))
    watch, memory = watch_of(log, once=True)
    watch.run()
    assert memory.ends[0].n_points == 50


def test_it_stops_on_what_is_grave_enough(log: Path) -> None:
    steps = [
        append(log, rows(200, 240, leap=range(205, 207))),
        append(log, rows(240, 300, nan_from=250)),
        nothing,
    ]
    watch, memory = watch_of(log, steps=steps, stop_on=Severity.CRITICAL)
    assert watch.run() == "finding"
    assert memory.ends[0].reason == "finding"
    assert memory.ends[0].step == 299


def climb(start: int, stop: int) -> str:
    """Rows of a run whose validation turns up from step 200 on."""
    return "".join(
        f'{{"step": {k}, "loss": {4 - k / 200}, "val_loss": {3.5 - min(k, 200) / 100 + max(k - 200, 0) / 400}}}\n'
        for k in range(start, stop, 5)
    )


@pytest.mark.parametrize("at_once", [False, True])
def test_a_shape_is_told_when_a_second_look_confirms_it(log: Path, at_once: bool) -> None:
    log.write_text(climb(0, 200))
    watch, memory = watch_of(log, steps=[append(log, climb(k, k + 5)) for k in range(200, 500, 5)])
    watch.settings = replace(watch.settings, at_once=at_once)
    watch.run()
    first = next(told for told in memory.told if told.finding.pattern == "overfit")
    seen = first.finding.detected_at_step
    is_critical = first.finding.severity is Severity.CRITICAL
    assert first.step == seen if at_once or is_critical else first.step > 1.12 * seen
    before = [told for told in memory.told if told.step < first.step]
    assert all(told.verdict == "healthy" for told in before)


def test_a_silence_is_told_once_from_the_run_s_own_pace(log: Path) -> None:
    alive = [append(log, rows(k, k + 1)) for k in range(200, 220)]
    watch, memory = watch_of(
        log, steps=[*alive, *[nothing] * 200, append(log, rows(220, 221)), nothing], tick_s=1.0
    )
    watch.run()
    said = [text for text in memory.alarms if "point" in text]
    assert said == [
        "run: no new point for 1 min 1 s; usually one comes every 1 s",
        "run: points come again, after 3 min 21 s",
    ]


def test_a_file_that_goes_and_comes_back_is_told(log: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    steps = [lambda: os.rename(log, away), *[nothing] * 3, lambda: os.rename(away, log), *[nothing] * 3]
    watch, memory = watch_of(log, steps=steps, tick_s=2.5)
    watch.run()
    assert memory.alarms == [f"{log}: is gone; waiting for it to come back", f"{log}: is there again"]


def test_permission_that_is_lost_is_told(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, memory = watch_of(
        log, steps=[lambda: monkeypatch.setattr(os, "access", lambda *_: False), nothing], tick_s=3
    )
    watch.run()
    assert memory.alarms == [f"{log}: may not be read any more; check its permissions"]


def test_a_log_written_anew_tells_only_what_differs(log: Path) -> None:
    whole = rows(0, 400, leap=range(150, 153))
    log.write_text(whole)
    steps = [
        lambda: log.write_text(whole + rows(400, 420)),
        nothing,
        lambda: log.write_text(rows(0, 300)),
        nothing,
    ]
    watch, memory = watch_of(log, steps=steps)
    watch.run()
    assert memory.changes == [("opened", "spike"), ("withdrawn", "spike")]
    assert memory.ends[0].n_points == 300
    assert any("read again from its start" in text for text in memory.notes)


def test_a_rotated_log_goes_on(log: Path, tmp_path: Path) -> None:
    def rotate() -> None:
        os.rename(log, tmp_path / "run.jsonl.1")
        log.write_text(rows(200, 260))

    watch, memory = watch_of(log, steps=[rotate, nothing, append(log, rows(260, 300)), nothing])
    watch.run()
    assert (memory.ends[0].n_points, memory.ends[0].step) == (300, 299)
    assert memory.told == []


def test_a_torn_line_waits_for_its_end(log: Path) -> None:
    text = rows(200, 201)
    watch, memory = watch_of(log, steps=[append(log, text[:9]), nothing, append(log, text[9:]), nothing])
    watch.run()
    assert (memory.ends[0].n_points, memory.told) == (201, [])


def test_a_log_that_cannot_be_read_for_a_while_is_one_line(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from descentry.record.errors import UnreadableError
    from descentry.watch.run import WatchedRun

    read = WatchedRun._read
    calls = iter([False, False, True, True, True])

    def failing(self: WatchedRun, until: float) -> int:
        if next(calls, False):
            raise UnreadableError("run.jsonl", "cannot be read (I/O error)", "check the disk")
        return read(self, until)

    monkeypatch.setattr(WatchedRun, "_read", failing)
    watch, memory = watch_of(log, steps=[append(log, rows(200, 210)), *[nothing] * 40], tick_s=1.0)
    watch.run()
    assert memory.alarms == ["run: run.jsonl: cannot be read (I/O error); check the disk; trying again"]
    assert memory.notes[-1] == "run: can be read again"
    assert memory.ends[0].n_points == 210


def test_runs_of_a_folder_are_named_and_new_ones_join(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(rows(0, 100))
    steps = [append(tmp_path / "c.jsonl", rows(0, 100, nan_from=50)), *[nothing] * 9]
    watch, memory = watch_of(tmp_path, steps=steps, tick_s=3.0)
    watch.run()
    assert {ended.run for ended in memory.ends} == {"a", "b", "c"}
    assert [told.run for told in memory.told if told.finding.pattern == "nan"] == ["c"]
    assert [text for text in memory.notes if "new run" in text] == [
        f"c: a new run, watched from now on ({tmp_path / 'c.jsonl'})"
    ]


def test_a_log_that_is_not_there_is_an_error_or_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "later.jsonl"
    watch, memory = watch_of(path)
    assert watch.run() == "unreadable"
    assert memory.notes == [f"!{path}: no such file; check the path; or wait for it: --wait"]
    watch, memory = watch_of(
        path, wait=True, steps=[nothing, append(path, rows(0, 60)), *[nothing] * 4], tick_s=1.0
    )
    assert watch.run() == "interrupted"
    assert memory.notes[0] == f"{path}: waiting for it"
    assert memory.ends[0].n_points == 60


def test_an_empty_log_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.touch()
    watch, memory = watch_of(path, steps=[append(path, rows(0, 40)), nothing])
    watch.run()
    assert memory.notes[0] == "run: no point yet; waiting for the first"
    assert memory.ends[0].n_points == 40


def test_only_the_run_asked_for(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(rows(0, 100))
    watch, memory = watch_of(tmp_path, run="b")
    watch.run()
    assert [ended.run for ended in memory.ends] == ["b"]
    watch, memory = watch_of(tmp_path, run="z")
    with pytest.raises(UsageError, match="no run 'z'; expected one of: a, b"):
        watch.run()


def test_a_missing_loss_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("step,lr\n" + "".join(f"{k},0.1\n" for k in range(30)))
    watch, memory = watch_of(path, steps=[append(path, "30,0.1\n"), nothing, nothing])
    watch.run()
    assert [text for text in memory.notes if "no loss in" in text] == [
        f"run: no loss in {path} (columns: lr); name one: --role train_loss=NAME"
    ]


def test_what_is_still_being_read_is_told_after_a_while_all_the_same(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from descentry.watch.run import WatchedRun

    log.write_text(rows(0, 100, nan_from=50))
    watch, memory = watch_of(log, steps=[nothing] * 4, tick_s=HELD_S)
    read = WatchedRun._read

    def endless(self: WatchedRun, until: float) -> int:
        n_rows = read(self, until)
        self.is_caught_up = False
        return n_rows

    monkeypatch.setattr(WatchedRun, "_read", endless)
    watch.run()
    assert memory.changes == [("opened", "nan")]


def test_nobody_reads_any_more(log: Path) -> None:
    watch, memory = watch_of(log, steps=[nothing] * 9)
    assert replace(watch, is_read=lambda: False).run() == "reader_gone"
    assert memory.patience_s > 0


def test_states_tell_how_the_run_stands(log: Path) -> None:
    watch, memory = watch_of(log, steps=[append(log, rows(k, k + 2)) for k in range(200, 240, 2)])
    watch.run()
    (state,) = memory.states
    assert (state.run, state.step, state.n_points, state.verdict, state.curve) == (
        "run",
        239,
        240,
        "healthy",
        "loss",
    )
    assert state.trend == "falling"
    assert state.per_s == pytest.approx(4.0)
    assert state.last_time is not None


def test_the_troubles_of_one_sink_are_told_to_the_others(log: Path) -> None:
    from tests.watch.made import Remembers

    troubled = Remembers()
    troubled.problems.append("--notify x://...: it did not take the message")
    watch, memory = watch_of(log, sinks=[troubled])
    watch.run()
    assert "--notify x://...: it did not take the message" in memory.notes
    assert "--notify x://...: it did not take the message" not in troubled.notes
