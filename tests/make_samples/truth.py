"""What was handed to a library, written as JSON beside the log that the library made."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

ENDING = ".truth.json"


class Truth:
    """Gathers the points of one log by series name, in the order of the calls.

    `dtype`: numpy's name of the type that the writer stores.  `has_steps`: whether the log tells the steps.
    `events`: the kinds of events that reading must tell.  `left_out`: numbers of the log that are no points,
    by design.  `roles`: the part that series play, by name.
    """

    def __init__(
        self,
        writer: str,
        *,
        dtype: str = "float64",
        has_steps: bool = True,
        events: tuple[str, ...] = (),
        left_out: tuple[str, ...] = (),
    ) -> None:
        self._about = {"writer": writer, "dtype": dtype, "has_steps": has_steps, "events": events}
        self._left_out = left_out
        self.roles: dict[str, str] = {}
        self._series: dict[str, list[tuple[int, float]]] = {}

    def put(self, step: int, values: Mapping[str, float]) -> None:
        """Takes the values that were logged at a step."""
        for name, value in values.items():
            self._series.setdefault(name, []).append((step, float(value)))

    def write(self, log: Path) -> None:
        """Writes `<log>.truth.json`.  Non-finite values are spelled "nan", "inf", "-inf"."""
        series = {
            name: {"steps": [step for step, _ in points], "values": [_spelled(value) for _, value in points]}
            for name, points in self._series.items()
        }
        about = {**self._about, **({"left_out": self._left_out} if self._left_out else {})}
        about |= {"roles": self.roles} if self.roles else {}
        text = json.dumps({**about, "series": series}, ensure_ascii=False)
        log.with_name(log.name + ENDING).write_text(text.replace('}, "', '},\n"') + "\n", "utf-8")


def _spelled(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
