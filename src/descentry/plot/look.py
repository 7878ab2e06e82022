"""Colours and sizes of pictures.  Okabe and Ito, Color Universal Design, 2008: told apart by all kinds of eyes."""

from dataclasses import dataclass

from descentry.record.errors import UsageError
from descentry.record.finding import Severity

_LIGHT_RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DARK_RUNS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#FFFFFF")
_SEVERITIES = {"critical": "#D55E00", "warning": "#E69F00", "info": "#56B4E9", "ok": "#999999"}
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
"""After seven runs the colours come again, with other dashes."""
_LEAST, _MOST = 2.0, 60.0
_MOST_PIXELS = 12_000


@dataclass(frozen=True, slots=True)
class Look:
    """Size in inches, dots per inch, light or dark.  Raises UsageError for a size that no picture can have."""

    width: float = 10.0
    height: float = 7.0
    dpi: float = 150.0
    dark: bool = False

    def __post_init__(self) -> None:
        for size, name in ((self.width, "width"), (self.height, "height")):
            if not _LEAST <= size <= _MOST:
                raise UsageError(f"--{name} {size:g}: expected {_LEAST:g} to {_MOST:g} inches for a picture")
        if not 20 <= self.dpi <= _MOST_PIXELS / max(self.width, self.height):
            most = _MOST_PIXELS / max(self.width, self.height)
            raise UsageError(f"--dpi {self.dpi:g}: expected 20 to {most:.0f} for a picture of this size")

    @property
    def paper(self) -> str:
        return "#14181D" if self.dark else "#FFFFFF"

    @property
    def ink(self) -> str:
        return "#E8EAED" if self.dark else "#1A1A1A"

    @property
    def faint(self) -> str:
        """Of axes, notes and verticals; still 4.5 to 1 against the paper."""
        return "#9AA3AD" if self.dark else "#666666"

    @property
    def grid(self) -> str:
        return "#2A3038" if self.dark else "#E6E6E6"

    def run(self, index: int) -> str:
        """The colour of a run's lines."""
        colours = _DARK_RUNS if self.dark else _LIGHT_RUNS
        return colours[index % len(colours)]

    def validation(self, index: int, n_runs: int) -> str:
        """The colour of validation points: their own with one run, that of the run with several."""
        return self.run(index) if n_runs > 1 else self.run(2)

    def dash(self, index: int) -> object:
        """The dashes of a run's lines."""
        return DASHES[(index // len(_LIGHT_RUNS)) % len(DASHES)]

    def severity(self, severity: Severity) -> str:
        return _SEVERITIES[severity.value]

    @property
    def n_buckets(self) -> int:
        """Places along x that the picture can tell apart."""
        return max(200, min(4000, int(0.85 * self.width * self.dpi)))
