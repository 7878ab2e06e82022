"""Console lines inside JSON records, and files of one number a line."""

import json
from pathlib import Path
from typing import Any

import pytest

from descentry.record.roles import Role
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.rows import joined
from descentry.sources.text import number_lines
from descentry.sources.text.json_records import JsonRecords

STEPS, LOSSES = list(range(0, 50, 10)), [2.5, 2.4, 2.3, 2.2, 2.1]


def run_of(tmp_path: Path, text: str, name: str = "a.json") -> Run:
    path = tmp_path / name
    path.write_text(text)
    (log,) = find(path)
    return collect(log)


def lines_of(**fields: Any) -> str:
    pairs = zip(STEPS, LOSSES, strict=True)
    records = [
        {its: x.format(step=s, loss=v) if isinstance(x, str) else x for its, x in fields.items()}
        for s, v in pairs
    ]
    return "".join(json.dumps(record) + "\n" for record in records)


MESSAGE = "step {step} loss {loss}"


@pytest.mark.parametrize(
    "fields",
    [
        {"level": "info", "time": "2025-01-02T03:04:05Z", "message": MESSAGE},
        {"level": 30, "time": 1735787045000, "pid": 1, "msg": MESSAGE},
        {"log": MESSAGE + "\n", "stream": "stdout", "time": "2025-01-02T03:04:05.0Z"},
        {"event": MESSAGE, "timestamp": "2025-01-02 03:04:05"},
        {"text": "2025-01-02 03:04:05 | INFO | " + MESSAGE + "\n", "record": {"line": 3, "name": "x"}},
    ],
)
def test_messages_of_records_are_lines(tmp_path: Path, fields: dict[str, Any]) -> None:
    run = run_of(tmp_path, lines_of(**fields))
    curve = run.curves["loss"]
    assert (curve.steps.tolist(), curve.values.tolist()) == (STEPS, LOSSES)
    assert curve.role is Role.TRAIN_LOSS
    assert curve.wall_times is not None
    assert curve.wall_times.tolist() == [1735787045.0] * 5


def test_plain_lines_between_records_are_read(tmp_path: Path) -> None:
    first, rest = lines_of(message=MESSAGE).split("\n", 1)
    run = run_of(tmp_path, f"{first}\nTraceback (most recent call last):\nstep 5 loss 2.45\n\n{rest}")
    assert run.curves["loss"].steps.tolist() == [0, 5, 10, 20, 30, 40]


def test_records_with_names_of_their_own_are_rows(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, "".join(json.dumps({"message": "x", "step": i, "loss": 2.5}) + "\n" for i in range(4))
    )
    assert run.format == "jsonl"


def test_any_split_and_every_prefix() -> None:
    data = lines_of(time="2025-01-02T03:04:05Z", message=MESSAGE).encode()
    for cut in range(len(data) + 1):
        decoder = JsonRecords("a")
        chunk = joined([decoder.feed(data[:cut]), decoder.feed(data[cut:]), decoder.end()])
        assert chunk.columns["loss"].values.tolist() == LOSSES
        decoder = JsonRecords("a")
        part = joined([decoder.feed(data[:cut]), decoder.end()])
        values = part.columns["loss"].values.tolist() if "loss" in part.columns else []
        assert values == LOSSES[: len(values)]
        n_whole = data[:cut].count(b"}")
        assert len(values) == n_whole


@pytest.mark.parametrize(
    ("name", "series"),
    [("a.txt", "loss"), ("val_loss.txt", "val_loss"), ("lr.log", "lr"), ("noname", "loss")],
)
def test_numbers_one_a_line_are_a_series(tmp_path: Path, name: str, series: str) -> None:
    run = run_of(tmp_path, "2.5\n2.4\nnan\n2.3\n", name)
    assert run.curves[series].steps.tolist() == [0, 1, 2, 3]
    assert run.curves[series].values.tolist()[-1] == 2.3
    assert any(
        event.kind == "derived" and (series in event.message or series == "loss") for event in run.events
    )


@pytest.mark.parametrize(
    "text", ["1\n2\n3\n4\n", "2.5\n", "2.5\nx\n2.4\n", "2.5\n2.4", "\n\n\n", "1.5 2.5\n" * 4]
)
def test_other_lines_are_no_such_series(text: str) -> None:
    assert not number_lines.matches(Path("a.txt"), text.encode())
