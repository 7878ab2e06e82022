"""The readers in the order in which they are asked: built-ins, then those of other packages.

All enter by name, `module` or `module:attribute`; nothing is imported before a log is looked for.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from descentry.record.errors import UsageError
from descentry.sources.protocol import Reader

GROUP = "descentry.readers"
"""The entry point group by which other packages add readers."""

BUILT_IN = (
    "descentry.sources.tensorboard.reader",
    "descentry.sources.wandb.offline",
    "descentry.sources.mlflow.files",
    "descentry.sources.mlflow.sql",
    "descentry.sources.trackers.trackio_db",
    "descentry.sources.trackers.optuna_study",
    "descentry.sources.trackers.optuna_journal",
    "descentry.sources.trackers.sqlite_other",
    "descentry.sources.trackers.comet_zip",
    "descentry.sources.trackers.clearml_zip",
    "descentry.sources.trackers.swanlab",
    "descentry.sources.trackers.dvclive",
    "descentry.sources.trackers.neptune_export",
    "descentry.sources.tables.parquet_table",
    "descentry.sources.trackers.deepspeed_csv",
    "descentry.sources.json.trainer_state",
    "descentry.sources.json.megatron_golden",
    "descentry.sources.json.own_export",
    "descentry.sources.json.columns",
    "descentry.sources.trackers.run_folder",
    "descentry.sources.json.lines",
    "descentry.sources.tables.wandb_export",
    "descentry.sources.tables.csv",
    "descentry.sources.trackers.aim_repo",
    "descentry.sources.text.json_records",
    "descentry.sources.text.number_lines",
    "descentry.sources.text.reader",
)
"""Formats that are recognised for certain stand first; text, which takes anything regular, is the last."""


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, in the order in which they are asked.  Raises UsageError for a broken plug-in."""
    added = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return (*map(loaded, (entry.value for entry in added)), *map(loaded, BUILT_IN))


def loaded(name: str) -> Reader:
    """The reader that a name stands for.  Raises UsageError when it cannot be loaded or is none."""
    module, _, attribute = name.partition(":")
    try:
        reader = import_module(module)
        for part in filter(None, attribute.split(".")):
            reader = getattr(reader, part)
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"reader {name} cannot be loaded ({error}); reinstall or remove its package"
        ) from error
    missing = [part for part in ("format", "matches", "read", "follow") if not hasattr(reader, part)]
    if missing:
        raise UsageError(f"reader {name} has no {', '.join(missing)}; see descentry.sources.protocol.Reader")
    return cast(Reader, reader)
