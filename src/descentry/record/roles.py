"""What a signal is for: the roles that detectors and causes ask for by name."""

from enum import StrEnum


class Role(StrEnum):
    """The part a series plays in the run.  The values are the words of the JSON and of `--role`."""

    TRAIN_LOSS = "train_loss"
    VAL_LOSS = "val_loss"
    TEST_LOSS = "test_loss"
    LEARNING_RATE = "lr"
    GRAD_NORM = "grad_norm"
    WEIGHT_NORM = "weight_norm"
    UPDATE_RATIO = "update_ratio"
    LOSS_SCALE = "loss_scale"
    SKIPPED_STEPS = "skipped_steps"
    ACCURACY = "accuracy"
    VAL_ACCURACY = "val_accuracy"
    PERPLEXITY = "perplexity"
    VAL_PERPLEXITY = "val_perplexity"
    REWARD = "reward"
    KL = "kl"
    ENTROPY = "entropy"
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
