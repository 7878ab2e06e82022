"""Console text of known writers: the series that each line gives, and how a log is recognised and followed."""

import math
from pathlib import Path

import numpy as np
import pytest
from tests.sources.text.printed import (
    BARS,
    BUILD_LOG,
    BUILD_STDOUT,
    CIFAR,
    DEEPSPEED,
    DETECTRON,
    FAIRSEQ,
    FASHION,
    HUGGING,
    IMAGENET,
    KERAS,
    KERAS_BARS,
    LLMC,
    MEGATRON,
    MMDET,
    MNIST,
    MODDED,
    NANOGPT,
    SFT,
    SLM,
    TITAN,
    TUTORIAL,
)

from descentry.record.chunk import Chunk
from descentry.sources.rows import joined
from descentry.sources.text import reader as lines
from descentry.sources.text.decoder import TextDecoder


def decoded(text: str | bytes) -> Chunk:
    """The whole text through one decoder."""
    data = text.encode() if isinstance(text, str) else text
    decoder = TextDecoder("log.txt")
    return joined([decoder.feed(data), decoder.end()])


def points(chunk: Chunk, name: str) -> list[tuple[int, float]]:
    column = chunk.columns[name]
    return list(zip(chunk.steps[column.rows].tolist(), column.values.tolist(), strict=True))


EXPECTED = [
    ("nanogpt", NANOGPT, "loss", [(0, 10.991), (10, 9.4522), (20, 8.9014), (20, 8.9001), (30, math.nan)]),
    ("nanogpt", NANOGPT, "train loss", [(0, 10.9912), (20, 8.8)]),
    ("nanogpt", NANOGPT, "val loss", [(0, 10.9911), (20, 8.9)]),
    ("nanogpt", NANOGPT, "mfu", [(0, -100.0), (10, 29.01), (20, 29.0), (20, 26.1), (30, 29.0)]),
    ("build-nanogpt stdout", BUILD_STDOUT, "loss", [(0, 10.95501), (1, 10.902707), (2, 10.8)]),
    ("build-nanogpt stdout", BUILD_STDOUT, "validation loss", [(0, 10.9522), (2, 9.5)]),
    ("build-nanogpt stdout", BUILD_STDOUT, "HellaSwag accuracy", [(0, 0.2487), (2, 0.249)]),
    ("build-nanogpt stdout", BUILD_STDOUT, "lr", [(0, 8.3916e-07), (1, 1.6783e-06), (2, 2.5175e-06)]),
    ("build-nanogpt stdout", BUILD_STDOUT, "norm", [(0, 15.3421), (1, 14.863), (2, 14.4641)]),
    ("build-nanogpt log.txt", BUILD_LOG, "train loss", [(0, 10.955011), (1, 10.9), (2, math.nan)]),
    ("build-nanogpt log.txt", BUILD_LOG, "val loss", [(0, 10.9519), (2, 9.5)]),
    ("build-nanogpt log.txt", BUILD_LOG, "hella accuracy", [(0, 0.2487)]),
    ("llm.c", LLMC, "loss", [(1, 11.010252), (2, 6.775944), (3, math.nan)]),
    ("llm.c", LLMC, "norm", [(1, 15.1374), (2, 0.6403), (3, math.nan)]),
    ("llm.c", LLMC, "lr", [(1, 8.57e-07), (2, 1.13e-04), (3, 1.14e-04)]),
    ("llm.c", LLMC, "val loss", [(0, 11.008742), (3, 4.723455)]),
    ("llm.c", LLMC, "HellaSwag", [(3, 0.248954)]),
    ("llm.c main.log", "s:0 tel:10.9\ns:1 trl:10.5\ns:2 trl:10.25\n", "train loss", [(1, 10.5), (2, 10.25)]),
    ("llm.c main.log", "s:0 tel:10.9\ns:1 trl:10.5\ns:2 trl:10.25\n", "val loss", [(0, 10.9)]),
    ("modded-nanogpt", MODDED, "train_loss", [(1, 10.8258), (2, 10.1)]),
    ("modded-nanogpt", MODDED, "val_loss", [(0, 10.8258)]),
    ("megatron", MEGATRON, "lm loss", [(100, 9.1), (200, 8.1)]),
    ("megatron", MEGATRON, "loss scale", [(100, 4294967296.0), (200, 4294967296.0)]),
    ("megatron", MEGATRON, "grad norm", [(100, 1.2), (200, 1.1)]),
    ("megatron", MEGATRON, "learning rate", [(100, 1.5e-4), (200, 1.4e-4)]),
    ("megatron", MEGATRON, "number of skipped iterations", [(100, 0.0), (200, 1.0)]),
    ("megatron", MEGATRON, "validation lm loss value", [(200, 7.9)]),
    ("deepspeed-chat", DEEPSPEED, "act_loss", [(8, 0.25), (9, -0.5)]),
    ("deepspeed-chat", DEEPSPEED, "cri_loss", [(8, 0.125), (9, 0.25)]),
    ("deepspeed-chat", DEEPSPEED, "average reward score", [(8, -0.5), (9, 0.75)]),
    ("deepspeed-chat", DEEPSPEED, "loss_scale", [(8, 32768.0)]),
    ("deepspeed-chat", DEEPSPEED, "lr", [(9, 5.79e-07)]),
    ("deepspeed-chat", DEEPSPEED, "lr (2)", [(9, 3.5e-07)]),
    ("deepspeed sft", SFT, "validation ppl", [(0, 4998.5), (20, 2.25)]),
    ("deepspeed sft", SFT, "lr", [(10, 9.5e-06), (20, 9.25e-06)]),
    ("deepspeed sft", SFT, "skipped", [(10, 6.0), (20, 6.0)]),
    ("hugging face", HUGGING, "loss", [(0, 3.914), (1, 3.9), (2, math.nan)]),
    ("hugging face", HUGGING, "eval_loss", [(1, 3.8)]),
    ("hugging face", HUGGING, "epoch", [(0, 0.02), (1, 0.04), (1, 0.04), (2, 0.06)]),
    ("hugging face", HUGGING, "summary train_loss", [(2, 3.919)]),
    ("keras", KERAS, "loss", [(1, 2.3), (2, 2.1)]),
    ("keras", KERAS, "val_loss", [(1, 2.2), (2, 2.0)]),
    ("epochs with bars", SLM, "Train Loss", [(1, 7.4976), (2, 6.4938)]),
    ("epochs with bars", SLM, "Valid Loss", [(1, 6.6384), (2, 6.2336)]),
    ("epochs with bars", SLM, "LR", [(1, 9.94e-05), (2, 9.78e-05)]),
    ("bars alone", BARS, "train_loss", [(0, 2.25), (1, 1.25), (2, 0.75)]),
    ("fairseq", FAIRSEQ, "loss", [(100, 10.125), (200, 9.125)]),
    ("fairseq", FAIRSEQ, "validation loss", [(200, 8.125)]),
    ("torchtitan", TITAN, "loss", [(1, 8.25), (10, 7.25)]),
    ("torchtitan", TITAN, "tps", [(1, 1234.0), (10, 12345.0)]),
    ("mnist example", MNIST, "Loss", [(0, 2.3), (640, 1.3), (60000, 0.3)]),
    ("tutorial", TUTORIAL, "Loss", [(100, 2.25), (600, 1.25), (700, 0.25)]),
    ("imagenet example", IMAGENET, "Loss", [(0, 6.9), (10, 6.5), (5005, 5.0)]),
    ("imagenet example", IMAGENET, "test Loss", [(10, 5.5)]),
    ("cifar tutorial", CIFAR, "loss", [(2000, 2.25), (4000, 1.5), (6000, 1.25), (8000, 1.0)]),
    ("keras bars", KERAS_BARS, "loss", [(1, 2.25), (2, 1.25)]),
    ("keras bars", KERAS_BARS, "val_loss", [(1, 2.5), (2, 1.5)]),
    ("fashion tutorial", FASHION, "loss", [(64, 2.5), (6464, 2.25), (60064, 2.0)]),
    ("fashion tutorial", FASHION, "test Avg loss", [(6464, 2.125)]),
    ("mmdetection", MMDET, "loss", [(50, 1.25), (1000, 1.0), (1050, 0.75)]),
    ("detectron2", DETECTRON, "total_loss", [(19, 2.5), (39, 2.25)]),
    ("any", "step 1: Loss/train 2.5 Loss/val 2.25\n", "Loss/val", [(1, 2.25)]),
    ("any", "it 5 kl=0.5 my_thing: 7\nit 6 kl=0.25 my_thing: 8\n", "my_thing", [(5, 7.0), (6, 8.0)]),
    ("any", "Epoch 3: loss = tensor(0.5, device='cuda:0')\n", "loss", [(3, 0.5)]),
    (
        "any",
        "step 1 loss inf\nstep 2 loss -inf\nstep 3 loss NaN\n",
        "loss",
        [(1, math.inf), (2, -math.inf), (3, math.nan)],
    ),
]

SAMPLES = {writer: text for writer, text, _, _ in EXPECTED if writer != "any"}


@pytest.mark.parametrize(("writer", "text", "name", "expected"), EXPECTED)
def test_series_of_known_writers(
    writer: str, text: str, name: str, expected: list[tuple[int, float]]
) -> None:
    chunk = decoded(text)
    assert name in chunk.columns, (writer, sorted(chunk.columns))
    found = points(chunk, name)
    assert [step for step, _ in found] == [step for step, _ in expected], writer
    np.testing.assert_array_equal([value for _, value in found], [value for _, value in expected])


@pytest.mark.parametrize("writer", sorted(SAMPLES))
def test_every_sample_is_recognised(writer: str, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(SAMPLES[writer] * 3)
    assert lines.matches(path, path.read_bytes())
    assert joined(lines.read(path)).n_rows > 0


def test_a_log_behind_a_long_preamble_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("    (conv1): Conv2D(3 -> 64, kernel_size=(3, 3))\n" * 3000 + NANOGPT * 3)
    assert lines.matches(path, path.read_bytes()[: 1 << 16])


def test_follow_gives_what_is_whole_and_waits(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("step 1 loss 2.5\nstep 2 loss 2.25\nstep 3 lo")
    chunks = lines.follow(path)
    seen = [next(chunks) for _ in range(3)]
    with path.open("a") as log:
        log.write("ss 2.0\nstep 4 loss 1.5\n")
    seen += [next(chunks) for _ in range(3)]
    assert points(joined(seen), "loss") == [(1, 2.5), (2, 2.25), (3, 2.0), (4, 1.5)]
