"""TRL's SFTTrainer under the same callback: its own series are told by name, and a healthy run is the same."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

from datasets import Dataset  # noqa: E402
from tests.integrations.scripted import Scripted  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

from descentry.guard.actions import RollBack, Stop  # noqa: E402
from descentry.guard.guard import Guard  # noqa: E402
from descentry.integrations.huggingface import DescentryCallback  # noqa: E402

WORDS = ["<pad>", "<eos>", "the", "curve", "falls", "rises", "and", "then", "it", "stops"]


def tokenizer() -> Any:
    told = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<pad>"))
    told.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=told, pad_token="<pad>", eos_token="<eos>")


def trained(folder: Path, guard: Any = None) -> SFTTrainer:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(WORDS), n_positions=16, n_embd=8, n_layer=1, n_head=1)
    texts = [" ".join(WORDS[2 + (i * k) % 8] for k in range(1, 9)) for i in range(32)]
    args = SFTConfig(
        output_dir=str(folder), max_steps=8, per_device_train_batch_size=4, logging_steps=1, report_to=[],
        save_strategy="no", use_cpu=True, disable_tqdm=True, seed=0, max_length=16, bf16=False,
        gradient_checkpointing=False,
    )  # fmt: skip
    trainer = SFTTrainer(
        GPT2LMHeadModel(config), args, train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=tokenizer(),
        callbacks=[] if guard is None else [DescentryCallback(guard, every=2)],
    )  # fmt: skip
    trainer.train()
    return trainer


def weights(trainer: Any) -> Any:
    return torch.cat([part.detach().flatten() for part in trainer.model.parameters()])


def test_a_healthy_run_is_the_same_and_its_own_series_are_told(tmp_path: Path) -> None:
    assert torch.equal(
        weights(trained(tmp_path)), weights(trained(tmp_path, Guard(act=True, background=False)))
    )
    guard = Scripted()
    trained(tmp_path, guard)
    assert len(guard.curve("loss")) == 8
    assert {"entropy", "mean_token_accuracy"} <= {name for _, row in guard.rows for name in row}


def test_what_is_asked_for_is_done(tmp_path: Path) -> None:
    guard = Scripted({5: RollBack(4), 6: Stop("enough")})
    assert trained(tmp_path, guard).state.global_step == 6
    assert guard.steps == [1, 2, 4, 6]


def test_rewards_and_divergences_are_told_by_name(tmp_path: Path) -> None:
    guard = Scripted()
    trainer = trained(tmp_path)
    callback = DescentryCallback(guard)
    told = {"optimizer": trainer.optimizer, "model": trainer.model}
    callback.on_train_begin(trainer.args, trainer.state, trainer.control, **told)
    logs = {"loss": 0.1, "kl": 0.02, "rewards/mean": 1.5, "step_runtime": 3.0}
    callback.on_log(trainer.args, trainer.state, trainer.control, logs=logs)
    assert guard.rows == [(8, {"loss": 0.1, "kl": 0.02, "rewards/mean": 1.5})]
