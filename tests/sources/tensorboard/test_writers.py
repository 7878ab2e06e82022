"""Two writers in one folder at once are told from a resumed run."""

from pathlib import Path

import pytest
from tests.sources.made_logs import VERSION, event, simple
from tests.sources.test_readers import islice_until_idle

from descentry.diagnosis.diagnose import diagnose
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined


def put(folder: Path, number: int, begin: float, steps: range = range(20), tag: str = "loss") -> None:
    data = b"".join(event(step, simple(tag, 2 - step / 64 + number), begin + 10 * step) for step in steps)
    path = folder / f"events.out.tfevents.{number}.host"
    with path.open("ab") as file:
        file.write((b"" if file.tell() else VERSION) + data)


def told(folder: Path) -> list[str]:
    (log,) = find(folder)
    return [told.kind for told in collect(log).events]


def test_two_writers_at_once_are_told_once_and_are_no_restart(tmp_path: Path) -> None:
    put(tmp_path, 1, 1.7e9)
    put(tmp_path, 2, 1.7e9 + 3)
    assert told(tmp_path) == ["two_writers"]
    report = diagnose(find(tmp_path)[0])
    assert not [told for told in report.events if "newer rows" in told.message]
    assert [told.step for told in report.events if told.kind == "resume"] == [0]


@pytest.mark.parametrize("begin", [200.0, 189.9, 5000.0])
def test_a_resume_is_none_even_where_clocks_differ_a_little(tmp_path: Path, begin: float) -> None:
    put(tmp_path, 1, 1.7e9)
    put(tmp_path, 2, 1.7e9 + begin)
    assert told(tmp_path) == []


def test_writers_of_different_series_share_a_folder(tmp_path: Path) -> None:
    put(tmp_path, 1, 1.7e9)
    put(tmp_path, 2, 1.7e9 + 3, tag="accuracy")
    assert told(tmp_path) == []


def test_two_writers_that_are_followed_are_told_once(tmp_path: Path) -> None:
    put(tmp_path, 1, 1.7e9, range(5))
    put(tmp_path, 2, 1.7e9 + 3, range(5))
    chunks = find(tmp_path)[0].follow()
    got = islice_until_idle(chunks)
    for at in range(5, 20, 5):
        put(tmp_path, 1, 1.7e9, range(at, at + 5))
        put(tmp_path, 2, 1.7e9 + 3, range(at, at + 5))
        got += islice_until_idle(chunks)
    assert [told.kind for told in joined(got).events] == ["two_writers"]
