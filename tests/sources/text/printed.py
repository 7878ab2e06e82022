"""Console text of known writers, in small samples made up in their printed formats."""
# ruff: noqa: E501 - a sample stands as it is printed

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
