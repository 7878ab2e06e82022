"""The words by which a console line is understood: counters, splits, metrics, and what stands between."""

import re
from functools import lru_cache

STEP_WORDS = frozenset({
    "step", "global_step", "globalstep", "iteration", "iter", "it", "itr", "iters", "update",
    "num_updates", "updates", "train_step", "global_iter",
})  # fmt: skip
BATCH_WORDS = frozenset({"batch", "n_batch", "minibatch", "mini-batch", "batch_idx"})
EPOCH_WORDS = frozenset({"epoch", "ep"})
BETTER_STEPS = ("global_step", "globalstep", "num_updates")
"""Steps that go before others in the same line."""

TRAIN_WORDS = frozenset({"train", "training", "trn"})
VAL_WORDS = frozenset({"val", "valid", "validation", "validate", "validating", "dev", "eval", "evaluation",
                       "evaluating", "heldout"})  # fmt: skip
TEST_WORDS = frozenset({"test", "testing"})
SPLIT_WORDS = TRAIN_WORDS | VAL_WORDS | TEST_WORDS
SPLIT_NAME = {**dict.fromkeys(TRAIN_WORDS, "training"), **dict.fromkeys(VAL_WORDS, "validation"),
              **dict.fromkeys(TEST_WORDS, "test")}  # fmt: skip

METRIC_WORDS = frozenset({
    "loss", "nll", "ppl", "perplexity", "acc", "accuracy", "lr", "rate", "norm", "gnorm", "grad_norm",
    "mfu", "throughput", "bleu", "rouge", "f1", "auc", "map", "iou", "miou", "pixacc", "reward", "score",
    "kl", "entropy", "tokens", "speed", "wps", "ups", "tps", "scale", "rmse", "mae", "mse", "mcc",
    "precision", "recall", "hellaswag", "error", "err", "wer", "cer", "bpb", "bpc", "acc1", "acc5",
    "top1", "top5", "smoothl1", "crossentropy", "samplespersec", "elbo", "psnr", "ssim", "fid", "hella",
    "acc@1", "acc@5", "prec@1", "prec@5", "ms/batch", "s/batch", "sec/batch", "ms/step", "s/step", "s/it", "s/iter",
})  # fmt: skip
"""Last words of names that are metrics even where neither `:` nor `=` says so."""

FILLERS = frozenset({
    "current", "avg", "average", "mean", "total", "global", "running", "grad", "gradient", "learning",
    "lm", "scaled", "weight", "exact", "top", "at", "the", "after", "end", "of", "start", "starting",
    "beginning", "best", "and", "value", "micro", "macro", "token", "mlm", "nsp", "nll", "inner",
})  # fmt: skip
"""Words that may stand in the name of a metric or before a counter."""

KINDS_OF_LOSS = frozenset({
    "generator", "discriminator", "gen", "disc", "critic", "actor", "policy", "reconstruction", "recon", "kl", "kld",
    "content", "style", "classification", "regression", "contrastive", "adversarial", "perceptual", "cycle",
    "identity", "auxiliary", "aux", "reg", "regularization", "ce", "bce", "mse", "l1", "l2", "dice", "focal",
    "triplet", "ctc", "box", "bbox", "cls", "mask", "g", "d", "encoder", "decoder", "distillation",
})  # fmt: skip
"""Words that say before `loss` which one it is."""

EVALUATED = frozenset({
    "acc", "accuracy", "acc1", "acc5", "acc@1", "acc@5", "top1", "top5", "prec@1", "prec@5", "ppl",
    "perplexity", "f1", "auc", "precision", "recall", "error", "err", "iou", "miou", "bleu", "rouge", "mae", "mse",
    "rmse", "wer", "cer",
})  # fmt: skip
"""Last words of names that are of the split which the name before them in the line says: `val loss 2.5 acc 0.5`."""

NOT_SERIES = frozenset({
    "rank", "gpu", "cuda", "device", "pid", "process", "port", "node", "worker", "line", "version",
    "seed", "eta", "v_num", "ppo_ep", "micro_step", "local_rank", "size", "epochs", "steps",
    "kernel_size", "stride", "padding", "date", "of", "to", "from", "in", "on", "at", "for", "with", "is",
    "over", "by", "per", "set", "than", "rank sample", "lineno", "thread", "tid", "global_rank", "world_size",
})  # fmt: skip
"""Last words of what is no series, whatever number follows."""

SERIES_ALL_THE_SAME = frozenset({"batch size", "per gpu"})
"""Two last words that say a series although the last alone would not."""

LEADING_NOISE = frozenset({
    "set", "now", "is", "are", "over", "to", "in", "on", "with", "and", "samples/sec", "samples/s",
    "tokens/s", "wps", "tks/s", "secs", "sec", "s", "ms", "min", "imgs/s", "img/s", "tok/s", "it/s",
    "reducing", "done", "info",
})  # fmt: skip
"""Words that belong to the number before, or to a sentence: dropped from the front of a name."""

ALIASES = {"time cost": "time", "training cost": "epoch time", "trl": "train loss", "tel": "val loss"}
"""Names, in lower case, that would be taken for something else."""

RATIOS = frozenset({"acc", "accuracy", "acc1", "acc5", "top1", "top5", "precision", "recall", "correct", "wer", "cer",
                    "err", "error", "hits", "success", "solved", "passed"})  # fmt: skip
"""Last words of names of which `n/m` is a quotient and no progress."""

MEASURED = frozenset({"time", "dt", "elapsed", "mem", "memory", "gpu_mem", "vram", "duration", "latency", "step_time",
                      "data", "data_time", "batch_time", "iter_time"})  # fmt: skip
"""Names that need no sign before a number with a unit of time or memory."""

MEASURES = re.compile(r"\s?(?:ms|s|sec|secs|seconds|us|µs|min|[KMGT]i?B)(?![\w/])")

RATES = re.compile(r"\s*((?:tok|tokens|samples|images|imgs?|seqs?|it|steps)/(?:second|sec|s))(?![\w/])")
"""A unit that names the number before it."""

TOKENS = re.compile(r"\s?tokens(?=$|\s*[,|;)\]]|\s+[A-Za-z])")
"""`2M tokens`: the word stands behind the number."""

THOUSANDS = {"K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9}
BILLIONS = {"B": 1e9, "T": 1e12}
"""Of tokens; elsewhere these are bytes and tera."""

_TOKEN = re.compile(r"[\s_\-/.]+")
_CAMEL_LOSS = re.compile(r"(?:loss|persec)$")


def tokens(name: str) -> list[str]:
    """The words of a name, lower case."""
    return [word for word in _TOKEN.split(name.lower()) if word]


def is_metric(name: str) -> bool:
    """Whether the name's last word is a metric (`mlm_loss`, `L1Loss`), or its first a split (`valid_p`)."""
    found = tokens(name)
    if not found:
        return False
    last = found[-1]
    if last in METRIC_WORDS or name.lower() in METRIC_WORDS or _CAMEL_LOSS.search(last):
        return True
    if len(found) > 1 and last in SPLIT_WORDS and " " not in name:
        return is_metric(found[-2])
    return ("value" in last and "loss" in found) or (
        len(found) > 1 and "_" in name and " " not in name and found[0] in SPLIT_WORDS
    )


@lru_cache(maxsize=1024)
def is_valish(name: str) -> bool:
    """Whether the name is of validation or test data."""
    return not (VAL_WORDS | TEST_WORDS).isdisjoint(tokens(name))


@lru_cache(maxsize=1024)
def is_train_loss(name: str) -> bool:
    """Whether the name is a loss, and not one of validation or test data."""
    found = tokens(name)
    is_loss = any(word.endswith("loss") or word in ("nll", "mlm") for word in found)
    return is_loss and not is_valish(name) and not {"scale", "best", "summary"} & set(found)
