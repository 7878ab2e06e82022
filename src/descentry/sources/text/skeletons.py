"""From a skeleton to its plan."""

import re
from dataclasses import replace

from descentry.sources.text.dialects import INTRUDERS, Dialect, dialect_of
from descentry.sources.text.names import split_of
from descentry.sources.text.parsing import Parser
from descentry.sources.text.plan import NOTHING, Kind, Plan, described
from descentry.sources.text.tokens import HOLE

MAX_NUMBERS = 256
"""Numbers of one line that are looked at."""

_CONTEXT_LINE = re.compile(r"^\W*(?:[Bb]egin |[Ss]tart |[Rr]unning )?([A-Za-z]+)(?: \w+){0,2}\s*[:.…*]+\W*$")


def plan_of(skeleton: str) -> Plan:
    """The plan of a skeleton; a pure function, so plans can be kept."""
    literals = skeleton.split(HOLE)
    if len(literals) == 1:
        return _context_plan(skeleton)
    if len(literals) > MAX_NUMBERS:
        return NOTHING
    dialect = dialect_of(skeleton)
    if dialect is not None and dialect.is_heading:
        return _heading(dialect, literals)
    if dialect is not None and dialect.only:
        return _by_dialect(dialect, len(literals) - 1)
    plan = Parser(literals, dialect).plan()
    return plan if dialect is None else _adjusted(plan, dialect)


def _by_dialect(dialect: Dialect, n_numbers: int) -> Plan:
    if not dialect.names:
        return NOTHING
    where = tuple(index % n_numbers for index in dialect.names)
    plan = Plan(
        Kind.ROW,
        step=dialect.step,
        epoch=dialect.epoch,
        batch=dialect.batch,
        total=dialect.total,
        epoch_total=dialect.epoch_total,
        names=tuple(dialect.names.values()),
        where=where,
        scales=(1.0,) * len(where),
    )
    return described(plan)


def _heading(dialect: Dialect, literals: list[str]) -> Plan:
    """The plan of a line that says the step of those below; behind a slash stands its total."""
    fine = max(dialect.step, dialect.batch)
    total = fine + 1 if literals[fine + 1].strip() == "/" else -1
    counters = dialect.counters
    return Plan(
        Kind.HEADER,
        step=counters.get("step", -1),
        batch=counters.get("batch", -1),
        epoch=counters.get("epoch", -1),
        total=total,
        is_heading=True,
    )


def _adjusted(plan: Plan, dialect: Dialect) -> Plan:
    names = tuple(f"{dialect.context} {dialect.rename.get(name, name)}".strip() for name in plan.names)
    return described(replace(plan, names=names, is_twin=dialect.twin))


def _context_plan(text: str) -> Plan:
    found = _CONTEXT_LINE.match(text) if len(text) < 80 else None
    context = split_of([found[1].lower()]) if found else ""
    return Plan(Kind.CONTEXT, context=context) if context in ("validation", "test") else NOTHING


def broken_off(skeleton: str, plan: Plan, whole: Plan) -> Plan:
    """The plan of a line of the shape of `whole` that another message broke off: nothing when no more than
    half of it is left; never the number that the message touches."""
    if 2 * len(plan.names) <= len(whole.names):
        return Plan(Kind.NOTHING, is_broken=True)
    literals = skeleton.split(HOLE)
    safe = [i for i, at in enumerate(plan.where) if not INTRUDERS.search(literals[at + 1])]
    return replace(
        plan,
        is_broken=True,
        names=tuple(plan.names[i] for i in safe),
        where=tuple(plan.where[i] for i in safe),
        scales=tuple(plan.scales[i] for i in safe),
    )
