"""Lines of frameworks as they print them, with what stands between: each value at its step, under its name."""

import pytest
from tests.sources.text.test_lines import decoded, points

from descentry.record.roles import Role
from descentry.sources.roles import resolve
from descentry.sources.text.recognising import is_log

R = range(1, 6)
CAFFE = "".join(
    f"I0102 10:00:0{i}.123456  1234 solver.cpp:228] Iteration {i * 100}, loss = {6 - i}.5\n"
    f"I0102 10:00:0{i}.123476  1234 solver.cpp:244]     Train net output #0: loss = {6 - i}.5 (* 1 = {6 - i}.5 loss)\n"
    f"I0102 10:00:0{i}.200000  1234 solver.cpp:404]     Test net output #0: accuracy = 0.{i}\n"
    f"I0102 10:00:0{i}.200000  1234 solver.cpp:404]     Test net output #1: loss = {7 - i}.5 (* 1 = {7 - i}.5 loss)\n"
    for i in R
)
DARKNET = "".join(
    f"v3 (iou loss, Normalizer: (iou: 0.07, cls: 1.00) Region 30 Avg (IOU: 0.3), count: 4, total_loss = 12.8 \n"
    f" \n {i}: {6 - i}.5, {7 - i}.5 avg loss, 0.001000 rate, 1.234567 seconds, {i * 64} images, 12.3 hours left\n"
    for i in R
)
ESPNET = "".join(
    f"[host] 2024-01-02 10:00:0{i},123 (trainer:732) INFO: {e}epoch:train:{i * 50 - 49}-{i * 50}batch: "
    f"iter_time=0.001, loss_ctc=60.5, acc=0.1, loss={6 - i}.5, grad_norm=12.5\n"
    for e in (1, 2)
    for i in R
)
MINDSPORE = "".join(f"epoch: {e} step: {i * 10}, loss is {6 - i}.5\n" for e in (1, 2) for i in R)
SPACY = (
    "E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  SCORE \n---  ------  ------------  --------  ------  ------\n"
    + "".join(f"  0  {200 * i:6d}  {6 - i:10d}.50     {9 - i}.25   5{i}.00    0.5{i}\n" for i in R)
)
TINYGRAD = "".join(
    f"{i:4d} 251.00 ms run, 240.50 ms python, 1.50 ms cl, {6 - i}.50 loss, 0.0010 LR, 5.67 GB used, 1.5 GFLOPS\n"
    for i in R
)
DIFFUSERS = "".join(
    f"Steps:   {i}%|█| {i}/100 [00:0{i}<01:35,  1.05it/s, lr=1e-5, step_loss={6 - i}.5]\r" for i in R
)
KOHYA = DIFFUSERS.replace("Steps:", "steps:").replace("step_loss", "avr_loss") + "\nepoch 2/10\n"

LOSSES = [(6 - i) + 0.5 for i in R]
STEPS = list(R)
CASES = {
    "Caffe": (CAFFE, "loss", [100 * i for i in R], LOSSES),
    "Caffe test": (CAFFE, "test loss", [100 * i for i in R], [x + 1 for x in LOSSES]),
    "Darknet": (DARKNET, "loss", STEPS, LOSSES),
    "ESPnet": (ESPNET, "loss", [50 * i for i in range(1, 11)], LOSSES * 2),
    "MindSpore": (MINDSPORE, "loss", [10 * i for i in range(1, 11)], LOSSES * 2),
    "spaCy": (SPACY, "LOSS TOK2VEC", [200 * i for i in R], LOSSES),
    "tinygrad": (TINYGRAD, "loss", STEPS, LOSSES),
    "diffusers": (DIFFUSERS, "step_loss", STEPS, LOSSES),
    "kohya": (KOHYA, "avr_loss", STEPS, LOSSES),
}


@pytest.mark.parametrize("case", CASES)
def test_a_framework_is_recognised_and_its_loss_stands_at_its_steps(case: str) -> None:
    text, name, steps, values = CASES[case]
    assert is_log(text.encode())
    assert [step for step, _ in points(decoded(text), name)] == steps
    assert [value for _, value in points(decoded(text), name)] == values


def test_the_loss_of_a_policy_goes_before_its_distance() -> None:
    roles = resolve(["actor/kl_loss", "actor/pg_loss", "actor/entropy"])
    assert roles["actor/pg_loss"] is Role.TRAIN_LOSS
