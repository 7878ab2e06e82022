"""Settings name the schedule in the words of many frameworks."""

import pytest

from descentry.signal.schedule_config import configured

SETTINGS = [
    ({"lr_scheduler_type": "cosine"}, "cosine"),
    ({"lr_scheduler_type": "SchedulerType.LINEAR"}, "linear"),
    ({"lr_scheduler_type": "cosine_with_restarts"}, "warm_restarts"),
    ({"lr_scheduler_type": "constant_with_warmup"}, "warmup"),
    ({"lr_decay_style": "inverse-square-root"}, "inverse_sqrt"),
    ({"scheduler": "ReduceLROnPlateau"}, "on_plateau"),
    ({"scheduler": "OneCycleLR"}, "one_cycle"),
    ({"scheduler": "CosineAnnealingLR"}, "cosine"),
    ({"lr_scheduler": "warmup_stable_decay"}, "wsd"),
    ({"lr_policy": "step"}, "step"),
    ({"sched": "poly"}, "polynomial"),
]


@pytest.mark.parametrize(("config", "kind"), SETTINGS)
def test_frameworks_words_are_understood(config: dict[str, object], kind: str) -> None:
    found = configured(config, 0, 1000)
    assert found is not None
    assert (found.kind, found.origin) == (kind, "configured")


def test_warm_up_and_plan_are_read() -> None:
    config = {"lr_scheduler_type": "linear", "warmup_ratio": 0.1, "max_steps": 1000, "learning_rate": 3e-4}
    found = configured(config, 0, 1000)
    assert found is not None
    assert (found.warmup_end, found.end, found.peak) == (100, 1000, 3e-4)


@pytest.mark.parametrize("config", [{}, {"scheduler": "fifo"}, {"scheduler": 3}, {"schedule": ""}])
def test_other_settings_name_none(config: dict[str, object]) -> None:
    assert configured(config, 0, 1000) is None
