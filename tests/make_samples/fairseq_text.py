"""Lines of fairseq's progress bars, `simple` and `json`, in their formats (fairseq 0.12 does not install today)."""

import json
from pathlib import Path

from tests.make_samples.curves import rows
from tests.make_samples.truth import Truth

N_BATCHES = 12
"""Updates of one epoch."""


def make(folder: Path) -> None:
    """Writes `fairseq/simple.txt` and `fairseq/json.txt`."""
    home = folder / "fairseq"
    home.mkdir(parents=True)
    for name, is_json in (("simple.txt", False), ("json.txt", True)):
        writer = f"fairseq 0.12 --log-format {name.removesuffix('.txt')}, as printed"
        truth = Truth(writer, left_out=("epoch, update and num_updates: the position",))
        lines = list(_lines(is_json, truth))
        (home / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        truth.roles = ROLES if not is_json else JSON_ROLES
        truth.write(home / name)


ROLES = {"loss": "train_loss", "validation loss": "val_loss", "lr": "lr", "gnorm": "grad_norm", "ppl": "perplexity",
         "validation ppl": "val_perplexity", "loss_scale": "loss_scale", "wps": "throughput"}  # fmt: skip
JSON_ROLES = {"loss": "train_loss", "valid_loss": "val_loss", "lr": "lr", "gnorm": "grad_norm", "ppl": "perplexity",
              "valid_ppl": "val_perplexity", "loss_scale": "loss_scale", "wps": "throughput"}  # fmt: skip


def _lines(is_json: bool, truth: Truth):
    for step, row in rows(1, 25):
        epoch = (step - 1) // N_BATCHES + 1
        clock = f"2021-01-02 03:04:{step:02} | INFO |"
        inner = _inner(step, row)
        yield f"{clock} train_inner | {_spelled_inner(is_json, epoch, step, inner)}"
        told = {name: float(text) for name, text in inner.items() if name != "num_updates"}
        truth.put(step, told)
        if step % N_BATCHES == 0:
            valid = {"loss": f"{2.125 + 1 / step:.3f}", "nll_loss": f"{1.875 + 1 / step:.3f}", "ppl": "4.36",
                     "wps": "61000.5", "wpb": "2000", "bsz": "32", "num_updates": str(step),
                     "best_loss": f"{2.125 + 1 / step:.3f}"}  # fmt: skip
            yield f"{clock} valid | {_spelled_end(is_json, epoch, valid, 'valid')}"
            prefix = "valid_" if is_json else "validation "
            truth.put(
                step, {prefix + name: float(text) for name, text in valid.items() if name != "num_updates"}
            )
            train = {
                "loss": f"{2.5 + 1 / step:.3f}",
                "ppl": "5.12",
                "num_updates": str(step),
                "train_wall": "60",
            }
            yield f"{clock} train | {_spelled_end(is_json, epoch, train, 'train')}"
            prefix = "train_" if is_json else "epoch "
            truth.put(
                step, {prefix + name: float(text) for name, text in train.items() if name != "num_updates"}
            )


def _inner(step: int, row: dict[str, float]) -> dict[str, str]:
    """What fairseq logs within an epoch."""
    return {
        "loss": f"{row['train/loss']:.3f}", "nll_loss": f"{row['train/loss'] - 0.25:.3f}",
        "ppl": f"{8.5 + step / 10:g}",
        "wps": f"{54000.5 + step:g}", "ups": "2.5", "wpb": "21600", "bsz": "640", "num_updates": str(step),
        "lr": f"{row['lr']:g}", "gnorm": f"{row['grad_norm']:.3f}", "loss_scale": "128", "train_wall": "20",
        "gb_free": "12.5", "wall": str(20 * step),
    }  # fmt: skip


def _spelled_inner(is_json: bool, epoch: int, step: int, stats: dict[str, str]) -> str:
    batch = (step - 1) % N_BATCHES + 1
    if is_json:
        return json.dumps({"epoch": epoch, "update": round(epoch - 1 + batch / N_BATCHES, 3), **stats})
    return f"epoch {epoch:03d}:  {batch:5d} / {N_BATCHES:d} " + ", ".join(
        f"{k}={v}" for k, v in stats.items()
    )


def _spelled_end(is_json: bool, epoch: int, stats: dict[str, str], tag: str) -> str:
    if is_json:
        return json.dumps({"epoch": epoch, **{f"{tag}_{name}": text for name, text in stats.items()}})
    subset = "valid on 'valid' subset | " if tag == "valid" else ""
    return f"epoch {epoch:03d} | {subset}" + " | ".join(f"{k} {v}" for k, v in stats.items())
