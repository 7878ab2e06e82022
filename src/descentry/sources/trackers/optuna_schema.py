"""Which tables and columns of optuna's storage reading needs."""

from descentry.formats.sqlite_file import Database
from descentry.record.errors import DamagedError

COLUMNS = {
    "studies": {"study_id", "study_name"},
    "trials": {"trial_id", "number", "study_id", "state"},
    "trial_values": {"trial_value_id", "trial_id", "objective", "value"},
    "trial_intermediate_values": {"trial_intermediate_value_id", "trial_id", "step", "intermediate_value"},
}


def require(database: Database) -> None:
    """Raises DamagedError when a column is missing that reading needs."""
    tables = database.tables()
    missing = [
        f"{table}.{column}"
        for table, columns in COLUMNS.items()
        for column in sorted(columns - set(tables.get(table, ())))
    ]
    if missing:
        problem = f"has no column {', '.join(missing)}, expected optuna's tables of version 3 or later"
        raise DamagedError(str(database.path), problem, "run `optuna storage upgrade` on a copy of it")
