"""JSON lines: nested names, strings, steps that are missing, settings, damage."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descentry.record.event import merged
from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.json.lines import JsonLines
from descentry.sources.places.find import find
from descentry.sources.rows import joined


def run_of(tmp_path: Path, *lines: str, end: str = "\n") -> Run:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    (log,) = find(path)
    assert log.format == "jsonl"
    return collect(log)


def points(run: Run, name: str) -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def kinds(run: Run) -> list[str]:
    return [event.kind for event in run.events]


def test_nested_names_lists_and_strings(tmp_path: Path) -> None:
    row = (
        '{"step": 1, "train": {"loss": 2.5, "ok": true}, "lr": [0.1, 0.2], "acc": "0.5", "x": null, "n": "a"}'
    )
    run = run_of(tmp_path, row)
    assert {name: points(run, name)[0][1] for name in run.curves} == {
        "train/loss": 2.5, "lr/0": 0.1, "lr/1": 0.2, "acc": 0.5,
    }  # fmt: skip
    assert run.config == {"ignored": ["n", "train/ok"]}


@pytest.mark.parametrize("spelling", ["NaN", '"nan"', '"NaN"'])
def test_nan_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    run = run_of(tmp_path, '{"step": 1, "loss": 2.5}', f'{{"step": 2, "loss": {spelling}}}')
    assert repr(points(run, "loss")) == "[(1, 2.5), (2, nan)]"
    assert not run.events


def test_infinities(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, '{"step": 1, "loss": -Infinity}', '{"step": 2, "loss": Infinity}', '{"step":3,"loss":"inf"}'
    )
    assert repr(run.curves["loss"].values.tolist()) == "[-inf, inf, inf]"


def test_null_was_not_logged(tmp_path: Path) -> None:
    run = run_of(tmp_path, '{"step": 1, "loss": null, "lr": 1}', '{"step": 2, "loss": 2.5, "lr": 1}')
    assert points(run, "loss") == [(2, 2.5)]


def test_a_validation_row_without_a_step_belongs_to_the_row_before(tmp_path: Path) -> None:
    run = run_of(tmp_path, '{"step": 10, "loss": 2.5}', '{"val_loss": 2.25}', '{"step": 20, "loss": 2.0}')
    assert points(run, "val_loss") == [(10, 2.25)]
    assert not run.events


def test_other_rows_without_a_step_are_told(tmp_path: Path) -> None:
    assert kinds(run_of(tmp_path, '{"step": 10, "loss": 2.5}', '{"loss": 2.25}')) == ["missing_step"]


def test_rows_without_any_step_are_counted(tmp_path: Path) -> None:
    run = run_of(tmp_path, '{"loss": 2.5}', '{"loss": 2.25}')
    assert points(run, "loss") == [(0, 2.5), (1, 2.25)]
    assert kinds(run) == ["missing_step"]


def test_settings_go_to_the_config(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, '{"_meta": {"lr": 0.1, "steps": 20}}', '{"step": 1, "loss": 2.5}', '{"_summary": {"n": 3}}'
    )
    assert run.config == {"lr": 0.1, "steps": 20, "_summary": {"n": 3}}
    assert list(run.curves) == ["loss"]


def test_bad_lines_are_left_out_and_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, '{"step": 1, "loss": 2.5}', "oops", "[1]", "", '{"step": 2, "loss": 2.25}')
    assert points(run, "loss") == [(1, 2.5), (2, 2.25)]
    assert [(event.kind, event.where) for event in run.events] == [
        ("bad_line", "a.jsonl:2"),
        ("bad_line", "a.jsonl:3"),
    ]


def test_a_flood_of_bad_lines_is_told_in_brief(tmp_path: Path) -> None:
    run = run_of(
        tmp_path, '{"step": 1, "loss": 2.5}', *(f"bad {i}" for i in range(1000)), '{"step": 2, "loss": 2}'
    )
    assert len(run.events) < 30
    assert sum(event.count for event in run.events) == 1000


def test_a_torn_tail_is_told_and_a_whole_one_is_read(tmp_path: Path) -> None:
    rows = ['{"step": 1, "loss": 2.5}', '{"step": 2, "loss": 2.25}']
    assert len(run_of(tmp_path, *rows, end="").curves["loss"]) == 2
    run = run_of(tmp_path, rows[0], rows[1][:-3], end="")
    assert [(event.kind, event.where) for event in run.events] == [("torn_tail", "a.jsonl:2")]


def test_times(tmp_path: Path) -> None:
    row = '{"step": %d, "loss": 2.5, "_timestamp": %r}'
    walls = run_of(tmp_path, row % (1, 1.7e9), row % (2, 1.7e9 + 1)).curves["loss"].wall_times
    assert walls is not None
    assert walls.tolist() == [1.7e9, 1.7e9 + 1]
    assert "time" in run_of(tmp_path, '{"step": 1, "loss": 2.5, "time": 0.36}').curves


def test_the_fast_and_the_slow_way_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f'{{"step": {i}, "loss": {rng.normal()!r}, "timestamp": {1700000000 + i}}}' for i in range(500)]
    fast = run_of(tmp_path, *rows)
    slow = run_of(tmp_path, *rows, '{"step": 500, "other": 1}')
    for name in fast.curves:
        assert np.array_equal(fast.curves[name].values, slow.curves[name].values)
        walls = fast.curves[name].wall_times
        assert walls is not None
        assert np.array_equal(walls, slow.curves[name].wall_times)


def test_rows_of_mmdetection(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        '{"env_info": "linux", "seed": 1}',
        '{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.1, "loss": 2.5}',
        '{"mode": "train", "epoch": 1, "iter": 100, "lr": 0.1, "loss": 2.25}',
        '{"mode": "val", "epoch": 1, "iter": 30, "lr": 0.1, "bbox_mAP": 0.5, "loss": 2.4}',
        '{"mode": "train", "epoch": 2, "iter": 50, "lr": 0.1, "loss": 2.0}',
    )
    assert points(run, "loss") == [(50, 2.5), (100, 2.25), (150, 2.0)]
    assert points(run, "val/bbox_mAP") == [(100, 0.5)]
    assert points(run, "val/loss") == [(100, 2.4)]
    assert kinds(run) == ["derived"]
    assert run.config == {"env_info": "linux", "seed": 1}


SHAPES = [
    '{{"step": {i}, "loss": {x}, "time": {t}}}',
    '{{"step": {i}, "eval_loss": {x}}}',
    '{{"step": {i}, "loss": null, "lr": "{x}", "ok": true, "elapsed": "0:0{d}"}}',
    '{{"step": {i}, "loss": NaN, "lr": null}}',
    '{{"step": {i}, "loss": "n/a"}}',
    '{{"step": {i}}}',
    '{{"eval_loss": {x}}}',
    '{{"step": {i}, "a": {{"b": {x}}}}}',
    '{{"step": {i}, "time": "2023-11-14T22:13:20", "loss": {x}}}',
    '{{"step": {i}, "time": null, "loss": {x}}}',
    '{{"_meta": {{"n": {i}}}}}',
    '{{"step": {i}.0, "loss": {x}}}',
    '{{"epoch": {i}, "acc": {x}}}',
    '{{"step": {i}, "elapsed": {x}}}',
    "oops",
]


@settings(max_examples=300, deadline=None)
@given(kinds=st.lists(st.integers(0, len(SHAPES) - 1), min_size=1, max_size=12), repeats=st.integers(1, 3))
def test_a_block_at_once_and_line_by_line_agree(kinds: list[int], repeats: int) -> None:
    lines = [
        SHAPES[kind].format(i=i, x=i / 7, t=1.7e9 + i, d=i % 10) + "\n"
        for i, kind in enumerate(kinds * repeats)
    ]
    at_once, one_by_one = JsonLines("a"), JsonLines("a")
    whole = joined([at_once.feed("".join(lines).encode()), at_once.end()])
    pieces = joined([*(one_by_one.feed(line.encode()) for line in lines), one_by_one.end()])
    assert whole.steps.tolist() == pieces.steps.tolist()
    assert whole.columns.keys() == pieces.columns.keys()
    for name, (rows, values) in whole.columns.items():
        assert rows.tolist() == pieces.columns[name].rows.tolist()
        assert np.array_equal(values, pieces.columns[name].values, equal_nan=True)
    walls = [np.full(len(x.steps), np.nan) if x.wall_times is None else x.wall_times for x in (whole, pieces)]
    assert np.array_equal(*walls, equal_nan=True)
    assert whole.config == pieces.config
    told = [sorted((e.kind, e.message, e.count) for e in merged(x.events)) for x in (whole, pieces)]
    assert told[0] == told[1]
