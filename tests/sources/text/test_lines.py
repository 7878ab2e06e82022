"""Console text of known writers, in small samples made up in their printed formats."""
# ruff: noqa: E501 - a sample stands as it is printed

import math
from pathlib import Path

import numpy as np
import pytest

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


NANOGPT = """tokens per iteration will be: 491,520
step 0: train loss 10.9912, val loss 10.9911
iter 0: loss 10.9910, time 60121.00ms, mfu -100.00%
iter 10: loss 9.4522, time 312.24ms, mfu 29.01%
iter 20: loss 8.9014, time 312.99ms, mfu 29.00%
step 20: train loss 8.8000, val loss 8.9000
iter 20: loss 8.9001, time 9000.10ms, mfu 26.1%
iter 30: loss nan, time 312.99ms, mfu 29.00%
"""

BUILD_STDOUT = """using device: cuda
validation loss: 10.9522
HellaSwag accuracy: 2497/10042=0.2487
step     0 | loss: 10.955010 | lr 8.3916e-07 | norm: 15.3421 | dt: 23547.83ms | tok/sec: 22264.81
step     1 | loss: 10.902707 | lr 1.6783e-06 | norm: 14.8630 | dt: 410.25ms | tok/sec: 1277966.93
validation loss: 9.5000
HellaSwag accuracy: 2500/10042=0.2490
rank 1 sample 0: Hello, I'm a language model, and loss 3 is what I had in 1999.
step     2 | loss: 10.800000 | lr 2.5175e-06 | norm: 14.4641 | dt: 416.93ms | tok/sec: 1257492.99
"""

BUILD_LOG = """0 val 10.9519
0 hella 0.2487
0 train 10.955011
1 train 10.900000
2 val 9.5000
2 train nan
"""

LLMC = """| Parameter             | Value                                              |
+-----------------------+----------------------------------------------------+
| micro batch size B    | 32                                                 |
| learning rate (LR)    | 6.000000e-04                                       |
num_parameters: 124475904 => bytes: 248951808
val loss 11.008742
step    1/19560 | loss 11.010252 (+nanz)| norm 15.1374 (+nanz)| lr 8.57e-07 | 4621.47 ms | 29.2% bf16 MFU | 113446 tok/s
step    2/19560 | loss 6.775944 (-1.25z)| norm 0.6403 (-0.78z)| lr 1.13e-04 | 4166.24 ms | 32.4% bf16 MFU | 125870 tok/s
step    3/19560 | loss     nan (+nanz)| norm    nan (+nanz)| lr 1.14e-04 | 4166.24 ms | 32.4% bf16 MFU | 125870 tok/s
val loss 4.723455
evaluating HellaSwag: 0/1256\revaluating HellaSwag: 10/1256\rHellaSwag: 2500/10042 = 0.248954
step    4/19560 | loss 6.5000 (-1.1z)| normslurmstepd: error: *** JOB 1 CANCELLED AT 2024-10-10T02:20:29 ***
"""

MODDED = """step:0/5100 val_loss:10.8258 train_time:0ms step_avg:nanms
step:1/5100 train_loss:10.8258 train_time:233ms step_avg:233.12ms
step:2/5100 train_loss:10.1 train_time:466ms step_avg:233.00ms
"""

MEGATRON = """ [2024-04-01 10:00:00] iteration      100/   500000 | consumed samples:        25600 | elapsed time per iteration (ms): 1234.5 | learning rate: 1.500E-04 | global batch size:   256 | lm loss: 9.100000E+00 | loss scale: 4294967296.0 | grad norm: 1.200 | number of skipped iterations:   0 | number of nan iterations:   0 |
 [2024-04-01 10:02:00] iteration      200/   500000 | consumed samples:        51200 | elapsed time per iteration (ms): 1230.5 | learning rate: 1.400E-04 | global batch size:   256 | lm loss: 8.100000E+00 | loss scale: 4294967296.0 | grad norm: 1.100 | number of skipped iterations:   1 | number of nan iterations:   0 |
-----------------------------------------------------------------------------------------------
 validation loss at iteration 200 | lm loss value: 7.900000E+00 | lm loss PPL: 2.697282E+03 |
-----------------------------------------------------------------------------------------------
"""

DEEPSPEED = """[2023-04-18 01:46:53,259] [INFO] [loss_scaler.py:181:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, but hysteresis is 2. Reducing hysteresis to 1
epoch: 0|step: 8|ppo_ep: 1|act_loss: 0.25|cri_loss: 0.125|unsuper_loss: 0.0
average reward score: -0.5
[2023-04-18 01:46:53,259] [INFO] [loss_scaler.py:181:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to 32768
[2023-04-18 08:48:36,035] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=4, lr=[5.79e-07, 5.79e-07], mom=[(0.9, 0.95), (0.9, 0.95)]
[2023-04-18 08:48:36,235] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=3, lr=[3.5e-07, 3.5e-07], mom=[(0.9, 0.95), (0.9, 0.95)]
epoch: 0|step: 9|ppo_ep: 1|act_loss: -0.5|cri_loss: 0.25|unsuper_loss: 0.0
average reward score: 0.75
"""

SFT = """***** Running training *****
***** Evaluating perplexity, Epoch 0/2 *****
ppl: 4998.5
Beginning of Epoch 1/2, Total Micro Batches 20
[2023-04-18 01:46:59,142] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=6, lr=[9.5e-06, 9.5e-06], mom=[(0.9, 0.95), (0.9, 0.95)]
[2023-04-18 01:46:59,171] [INFO] [timer.py:199:stop] epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=173.4, CurrSamplesPerSec=171.9, MemAllocated=3.96GB, MaxMemAllocated=22.95GB
[2023-04-18 01:47:59,142] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=6, lr=[9.25e-06, 9.25e-06], mom=[(0.9, 0.95), (0.9, 0.95)]
***** Evaluating perplexity, Epoch 1/2 *****
ppl: 2.25
"""

HUGGING = """{'loss': '3.914', 'grad_norm': '1.28', 'learning_rate': '0', 'epoch': '0.02'}
{'loss': 3.9, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.04}
{'eval_loss': 3.8, 'eval_runtime': 0.01, 'epoch': 0.04}
{'loss': nan, 'grad_norm': nan, 'learning_rate': 4e-05, 'epoch': 0.06}
{'train_runtime': 0.7195, 'train_samples_per_second': 111.2, 'train_loss': 3.919, 'epoch': 0.06}
"""

KERAS = """Epoch 1/5
10/10 - 1s - 50ms/step - loss: 2.3000 - mae: 1.0 - val_loss: 2.2000
Epoch 2/5
10/10 - 0s - 24ms/step - loss: 2.1000 - mae: 0.9 - val_loss: 2.0000
"""

SLM = """Epoch 1/3
Train Loss: 7.4976 - Train Perplexity: 1803.70
Valid Loss: 6.6384 - Valid Perplexity: 763.86
Time: 122.57s - LR: 9.94e-05
Epoch 2/3:   0%|      | 0/935 [00:00<?, ?it/s]/w/train.py:381: FutureWarning: `autocast(args...)` is deprecated.
  with autocast():
Epoch 2/3:  50%|████  | 467/935 [00:35<00:35, 13.24it/s, loss=6.5]\rEpoch 2/3: 100%|██████| 935/935 [01:10<00:00, 13.24it/s, loss=6.3381]
Validation: 100%|██████| 19/19 [00:00<00:00, 41.12it/s, val_loss=2.2583]

Epoch 2/3
Train Loss: 6.4938 - Train Perplexity: 661.02
Valid Loss: 6.2336 - Valid Perplexity: 509.60
Time: 70.60s - LR: 9.78e-05
"""

BARS = """Epoch 0:  50%|████  | 467/935 [00:35<00:35, 13.24it/s, v_num=0, train_loss=2.5]\rEpoch 0: 100%|██████| 935/935 [01:10<00:00, 13.24it/s, v_num=0, train_loss=2.25]
Epoch 1: 100%|██████| 935/935 [01:10<00:00, 13.24it/s, v_num=0, train_loss=1.25]
Epoch 2: 100%|██████| 935/935 [01:10<00:00, 13.24it/s, v_num=0, train_loss=0.75]
"""

FAIRSEQ = """2021-01-02 03:04:05 | INFO | train_inner | epoch 001:    100 / 4000 loss=10.125, nll_loss=9.5, ppl=724.1, wps=54000.5, ups=2.5, num_updates=100, lr=1.25e-05, gnorm=2.5, loss_scale=128, train_wall=20
2021-01-02 03:05:05 | INFO | train_inner | epoch 001:    200 / 4000 loss=9.125, nll_loss=8.5, ppl=362.0, wps=54000.5, ups=2.5, num_updates=200, lr=2.5e-05, gnorm=2.25, loss_scale=128, train_wall=20
2021-01-02 03:06:05 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 8.125 | nll_loss 7.5 | ppl 181.0 | num_updates 200
"""

TITAN = """[titan] 2025-01-02 03:04:05,678 - root - INFO - \x1b[31mstep:  1  \x1b[32mloss:  8.2500  \x1b[33mmemory:  0.5GiB(1.25%)  \x1b[34mtps: 1,234  \x1b[35mmfu: 0.5%\x1b[39m
[titan] 2025-01-02 03:04:06,678 - root - INFO - \x1b[31mstep: 10  \x1b[32mloss:  7.2500  \x1b[33mmemory:  0.5GiB(1.25%)  \x1b[34mtps: 12,345  \x1b[35mmfu: 10.5%\x1b[39m
"""

MNIST = """Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.300000
Train Epoch: 1 [640/60000 (1%)]\tLoss: 1.300000
Test set: Average loss: 0.5000, Accuracy: 9000/10000 (90%)
Train Epoch: 2 [0/60000 (0%)]\tLoss: 0.300000
"""

TUTORIAL = """Epoch [1/2], Step [100/600], Loss: 2.2500
Epoch [1/2], Step [600/600], Loss: 1.2500
Epoch [2/2], Step [100/600], Loss: 0.2500
"""

IMAGENET = """Epoch: [0][  0/5005]\tTime  6.500 ( 6.500)\tData  5.1 ( 5.1)\tLoss 6.9e+00 (6.9e+00)\tAcc@1   0.00 (  0.00)
Epoch: [0][ 10/5005]\tTime  0.500 ( 1.500)\tData  0.1 ( 1.1)\tLoss 6.5e+00 (6.7e+00)\tAcc@1   1.00 (  0.50)
Test: [ 0/196]\tTime  1.5 ( 1.5)\tLoss 5.5e+00 (5.5e+00)\tAcc@1   2.00 (  2.00)
Epoch: [1][  0/5005]\tTime  6.500 ( 6.500)\tData  5.1 ( 5.1)\tLoss 5.0e+00 (5.0e+00)\tAcc@1   3.00 (  3.00)
"""

CIFAR = """[1,  2000] loss: 2.250
[1,  4000] loss: 1.500
[2,  2000] loss: 1.250
[2,  4000] loss: 1.000
"""

KERAS_BARS = """Epoch 1/2
\x1b[1m 1/10\x1b[0m \x1b[32m━\x1b[0m\x1b[37m━━━\x1b[0m \x1b[1m0s\x1b[0m 10ms/step - loss: 2.5\r\x1b[1m10/10\x1b[0m \x1b[32m━━━━\x1b[0m \x1b[1m1s\x1b[0m 10ms/step - loss: 2.25 - val_loss: 2.5
Epoch 2/2
10/10 [==============================] - 3s 5ms/step - loss: 1.25 - val_loss: 1.5
"""

FASHION = """Epoch 1
-------------------------------
loss: 2.500000  [   64/60000]
loss: 2.250000  [ 6464/60000]
Test Error:
 Accuracy: 38.6%, Avg loss: 2.125000

Epoch 2
-------------------------------
loss: 2.000000  [   64/60000]
"""

MMDET = """2022-01-01 10:00:00,000 - mmdet - INFO - Epoch [1][50/1000]\tlr: 1.0e-03, eta: 1 day, 2:03:04, time: 0.5, data_time: 0.05, memory: 3000, loss_cls: 0.5, loss: 1.25
2022-01-01 10:00:10,000 - mmdet - INFO - Epoch [1][1000/1000]\tlr: 1.0e-03, eta: 2:03:04, time: 0.5, data_time: 0.05, memory: 3000, loss_cls: 0.5, loss: 1.0
2022-01-01 10:00:20,000 - mmdet - INFO - Epoch [2][50/1000]\tlr: 1.0e-03, eta: 2:03:04, time: 0.5, data_time: 0.05, memory: 3000, loss_cls: 0.5, loss: 0.75
"""

DETECTRON = """[05/01 12:00:00 d2.utils.events]:  eta: 0:10:00  iter: 19  total_loss: 2.5  loss_cls: 1.5  lr: 4.9e-06  max_mem: 2700M
[05/01 12:00:10 d2.utils.events]:  eta: 0:10:00  iter: 39  total_loss: 2.25  loss_cls: 1.25  lr: 4.9e-06  max_mem: 2700M
"""

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


def test_batches_count_on_over_epochs_with_and_without_a_total() -> None:
    with_total = "".join(f"[Epoch {e} Batch {b}/30] loss {e}.{b}\n" for e in range(3) for b in (10, 20, 30))
    assert decoded(with_total).steps.tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    learnt = "".join(f"[Epoch {e}][Batch {b}], loss={e}.{b}\n" for e in range(3) for b in (9, 19, 29))
    assert decoded(learnt).steps.tolist() == [9, 19, 29, 39, 49, 59, 69, 79, 89]
    from_one = "".join(f"Epoch {e}, n_batch {b}, loss {e}.{b}\n" for e in (1, 2) for b in (300, 600))
    assert decoded(from_one).steps.tolist() == [300, 600, 900, 1200]


def test_a_total_that_changes_within_an_epoch_takes_no_step_back() -> None:
    text = "".join(
        f"Epoch {e} iteration {b:04}/{185 + (b > 100)}: training loss 1.5\n"
        for e in range(90)
        for b in (20, 180)
    )
    assert (np.diff(decoded(text).steps) > 0).all()


def test_a_second_attempt_goes_back_as_logged() -> None:
    attempt = "".join(
        f"Epoch {e} iteration {b}/100: training loss 1.5\n" for e in range(2) for b in (50, 100)
    )
    assert decoded(attempt * 2).steps.tolist() == [50, 100, 150, 200, 50, 100, 150, 200]


def test_global_steps_are_not_shifted_by_epochs() -> None:
    text = "".join(f"epoch: {s // 10} step: {s}/30 loss: 1.5\n" for s in range(1, 31))
    assert decoded(text).steps.tolist() == list(range(1, 31))


def test_an_epoch_line_after_batches_stands_at_the_epochs_end_under_its_own_name() -> None:
    text = "".join(
        f"Epoch[{e}] Batch [{b}]\tSpeed: 5.0 samples/sec\tloss=2.5\tlr=0.1\n" + f"[Epoch {e}] training: loss=2.25\n" * (b == 99)
        for e in range(2) for b in (49, 99)
    ) + "[Epoch 1] validation: acc-top1=80.5 loss=0.75\n"  # fmt: skip
    chunk = decoded(text)
    assert points(chunk, "loss") == [(49, 2.5), (99, 2.5), (149, 2.5), (199, 2.5)]
    assert points(chunk, "epoch training loss") == [(99, 2.25), (199, 2.25)]
    assert points(chunk, "validation loss") == [(199, 0.75)]


def test_evaluation_batches_are_no_training_loss() -> None:
    text = (
        "[Epoch 1 Batch 10/20] loss=1.5, lr=0.1\n[Epoch 1 Batch 20/20] loss=1.25, lr=0.1\n"
        "[Batch 5/7] loss=9.5\nvalidation metrics:accuracy:0.75,f1:0.5\n[Epoch 2 Batch 10/20] loss=1.0, lr=0.1\n"
    )
    chunk = decoded(text)
    assert points(chunk, "loss") == [(10, 1.5), (20, 1.25), (30, 1.0)]
    assert points(chunk, "validation accuracy") == [(20, 0.75)]


def test_accuracies_named_train_and_val_are_no_losses() -> None:
    chunk = decoded("INFO:root:[Epoch 0] train=0.104067 val=0.116500 loss=2.499243 time: 60.370274\n" * 3)
    assert set(chunk.columns) == {"train accuracy", "val accuracy", "loss", "time"}


def test_neighbouring_lines_of_one_step_share_a_row() -> None:
    chunk = decoded("step 5: loss 2.5\nstep 5: val loss 2.25\nstep 6: loss 2.0\n")
    assert chunk.steps.tolist() == [5, 6]
    again = decoded("step 5: loss 2.5\nstep 5: loss 2.25\n")
    assert again.steps.tolist() == [5, 5]


def test_dates_become_wall_times() -> None:
    chunk = decoded(
        "2018-06-25 19:21:20,500 - root - [Epoch 0 Batch 1/9] loss=1.5\n12:00:00 step 3 loss 2.5\n"
    )
    assert chunk.wall_times is not None
    assert chunk.wall_times[0] == 1529954480.5
    assert math.isnan(chunk.wall_times[1])


def test_a_log_without_steps_is_numbered_and_says_so() -> None:
    chunk = decoded("('0.2 %', 'train_loss:', '2.5', ' train_acc:', 0.1, 'time:', 5.5)\n" * 3)
    assert chunk.steps.tolist() == [0, 1, 2]
    assert [event.kind for event in chunk.events] == ["missing_step"]


def test_settings_and_module_dumps_are_no_points() -> None:
    text = (
        "Namespace(alpha=2, batch_size=80, lr=30, epochs=750, model='lstm', save='/tmp/x', eval_only=False)\n"
        "(conv1): Conv2D(3 -> 64, kernel_size=(3, 3), stride=(1, 1), loss=0.5)\n"
        "| vocab_size V          | 50257         |\n"
        "{'gpu_id': 0, 'batch_size': 32, 'lr': 0.025, 'epochs': 300, 'dropout': 0.2, 'max_len': 10}\n"
        "step 1/100 loss 2.5\n" * 2
    )
    chunk = decoded(text)
    assert set(chunk.columns) == {"loss"}
    assert chunk.config["batch_size"] == 80
    assert chunk.config["lr"] == 30
    assert chunk.config["vocab_size"] == 50257
    assert chunk.config["max_steps"] == 100


def test_a_line_broken_by_another_program_is_told() -> None:
    chunk = decoded(LLMC)
    assert [(e.kind, e.where) for e in chunk.events] == [("bad_line", "log.txt:12")]
    assert 4 not in chunk.steps


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
