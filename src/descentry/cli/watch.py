"""`descentry watch LOG…`: a growing log, followed; findings as they open, change and close."""

import signal
from dataclasses import replace
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from descentry.cli import options
from descentry.cli.inputs import about
from descentry.cli.outcome import INTERRUPTED, Outcome
from descentry.cli.output import complain, is_read
from descentry.cli.watch_sinks import sinks, sinks_of
from descentry.cli.watch_views import JsonLines, Lines
from descentry.record.errors import InputError
from descentry.record.finding import Severity

if TYPE_CHECKING:
    from descentry.record.roles import Role
    from descentry.watch.ends import Ends
    from descentry.watch.loop import Watch
    from descentry.watch.settings import Settings

_SPAN = "Such as 90s, 15m, 2h."


@click.command(name="watch", short_help="Follow a growing log; tell findings as they open and close.")
@options.logs
@options.formats("text", "json")
@options.fail_on
@click.option("--stop-on", type=click.Choice(options.SEVERITIES), default="never", show_default=True,
              help="End, with exit code 1, as soon as a finding this severe opens.")  # fmt: skip
@click.option("--idle-timeout", metavar="TIME", help=f"End when no new point has come for so long. {_SPAN}")
@click.option("--once", is_flag=True, help="Read what is there, tell it, end.")
@click.option("--wait", is_flag=True, help="Wait for a LOG that is not there yet.")
@click.option("--at-once", is_flag=True, help="Tell warnings about shapes at the first look, too.")
@click.option("--poll", metavar="TIME", default="0.5s", show_default=True, help="How often to look for more.")
@sinks
@options.roles
@options.knowledge
@options.run
def command(
    logs: tuple[str, ...],
    format_: str,
    as_json: bool,
    fail_on: str,
    stop_on: str,
    idle_timeout: str | None,
    once: bool,
    wait: bool,
    at_once: bool,
    poll: str,
    roles: "dict[str, Role]",
    vocab_size: int | None,
    loss_function: str | None,
    alarm_rate: float | None,
    run: str | None,
    **others: Any,
) -> int:
    """Follow the runs in LOG as they grow, and tell each finding when it opens, changes and closes.

    LOG is a file, a folder (every run in it, and those that join), a glob, or `-` for stdin. Ctrl-C ends.

    \b
    Examples:
      descentry watch train.jsonl
      descentry watch --json runs/ > events.jsonl
      descentry watch --stop-on critical --idle-timeout 1h train.log
      descentry watch --notify discord://ID/TOKEN --exec "python halt.py" runs/a
      python train.py | descentry watch -
    """
    from descentry.watch.ends import seconds
    from descentry.watch.loop import Watch
    from descentry.watch.places import Places

    view = JsonLines() if as_json or format_ == "json" else Lines()
    outcome = _Below(view)
    watch = Watch(
        Places(logs, run=run, wait=wait, once=once),
        replace(_settings(roles, vocab_size, loss_function, alarm_rate), at_once=at_once),
        [view, *sinks_of(**others)],
        _ends(once, idle_timeout, stop_on),
        attempt=outcome.attempt,
        fail=outcome.fail,
        tell_skipped=outcome.tell_skipped,
        is_read=is_read,
        poll_s=seconds(poll),
    )
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    return _code(watch, watch.run(), outcome, fail_on)


class _Below(Outcome):
    """What became of the inputs; its lines do not stand behind the live line."""

    def __init__(self, view: JsonLines | Lines) -> None:
        super().__init__()
        self._view = view

    def fail(self, message: str) -> None:
        """Say one line and remember that an input was not answered."""
        self._view.clear()
        super().fail(message)

    def tell_skipped(self, skipped: list[InputError]) -> None:
        """Say what lies beside the logs and cannot be read."""
        for line in about(skipped):
            self._view.clear()
            complain(line)


def _settings(
    roles: "dict[str, Role]", vocab_size: int | None, loss_function: str | None, alarm_rate: float | None
) -> "Settings":
    from descentry.calls import check_alarm_rate, check_loss_function
    from descentry.watch.settings import Settings

    check_loss_function(loss_function)
    check_alarm_rate(alarm_rate)
    return Settings(roles, vocab_size, loss_function, alarm_rate)


def _ends(once: bool, idle_timeout: str | None, stop_on: str) -> "Ends":
    from descentry.watch.ends import Ends, seconds

    idle_s = None if idle_timeout is None else seconds(idle_timeout)
    return Ends(once, idle_s, None if stop_on == "never" else Severity(stop_on))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Whoever is asked to terminate ends as by Ctrl-C: with the summary, and with what is held for others sent."""
    raise KeyboardInterrupt


def _code(watch: "Watch", reason: str, outcome: Outcome, fail_on: str) -> int:
    if reason == "interrupted":
        return INTERRUPTED
    outcome.n_failed += sum(bool(one.problem) for one in watch.runs)
    is_found = fail_on != "never" and any(
        one.severity.rank >= Severity(fail_on).rank for report in watch.reports for one in report.findings
    )
    return outcome.code(found=reason == "finding" or is_found)
