"""Whether a Parquet or Arrow file that no one named is the log of a training: most are data sets."""

from pathlib import Path

from descentry.sources.loss_names import loss_name
from descentry.sources.naming import best_step
from descentry.sources.tables.arrow_columns import is_number
from descentry.sources.tables.arrow_file import ArrowFile

TABLE = "parquet"


def is_training_table(path: Path) -> bool:
    """Whether a column is a loss, or the steps of others.  Raises InputError where the table cannot be opened."""
    with ArrowFile(path) as table:
        numeric = [name for name, kind in table.leaves if is_number(kind)]
    has_steps = len(numeric) > 1 and best_step(name for name in numeric if name != "index") is not None
    return has_steps or any(map(loss_name, numeric))
