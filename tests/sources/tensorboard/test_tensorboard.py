"""Event files: bad records, resumes, steps that repeat, folders."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from tests.sources import made_logs
from tests.sources.made_logs import VERSION, event, record, simple, sized, tensor

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.tensorboard import budget
from descentry.sources.tensorboard import reader as tensorboard
from descentry.sources.tensorboard.event_file import EventFile

NAME = "events.out.tfevents.1700000000.host.1.0"


def run_of(folder: Path, data: bytes, name: str = NAME) -> Run:
    (folder / name).write_bytes(data)
    (log,) = find(folder / name)
    return collect(log)


def points(run: Run, name: str) -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_a_bad_record_costs_itself_and_is_told(tmp_path: Path) -> None:
    good = [event(i, simple("loss", i)) for i in range(4)]
    bad = record(b"\xff" * 30)
    run = run_of(tmp_path, VERSION + good[0] + good[1] + bad + good[2] + good[3])
    assert points(run, "loss") == [(i, float(i)) for i in range(4)]
    (found,) = run.events
    assert found.kind == "bad_record"
    assert found.where == f"{NAME}@byte {len(VERSION + good[0] + good[1])}"


def test_an_absurd_length_costs_only_itself(tmp_path: Path) -> None:
    before, after = event(1, simple("loss", 2.5)), event(2, simple("loss", 2.25))
    run = run_of(tmp_path, VERSION + before + b"\xff" * 100 + after)
    assert points(run, "loss") == [(1, 2.5), (2, 2.25)]
    (found,) = run.events
    at = len(VERSION + before)
    assert (found.kind, found.where) == ("bad_record", f"{NAME}@byte {at} to {at + 100}")


def test_verify_finds_a_flipped_bit(tmp_path: Path) -> None:
    path = tmp_path / NAME
    data = bytearray(VERSION + event(1, simple("loss", 2.5)) + event(2, simple("loss", 2.25)))
    data[len(data) - 6] ^= 1
    path.write_bytes(data)
    assert len(joined(tensorboard.read(path)).steps) == 2
    assert len(joined(tensorboard.read(path, verify=True)).steps) == 1


def test_values_of_one_step_form_a_row(tmp_path: Path) -> None:
    body = b"".join(sized(1, sized(1, t) + b"\x15" + struct.pack("<f", 1.5)) for t in (b"loss", b"lr"))
    data = VERSION + event(1, sized(5, body)) + event(1, simple("acc", 0.5)) + event(1, simple("acc", 0.25))
    (tmp_path / NAME).write_bytes(data)
    chunk = joined(tensorboard.read(tmp_path / NAME))
    assert chunk.steps.tolist() == [1, 1]
    assert {name: column.rows.tolist() for name, column in chunk.columns.items()} == {
        "loss": [0],
        "lr": [0],
        "acc": [0, 1],
    }


def test_steps_of_any_size_and_values_of_any_kind(tmp_path: Path) -> None:
    steps = [0, 127, 128, 1 << 40, -1, (1 << 62) - 1]
    values = [float("nan"), float("inf"), float("-inf"), 1e-45, -0.0, 3.0]
    rows = list(zip(steps, values, strict=True))
    run = run_of(tmp_path, VERSION + b"".join(event(s, simple("loss", v)) for s, v in rows for _ in range(2)))
    assert run.curves["loss"].steps.tolist() == [s for s in steps for _ in range(2)]
    expected = np.array([v for v in values for _ in range(2)], np.float32).astype(float)
    assert np.array_equal(run.curves["loss"].values, expected, equal_nan=True)


def test_a_session_start_is_a_resume_and_tells_what_it_declares_void(tmp_path: Path) -> None:
    start = event(7, sized(7, b"\x08\x01"))
    data = VERSION + event(6, simple("loss", 3)) + event(9, simple("loss", 2.5)) + start
    run = run_of(tmp_path, data + event(7, simple("loss", 2.25)))
    assert [(found.kind, found.step, found.warning) for found in run.events] == [
        ("resume", 7, False),
        ("purged", 7, True),
    ]
    assert "from 7 on void: those to 9" in run.events[1].message
    assert run.events[1].where == f"{NAME}@byte {data.index(start)}"
    assert points(run, "loss") == [(6, 3.0), (9, 2.5), (7, 2.25)]


def test_a_session_that_voids_nothing_is_a_resume_alone(tmp_path: Path) -> None:
    first, start = event(0, sized(7, b"\x08\x01")), event(10, sized(7, b"\x08\x01"))
    data = VERSION + first + event(9, simple("loss", 2.5)) + start + event(10, simple("loss", 2.25))
    run = run_of(tmp_path, data)
    assert [(found.kind, found.step) for found in run.events] == [("resume", 0), ("resume", 10)]


def test_a_session_voids_steps_of_earlier_files(tmp_path: Path) -> None:
    rows = [event(step, simple("loss", step)) for step in range(10)]
    (tmp_path / NAME).write_bytes(VERSION + b"".join(rows))
    later = NAME.replace("17", "18")
    (tmp_path / later).write_bytes(VERSION + event(5, sized(7, b"\x08\x01")) + rows[5])
    (log,) = find(tmp_path)
    run = collect(log)
    assert [(found.kind, found.step) for found in run.events] == [("resume", 5), ("purged", 5)]
    assert points(run, "loss") == [*((i, float(i)) for i in range(10)), (5, 5.0)]
    chunks = log.follow()
    followed = [next(chunks) for _ in range(4)]
    assert "purged" in {found.kind for chunk in followed for found in chunk.events}


def test_what_is_no_scalar_is_passed_over_and_counted(tmp_path: Path) -> None:
    text = tensor("text", b"\x08\x07" + sized(8, b"hello"), "text")
    image = sized(5, sized(1, sized(1, b"image") + sized(4, b"\x08\x01")))
    data = VERSION + event(1, text) + event(2, text) + event(2, image) + event(2, simple("loss", 2.5))
    run = run_of(tmp_path, data)
    assert list(run.curves) == ["loss"]
    told = [(found.kind, found.message, found.count, found.warning) for found in run.events]
    assert told == [
        ("passed_over", 'no curve, passed over: "text"', 2, False),
        ("passed_over", 'no curve, passed over: "image"', 1, False),
    ]


def test_the_files_of_a_folder_are_one_run_in_the_order_of_time(tmp_path: Path) -> None:
    for number, step in ((9, 1), (10, 2), (100, 3)):
        name = f"events.out.tfevents.1700000000.host.{number}.0"
        (tmp_path / name).write_bytes(VERSION + event(step, simple("loss", step)))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / NAME).write_bytes(VERSION + event(1, simple("acc", 1)))
    outer, inner = find(tmp_path)
    assert (outer.run, inner.run) == (tmp_path.name, "inner")
    assert points(collect(outer), "loss") == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert list(collect(inner).curves) == ["acc"]


def test_wall_times_are_kept(tmp_path: Path) -> None:
    data = VERSION + event(1, simple("loss", 1), 1.5e9) + event(2, simple("loss", 1), math.nan)
    walls = run_of(tmp_path, data).curves["loss"].wall_times
    assert walls is not None
    assert walls.tolist()[0] == 1.5e9
    assert math.isnan(walls[1])


def test_an_unknown_name_needs_the_version_record(tmp_path: Path) -> None:
    assert run_of(tmp_path, made_logs.events([(1, {"loss": 2.5})]), "scalars.log").format == "tensorboard"


def test_a_file_of_rubbish_is_given_up_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_BAD", 3)
    good = [event(step, simple("loss", 5.0 - step)) for step in range(4)]
    rubbish = b"".join(record(bytes([255, n, 7])) for n in range(5))
    data = b"".join([VERSION, *good[:2], rubbish])
    decoder = EventFile("x")
    chunk = joined([decoder.feed(data), decoder.feed(rubbish + good[2] + good[3]), decoder.end()])
    told = [event for event in chunk.events if event.message.startswith("over 3 records")]
    assert [(event.kind, event.count) for event in told] == [("bad_record", 5)]
    assert chunk.columns["loss"].values.tolist() == [5.0, 4.0, 3.0, 2.0]
