"""Console text: any lines in which a step, iteration, epoch or batch counter repeats beside numbers by name.

Known for certain, as printed: nanoGPT, build-nanogpt (stdout and log.txt), llm.c, modded-nanogpt, GluonCV,
GluonNLP and MXNet scripts (2018 to 2020), DeepSpeed and DeepSpeed-Chat (0.9), Megatron-LM, printed dicts of
Hugging Face's Trainer (4 and 5), TRL, axolotl, Keras (2 and 3), tqdm bars, fairseq, torchtitan, torchtune,
nanotron, NeMo, Composer, OLMo, detectron2, mmcv and mmengine, MLPerf's `:::MLLOG`, PyTorch's examples, fastai,
skorch, Ultralytics (8.0 to 8.3), XGBoost, LightGBM and CatBoost, the boxes of Stable-Baselines3 (2.9),
OpenAI Baselines and Spinning Up, RSL-RL, Caffe, Darknet, ESPnet, MindSpore, spaCy; behind the
prefixes of usual loggers.
Other loops are read by the general rule: `key: value`, `key=value`, `loss 2.3` beside a counter.

Lines without a counter belong to the newest counted line.  A log that prints no counter at all has its rows
numbered, told as `missing_step`.  The states of a progress bar are rows only where no line says the same;
of a bar that is shown a few times an epoch the last state counts.  Rows of tables are read under their
header's names (see `grid`), boxes of a value a line as one row (see `boxes`), lines of several ranks as series
of their own (see `console`).  Argument dumps and tables of settings become the config.
"""

from collections.abc import Iterator
from pathlib import Path

from descentry.record.chunk import Chunk
from descentry.sources.drive import follow_stream, read_stream
from descentry.sources.text.decoder import TextDecoder
from descentry.sources.text.recognising import is_log, tail_of

format = "text"
HEAD = 1 << 16


def matches(path: Path, head: bytes) -> bool:
    """True when three lines of one shape in the head are rows; after a long preamble, in the file's tail."""
    if is_log(head):
        return True
    return len(head) >= HEAD and is_log(head[:64], tail_of(path))


def read(path: Path) -> Iterator[Chunk]:
    """The whole log as chunks.  Raises UnreadableError."""
    return read_stream(path, TextDecoder)


def follow(path: Path) -> Iterator[Chunk]:
    """The log as it grows; a torn last line waits.  Raises UnreadableError."""
    return follow_stream(path, TextDecoder)
