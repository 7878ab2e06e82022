"""transformers' Trainer: `trainer_state.json` and what it prints, of a tiny random GPT-2."""

import contextlib
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
import transformers
from tests.make_samples.truth import Truth
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

TRAINER = f"transformers {transformers.__version__} Trainer"


class Told(TrainerCallback):
    """Hears every log.  The summary at the end is no point of a curve: it is in the printed lines alone.

    `printed`: gets the values as they are shown, with four digits.
    """

    def __init__(self, truth: Truth, printed: Truth) -> None:
        self._truth, self._printed = truth, printed

    def on_log(self, _args, state, _control, logs: Mapping[str, float] | None = None, **_kwargs) -> None:
        is_summary = "train_runtime" in (logs or {})
        if logs and not is_summary:
            self._truth.put(state.global_step, logs)
        prefix = "summary " if is_summary else ""
        shown = {prefix + name: float(f"{value:.4g}") for name, value in (logs or {}).items()}
        self._printed.put(state.global_step, {k: v for k, v in shown.items() if "total_flos" not in k})


class Poison(TrainerCallback):
    """Sets a weight to NaN after step 12."""

    def on_step_end(self, _args, state, _control, model=None, **_kwargs) -> None:
        if state.global_step == 12:
            with torch.no_grad():
                next(model.parameters()).fill_(float("nan"))


def make(folder: Path) -> None:
    """Writes the states of a plain run, printed too, and of one whose NaN losses the Trainer hides."""
    home = folder / "transformers"
    home.mkdir(parents=True)
    state = Truth(f"{TRAINER}.save_state", events=("summary",))
    printed = Truth(f"{TRAINER}, printed", has_steps=False, events=("missing_step",))
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        _train(home / "plain.trainer_state.json", [Told(state, printed)])
    state.write(home / "plain.trainer_state.json")
    (home / "stdout.txt").write_text(stdout.getvalue(), "utf-8")
    printed.write(home / "stdout.txt")
    hidden = Truth(f"{TRAINER}.save_state, logging_nan_inf_filter on", events=("summary",))
    with contextlib.redirect_stdout(io.StringIO()):
        _train(home / "hidden_nan.trainer_state.json", [Told(hidden, Truth("")), Poison()])
    hidden.write(home / "hidden_nan.trainer_state.json")


def _train(path: Path, callbacks: list[TrainerCallback]) -> None:
    """Twenty steps, every one logged, with an evaluation at every fifth."""
    transformers.set_seed(0)
    config = GPT2Config(
        vocab_size=32, n_positions=16, n_embd=8, n_layer=1, n_head=1, bos_token_id=0, eos_token_id=0
    )
    tokens = torch.randint(1, 32, (64, 12))
    data = [{"input_ids": row, "labels": row} for row in tokens]
    with tempfile.TemporaryDirectory() as work:
        arguments = TrainingArguments(
            work, max_steps=20, logging_steps=1, eval_strategy="steps", eval_steps=5, save_strategy="no",
            per_device_train_batch_size=8, learning_rate=1e-2, warmup_steps=3, disable_tqdm=True,
            report_to="none", use_cpu=True, seed=0,
        )  # fmt: skip
        trainer = Trainer(
            GPT2LMHeadModel(config), arguments, train_dataset=data, eval_dataset=data[:8], callbacks=callbacks
        )
        trainer.train()
        trainer.save_state()
        (Path(work) / "trainer_state.json").rename(path)
