"""From runs to a drawing: which series stand in which panel, on which axes, and what is said about it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from descentry.plot import hidden
from descentry.plot.abscissa import LABELS, Abscissa, abscissa, time_unit
from descentry.plot.drawing import Drawing, Line, Panel, Pin
from descentry.plot.lines import Grid, is_validation, lines, name_of, non_finite
from descentry.plot.settings import Settings
from descentry.plot.subject import Series, Subject
from descentry.plot.verticals import verticals
from descentry.record.errors import UsageError
from descentry.record.legible import clipped, escaped
from descentry.record.roles import LOSS_ROLES, Role
from descentry.signal.smooth import NONE, settled
from descentry.signal.words import grouped

_MAIN = (Role.TRAIN_LOSS, Role.LOSS_PART, Role.OTHER_LOSS, Role.VAL_LOSS, Role.TEST_LOSS, Role.PERPLEXITY)
_BESIDE = (Role.VAL_LOSS, Role.TEST_LOSS)
_STRIPS = (Role.LEARNING_RATE, Role.GRAD_NORM)
_TITLES = {
    Role.LEARNING_RATE: "lr",
    Role.GRAD_NORM: "grad norm",
    Role.PERPLEXITY: "perplexity",
}
_NOT_SMOOTHED = frozenset({Role.LEARNING_RATE, Role.EPOCH, Role.TOKENS, Role.DATA_VERSION, Role.LOSS_SCALE})
MOST_PANELS = 8
MOST_RUNS = 26
DECADES = 1.0
"""Decades that a positive loss spans from which a logarithmic axis shows more."""
_STRIP_DECADES = 1.5
_NAME_CELLS = 60
_Group = list[tuple[int, Series]]


def compose(subjects: Sequence[Subject], settings: Settings) -> Drawing:
    """The drawing of one run, or of several over each other.

    Raises UsageError where a series or the unit of the x axis is not in a log, or nothing can be drawn at all.
    """
    _check_counts(subjects)
    subjects = [_lettered(one, _letter(i, subjects)) for i, one in enumerate(subjects)]
    groups = list(_groups(subjects, settings.series))
    if len(groups) > MOST_PANELS:
        raise UsageError(f"{len(groups)} panels are more than fit ({MOST_PANELS}); name fewer with --series")
    leading = groups[0][1]
    smoothed = [series for _, group in groups for _, series in group if _is_smoothed(series)]
    settings = replace(settings, smoothing=settled(settings.smoothing, hidden.stride(smoothed) or 1.0))
    places, x_label = _places(subjects, leading, settings)
    y_log, said = _scale(leading, settings)
    x_log = settings.y == "log-log" and any(bool((p.of(_ends(leading)) > 0).any()) for p in places)
    grids = [Grid(place, settings.n_buckets, x_log, y_log) for place in places]
    panels = tuple(_panel(title, group, grids, settings, leads=group is leading) for title, group in groups)
    mains = dict(reversed(leading))
    return Drawing(
        title=_title(subjects),
        summary=escaped(subjects[0].summary) if len(subjects) == 1 else "",
        runs=tuple(_letter(i, subjects) + _name(one) for i, one in enumerate(subjects)),
        x_label=x_label,
        x_log=x_log,
        panels=panels,
        pins=tuple(pin for i, one in enumerate(subjects) for pin in _pins(one, i, grids[i], mains.get(i)))
        if settings.findings
        else (),
        verticals=tuple(
            line for i, one in enumerate(subjects) for line in verticals(one, i, mains.get(i), grids[i])
        ),
        smoothing="" if settings.smoothing == NONE or not smoothed else settings.smoothing.words,
        notes=(*said, *hidden.notes(subjects, smoothed, settings.smoothing)),
    )


def _check_counts(subjects: Sequence[Subject]) -> None:
    if not 1 <= len(subjects) <= MOST_RUNS:
        raise UsageError(f"{len(subjects)} runs cannot be drawn over each other; expected 1 to {MOST_RUNS}")


def _title(subjects: Sequence[Subject]) -> str:
    if len(subjects) > 1:
        return f"{len(subjects)} runs"
    return _name(subjects[0])


def _name(one: Subject) -> str:
    return clipped(escaped(one.run), _NAME_CELLS)


def _letter(run: int, subjects: Sequence[Subject]) -> str:
    """What tells several runs apart without a colour: A, B, …"""
    return f"{chr(ord('A') + run)} " if len(subjects) > 1 else ""


def _lettered(one: Subject, letter: str) -> Subject:
    """The run with its letter before its findings' labels."""
    return replace(one, findings=tuple((letter.strip() + label, finding) for label, finding in one.findings))


def _groups(subjects: Sequence[Subject], names: tuple[str, ...]) -> Iterator[tuple[str, _Group]]:
    """Titled groups of series, each with the index of its run: what shares a y axis."""
    if names:
        yield from _named(subjects, names)
        return
    leading = [(i, series) for i, one in enumerate(subjects) for series in _leading(one)]
    if not leading:
        raise UsageError(f"{escaped(subjects[0].run)}: no loss to draw; name what to draw: --series NAME")
    yield _main_title(leading), leading
    for role in _STRIPS:
        strip = [(i, series) for i, one in enumerate(subjects) if (series := one.by_role(role)) is not None]
        if strip:
            yield _TITLES[role], strip


def _leading(one: Subject) -> Iterator[Series]:
    main = one.by_role(*_MAIN) or next((series for series in one.series if len(series)), None)
    if main is not None:
        yield main
    beside = one.by_role(*_BESIDE)
    if beside is not None and beside is not main:
        yield beside


def _main_title(leading: _Group) -> str:
    if all(series.role in LOSS_ROLES for _, series in leading):
        return "loss"
    names = {
        _TITLES.get(series.role, name_of(series)) if series.role else name_of(series) for _, series in leading
    }
    return clipped(", ".join(sorted(names)), _NAME_CELLS)


def _named(subjects: Sequence[Subject], names: tuple[str, ...]) -> Iterator[tuple[str, _Group]]:
    """Losses together, every other name by itself."""
    groups: dict[str, _Group] = {}
    for name in dict.fromkeys(names):
        found = [
            (i, series) for i, one in enumerate(subjects) for series in one.series if series.name == name
        ]
        if not any(len(series) for _, series in found):
            known = sorted({series.name for one in subjects for series in one.series})
            some = ", ".join(map(escaped, known[:20])) + (", …" if len(known) > 20 else "")
            raise UsageError(f"no series {name!r} with a point in it; series: {some or 'none'}")
        is_loss = any(series.role in LOSS_ROLES for _, series in found)
        groups.setdefault("loss" if is_loss else name_of(found[0][1]), []).extend(found)
    yield from groups.items()


def _places(subjects: Sequence[Subject], leading: _Group, settings: Settings) -> tuple[list[Abscissa], str]:
    """The x axis of each run, all in one unit, and its label."""
    places = [abscissa(one, settings) for one in subjects]
    if settings.x != "time":
        return places, LABELS[settings.x]
    span = max(float(np.ptp(places[run].of(series.steps[[0, -1]].astype(float)))) for run, series in leading)
    size, name = time_unit(span)
    return [replace(place, x=place.x / size) for place in places], LABELS["time"].format(name)


def _ends(group: _Group) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([float(step) for _, series in group for step in (series.steps.min(), series.steps.max())])


def _scale(leading: _Group, settings: Settings) -> tuple[bool, tuple[str, ...]]:
    """Whether the leading panel's y axis is logarithmic, and what is to be said about it."""
    extremes = np.concatenate([array for _, series in leading for array in (series.low, series.high)])
    finite = extremes[np.isfinite(extremes)]
    positive = finite[finite > 0]
    decades = float(np.log10(positive.max()) - np.log10(positive.min())) if len(positive) else 0.0
    is_wide = len(positive) == len(finite) and decades >= DECADES
    if settings.y == "linear":
        hint = f"the loss spans {decades:.1f} decades: --y log shows more"
        return False, (hint,) if is_wide and _main_title(leading) == "loss" else ()
    if settings.y == "auto":
        return is_wide, ()
    if not len(positive):
        return False, ("no value is above 0: the y axis is linear",) if len(finite) else ()
    below = sum(int(np.sum(series.low <= 0)) for _, series in leading)
    points = "1 point at or below 0 has" if below == 1 else f"{grouped(below)} points at or below 0 have"
    return True, (f"{points} no place on a logarithmic axis",) if below else ()


def _is_smoothed(series: Series) -> bool:
    return not is_validation(series) and series.role not in _NOT_SMOOTHED


def _panel(title: str, group: _Group, grids: Sequence[Grid], settings: Settings, *, leads: bool) -> Panel:
    log = grids[0].y_log if leads else _strip_log(group)
    drawn: list[Line] = []
    bad = []
    for run, series in group:
        grid = replace(grids[run], y_log=log)
        drawn += lines(series, run, grid, settings.smoothing if _is_smoothed(series) else NONE)
        bad.append(non_finite(series, grid))
    return Panel(title, tuple(drawn), log, np.unique(np.concatenate(bad)))


def _strip_log(group: _Group) -> bool:
    """A strip has little height: what spans more than a decade and a half, as gradient norms do, is bent."""
    if group[0][1].role in _NOT_SMOOTHED:
        return False
    values = np.concatenate([series.values for _, series in group])
    values = values[np.isfinite(values)]
    return bool(len(values) and values.min() > 0 and values.max() / values.min() > 10**_STRIP_DECADES)


def _pins(one: Subject, run: int, grid: Grid, main: Series | None) -> Iterator[Pin]:
    last = float(max((int(series.steps.max()) for series in one.series if len(series)), default=0))
    last = float(main.steps.max()) if main is not None else last
    for label, finding in one.findings:
        end = last if finding.end_step is None else float(finding.end_step)
        places = grid.places.of(
            np.array([finding.onset_step, max(end, finding.onset_step), *finding.steps], float)
        )
        yield Pin(
            label,
            finding.pattern,
            finding.severity,
            escaped(finding.statement),
            run,
            float(places[0]),
            float(places[1]),
            tuple(places[2:].tolist()),
        )
