"""The invariance suite: what it changes, and what it lets pass."""

from pathlib import Path

import numpy as np
from lab.case import Case, Made, Truth
from lab.score.invariance import IN_NATS, WAYS, Held, Verdict, Way, clockless, held, lines, single
from lab.store import stored, write

from descentry.record.chunk import table

UNIT = Way("loss x 100", lambda chunk: chunk)
OTHER = Way("stride 10", lambda chunk: chunk)


def verdict(word: str, *patterns: str) -> Verdict:
    return Verdict(word, frozenset(patterns))


def test_another_word_or_pattern_is_told() -> None:
    assert verdict("warning", "spike").differs(verdict("warning", "spike"), OTHER) == ""
    assert "lost spike" in verdict("warning", "spike").differs(verdict("healthy"), OTHER)
    assert "became" in verdict("warning", "spike").differs(verdict("critical", "spike"), OTHER)


def test_what_knows_the_unit_is_left_out_where_the_unit_changes() -> None:
    assert {"bad_init", "too_good"} == IN_NATS
    assert verdict("warning", "bad_init").differs(verdict("healthy"), UNIT) == ""
    assert verdict("warning", "bad_init").differs(verdict("healthy"), OTHER) != ""
    assert verdict("warning", "bad_init", "spike").differs(verdict("healthy"), UNIT) != ""


def test_the_changes_do_as_they_say() -> None:
    steps = np.arange(3)
    chunk = table(steps, {"train_loss": np.array([1e300, 0.1, np.nan])}, np.ones(3))
    values = single(chunk).columns["train_loss"].values
    assert values[0] == np.inf
    assert values[1] == float(np.float32(0.1)) != 0.1
    assert np.isnan(values[2])
    assert clockless(chunk).wall_times is None


def test_a_healthy_run_holds_under_every_way(tmp_path: Path) -> None:
    steps = np.arange(1, 401)
    noise = np.random.default_rng(1).standard_normal(400)
    loss = 1.0 + 3.0 * np.exp(-steps / 60.0) + 0.02 * noise
    made = Made({"train_loss": (steps, loss)}, Truth())
    write(tmp_path, Case("made", "x", "healthy", "none", 0, lambda: made), made)
    told = held(stored(tmp_path)[0])
    assert set(told.differs) == {way.name for way in WAYS}
    assert not any(told.differs.values()), told.differs


def test_the_table_counts_runs_that_broke() -> None:
    whole = Held("a", dict.fromkeys([way.name for way in WAYS], ""))
    broken = Held("b", {**whole.differs, "float32": "warning became healthy"})
    text = "\n".join(lines([whole, broken]))
    assert "b" in text.splitlines()[0]
    assert "50.00% of 2 runs" in text
    assert "all of them       50.00%" in text
