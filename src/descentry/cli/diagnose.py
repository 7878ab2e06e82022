"""`descentry diagnose LOG…`: the report."""

from functools import partial
from typing import TYPE_CHECKING

import click

from descentry._version import __version__
from descentry.cli import files, options
from descentry.cli.inputs import Inputs
from descentry.cli.outcome import Outcome
from descentry.cli.screens import JsonRuns, Screens, View
from descentry.record.finding import Severity

if TYPE_CHECKING:
    from descentry.record.report import RunReport
    from descentry.record.roles import Role
    from descentry.sources.protocol import Log


@click.command(name="diagnose", short_help="Say what is wrong, since when, why, and what to do.")
@options.logs
@options.formats("text", "json")
@options.fail_on
@options.roles
@options.knowledge
@options.run
@options.verbose
@options.no_curve
@files.options
def command(
    logs: tuple[str, ...],
    format_: str,
    as_json: bool,
    fail_on: str,
    roles: "dict[str, Role]",
    vocab_size: int | None,
    loss_function: str | None,
    alarm_rate: float | None,
    run: str | None,
    verbose: bool,
    no_curve: bool,
    html_path: str | None,
    md_path: str | None,
) -> int:
    """Say what is wrong with the runs in LOG, since which step, why, and what to do.

    LOG is a file, a folder (every run in it), a glob, or `-` for stdin.

    \b
    Examples:
      descentry diagnose train.jsonl
      descentry diagnose --json --fail-on critical runs/ > report.json
      descentry diagnose --html report.html --md report.md runs/a
      descentry diagnose --role val_loss=eval/ce --vocab-size 50257 log.csv
      ssh node cat train.log | descentry diagnose -
    """
    from descentry.calls import check_alarm_rate, check_loss_function

    check_loss_function(loss_function)
    check_alarm_rate(alarm_rate)
    outcome = Outcome()
    as_json = as_json or format_ == "json"
    view: View = _json_view() if as_json else Screens(verbose=verbose, curve=not no_curve)
    kept = files.Files(html_path, md_path)
    worst = Severity.OK
    seen: set[str] = set()
    for log in Inputs(logs, outcome).logs(run):
        report = outcome.attempt(
            log.place, partial(_report, log, roles, vocab_size, loss_function, alarm_rate)
        )
        if report is not None:
            seen.update(curve.name for curve in report.curves)
            worst = max(worst, _worst(report), key=lambda severity: severity.rank)
            view.add(report)
            kept.add(report)
    view.close()
    kept.close()
    options.check_used(roles, seen)
    return outcome.code(found=fail_on != "never" and worst.rank >= Severity(fail_on).rank)


def _json_view() -> JsonRuns:
    from descentry.report.jsonable import REPORT_SCHEMA

    return JsonRuns(schema=REPORT_SCHEMA, version=__version__)


def _report(
    log: "Log",
    roles: "dict[str, Role]",
    vocab_size: int | None,
    loss_function: str | None,
    alarm_rate: float | None,
) -> "RunReport":
    from descentry.diagnosis.diagnose import diagnose

    return diagnose(
        log, roles=roles or None, vocab_size=vocab_size, loss_function=loss_function, alarm_rate=alarm_rate
    )


def _worst(report: "RunReport") -> Severity:
    severities = [finding.severity for finding in report.findings]
    return max(severities, key=lambda severity: severity.rank, default=Severity.OK)
