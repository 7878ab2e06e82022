"""What a signal is for: the roles that detectors and causes ask for by name."""

from enum import StrEnum


class Role(StrEnum):
    """The part a series plays in the run.  The values are the words of the JSON and of `--role`."""

    TRAIN_LOSS = "train_loss"
    VAL_LOSS = "val_loss"
    TEST_LOSS = "test_loss"
    LEARNING_RATE = "lr"
    GRAD_NORM = "grad_norm"
    MODULE_GRAD_NORM = "module_grad_norm"
    """The gradient norm of one module; that of all weights together is GRAD_NORM."""
    WEIGHT_NORM = "weight_norm"
    """The norm of all weights or of one module's."""
    UPDATE_RATIO = "update_ratio"
    """The size of an update, by itself or over that of the weights; of all or of one module's."""
    DEAD_UNITS = "dead_units"
    """The share of units that never activate, or of activations that are zero."""
    SATURATION = "saturation"
    """The share of activations at their bounds."""
    MAX_LOGIT = "max_logit"
    """The largest attention or output logit."""
    ATTENTION_ENTROPY = "attention_entropy"
    LOSS_SCALE = "loss_scale"
    SKIPPED_STEPS = "skipped_steps"
    ACCURACY = "accuracy"
    VAL_ACCURACY = "val_accuracy"
    PERPLEXITY = "perplexity"
    VAL_PERPLEXITY = "val_perplexity"
    REWARD = "reward"
    KL = "kl"
    ENTROPY = "entropy"
    PREFERENCE = "preference"
    """A judgement of the policy that it was not trained on: win rate, held-out preference or reward accuracy."""
    TOKENS = "tokens"
    EPOCH = "epoch"
    BATCH_SIZE = "batch_size"
    THROUGHPUT = "throughput"
    DATA_VERSION = "data_version"
    LOSS_PART = "loss_part"
    """One summand of a training loss whose total is not logged."""
    VAL_LOSS_PART = "val_loss_part"
    """One summand of a validation loss whose total is not logged."""
    OTHER_LOSS = "other_loss"
    """A named objective beside the main one (critic, unsupervised, auxiliary)."""
    METRIC = "metric"


LOSS_ROLES = frozenset(
    {
        Role.TRAIN_LOSS,
        Role.VAL_LOSS,
        Role.TEST_LOSS,
        Role.LOSS_PART,
        Role.VAL_LOSS_PART,
        Role.OTHER_LOSS,
    }
)
"""Roles whose values are losses: a NaN in one of them is a NaN loss."""
MANY_ROLES = frozenset(
    {
        Role.MODULE_GRAD_NORM,
        Role.WEIGHT_NORM,
        Role.UPDATE_RATIO,
        Role.DEAD_UNITS,
        Role.SATURATION,
        Role.MAX_LOGIT,
        Role.ATTENTION_ENTROPY,
        Role.OTHER_LOSS,
    }
)
"""Roles that a run may log once per module, layer or domain: hundreds of curves."""
