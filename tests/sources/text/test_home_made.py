"""Lines of home-made loops: a number without a name, wide tables, lines printed twice, validations that count."""

import pytest
from tests.sources.text.test_lines import decoded, points

from descentry.record.roles import Role
from descentry.sources.roles import resolve
from descentry.sources.text.recognising import is_log

LONE = (
    "epoch {i}: {x}",
    "Epoch {i} - {x}",
    "Epoch [{i}/4]: {x}",
    "Epoch {i}/4 | {x}",
    "epoch {i} -> {x}",
    "step {i}: {x}",
)


@pytest.mark.parametrize("shape", LONE)
def test_a_lone_number_behind_a_counter_is_the_loss_and_told(shape: str) -> None:
    text = "".join(shape.format(i=i, x=f"{3 - i / 4}") + "\n" for i in range(1, 5))
    assert is_log(text.encode())
    chunk = decoded(text)
    assert points(chunk, "loss") == [(i, 3 - i / 4) for i in range(1, 5)]
    assert [(event.kind, event.count) for event in chunk.events] == [("unnamed_value", 4)]


@pytest.mark.parametrize("tail", ["12.5s", "98%", "12", "saved", "2.5 3.5", "0:12:01", "98.5 %", "1.5 GB"])
def test_a_number_that_may_be_something_else_is_no_loss(tail: str) -> None:
    chunk = decoded("".join(f"epoch {i}: {tail}\n" for i in range(4)))
    assert "loss" not in chunk.columns


def test_where_the_loss_has_a_name_a_lone_number_is_none() -> None:
    chunk = decoded("".join(f"epoch {i} loss {3 - i}.5\nepoch {i}: 0.{i}\n" for i in range(3)))
    assert points(chunk, "loss") == [(0, 3.5), (1, 2.5), (2, 1.5)]
    assert not chunk.events


WIDE = (
    "Epoch  Train Loss  Val Loss\n{i}      {a}         {b}\n",
    "Epoch\tTrain Loss\tVal Loss\n{i}\t{a}\t{b}\n",
    " Epoch   Train Loss   Val Loss  \n---------------------\n   {i}      {a}     {b}\n",
)


@pytest.mark.parametrize("table", WIDE)
def test_two_spaces_or_a_tab_part_names_of_two_words(table: str) -> None:
    *header, row = table.splitlines(keepends=True)
    text = "".join(header) + "".join(row.format(i=i, a=3 - i / 4, b=3.5 - i / 4) for i in range(1, 5))
    assert is_log(text.encode())
    chunk = decoded(text)
    assert points(chunk, "Train Loss") == [(i, 3 - i / 4) for i in range(1, 5)]
    assert points(chunk, "Val Loss") == [(i, 3.5 - i / 4) for i in range(1, 5)]


def test_a_line_printed_twice_is_one_row_and_told() -> None:
    once = [f"step {i} loss {'nan' if i == 7 else 9 - i}" for i in range(9)]
    chunk = decoded("".join(f"2024-01-02 10:00:0{i} INFO {line}\n{line}\n" for i, line in enumerate(once)))
    assert [step for step, _ in points(chunk, "loss")] == list(range(9))
    plain = decoded("".join(f"{line}\n{line}\n" for line in once))
    assert [step for step, _ in points(plain, "loss")] == list(range(9))
    assert [(event.kind, event.count) for event in plain.events] == [("repeated_line", 9)]


def test_a_step_with_two_values_keeps_both() -> None:
    chunk = decoded("".join(f"step {i} loss {9 - i}\nstep {i} loss {9 - i}.5\n" for i in range(5)))
    assert len(points(chunk, "loss")) == 10
    assert not chunk.events


def test_a_validation_that_counts_its_own_batches_is_no_resume() -> None:
    text = ""
    for epoch in range(3):
        text += "".join(f"train epoch {epoch} batch {i}/40 loss {3 - epoch}.{i}\n" for i in (0, 10, 20, 30))
        text += "".join(f"val epoch {epoch} batch {i}/90 loss {4 - epoch}.{i}\n" for i in (0, 30, 60))
    chunk = decoded(text)
    assert [step for step, _ in points(chunk, "loss")] == list(range(0, 120, 10))
    assert [step for step, _ in points(chunk, "validation loss")] == [30] * 3 + [70] * 3 + [110] * 3
    assert (chunk.steps[1:] >= chunk.steps[:-1]).all()


def rsl_rl(i: int) -> str:
    return (
        f"{'#' * 80}\n            \x1b[1m Learning iteration {i}/1500 \x1b[0m\n\n"
        f"           Computation: {41234 + i} steps/s (collection: 1.234s, learning 0.456s)\n"
        f"           Mean action noise std: 0.9{i}\n           Value function loss: 0.0{i + 1}\n"
        f"           Surrogate loss: -0.0{i}5\n           Mean reward: {i}.25\n"
        f"           Mean episode length: 2{i}.50\n"
        f"           Episode_Reward/track_lin_vel_xy_exp: 0.0{i}\n{'-' * 80}\n"
        f"           Total timesteps: {98304 * (i + 1)}\n"
        "           Iteration time: 1.69s\n           Total time: 3.38s\n           ETA: 2533.3s\n\n"
    )


def test_the_blocks_of_rsl_rl_are_rows_of_their_iteration() -> None:
    text = "".join(map(rsl_rl, range(5)))
    assert is_log(text.encode())
    chunk = decoded(text)
    assert points(chunk, "Mean reward") == [(i, i + 0.25) for i in range(5)]
    assert points(chunk, "Value function loss") == [(i, (i + 1) / 100) for i in range(5)]
    assert points(chunk, "Total timesteps") == [(i, 98304 * (i + 1)) for i in range(5)]
    assert points(chunk, "steps/s")[0] == (0, 41234.0)
    assert chunk.config == {"max_steps": 1500}


def test_what_a_policy_earns_is_a_reward() -> None:
    names = ["rollout/ep_rew_mean", "ep_rew_mean", "Mean reward", "eprewmean", "train/loss", "rew_std"]
    roles = resolve(names)
    assert [name for name in names if roles[name] is Role.REWARD] == names[:4]
