"""Counters of console text: units, words behind numbers, batches within epochs, ratios and measures."""

import pytest
from tests.sources.text.test_lines import decoded, points

BATCHES = (
    "Epoch [{e}/3], Step [{b}/100], Loss: {x}", "[{e}, {b}] loss: {x}", "Epoch: [{e}][{b}/100] Loss {x} ({x})",
    "Epoch {e} [{b}/100] loss: {x}", "Epoch {e}/3 [{b}/100] loss: {x}", "Epoch {e}/3, Batch {b}/100, loss: {x}",
    "| epoch {e:3} | {b:5}/  100 batches | loss {x}", "Train Epoch: {e} [{b}/100 ({b}%)]\tLoss: {x}",
    "[{e}/3][{b}/100] loss: {x}", "[Epoch {e}/3][Batch {b}/100] loss: {x}", "Epoch {e}, {b}/100, loss: {x}",
    "Epoch {e} ({b}/100) loss: {x}", "epoch={e} step={b}/100 loss={x}", "({e}/3) {b}/100 loss: {x}",
    "[epoch {e}: {b}/100] loss {x}", "Epoch {e} - {b}/100 - loss: {x}", "[{e}][{b}/100] loss {x}",
    "epoch {e} | {b} / 100 iterations | loss {x}", "[{e}/3, {b}/100] loss {x}", "{e}/3 {b}/100 loss: {x}",
    "[{e}:{b}/100] loss {x}", "<Epoch {e}> <{b}/100> loss {x}", "Epoch {e}/3 | Iter {b} of 100 | loss: {x}",
    "epoch {e}; {b}/100; loss {x}", "E{e} [{b}/100] loss {x}", "E: {e}/3 B: {b}/100 loss: {x}",
    "Epoch {e} Progress {b}/100 loss {x}", "Ep {e}, It {b}/100, loss {x}", "E{e}/3 I{b}/100 loss: {x}",
    "[E{e}][B{b}/100] loss {x}", "E{e}, {b}/100, loss {x}", "E {e} | B {b}/100 | loss {x}", "E{e}B{b}/100 loss {x}",
    "E={e} B={b}/100 loss={x}", "E{e}:{b}/100 loss {x}", "Ep{e} It{b}/100 loss {x}", "Epoch{e} [{b}/100] loss {x}",
    "epoch{e} step{b}/100: loss {x}", "Epoch_{e} step_{b}/100 loss {x}", "ep {e} i {b}/100 loss {x}",
    "Train E{e} [{b}/100] loss {x}", "Epoch: {e}, Progress: [{b}/100], Loss: {x}", "(e{e} mb{b}/100) loss {x}",
    "Epoch {e} - Progress: {b}/100 ({b}%) - loss {x}", "Epoch {e} done {b}/100 loss {x}", "e:{e} s:{b}/100 loss:{x}",
)  # fmt: skip


@pytest.mark.parametrize("shape", BATCHES)
def test_batches_of_epochs_become_global_steps_in_every_form(shape: str) -> None:
    lines = [shape.format(e=e, b=b, x=round(5 - e - b / 200, 3)) for e in (1, 2, 3) for b in (50, 100)]
    chunk = decoded("\n".join(lines) + "\n")
    (name,) = (name for name in chunk.columns if name.lower() == "loss")
    assert points(chunk, name) == [(s, round(4 - (s - 1) // 100 - ((s - 1) % 100 + 1) / 200, 3))
                                   for s in range(50, 301, 50)]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "step"),
    [("E1 B50 loss 2.5", 50), ("epoch3: loss 2.5", 3), ("step100: loss 2.5", 100), ("Iter_20 | loss 2.5", 20),
     ("[step7/9] loss 2.5", 7)],
)  # fmt: skip
def test_counters_without_a_space_are_steps(line: str, step: int) -> None:
    assert points(decoded(line + "\n"), "loss") == [(step, 2.5)]


@pytest.mark.parametrize(
    "line",
    ["E1 loss 2.5", "E0104 step 5 is late", "e1 is a name", "step100.pt saved", "e2e 5/7 loss 2.5", "E1 50% loss 2.5",
     "ep3x 5/7 loss 2.5", "epoch1_model loss 2.5", "E4M3 3/4 loss 2.5"],
)  # fmt: skip
def test_what_only_looks_like_a_short_counter_counts_nothing(line: str) -> None:
    chunk = decoded(line + "\n")
    assert not chunk.n_rows or [event.kind for event in chunk.events] == ["missing_step"]


def test_short_counters_made_to_hurt_cost_little() -> None:
    for bait in ("[" * 60_000, "E1" + " " * 60_000, "E" + "1" * 60_000, "train - " * 8000 + "E1 [5/9]"):
        assert not decoded(f"{bait}\n" * 20).columns


LANGUAGE_MODEL = "".join(
    "".join(
        f"| epoch {e:3} | {b:5}/ 2983 batches | lr 20.00 | ms/batch 4.39 | loss {8 - e - b / 5000:5.2f} | ppl 99.0\n"
        for b in (200, 400, 2800)
    )
    + f"{'-' * 89}\n| end of epoch {e:3} | time: 15.13s | valid loss  {6 - e}.92 | valid ppl   373.76\n{'-' * 89}\n"
    for e in (1, 2)
)


def test_an_epochs_end_stands_behind_its_last_batch() -> None:
    chunk = decoded(LANGUAGE_MODEL)
    assert [step for step, _ in points(chunk, "loss")] == [200, 400, 2800, 3183, 3383, 5783]
    assert points(chunk, "valid loss") == [(2983, 5.92), (5966, 4.92)]
    assert points(chunk, "time") == [(2983, 15.13), (5966, 15.13)]
    assert points(chunk, "ms/batch")[0] == (200, 4.39)
    assert chunk.config == {"batches_per_epoch": 2983}


@pytest.mark.parametrize(
    ("line", "step", "config"),
    [
        ("step 1k loss 2.5", 1000, {}), ("iter 1.5k | loss: 2.5", 1500, {}), ("Step: 2K, loss: 2.5", 2000, {}),
        ("step 1.2M loss 2.5", 1_200_000, {}), ("step 1k/10k | loss 2.5", 1000, {"max_steps": 10000}),
        ("step: 500/10k loss 2.5", 500, {"max_steps": 10000}), ("iteration=0.1k loss=2.5", 100, {}),
        ("[2.5k/10k steps] loss 2.5", 2500, {"max_steps": 10000}), ("global_step=3k loss=2.5", 3000, {}),
        ("3k steps | loss 2.5", 3000, {}),
    ],
)  # fmt: skip
def test_counters_in_thousands_are_steps_and_told(line: str, step: int, config: dict[str, int]) -> None:
    chunk = decoded(line + "\n")
    assert points(chunk, "loss") == [(step, 2.5)]
    assert chunk.config == config
    assert [(event.kind, event.warning) for event in chunk.events] == [("rounded_step", False)]


@pytest.mark.parametrize(
    ("line", "tokens"),
    [
        ("step 10 | 2M tokens | loss 2.5", 2e6), ("step 10 2M tokens loss 2.5", 2e6),
        ("step 10 | tokens 2M | loss 2.5", 2e6), ("step 10, 2.5B tokens, loss 2.5", 2.5e9),
        ("step 10 tokens: 1.5T loss: 2.5", 1.5e12), ("step 10 loss 2.5 500 tokens", 500.0),
    ],
)  # fmt: skip
def test_tokens_before_or_behind_their_number_are_a_series(line: str, tokens: float) -> None:
    chunk = decoded(line + "\n")
    assert {name: points(chunk, name) for name in chunk.columns} == {
        "tokens": [(10, tokens)],
        "loss": [(10, 2.5)],
    }


def test_a_log_of_tokens_alone_is_numbered_and_says_so() -> None:
    chunk = decoded("2M tokens loss 2.5\n4M tokens loss 2.25\n")
    assert points(chunk, "loss") == [(0, 2.5), (1, 2.25)]
    assert points(chunk, "tokens") == [(0, 2e6), (1, 4e6)]
    assert [event.kind for event in chunk.events] == ["missing_step"]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("Accuracy: 9800/10000 (98%)", "Accuracy", 0.98), ("acc: 7 / 8", "acc", 0.875),
        ("Test set: Average loss: 0.5, Accuracy: 9912/10000 (99%)", "test Accuracy", 0.9912),
        ("Evaluation: correct: 3/4", "validation correct", 0.75), ("acc: 98.5%", "acc", 98.5),
        ("Accuracy: 98.5% (985/1000)", "Accuracy", 98.5), ("acc 98.5%", "acc", 98.5),
        ("HellaSwag accuracy: 2500/10042=0.2490", "HellaSwag accuracy", 0.249),
    ],
)  # fmt: skip
def test_a_ratio_is_a_quotient_and_a_percentage_keeps_its_number(text: str, name: str, value: float) -> None:
    chunk = decoded(f"Epoch 1 loss: 2.5\n{text}\n")
    assert points(chunk, name) == [(1, value)]


def test_progress_is_no_ratio() -> None:
    chunk = decoded("step 5: loss 2.5\nstep 6: saved 3/5 checkpoints, loss 2.25, files: 3/5\n")
    assert set(chunk.columns) == {"loss"}


def test_nothing_out_of_nothing_is_no_number() -> None:
    (value,) = decoded("Epoch 1 Accuracy: 0/0 (0%)\n").columns["Accuracy"].values
    assert value != value


def test_a_unit_names_what_is_measured() -> None:
    chunk = decoded("step 1 loss 2.5 time 30.00ms mem 3.1GB dt 12 ms\n")
    found = {name: points(chunk, name) for name in chunk.columns}
    assert found == {"loss": [(1, 2.5)], "time": [(1, 30.0)], "mem": [(1, 3.1)], "dt": [(1, 12.0)]}


def test_a_time_without_a_unit_stays_unread() -> None:
    assert set(decoded("step 1 loss 2.5 attempt 3 time 5 more\n").columns) == {"loss"}
