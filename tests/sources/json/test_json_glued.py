"""Lines of JSON with several objects, with NULs, with a key twice; fields that are no series; settings."""

import json
from pathlib import Path

import pytest

from descentry.record.errors import UnknownFormatError
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.json.glued import objects, twice
from descentry.sources.places.find import find

Told = list[tuple[str, str | None, int, bool]]


def run_of(tmp_path: Path, text: str, name: str = "a.jsonl") -> Run:
    path = tmp_path / name
    path.write_text(text)
    (log,) = find(path)
    return collect(log)


def losses(run: Run) -> list[tuple[int, float]]:
    curve = run.curves["loss"]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def told(run: Run) -> Told:
    return [(event.kind, event.where, event.count, event.warning) for event in run.events]


A, B = '{"step": 1, "loss": 2.5}', '{"step": 2, "loss": 2}'
BOTH = [(1, 2.5), (2, 2.0)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (A + B + "\n", [("glued", "a.jsonl:1", 1, False)]),
        (A + " " + B + "\n", [("glued", "a.jsonl:1", 1, False)]),
        (A + B, []),
        (A + "\n\0\0\0" + B + "\n", [("nul_bytes", "a.jsonl:2", 3, True)]),
        (A + "\0\0" + B + "\n", [("nul_bytes", "a.jsonl:1", 2, True)]),
        (A + "\n\0\0\n" + B + "\n", [("nul_bytes", "a.jsonl:2", 2, True)]),
        (A + '\n{"step": 7, "lo' + B + "\n", [("glued", "a.jsonl:2", 1, True), ("bad_line", "a.jsonl:2", 1, True)]),
        (A + '\n{"step": 7, "x": {"a": 1}\n' + B + "\n", [("bad_line", "a.jsonl:2", 1, True)]),
        (A + '\n[{"step": 7, "loss": 1}, {"step": 8\n' + B + "\n", [("bad_line", "a.jsonl:2", 1, True)]),
    ],
)  # fmt: skip
def test_every_whole_object_is_read(tmp_path: Path, text: str, events: Told) -> None:
    run = run_of(tmp_path, text)
    assert losses(run) == BOTH
    assert told(run) == events


def test_a_line_of_many_objects_is_no_trap(tmp_path: Path) -> None:
    run = run_of(tmp_path, "".join(f'{{"step":{i},"loss":1}}' for i in range(20_000)) + "\n")
    assert len(run.curves["loss"]) == 20_000
    assert objects(b'{"a":' * 100_000)[0] == []


@pytest.mark.parametrize("n", [1, 100])
def test_a_key_that_stands_twice_is_told(tmp_path: Path, n: int) -> None:
    rows = "".join(f'{{"step": {i}, "loss": 9, "loss": {i}}}\n' for i in range(n))
    run = run_of(tmp_path, f"{A}\n{rows}")
    assert losses(run)[1:] == [(i, float(i)) for i in range(n)]
    assert told(run) == [("bad_value", "a.jsonl:2", n, True)]


def test_colons_in_texts_are_no_keys(tmp_path: Path) -> None:
    rows = [{"step": i, "note": 'a": b:', "in": {"x": 1}, "loss": 1} for i in range(50)]
    assert not run_of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows)).events
    assert twice(b'{"a": {"b": 1, "b": 2}, "a": 3, "c": NaN}') == ["b", "a"]


def test_fields_without_numbers_are_named(tmp_path: Path) -> None:
    rows = [{"step": i, "loss": 1, "ok": True, "note": "x", "all": list(range(20))} for i in range(3)]
    run = run_of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert run.config["ignored"] == ["all", "note", "ok"]
    assert told(run) == [("no_series", "a.jsonl:1", 3, False)] * 2


SETTINGS = [{"lr": 0.001, "batch_size": 2}, {"lr": 0.1, "steps": 1000, "loss": "ce", "max_grad_norm": 1.0}]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("indent", [None, 1])
def test_settings_are_no_log(tmp_path: Path, settings: dict[str, object], indent: int | None) -> None:
    (tmp_path / "config.json").write_text(json.dumps(settings, indent=indent) + "\n")
    with pytest.raises(UnknownFormatError, match="JSON"):
        find(tmp_path / "config.json")
    (tmp_path / "a.jsonl").write_text(A + "\n" + B + "\n")
    assert [log.path.name for log in find(tmp_path)] == ["a.jsonl"]


@pytest.mark.parametrize("name", ["metrics.json", "a.jsonl"])
def test_one_row_with_a_loss_is_a_log(tmp_path: Path, name: str) -> None:
    assert losses(run_of(tmp_path, A + "\n", name)) == BOTH[:1]
