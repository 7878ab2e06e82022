"""`descentry watch LOG…`: a growing log, followed; findings as they open, change and close."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from descentry.cli import options
from descentry.cli.inputs import about
from descentry.cli.outcome import INTERRUPTED, Outcome
from descentry.cli.output import complain, is_read
from descentry.cli.watch_views import JsonLines, Lines
from descentry.record.errors import InputError
from descentry.record.finding import Severity

if TYPE_CHECKING:
    from descentry.record.roles import Role
    from descentry.watch.loop import Watch
    from descentry.watch.sinks.protocol import Sink

Message = TypeVar("Message")
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
@click.option("--poll", metavar="TIME", default="0.5s", show_default=True, help="How often to look for more.")
@click.option("--notify", "urls", metavar="URL", multiple=True,
              help="Send findings to this service, as apprise knows it. Repeatable.")  # fmt: skip
@click.option("--notify-on", type=click.Choice(options.SEVERITIES[:3]), default="warning", show_default=True,
              help="Send findings this severe or worse.")  # fmt: skip
@click.option("--notify-every", metavar="TIME", default="10m", show_default=True,
              help="At most one message in this time; the others are joined.")  # fmt: skip
@click.option("--exec", "programs", metavar="CMD", multiple=True,
              help="Run CMD for each change, no shell; the event is its stdin. Repeatable.")  # fmt: skip
@click.option("--exec-timeout", metavar="TIME", default="60s", show_default=True, help="Then CMD is killed.")
@click.option(
    "--prometheus", metavar="[HOST:]PORT", help="Serve metrics there; HOST is 127.0.0.1 if not given."
)
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
    poll: str,
    urls: tuple[str, ...],
    notify_on: str,
    notify_every: str,
    programs: tuple[str, ...],
    exec_timeout: str,
    prometheus: str | None,
    roles: "dict[str, Role]",
    vocab_size: int | None,
    loss_function: str | None,
    alarm_rate: float | None,
    run: str | None,
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
    from descentry.calls import check_alarm_rate, check_loss_function
    from descentry.watch.ends import Ends, seconds
    from descentry.watch.loop import Watch
    from descentry.watch.places import Places
    from descentry.watch.run import Settings

    check_loss_function(loss_function)
    check_alarm_rate(alarm_rate)
    outcome = Outcome()
    view = JsonLines() if as_json or format_ == "json" else Lines()
    idle_s = None if idle_timeout is None else seconds(idle_timeout)
    watch = Watch(
        Places(logs, run=run, wait=wait, once=once),
        Settings(roles, vocab_size, loss_function, alarm_rate),
        [
            view,
            *_sinks(
                urls, Severity(notify_on), seconds(notify_every), programs, seconds(exec_timeout), prometheus
            ),
        ],
        Ends(once, idle_s, None if stop_on == "never" else Severity(stop_on)),
        attempt=outcome.attempt,
        fail=_cleared(view, outcome.fail),
        tell_skipped=_cleared(view, _tell_skipped),
        is_read=is_read,
        poll_s=seconds(poll),
    )
    reason = watch.run()
    if reason == "interrupted":
        return INTERRUPTED
    outcome.n_failed += sum(bool(one.problem) for one in watch.runs)
    return outcome.code(found=reason == "finding" or _is_found(watch, fail_on))


def _cleared(view: JsonLines | Lines, tell: Callable[[Message], object]) -> Callable[[Message], None]:
    """The same, after the live line is taken away."""

    def told(message: Message) -> None:
        view.clear()
        tell(message)

    return told


def _tell_skipped(skipped: list[InputError]) -> None:
    for line in about(skipped):
        complain(line)


def _is_found(watch: "Watch", fail_on: str) -> bool:
    return fail_on != "never" and any(
        one.severity.rank >= Severity(fail_on).rank for report in watch.reports for one in report.findings
    )


def _sinks(
    urls: tuple[str, ...],
    notify_on: Severity,
    notify_every_s: float,
    programs: tuple[str, ...],
    exec_timeout_s: float,
    prometheus: str | None,
) -> "list[Sink]":
    """Everyone to tell beside the one who looks on; each is imported when it is asked for."""
    sinks: list[Sink] = []
    if urls:
        from descentry.watch.sinks.notify import Notify

        sinks.append(Notify(urls, notify_on, notify_every_s))
    if programs:
        from descentry.watch.sinks.command import Command

        sinks += [Command(line, exec_timeout_s) for line in programs]
    if prometheus is not None:
        from descentry.watch.sinks.prometheus import Prometheus, address

        endpoint = Prometheus(*address(prometheus))
        complain(f"metrics at {endpoint.where}")
        sinks.append(endpoint)
    return sinks
