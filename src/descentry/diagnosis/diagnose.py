"""From a log to its report: the one call that every door makes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from descentry.diagnosis.catalogue import load
from descentry.diagnosis.causes import rank
from descentry.diagnosis.confidence import load as load_calibration
from descentry.diagnosis.facts import measure
from descentry.diagnosis.phases import phases_of
from descentry.diagnosis.rows import rows_of
from descentry.diagnosis.schedules import as_mapping, schedule_of
from descentry.diagnosis.sketches import sketches
from descentry.diagnosis.verdict import summary, verdict
from descentry.record.chunk import Chunk
from descentry.record.event import merged
from descentry.record.report import RunReport
from descentry.record.roles import LOSS_ROLES, Role
from descentry.record.run import Run
from descentry.signal.loss_function import Start, expected_start, loss_functions
from descentry.signal.words import grouped, number
from descentry.sources.protocol import Log
from descentry.stream.drive import run
from descentry.stream.outcome import Outcome
from descentry.stream.segments import restart_events


def diagnose(
    source: Log | Run,
    *,
    roles: Mapping[str, Role] | None = None,
    vocab_size: int | None = None,
    loss_function: str | None = None,
    alarm_rate: float | None = None,
) -> RunReport:
    """Everything that is said about one run: verdict, findings, ranked causes, remedies.

    `roles`: series name -> role, overruling what the names suggest.  `vocab_size`: tokens or classes, if known.
    `loss_function`: its name, such as "mse", if known.  `alarm_rate`: false alarms per healthy run, None for the
    default.  Raises InputError where the log cannot be read.
    """
    chunks: Iterator[Chunk]
    if isinstance(source, Run):
        chunks, path = rows_of(source), source.path
        roles = {**{c.name: c.role for c in source.curves.values() if c.role is not None}, **(roles or {})}
    else:
        chunks, path = source.chunks(), source.place
    told = {"vocab_size": vocab_size, "loss_function": loss_function}
    settings = {name: value for name, value in told.items() if value is not None}
    outcome = run(chunks, roles, settings, alarm_rate)
    told_of = report(outcome, source.run, source.format, path, vocab_size)
    if alarm_rate is None:
        return told_of
    note = f"judged at {alarm_rate:g} false alarms per healthy run, all patterns together"
    return replace(told_of, notes=(*told_of.notes, note))


def report(
    outcome: Outcome, run_id: str, format_: str, path: str, vocab_size: int | None = None
) -> RunReport:
    """The report on what the stream found in a complete log."""
    start = expected(outcome, vocab_size)
    calibration = load_calibration()
    findings = tuple(calibration.finding(finding) for finding in outcome.findings)
    facts = [measure(finding, outcome, start) for finding in findings]
    causes = rank(findings, facts, load(), calibration) if findings else ()
    word = verdict(findings, outcome)
    schedule = schedule_of(outcome)
    return RunReport(
        run=run_id,
        format=format_,
        path=path,
        verdict=word,
        summary=summary(path, outcome, findings, causes, word),
        curves=outcome.curves,
        findings=findings,
        causes=causes,
        events=tuple(merged([*outcome.events, *restart_events(outcome.restarts, outcome.events)])),
        phases=phases_of(outcome, schedule),
        schedule=as_mapping(schedule),
        sketches=tuple(sketches(outcome)),
        notes=tuple(_notes(outcome, start)),
    )


def _first_loss(outcome: Outcome) -> float:
    """The first training loss, NaN where the log does not begin at the beginning of the run."""
    shape = outcome.view.shape(Role.TRAIN_LOSS)
    if shape is None or shape.first_step > max(10, 0.01 * outcome.step):
        return float("nan")
    return shape.first


def _n_attempts(outcome: Outcome) -> int:
    """How often the log begins (nearly) at its first step."""
    first = min((curve.first_step for curve in outcome.curves), default=0)
    near = first + 0.05 * max(1, outcome.step - first)
    return 1 + sum(step <= near for step in outcome.restarts)


def expected(outcome: Outcome, vocab_size: int | None = None) -> Start | None:
    """What the first training loss should have been; None where nothing tells."""
    name = outcome.names.get(Role.TRAIN_LOSS)
    return expected_start(outcome.config, vocab_size, [name] if name else [], _first_loss(outcome))


def _start_note(first: float, start: Start | None) -> Iterator[str]:
    """The first loss against that of a model that knows nothing, where this hangs on the output layer alone."""
    if start is None or first != first or not loss_functions()[start.function].is_exact:
        return
    near = "near" if start.origin == "guessed" else "against"
    if start.size is not None:
        of = f"a uniform guess over {grouped(start.size)} tokens or classes"
    else:
        of = f"a fresh model under {loss_functions()[start.function].title.lower()}"
    yield f"first loss {number(first)}, {near} the {number(start.loss)} of {of}"


def _notes(outcome: Outcome, start: Start | None) -> Iterator[str]:
    """What the report could not know, and the first loss against that of a fresh model."""
    yield from _start_note(_first_loss(outcome), start)
    n_attempts = _n_attempts(outcome)
    if n_attempts > 1:
        yield f"the log holds {n_attempts} attempts from the start; what is said of levels is about the last"
    if not any(curve.role in LOSS_ROLES for curve in outcome.curves):
        return
    missing = [
        word
        for role, word in (
            (Role.VAL_LOSS, "validation loss"),
            (Role.LEARNING_RATE, "learning rate"),
            (Role.GRAD_NORM, "gradient norm"),
        )
        if role not in outcome.names
    ]
    if missing:
        yield f"not logged: {', '.join(missing)}; with them more causes could be told apart"
