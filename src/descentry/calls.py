"""The three calls of the face: `read`, `runs`, `diagnose`."""

import os
from collections.abc import Iterator, Mapping

from descentry._version import __version__
from descentry.notebook import Report, Run
from descentry.record.errors import UsageError
from descentry.record.roles import Role
from descentry.sources.places.targets import all_logs
from descentry.sources.protocol import Log
from descentry.stream.goings_back import collected

Source = str | os.PathLike[str]


def runs(path: Source, *, roles: Mapping[str, Role | str] | None = None) -> Iterator[Run]:
    """Every run in a file or folder, one at a time, with whole curves; its events tell where the log goes back.

    `roles`: series name -> role, overruling what the names suggest.
    Raises InputError where nothing can be read, UsageError for a role that is not known.
    """
    chosen = _roles(roles)
    for log in _logs(path):
        yield collected(log, chosen)


def read(path: Source, *, roles: Mapping[str, Role | str] | None = None) -> Run:
    """The only run in a file or folder.

    `roles` and errors are those of `runs`; several runs are a UsageError that names them.
    """
    found = _logs(path)
    if len(found) != 1:
        names = ", ".join(log.run for log in found[:5])
        more = ", …" if len(found) > 5 else ""
        raise UsageError(
            f"{path}: holds {len(found)} runs ({names}{more}), expected one; use descentry.runs()"
        )
    return collected(found[0], _roles(roles))


def diagnose(
    source: Source | Run,
    *,
    roles: Mapping[str, Role | str] | None = None,
    vocab_size: int | None = None,
    loss_function: str | None = None,
    alarm_rate: float | None = None,
) -> Report:
    """What is wrong with a run, or with every run in a file or folder.

    `vocab_size`: the number of tokens or classes, if known; ln of it is the loss of a uniform guess.
    `loss_function`: what the loss is, such as "mse" or "bce", where the log does not tell.
    `alarm_rate`: the share of healthy runs that may be alarmed at, 0.001 if not given.  Lower: later, surer findings.
    `roles` and errors are those of `runs`; a loss function that is not known, or a rate beyond what can be
    controlled, is a UsageError.
    """
    from descentry.diagnosis.diagnose import diagnose as diagnose_run

    chosen = _roles(roles)
    check_loss_function(loss_function)
    check_alarm_rate(alarm_rate)
    items: list[Log] | list[Run] = [source] if isinstance(source, Run) else _logs(source)
    reports = tuple(
        diagnose_run(
            item, roles=chosen, vocab_size=vocab_size, loss_function=loss_function, alarm_rate=alarm_rate
        )
        for item in items
    )
    return Report(reports, __version__)


def check_loss_function(text: str | None) -> None:
    """None; raises UsageError where `text` names no loss function that is known."""
    from descentry.signal.loss_function import loss_functions, named

    if text is not None and named(text) is None:
        raise UsageError(f"no loss function {text!r}; expected one of {', '.join(loss_functions())}")


def check_alarm_rate(rate: float | None) -> None:
    """None; raises UsageError for a rate of false alarms that cannot be controlled."""
    from descentry.signal.alarms import check_rate

    check_rate(rate)


def _logs(path: Source) -> list[Log]:
    return all_logs(os.fspath(path))


def _roles(roles: Mapping[str, Role | str] | None) -> dict[str, Role] | None:
    if roles is None:
        return None
    unknown = [str(role) for role in roles.values() if role not in set(Role)]
    if unknown:
        raise UsageError(f"no role {unknown[0]!r}; expected one of {', '.join(Role)}")
    return {name: Role(role) for name, role in roles.items()}
