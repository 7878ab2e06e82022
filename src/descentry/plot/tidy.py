"""The points of a run as a pandas table in long form.  Needs pandas."""

from typing import Any

from descentry.record.errors import UsageError
from descentry.record.run import Run

COLUMNS = ("run", "series", "role", "step", "value", "wall_time")


def table(run: Run) -> Any:
    """A `pandas.DataFrame` with a row for each point, as logged: order and duplicates kept.

    Columns: `run`, `series`, `role` (categories; a role may be missing), `step` int64, `value` float64 (NaN and
    infinities as logged), `wall_time` float64 (seconds since 1970, NaN where none is logged).  Long and tidy, so
    `seaborn.relplot(run.to_pandas(), x="step", y="value", row="series", kind="line")` works as it is.
    Raises UsageError where pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise UsageError("a table needs pandas: pip install pandas") from error
    import numpy as np

    curves = list(run.curves.values())
    lengths = [len(curve) for curve in curves]
    roles = [None if curve.role is None else str(curve.role) for curve in curves]
    known = list(dict.fromkeys(role for role in roles if role is not None))
    role_codes = [-1 if role is None else known.index(role) for role in roles]
    times = [np.full(len(c), np.nan) if c.wall_times is None else c.wall_times for c in curves]
    n = sum(lengths)
    return pandas.DataFrame(
        {
            "run": pandas.Categorical.from_codes(np.zeros(n, np.int64), [run.run]),
            "series": pandas.Categorical.from_codes(
                np.repeat(np.arange(len(curves)), lengths), [curve.name for curve in curves]
            ),
            "role": pandas.Categorical.from_codes(np.repeat(np.array(role_codes, np.int64), lengths), known),
            "step": np.concatenate([np.empty(0, np.int64), *(curve.steps for curve in curves)]),
            "value": np.concatenate([np.empty(0), *(curve.values for curve in curves)]),
            "wall_time": np.concatenate([np.empty(0), *times]),
        }
    )
