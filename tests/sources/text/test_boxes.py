"""Boxes of names and values: what counts them, which are data and which settings, cuts and intruders.

Stable-Baselines3's sample is by its own logger (see tests/make_samples); Baselines' and Spinning Up's boxes are
made up here as their loggers print them.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.text.test_following_bars import paused
from tests.sources.text.test_lines import decoded, points
from tests.sources.text.test_lines_hostile import assert_same, in_pieces

from descentry.record.chunk import Chunk
from descentry.sources.collect import collect
from descentry.sources.places.find import find
from descentry.sources.text.recognising import is_log

SAMPLE = Path(__file__).parents[2] / "samples" / "stable_baselines3" / "log.txt"
R = range(4)


def box(values: dict[str, object], tag: str = "") -> str:
    """A box as Stable-Baselines3 prints it."""
    under = "   " if tag else ""
    lines = [(tag, "")] if tag else []
    lines += [(under + name, str(value)) for name, value in values.items()]
    width, room = max(len(name) for name, _ in lines), max(len(value) for _, value in lines)
    rule = "-" * (width + room + 7)
    return "\n".join([rule, *(f"| {name:{width}} | {value:{room}} |" for name, value in lines), rule, ""])


def spinning(values: dict[str, object]) -> str:
    """A box as Spinning Up prints it: 15 characters for a value, in three digits."""
    width = max(15, *map(len, values))
    rule = "-" * (22 + width)
    return "\n".join(
        [rule, *(f"| {name:>{width}} | {value:>15.3g} |" for name, value in values.items()), rule, ""]
    )


CONSOLE = "Using cpu device\nWrapping the env in a DummyVecEnv.\n" + "".join(
    "---------------------------------\n"
    "| rollout/           |          |\n"
    f"|    ep_rew_mean     | {10 + i}.5     |\n"
    "| time/              |          |\n"
    f"|    iterations      | {i + 1}        |\n"
    f"|    total_timesteps | {2048 * (i + 1):<8} |\n"
    "| train/             |          |\n"
    f"|    loss            | {6 - i}.5      |\n"
    "---------------------------------\n"
    f"Eval num_timesteps={2048 * i + 3000}, episode_reward=13.00 +/- 1.00\n"
    "Episode length: 20.00 +/- 0.00\n"
    "New best mean reward!\n"
    for i in R
)
BASELINES = "Logging to /tmp/openai\n" + "".join(
    box({"approxkl": 0.001 * (i + 1), "eprewmean": "nan", "nupdates": i + 1, "policy_loss": 0.5 - i,
         "total_timesteps": 128 * (i + 1)})
    for i in R
)  # fmt: skip
SPINNING = "".join(
    spinning(
        {"Epoch": i + 1, "AverageEpRet": -20.5 + i, "TotalEnvInteracts": 4000 * (i + 1), "LossPi": 2.5 - i}
    )
    for i in R
)
LOGS = {"console": CONSOLE, "baselines": BASELINES, "spinning": SPINNING}


def series(chunk: Chunk) -> dict[str, list[tuple[int, float]]]:
    return {name: points(chunk, name) for name in chunk.columns}


def test_tags_stand_before_the_names_below_them_and_timesteps_count() -> None:
    found = series(decoded(CONSOLE))
    steps = [2048, 4096, 6144, 8192]
    assert found == {
        "rollout/ep_rew_mean": [(s, 10.5 + i) for i, s in enumerate(steps)],
        "time/iterations": [(s, 1 + i) for i, s in enumerate(steps)],
        "train/loss": [(s, 6.5 - i) for i, s in enumerate(steps)],
        "Eval episode_reward": [(3000 + 2048 * i, 13.0) for i in R],
    }


def test_a_boxes_settings_stay_out() -> None:
    assert not decoded(CONSOLE).config
    assert not decoded(BASELINES).config


def test_boxes_without_tags_are_read_under_their_names() -> None:
    chunk = decoded(BASELINES)
    assert points(chunk, "policy_loss") == [(128 * (i + 1), 0.5 - i) for i in R]
    assert points(chunk, "nupdates") == [(128 * (i + 1), i + 1) for i in R]
    assert [x != x for _, x in points(chunk, "eprewmean")] == [True] * 4
    assert points(decoded(SPINNING), "AverageEpRet") == [(4000 * (i + 1), -20.5 + i) for i in R]
    assert points(decoded(SPINNING), "Epoch") == [(4000 * (i + 1), i + 1) for i in R]


def test_counters_in_three_digits_keep_rows_apart_and_are_told() -> None:
    text = "".join(spinning({"LossPi": i, "TotalEnvInteracts": 1_000_000 + 4000 * i}) for i in R)
    chunk = decoded(text)
    assert points(chunk, "LossPi") == [(1_000_000, 0), (1_000_001, 1), (1_010_000, 2), (1_010_001, 3)]
    assert [(event.kind, event.count) for event in chunk.events] == [("rounded_step", 4)]


@pytest.mark.parametrize(
    ("counter", "steps", "kinds"),
    [("time/iterations", [1, 2, 3, 4], []), ("time/fps", [0, 1, 2, 3], ["missing_step"])],
)
def test_what_counts_when_no_timesteps_do(counter: str, steps: list[int], kinds: list[str]) -> None:
    tag, name = counter.split("/")
    text = "".join(box({name: i + 1, "loss": 6 - i}, f"{tag}/") for i in R)
    chunk = decoded(text)
    assert points(chunk, f"{tag}/loss") == [(s, 6 - i) for i, s in enumerate(steps)]
    assert [event.kind for event in chunk.events] == kinds


def test_a_box_without_the_counter_belongs_to_the_newest_step() -> None:
    text = box({"total_timesteps": 64, "loss": 2.5}, "time/") + box({"mean_reward": 7}, "eval/")
    assert points(decoded(text), "eval/mean_reward") == [(64, 7)]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_a_log_of_boxes_is_recognised(name: str) -> None:
    assert is_log(LOGS[name].encode())


@pytest.mark.parametrize("prefix", ["[rank0]: ", "2026-01-01T12:00:00.123Z ", "[12:00:00] "])
def test_a_prefix_is_no_hindrance(prefix: str) -> None:
    text = "".join(f"{prefix}{line}\n" for line in CONSOLE.splitlines())
    assert series(decoded(text)) == series(decoded(CONSOLE))
    assert is_log(text.encode())


SETTINGS = {
    "plain": box({"learning_rate": 0.1, "batch_size": 32}),
    "counted": box({"total_timesteps": 1000, "learning_rate": 0.1, "batch_size": 32}),
    "with losses": box({"loss_weight": 0.5, "epochs": 10, "batch_size": 32, "learning_rate": 0.1}),
    "never closed": "--------\n| learning_rate | 0.1 |\n| batch_size | 32 |\n",
    "titled": "--------\n| Parameter | Value |\n--------\n| learning_rate | 0.1 |\n| batch_size | 32 |\n--------\n",
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_lone_box_of_settings_is_no_row(name: str) -> None:
    text = SETTINGS[name] + "".join(f"step {i} loss {3 - i}.5\n" for i in R)
    chunk = decoded(text)
    assert set(chunk.columns) == {"loss"}
    assert (chunk.config["learning_rate"], chunk.config["batch_size"]) == (0.1, 32)
    assert not is_log(SETTINGS[name].encode())


def test_an_unclosed_box_at_the_end_is_left_out_and_told() -> None:
    text = CONSOLE[: CONSOLE.rindex("| train/")]
    chunk = decoded(text)
    assert [step for step, _ in points(chunk, "rollout/ep_rew_mean")] == [2048, 4096, 6144]
    assert [event.kind for event in chunk.events] == ["torn_tail"]


def test_lines_that_break_into_a_box_are_no_hindrance() -> None:
    text = CONSOLE.replace("| time/", "UserWarning: 3 of 4 are odd\n| time/").replace(
        "| train/", "a note\n| train/"
    )
    assert series(decoded(text)) == series(decoded(CONSOLE))


def test_a_value_that_is_no_number_is_told() -> None:
    text = box({"total_timesteps": 64, "loss": 2.5, "mode": "fast"}, "time/")
    chunk = decoded(text)
    assert set(chunk.columns) == {"time/loss"}
    assert [event.kind for event in chunk.events] == ["bad_value"]


def test_a_table_with_a_header_between_rules_stays_a_table() -> None:
    rule = "-" * 20 + "\n"
    text = f"{rule}| epoch | loss |\n{rule}" + "".join(f"| {i} | {3 - i}.5 |\n{rule}" for i in R)
    assert points(decoded(text), "loss") == [(i, 3.5 - i) for i in R]


@pytest.mark.parametrize("name", sorted(LOGS))
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 20), max_size=10))
def test_any_split_and_any_pause_give_the_same_boxes(name: str, cuts: list[int]) -> None:
    whole = decoded(LOGS[name])
    assert_same(whole, in_pieces(LOGS[name].encode(), cuts))
    assert str(series(paused(LOGS[name].encode(), cuts))) == str(series(whole))


@pytest.mark.parametrize("name", [*sorted(LOGS), "sample"])
def test_boxes_cut_at_any_byte_give_a_prefix(name: str) -> None:
    data = SAMPLE.read_bytes() if name == "sample" else LOGS[name].encode()
    whole = {name: str(its) for name, its in series(decoded(data)).items()}
    for cut in range(0, len(data), 1 + len(data) // 150):
        for name, found in series(decoded(data[:cut])).items():
            assert whole[name].startswith(str(found)[:-1]), cut


def test_a_file_of_boxes_is_found_and_read() -> None:
    (log,) = find(SAMPLE)
    run = collect(log)
    assert len(run.curves["train/loss"]) == 11
    assert "train/a_name_much_longer_than_the_bo..." in run.curves


BAIT = {
    "tags": ("-" * 9 + "\n") + "| a/ | |\n" * 20_000,
    "names": "".join(box({f"loss{i}": 1, "step": i}) for i in range(600)),
    "rules": ("-" * 60_000 + "\n") * 40,
    "spaces": "-------\n" + ("| " + " " * 290 + "a |\n") * 5000,
    "long": "-------\n| a/ | |\n" + "".join(f"| x{i} | 1 |\n" for i in range(20_000)) + "-------\n",
}


@pytest.mark.parametrize("name", sorted(BAIT))
def test_boxes_made_to_hurt_say_little(name: str) -> None:
    chunk = decoded(BAIT[name])
    assert chunk.n_rows <= 600
    assert len(chunk.columns) <= 512
