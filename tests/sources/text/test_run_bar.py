"""tqdm bars: the one that counts a run's steps, those of epochs, and bars beside lines with losses."""

from pathlib import Path

import pytest

from descentry.record.run import Run
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.run_bar import MAX_HELD


def state(n: int, total: int, metrics: str, label: str = "") -> str:
    """One state as tqdm prints it, over the one before."""
    postfix = f", {metrics}" if metrics else ""
    return f"\r{label and label + ': '}{100 * n // total:3}%|██        | {n}/{total} [00:01<00:09, 9.1it/s{postfix}]"


def refreshed(losses: list[float], label: str = "") -> str:
    """A bar whose `set_postfix` comes within the step: what a state says is old until then."""
    said, out = "", ""
    for n, loss in enumerate(losses):
        out += state(n, len(losses), said, label)
        said = f"loss={loss}"
        out += state(n, len(losses), said, label)
    return out + 2 * state(len(losses), len(losses), said, label) + "\n"


def run_of(tmp_path: Path, text: str) -> Run:
    (tmp_path / "a.log").write_text(text)
    (log,) = find(tmp_path / "a.log")
    return collect(log)


def points(run: Run, name: str = "loss") -> list[tuple[int, float]]:
    curve = run.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


LOSSES = [3.5, 3.25, 3.25, 2.5]


@pytest.mark.parametrize("label", ["", "Training"])
def test_every_state_of_a_runs_bar_is_a_row(tmp_path: Path, label: str) -> None:
    run = run_of(tmp_path, refreshed(LOSSES, label))
    (name,) = run.curves
    assert points(run, name) == list(enumerate(LOSSES))
    assert not run.events


def test_a_bar_without_refresh_counts_the_steps_done(tmp_path: Path) -> None:
    text = "".join(state(n, 4, f"loss={loss}") for n, loss in enumerate(LOSSES, 1)) + state(4, 4, "loss=2.5")
    assert points(run_of(tmp_path, text)) == list(enumerate(LOSSES, 1))


def test_the_next_epochs_bar_goes_on_counting(tmp_path: Path) -> None:
    run = run_of(tmp_path, refreshed(LOSSES) + refreshed([2.25, 2.0, 1.75, 1.5]))
    assert points(run) == list(enumerate([*LOSSES, 2.25, 2.0, 1.75, 1.5]))


def test_a_bar_that_was_broken_off_begins_anew(tmp_path: Path) -> None:
    broken = "".join(state(n, 9, f"loss={4 - n}") for n in range(1, 4))
    again = "".join(state(n, 9, f"loss={5 - n}") for n in range(2, 5))
    expected = [(1, 3.0), (2, 2.0), (3, 1.0), (2, 3.0), (3, 2.0), (4, 1.0)]
    assert points(run_of(tmp_path, broken + "\n" + again + "\n")) == expected


def test_lines_with_a_loss_make_bars_superfluous(tmp_path: Path) -> None:
    lines = [refreshed(LOSSES) + f"epoch {n} train loss {5 - n}\n" for n in range(1, 4)]
    run = run_of(tmp_path, "".join(lines))
    (name,) = run.curves
    assert points(run, name) == [(1, 4.0), (2, 3.0), (3, 2.0)]
    assert [event.kind for event in run.events] == ["progress_bar"]


def test_an_epochs_bar_is_one_row_though_it_is_shown_twice_when_full(tmp_path: Path) -> None:
    run = run_of(tmp_path, "".join(refreshed([3.0 - n, 2.5 - n], f"Epoch {n}") for n in range(3)))
    assert points(run) == [(0, 2.5), (1, 1.5), (2, 0.5)]


def test_a_validation_bar_stands_behind_the_steps_of_its_epoch(tmp_path: Path) -> None:
    both = refreshed(LOSSES, "Training") + refreshed([3.0, 2.75], "Validation")
    run = run_of(tmp_path, 2 * both)
    train, val = run.curves
    assert points(run, train) == list(enumerate(2 * LOSSES))
    assert [step for step, _ in points(run, val)] == [3, 7]


def test_a_long_bar_is_handed_out_before_its_end() -> None:
    decoder = TextDecoder("a.log")
    text = "".join(state(n, 9999, f"loss={n / 8}") for n in range(2 * MAX_HELD)) + "\n"
    assert decoder.feed(text.encode()).n_rows > MAX_HELD


def test_counts_with_units_are_no_steps(tmp_path: Path) -> None:
    text = "".join(f"\r 1%|█ | {n}.5k/9.0k [00:01<00:09, 9.1it/s, loss={n}.5]" for n in range(1, 9))
    (tmp_path / "a.log").write_text(text + "\nstep 1 loss 2.5\nstep 2 loss 2.25\nstep 3 loss 2.0\n")
    (log,) = find(tmp_path / "a.log")
    assert points(collect(log))[-3:] == [(1, 2.5), (2, 2.25), (3, 2.0)]


def test_a_full_bar_is_shown_again_with_its_last_loss_and_with_the_validations(tmp_path: Path) -> None:
    """What Lightning's bar does, which also begins anew before the next epoch's label stands there."""
    text = ""
    for epoch, (train, val) in enumerate([(2.5, 3.0), (1.5, 2.0), (0.5, 1.0)]):
        label, stale, fresh = f"Epoch {epoch}", f"train_loss={train + 1}", f"train_loss={train}"
        text += state(1, 2, stale, label) + state(2, 2, stale, label) + state(2, 2, fresh, label)
        both = f"{fresh}, val_loss={val}"
        text += (
            "\n"
            + "".join(state(n, 2, "", "Validation DataLoader 0") for n in range(3))
            + 2 * state(2, 2, both, label)
            + state(0, 2, both, label)
            + state(0, 2, both, f"Epoch {epoch + 1}")
        )
    run = run_of(tmp_path, text + "\n")
    assert points(run, "train_loss") == [(0, 2.5), (1, 1.5), (2, 0.5)]
    assert points(run, "val_loss") == [(0, 3.0), (1, 2.0), (2, 1.0)]


def test_a_full_bar_goes_before_the_line_that_follows_it(tmp_path: Path) -> None:
    text = "".join(
        state(1, 2, f"loss={4 - n}", f"Epoch {n}")
        + state(2, 2, f"loss={4 - n}", f"Epoch {n}")
        + f"\nBLEU = {n}.5\n"
        for n in range(1, 4)
    )
    run = run_of(tmp_path, text)
    assert points(run) == [(1, 3.0), (2, 2.0), (3, 1.0)]
