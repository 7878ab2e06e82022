"""What the general rule cannot know about the lines of known writers: a table, one row a line's shape.

A row is looked for in the line's skeleton (numbers are holes, runs of spaces are one).  It can name numbers,
say which is the step, hide numbers, or mark the line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from descentry.sources.text.tokens import HOLE


@dataclass(frozen=True, slots=True)
class Dialect:
    """`shape`: a regex over the skeleton, with `#` for a number; `names`: series by index of a number;
    `step`, `epoch`, `batch`: indices of counters, `total` and `epoch_total` of what they go to; `only`: no
    other number of the line is read, else the general rule finds names and `hidden` are the numbers that it
    passes over; `is_named`: a word before a number names a series, whatever the word; `is_heading`: the lines
    below belong to this step; `twin`: two engines print it in turn; `context` goes before every name of the
    line; `rename`: what a bare name means here."""

    writer: str
    shape: re.Pattern[str]
    names: Mapping[int, str]
    step: int = -1
    epoch: int = -1
    batch: int = -1
    total: int = -1
    epoch_total: int = -1
    only: bool = True
    hidden: tuple[int, ...] = ()
    is_named: bool = False
    is_heading: bool = False
    twin: bool = False
    context: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)

    @property
    def counters(self) -> dict[str, int]:
        """The indices of the counters that the row names, by kind."""
        known = {"step": self.step, "batch": self.batch, "epoch": self.epoch}
        return {kind: index for kind, index in known.items() if index >= 0}


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("#", HOLE))


_VAL: dict[str, Any] = {"only": False, "context": "validation"}
_TEST: dict[str, Any] = {"only": False, "context": "test"}

DIALECTS = (
    Dialect("build-nanogpt log.txt", _shape(r"^# train #$"), {1: "train loss"}, step=0),
    Dialect("build-nanogpt log.txt", _shape(r"^# val #$"), {1: "val loss"}, step=0),
    Dialect("build-nanogpt log.txt", _shape(r"^# hella #$"), {1: "hella accuracy"}, step=0),
    Dialect("llm.c main.log", _shape(r"^s:# tel:#"), {1: "val loss"}, step=0),
    Dialect("llm.c main.log", _shape(r"^s:# eval:#"), {1: "hella accuracy"}, step=0),
    Dialect(
        "llm.c main.log", _shape(r"^s:# trl:# lr:# norm:#"), {1: "train loss", 2: "lr", 3: "norm"}, step=0
    ),
    Dialect("llm.c main.log", _shape(r"^s:# trl:#"), {1: "train loss"}, step=0),
    Dialect("DeepSpeed fp16", _shape(r"Attempted loss scale: #, reducing to #$"), {-1: "loss_scale"}),
    Dialect("DeepSpeed fp16", _shape(r"Attempted loss scale: #, but hysteresis"), {}),
    Dialect("DeepSpeed log_dist", _shape(r" step=#, skipped=#, lr=\["), {}, only=False, twin=True),
    Dialect("PyTorch CIFAR tutorial", _shape(r"^\[#, #\] loss: #$"), {2: "loss"}, epoch=0, batch=1),
    Dialect(
        "PyTorch DCGAN example",
        _shape(r"^\[#/#\]\s?\[#/#\] Loss_D: # Loss_G: # D\(x\): # D\(G\(z\)\): # / #$"),
        {4: "Loss_D", 5: "Loss_G", 6: "D(x)", 7: "D(G(z))", 8: "D(G(z)) after"},
        epoch=0,
        batch=2,
        total=3,
        epoch_total=1,
    ),
    Dialect("PyTorch ImageNet example", _shape(r"^\* (?:Acc|Prec)@1 #"), {}, only=False, context="test"),
    Dialect(
        "Hugging Face summary",
        _shape(r"^\{(?!.*'loss': ).*'train_runtime': "),
        {},
        only=False,
        context="summary",
    ),
    Dialect(
        "GluonCV CIFAR",
        _shape(r"\] train=# val=# loss=# time: #$"),
        {},
        only=False,
        rename={"train": "train accuracy", "val": "val accuracy"},
    ),
    Dialect("CatBoost's best", _shape(r"^best(?:Test|Iteration) = #$"), {}),
    Dialect(
        "Stable-Baselines3 EvalCallback",
        _shape(r"(?:^|\W)Eval num_timesteps=#, episode_reward=#(?: \+.*)?$"),
        {1: "Eval episode_reward"},
        step=0,
    ),
    Dialect("GluonCV best so far", _shape(r"higher than current best \[#\] saving to"), {}),
    Dialect("fairseq", _shape(r"(?:^|\| )valid \| epoch # \| valid on "), {}, only=False, is_named=True),
    Dialect(
        "fairseq",
        _shape(r"(?:^|\| )(?:train \| )?epoch # \| loss #"),
        {},
        only=False,
        is_named=True,
        context="epoch",
    ),
    Dialect(
        "mmengine", _shape(r"\bEpoch\(train\) \[#\]\[ ?#/#\] "), {}, epoch=0, batch=1, total=2, only=False
    ),
    Dialect("mmengine", _shape(r"\bEpoch\(val\) \[#\]\[ ?#/#\]"), {}, epoch=0, hidden=(1, 2), **_VAL),
    Dialect("mmengine", _shape(r"\bEpoch\(test\) \[#\]\[ ?#/#\]"), {}, epoch=0, hidden=(1, 2), **_TEST),
    Dialect("mmengine", _shape(r"\bIter\(val\) \[ ?#/#\]"), {}, hidden=(0, 1), is_named=True, **_VAL),
    Dialect("mmengine", _shape(r"\bIter\(test\) \[ ?#/#\]"), {}, hidden=(0, 1), is_named=True, **_TEST),
    Dialect("mmcv", _shape(r"\bEpoch\(val\) \[#\]\[#\]"), {}, epoch=0, hidden=(1,), **_VAL),
    Dialect("mmcv", _shape(r"\bIter\(val\) \[#\]"), {}, hidden=(0,), is_named=True, **_VAL),
    Dialect("Composer", _shape(r"^\[epoch=#\]\[batch=#(?:/#)?\]:?$"), {}, epoch=0, batch=1, is_heading=True),
    Dialect(
        "Composer", _shape(r"^\[(?:batch|iteration|sample|token)=#(?:/#)?\]:?$"), {}, step=0, is_heading=True
    ),
    Dialect("OLMo", _shape(r"^\[step=#(?:/#)?,epoch=#[^\]]*\]$"), {}, step=0, is_heading=True),
    Dialect("Composer", _shape(r"^(?:Train|Eval) [\w-]+/\S+: #$"), {}, only=False, is_named=True),
    Dialect("Caffe", _shape(r"^Train net output \x23#: "), {}),
    Dialect(
        "Caffe",
        _shape(r"^Test net output \x23#: "),
        {},
        only=False,
        hidden=(0,),
        is_named=True,
        context="test",
    ),
    Dialect("Darknet", _shape(r"^#: #, # avg loss, # rate,"), {1: "loss", 2: "avg loss", 3: "lr"}, step=0),
    Dialect("Darknet", _shape(r"Region # Avg \(IOU: "), {}),
    Dialect(
        "ESPnet", _shape(r"(?:^|\s)#epoch:train:#-#batch: "), {}, epoch=0, batch=2, only=False, hidden=(1,)
    ),
    Dialect(
        "tinygrad", _shape(r"^# # ms run, # ms python, # ms \w+, # loss, # LR"), {4: "loss", 5: "lr"}, step=0
    ),
    Dialect("RSL-RL", _shape(r"^Learning iteration #/#$"), {}, step=0, is_heading=True),
    Dialect("RSL-RL", _shape(r"^Computation: # steps/s\b"), {0: "steps/s"}),
    Dialect(
        "RSL-RL",
        _shape(
            r"^(?:Value function loss|Surrogate loss|Mean (?:action (?:noise )?std|(?:extrinsic |intrinsic )?reward|"
            r"episode length|episode \w+|[\w ]{1,40} loss)|"
            r"(?:Episode|Metrics|Curriculum|Train)[\w.]{0,40}/[\w./-]{1,60}"
            r"|Total timesteps): #$"
        ),
        {},
        only=False,
        is_named=True,
    ),
    Dialect("argument dump", _shape(r"(?:^|\W)(?:Namespace|Config)\(\w+="), {}),
    Dialect("table of settings", _shape(r"^\|(?![^|]*: ?#)[^|]*\|[^|]*\|$"), {}),
    Dialect("module dump", _shape(r"^\(\w+\): \w|^\(#\): \w"), {}),
)
"""The first row that fits counts."""

INTRUDERS = re.compile(
    r"slurmstepd|srun: |\berror\b|Error:|Traceback|Killed|CANCELLED|[Ww]arning:|Signals?\b", re.IGNORECASE
)
"""Messages of other programs that break into a line."""


def dialect_of(skeleton: str) -> Dialect | None:
    """The row of the table that a skeleton fits, or None."""
    flat = " ".join(skeleton.split())
    return next((dialect for dialect in DIALECTS if dialect.shape.search(flat)), None)
