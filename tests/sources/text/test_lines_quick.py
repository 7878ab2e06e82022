"""Console logs on the quick way: the same rows as on the long one, and no loop of a writer falls off it."""

from pathlib import Path

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.text.quick import Quick
from descentry.sources.text.reading import Reading


def nanogpt(n: int) -> list[str]:
    """The lines of a nanoGPT run: an evaluation every 50 steps in lines of their own, which count the same."""
    lines = []
    for i in range(n):
        if i % 50 == 0:
            lines.append(f"step {i}: train loss {9 / (i + 1):.4f}, val loss {9.5 / (i + 1):.4f}")
        lines.append(f"iter {i}: loss {9 / (i + 1):.4f}, time {100 + i / 8:.2f}ms, mfu {i % 41:.2f}%")
    return lines


def run_of(path: Path, lines: list[str], end: str = "\n") -> Run:
    path.write_bytes("".join(line + end for line in lines).encode())
    return collect(find(path)[0])


def curves(run: Run) -> dict[str, tuple[list[int], list[float]]]:
    return {name: (curve.steps.tolist(), curve.values.tolist()) for name, curve in run.curves.items()}


def test_a_log_of_two_counters_that_agree_stays_on_the_quick_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_long = 0
    long_way = Reading._line

    def counted(self: Reading, text: str) -> None:
        nonlocal n_long
        n_long += 1
        long_way(self, text)

    monkeypatch.setattr(Reading, "_line", counted)
    run = run_of(tmp_path / "a.log", nanogpt(2000))
    assert run.curves["loss"].steps.tolist() == list(range(2000))
    assert run.curves["val loss"].steps.tolist() == list(range(0, 2000, 50))
    assert n_long < 20


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_quick_way_gives_what_the_long_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    lines = [*nanogpt(300), "saving checkpoint to out", *nanogpt(120)]
    quick = curves(run_of(tmp_path / "a.log", lines, end))
    monkeypatch.setattr(Quick, "run", lambda *_: 0)
    assert quick == curves(run_of(tmp_path / "a.log", lines, end))
    assert len(quick["loss"][0]) == 420


def test_an_engine_that_counts_its_own_updates_stays_between_its_neighbours(tmp_path: Path) -> None:
    lines = []
    for i in range(100, 140):
        lines += [f"step {i}: loss {9 / i:.4f}", f"[engine] iteration {4 * i}: lr 0.0010, speed {i}.5"]
    run = run_of(tmp_path / "a.log", lines)
    assert run.curves["loss"].steps.tolist() == list(range(100, 140))
    assert run.curves["speed"].steps.tolist()[:-1] == list(range(101, 140))


def uncounted(n: int) -> list[str]:
    """Lines without a counter; now and then a validation, a value that is none, a word."""
    lines = []
    for i in range(n):
        lines.append(
            f"train loss {9 / (i + 1):.4f} acc {i / n:.3f}" if i % 31 else f"train loss nan acc {i / n:.3f}"
        )
        if i % 20 == 19:
            lines += [f"val loss {9.5 / (i + 1):.4f}", "saving"]
    return lines


def test_lines_that_count_nothing_are_numbered_on_the_quick_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_long = 0
    long_way = Reading._line

    def counted(self: Reading, text: str) -> None:
        nonlocal n_long
        n_long += 1
        long_way(self, text)

    quick = curves(run_of(tmp_path / "a.log", uncounted(2000)))
    assert quick["train loss"][0] == list(range(2000))
    assert quick["val loss"][0] == list(range(19, 2000, 20))
    monkeypatch.setattr(Reading, "_line", counted)
    assert len(curves(run_of(tmp_path / "b.log", uncounted(2000)))) == 3
    assert n_long < 320
    monkeypatch.setattr(Quick, "run", lambda *_: 0)
    assert repr(quick) == repr(curves(run_of(tmp_path / "a.log", uncounted(2000))))
    assert n_long > 2000
