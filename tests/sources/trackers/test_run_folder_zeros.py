"""Zeros that a power failure leaves in a run folder's file: told, and they cost only what they hide."""

from pathlib import Path

import pytest
from tests.sources.trackers.test_run_folder import HEAD, news

import descentry
from descentry.record.errors import InputError
from descentry.sources.places.find import find
from descentry.sources.trackers import run_folder

ROW_LINES = [b'{"step":%d,"wall_time":1700000000.5,"loss":%d.5}\n' % (i, i) for i in range(60)]


@pytest.mark.parametrize("n_rows", [5, 60])
@pytest.mark.parametrize("zeros", [1, 512, 4096, 100_000])
def test_zeros_of_a_power_failure_are_told_and_cost_only_what_they_hide(
    tmp_path: Path, n_rows: int, zeros: int
) -> None:
    lines = ROW_LINES[:n_rows]
    path = tmp_path / "metrics.jsonl"
    alone = [HEAD, *lines[:3], bytes(zeros), b"\n", *lines[3:]]
    before_a_row = [HEAD, *lines[:3], bytes(zeros), *lines[3:]]
    in_a_row = [HEAD, *lines[:3], lines[3][:20], bytes(zeros), lines[4][20:], *lines[5:]]
    for parts, missing in ((alone, set()), (before_a_row, set()), (in_a_row, {3, 4})):
        path.write_bytes(b"".join(parts))
        run = descentry.read(path)
        assert run.curves["loss"].steps.tolist() == [i for i in range(n_rows) if i not in missing]
        told = [event for event in run.events if event.message == run_folder.ZEROS]
        assert [(event.kind, event.where, event.warning) for event in told] == [
            ("bad_line", "metrics.jsonl:5", True)
        ]


@pytest.mark.parametrize("zeros", [1, 4096, 100_000])
def test_zeros_at_the_end_are_told(tmp_path: Path, zeros: int) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(HEAD + b"".join(ROW_LINES[:5]) + bytes(zeros))
    run = descentry.read(path)
    assert len(run.curves["loss"].steps) == 5
    assert [event.message for event in run.events] == [run_folder.ZEROS]
    path.write_bytes(HEAD + b"".join(ROW_LINES[:5])[:-1] + bytes(zeros))
    assert len(descentry.read(path).curves["loss"].steps) == 5
    chunks = find(path)[0].follow()
    assert len(news(chunks)) == 4
    with pytest.warns(UserWarning, match="lacked its end of line"):
        log = descentry.Log(tmp_path)
    log.write(7, loss=1.0)
    log.close()
    assert news(chunks) == [4, 7]


@pytest.mark.parametrize("n_zeros", [len(HEAD), 300, 512])
def test_a_log_whose_start_is_zeros_is_read(tmp_path: Path, n_zeros: int) -> None:
    data = HEAD + b"".join(ROW_LINES)
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(bytes(n_zeros) + data[n_zeros:])
    n_left = data[n_zeros:].count(b"\n") - (n_zeros > len(HEAD))
    (log,) = find(tmp_path)
    assert log.format == "descentry"
    assert len(news(log.follow())) == n_left
    run = descentry.read(tmp_path)
    assert run.curves["loss"].steps.tolist() == list(range(60 - n_left, 60))
    assert run.events[0].message == run_folder.ZEROS


def test_a_log_of_nothing_but_zeros_is_no_run_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(bytes(100_000))
    run = descentry.read(path)
    assert (dict(run.curves), [event.message for event in run.events]) == ({}, [run_folder.ZEROS])
    path.rename(tmp_path / "other.bin")
    with pytest.raises(InputError, match="binary"):
        descentry.read(tmp_path / "other.bin")
