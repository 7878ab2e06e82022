"""Whether a run learns from rewards, so that its loss is a surrogate whose level and course mean nothing."""

from descentry.patterns.protocol import View
from descentry.record.roles import Role
from descentry.signal.robust import median


def is_reinforced(view: View) -> bool:
    """True where a reward is logged and the training loss cannot be a likelihood.

    It is one of either sign (policy gradients), or begins low in its own range beside a KL or an entropy (GRPO's loss
    starts at 0 and grows with the KL).  Preference losses (DPO) begin high and fall: they mean what they say.
    """
    loss = view.shape(Role.TRAIN_LOSS)
    if loss is None or view.shape(Role.REWARD) is None:
        return False
    if loss.smallest < 0.0:
        return True
    if view.shape(Role.KL) is None and view.shape(Role.ENTROPY) is None:
        return False
    first = median(loss.levels[: max(3, len(loss) // 50)])
    return first < loss.smallest + 0.25 * (loss.largest - loss.smallest)
