"""Which way a task metric improves, where its name tells."""

from descentry.sources.words import words

HIGHER = frozenset({
    "accuracy", "f1", "bleu", "sacrebleu", "rouge", "rouge1", "rouge2", "rougel", "meteor", "map", "map50", "miou",
    "iou", "auc", "auroc", "dice", "mcc", "ndcg", "mrr", "psnr", "ssim", "chrf", "spearman", "pearson", "top5",
})  # fmt: skip
"""Words of metrics that rise as the task is learned."""
LOWER = frozenset({"wer", "cer", "ter", "fid", "rmse", "mae", "mape", "error", "bpb", "bpc", "perplexity"})
"""Words of metrics that fall."""
BITS = frozenset({("bits", "per", "byte"), ("bits", "per", "character"), ("bits", "per", "char")})
PIECES = (("m", "ap"), ("m", "io", "u"), ("m", "iou"))
"""How the words of a name cut up mAP and mIoU."""


def direction(name: str) -> int:
    """1 for a metric that rises as the task is learned, -1 for one that falls, 0 where the name does not tell.

    `direction('val/f1')` is 1, `direction('eval_wer')` is -1, `direction('train/f1')` is 0: only what is measured on
    held-out examples is a measure of the task.
    """
    found = words(name)
    have = set(found)
    if "train" in have or have & {"best", "std", "loss"}:
        return 0
    runs = {found[i : i + length] for length in (2, 3) for i in range(len(found))}
    if have & LOWER or runs & BITS:
        return -1
    return 1 if have & HIGHER or runs & set(PIECES) else 0
