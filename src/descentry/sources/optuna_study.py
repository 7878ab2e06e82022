"""Optuna's SQLite storage: each study by the number of its trials, and each trial that reported values on its way.

Written by optuna 2.x to 4.x (`create_study(storage="sqlite:///…")`).  The run of a study has its objectives, with
the number of the trial as the step; the run of a trial has `intermediate_value`.  Infinities are a type beside the
value, NaN is one or NULL.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from descentry.formats.sqlite_file import Database, Row, holds_tables, text
from descentry.formats.sqlite_place import SqlitePlace, is_settled
from descentry.record.chunk import Chunk, empty
from descentry.record.errors import DamagedError, InputError
from descentry.sources.json_rows import as_number
from descentry.sources.json_values import BadJson, clean_name, parsed
from descentry.sources.notes import Notes
from descentry.sources.numbers import wall_seconds, whole_step
from descentry.sources.rows import Rows, bounded, is_empty, with_events
from descentry.sources.store import MAX_SETTINGS, only_run, run_names
