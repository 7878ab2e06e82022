"""Names to roles: the names that trackers and frameworks use."""

import random

import pytest

from descentry.record.roles import Role
from descentry.sources.roles import ONCE, resolve

ALONE = {
    Role.TRAIN_LOSS: [
        "loss",
        "train_loss",
        "train/loss",
        "Loss/train",
        "training_loss",
        "train_loss_step",
        "loss_step",
        "lm loss",
        "lm_loss",
        "total_loss",
        "train/total_loss",
        "act_loss",
        "training loss",
        "current loss",
        "avg loss",
        "train avg loss",
        "ce",
        "nll_loss",
        "trainLoss",
        "train.loss",
        "Train Loss",
        "train_loss_epoch",
        "ce_loss",
        "cross_entropy",
        "loss/train",
        "metrics/train_loss",
        "mlm_loss",
        "train/train_loss",
        "objective/loss",
    ],
    Role.VAL_LOSS: [
        "val_loss",
        "valid_loss",
        "eval_loss",
        "eval/loss",
        "validation loss",
        "dev_loss",
        "dev avg loss",
        "val/loss",
        "Loss/val",
        "test_loss",
        "val_loss_epoch",
        "validation_loss",
        "Valid Loss",
        "valLoss",
        "evalLoss",
        "eval/cross_entropy",
        "validation loss lm loss value",
        "eval_wikitext_loss",
        "valid loss",
    ],
    Role.LEARNING_RATE: [
        "lr",
        "learning_rate",
        "lr/pg0",
        "lr-Adam",
        "lr-AdamW/pg1",
        "train/lr",
        "learning rate",
        "learningRate",
        "LR",
        "train/learning_rate",
        "optimizer/lr",
        "learning_rate/group_0",
        "lr_0",
    ],
    Role.GRAD_NORM: [
        "grad_norm",
        "gnorm",
        "norm",
        "train/grad_norm",
        "grad norm",
        "global_grad_norm",
        "gradient_norm",
        "gradNorm",
        "grad_norm/total",
        "gradients/norm",
        "train/norm",
        "grad_2.0_norm_total",
        "l2_norm/grad/global",
        "policy/grad_norm",
    ],
    Role.LOSS_SCALE: ["loss_scale", "loss scale", "scale", "train/loss_scale", "grad_scale", "lossScale"],
    Role.ACCURACY: ["accuracy", "acc", "train_acc", "train/accuracy", "trainAcc", "top1"],
    Role.VAL_ACCURACY: [
        "val_acc",
        "eval_accuracy",
        "test_acc",
        "eval acc (%)",
        "val/acc1",
        "validation accuracy",
    ],
    Role.PERPLEXITY: ["ppl", "perplexity", "train_ppl", "train_perplexity_step"],
    Role.VAL_PERPLEXITY: [
        "val_ppl",
        "val_perplexity",
        "valid ppl",
        "eval/perplexity",
        "lm loss PPL validation",
    ],
    Role.REWARD: ["reward", "mean_reward", "average reward score", "rollout/ep_rew_reward", "rewards/mean"],
    Role.KL: ["kl", "objective/kl", "approx_kl", "train/kl"],
    Role.ENTROPY: ["entropy", "policy/entropy", "objective/entropy"],
    Role.TOKENS: [
        "tokens",
        "num_tokens",
        "consumed samples",
        "tokens_seen",
        "total_tokens",
        "num_input_tokens_seen",
    ],
    Role.EPOCH: ["epoch", "Epoch", "train/epoch"],
    Role.THROUGHPUT: [
        "tokens_per_sec",
        "tok/s",
        "samples/s",
        "it/s",
        "throughput",
        "tokens_per_second",
        "Speed",
        "tps",
    ],
    Role.WEIGHT_NORM: [
        "weight_norm",
        "wn_total",
        "param_norm",
        "params norm",
        "weight_norm/layers.0",
        "l2_norm/param/model.head.weight",
    ],
    Role.UPDATE_RATIO: [
        "update_ratio",
        "update/ratio",
        "update_ratio/layers.0",
        "l2_norm/update/model.blocks.0.attn.weight",
        "update_to_weight_ratio",
    ],
    Role.MODULE_GRAD_NORM: [
        "grad_norm/layers.0",
        "gradients/layer1.weight_norm",
        "grad_norm/embed",
        "l2_norm/grad/model.transformer.blocks.3.ffn.weight",
        "grad_2.0_norm/layer_0.weight",
        "train/grad_norm_layer_3",
        "grad_norm/lm_head",
    ],
    Role.DEAD_UNITS: [
        "dead_fraction/layers.1",
        "dead_units",
        "dead_neurons/layer_2",
        "sparsity/block3",
        "activations/zero_fraction",
        "dormant_ratio",
    ],
    Role.SATURATION: ["saturation/layer0", "saturated_fraction", "tanh_saturated"],
    Role.MAX_LOGIT: ["attention/max_logit", "qk_max", "max_attn_logit", "logit_max", "attn/layer3/max_score"],
    Role.ATTENTION_ENTROPY: ["attention/entropy/layer_1", "attn_entropy"],
    Role.PREFERENCE: ["eval_preference", "rm_accuracy", "win_rate", "eval_rewards/accuracies", "gold_reward"],
    Role.SKIPPED_STEPS: ["skipped", "number of skipped iterations", "skipped_steps"],
    Role.BATCH_SIZE: ["batch_size", "batch size", "global batch size"],
    Role.DATA_VERSION: ["data_version", "shard", "data/shard"],
    Role.METRIC: [
        "dt",
        "eval_runtime",
        "mAP50",
        "metrics/precision(B)",
        "f1",
        "bleu",
        "loss_std",
        "best_val_loss",
        "kl_coef",
        "memory",
        "iteration-time",
        "RPNL1Loss",
        "RCNNL1Loss",
        "loss_weight",
        "epoch_time",
        "eval_samples_per_second",
        "step_time",
        "grad_norm_std",
        "num-zeros",
        "l2_norm/moment/blocks.0.weight",
        "rewards/chosen",
        "weight_sparsity",
        "deadline",
        "train_loss_min",
    ],
}


@pytest.mark.parametrize(("name", "role"), [(name, role) for role, names in ALONE.items() for name in names])
def test_a_name_alone(name: str, role: Role) -> None:
    assert resolve([name]) == {name: role}


GROUPS = {
    "hugging face": {
        "loss": "train_loss",
        "grad_norm": "grad_norm",
        "learning_rate": "lr",
        "eval_loss": "val_loss",
        "epoch": "epoch",
        "eval_runtime": "metric",
    },
    "step before epoch": {
        "train_loss_step": "train_loss",
        "train_loss_epoch": "other_loss",
        "val_loss": "val_loss",
        "train_perplexity_step": "perplexity",
    },
    "grokking": {
        "train_loss": "train_loss",
        "test_loss": "val_loss",
        "train_acc": "accuracy",
        "test_acc": "val_accuracy",
        "wn_total": "weight_norm",
    },
    "all three": {"train_loss": "train_loss", "val_loss": "val_loss", "test_loss": "test_loss"},
    "bert": {"mlm_loss": "loss_part", "nsp_loss": "loss_part", "lr": "lr"},
    "faster rcnn": {
        "RPN_Conf": "loss_part",
        "RPN_SmoothL1": "loss_part",
        "RCNN_CrossEntropy": "loss_part",
        "RCNN_SmoothL1": "loss_part",
        "RPNL1Loss": "metric",
        "RCNNL1Loss": "metric",
        "RPNAcc": "accuracy",
        "RCNNAcc": "accuracy",
    },
    "ssd": {"CrossEntropy": "loss_part", "SmoothL1": "loss_part"},
    "yolo3": {
        "ObjLoss": "loss_part",
        "BoxCenterLoss": "loss_part",
        "BoxScaleLoss": "loss_part",
        "ClassLoss": "loss_part",
    },
    "ultralytics": {
        "train/box_loss": "loss_part",
        "train/cls_loss": "loss_part",
        "train/dfl_loss": "loss_part",
        "val/box_loss": "val_loss_part",
        "val/cls_loss": "val_loss_part",
        "val/dfl_loss": "val_loss_part",
        "lr/pg0": "lr",
        "lr/pg1": "metric",
        "metrics/mAP50(B)": "metric",
    },
    "detectron": {
        "total_loss": "train_loss",
        "loss_box_reg": "other_loss",
        "loss_cls": "other_loss",
        "loss_rpn_cls": "other_loss",
        "lr": "lr",
    },
    "ppo": {
        "act_loss": "train_loss",
        "cri_loss": "other_loss",
        "unsuper_loss": "other_loss",
        "average reward score": "reward",
    },
    "actor critic": {"policy_loss": "train_loss", "value_loss": "other_loss", "entropy": "entropy"},
    "deepseek": {"lm loss": "train_loss", "mtp_1 loss": "other_loss", "iteration-time": "metric"},
    "moe": {"loss": "train_loss", "load_balancing_loss": "other_loss", "router_z_loss": "other_loss"},
    "fairseq": {
        "loss": "train_loss",
        "nll_loss": "other_loss",
        "gnorm": "grad_norm",
        "loss_scale": "loss_scale",
    },
    "domains": {"eval_a_loss": "val_loss", "eval_b_loss": "other_loss", "loss": "train_loss"},
    "two norms": {"grad_norm": "grad_norm", "norm": "metric", "grad_norm/layer.0": "module_grad_norm"},
    "lightning": {
        "train/loss_step": "train_loss",
        "train/loss_epoch": "other_loss",
        "grad norm": "grad_norm",
    },
    "modules alone": {"grad_norm/layers.0": "module_grad_norm", "grad_norm/layers.1": "module_grad_norm"},
    "two global norms": {"grad_norm": "grad_norm", "critic/grad_norm": "metric"},
    "trl": {
        "loss/policy_avg": "train_loss",
        "objective/kl": "kl",
        "objective/rlhf_reward": "reward",
        "objective/entropy": "entropy",
        "eval_rewards/accuracies": "preference",
    },
    "perplexity only": {"val ppl": "val_perplexity", "loss": "train_loss"},
    "wandb": {
        "train/loss": "train_loss",
        "train/learning_rate": "lr",
        "eval/loss": "val_loss",
        "train/global_step": "metric",
    },
}


@pytest.mark.parametrize("group", GROUPS)
def test_names_together_in_any_order(group: str) -> None:
    expected = GROUPS[group]
    names = list(expected)
    for seed in range(5):
        random.Random(seed).shuffle(names)
        found = resolve(names)
        assert list(found) == names
        assert {name: str(role) for name, role in found.items()} == expected


def test_a_role_that_a_run_has_once_is_given_once() -> None:
    names = [name for some in ALONE.values() for name in some]
    roles = list(resolve(names).values())
    for role in ONCE:
        assert roles.count(role) == 1


def test_overrides_go_first() -> None:
    found = resolve(["loss", "acc", "val_loss"], {"acc": Role.TRAIN_LOSS, "absent": Role.VAL_LOSS})
    assert found == {"loss": Role.OTHER_LOSS, "acc": Role.TRAIN_LOSS, "val_loss": Role.VAL_LOSS}


def test_odd_names_are_metrics() -> None:
    names = ["", "/", "损失/τ", "a" * 10_000, "\x00", "🦙"]
    assert set(resolve(names).values()) == {Role.METRIC}
