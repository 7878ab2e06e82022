"""What loggers print before a message: it is no value, and it keeps no line off the quick way."""

import pytest
from tests.sources.text.test_lines import decoded, points

from descentry.sources.text.reading import Reading

SAYS = "step {} loss {}.5"
PREFIXES = (
    "2024-01-01 12:00:00.000 | INFO     | __main__:train:42 - ",
    "2024-01-01 12:00:00.000 | INFO     | __main__:<module>:42 - ",
    "I0101 12:00:00.000000 140 train.py:42] ",
    "I0101 12:00:00.000000 140234567890 train.py:42] ",
    "I20240101 12:00:00.000000 140 train.cc:42] ",
    "2024-01-01 12:00:00,123 INFO train:42 - ",
    "2024-01-01 12:00:00,123 - train - INFO - train.py:42 - ",
    "[2024-01-01 12:00:00,123] [INFO] [train.py:42:main] ",
    "[01/02/24 12:00:00] INFO     ",
    "[12:00:00] INFO     ",
    "Jan 02 12:00:00 host python[1234]: ",
    "ts=2024-01-01T12:00:00Z level=info caller=train.go:42 msg=done ",
    "INFO:root:",
    "INFO:train:42:",
    "2026-01-01 00:00:00\tnode:0\tolmo.train:1\tINFO\t",
    "(RayTrainWorker pid=1234, ip=10.0.0.1) ",
    "DEBUG 2024-01-01 12:00:00 train 42 140 ",
    "[INFO] train.py line 42: ",
    "01-02 12:00:00 INFO train.py:42 ",
    "12:00:00.123 [main] INFO  t.Trainer:42 - ",
    "2024-01-01T12:00:00.123456Z [info     ] done    lineno=42 ",
)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_loggers_prefix_is_no_value(prefix: str) -> None:
    chunk = decoded("".join(prefix + SAYS.format(i, i) + "\n" for i in range(5)))
    assert {name: points(chunk, name) for name in chunk.columns} == {"loss": [(i, i + 0.5) for i in range(5)]}
    assert not chunk.events


def test_riches_place_at_the_end_of_a_line_is_no_value() -> None:
    text = "".join(
        f"[01/02/24 12:00:0{i}] INFO     step {i} loss {i}.5       train.py:42\n" for i in range(5)
    )
    assert set(decoded(text).columns) == {"loss"}


def test_a_padded_message_is_no_part_of_a_name() -> None:
    chunk = decoded("2024-01-01T12:00:00Z [info     ] step done                 loss=2.5 lineno=42 step=10\n")
    assert {name: points(chunk, name) for name in chunk.columns} == {"loss": [(10, 2.5)]}


@pytest.mark.parametrize("line", ["INFO step:10 - loss:2 - acc:0.5", "INFO epoch:10 | loss:2 | acc:0.5"])
def test_values_behind_a_level_stay(line: str) -> None:
    chunk = decoded(line + "\n")
    assert points(chunk, "loss") == [(10, 2.0)]
    assert points(chunk, "acc") == [(10, 0.5)]


OLMO = "".join(
    f"2026-01-01 00:00:0{s}\tnode-3:0\tolmo.train:921\tINFO\t[step={s}/1000,epoch=0]\n"
    f"    optim/total_grad_norm=1.{s}\n    train/CrossEntropyLoss={10 - s}.5\n    throughput/total_tokens=4,194,304\n"
    for s in range(5)
)


def test_olmos_blocks_belong_to_the_step_above_them() -> None:
    chunk = decoded(OLMO)
    assert set(chunk.columns) == {
        "optim/total_grad_norm",
        "train/CrossEntropyLoss",
        "throughput/total_tokens",
    }
    assert points(chunk, "train/CrossEntropyLoss") == [(s, 10.5 - s) for s in range(5)]
    assert chunk.config == {"max_steps": 1000}


def test_an_epoch_in_olmos_heading_is_no_total() -> None:
    chunk = decoded("[step=5,epoch=3]\n    train/loss=2.5\n")
    assert points(chunk, "train/loss") == [(5, 2.5)]
    assert chunk.config == {}


@pytest.mark.parametrize("prefix", PREFIXES[:1] + PREFIXES[2:3] + PREFIXES[6:8])
def test_lines_with_a_prefix_stay_on_the_quick_way(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(prefix + SAYS.format(i, i % 7) + "\n" for i in range(300))
    n_long = 0
    long_way = Reading._line

    def counted(self: Reading, text: str) -> None:
        nonlocal n_long
        n_long += 1
        long_way(self, text)

    monkeypatch.setattr(Reading, "_line", counted)
    quick = decoded(text)
    assert n_long < 10
    monkeypatch.setattr("descentry.sources.text.quick.Quick.run", lambda *_: 0)
    assert points(quick, "loss") == points(decoded(text), "loss")
