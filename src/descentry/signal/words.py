"""Numbers in words: as many digits as a reader can use."""


def number(value: float, noise: float | None = None) -> str:
    """A value for people: four significant digits, or as many decimals as the noise leaves meaning.

    `number(3.14159)` is '3.142'; with a noise of 0.02 it is '3.14'.  NaN and infinities are spelled out.
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "infinity" if value > 0 else "-infinity"
    if noise is not None and noise > 0:
        decimals = 0
        while decimals < 8 and noise < 10.0**-decimals:
            decimals += 1
        rounded = f"{value:.{max(decimals, 1)}f}"
        if abs(value) >= 1e-4 and decimals < 8 and float(rounded) != 0.0:
            return rounded
    return f"{value:.4g}"


def percent(share: float) -> str:
    """A share as a percentage with two digits: 0.0312 is '3.1 %'."""
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def grouped(step: float) -> str:
    """A step or count with its thousands set apart: 128000 is '128 000'."""
    return f"{int(step):,}".replace(",", " ")


def rough(value: float) -> str:
    """A spread or an error with the two digits that it supports: 0.1431 is '0.14'."""
    return f"{value:.2g}" if value == value and abs(value) < 1e4 else number(value)
