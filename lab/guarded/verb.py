"""The verb `guard`: the closed loop, remade by one command, resumable."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

OUT = Path(__file__).parents[1] / "runs/guarded"
Kind = TypeVar("Kind")


@click.command()
@click.option("--seeds", default=4, show_default=True, help="Trainings of each fault and severity.")
@click.option("--first-seed", default=0, show_default=True)
@click.option("--healthy", "n_healthy", default=40, show_default=True, help="Healthy trainings.")
@click.option("--only", default="", help="Only cases whose id holds this text.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Where results are kept.")
@click.option("--again", is_flag=True, help="Play again what was played: after a change of the guard.")
@click.option("--wrong", "shows_wrong", is_flag=True, help="List the cases that did not end as they should.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def guard(
    seeds: int,
    first_seed: int,
    n_healthy: int,
    only: str,
    out: Path,
    again: bool,
    shows_wrong: bool,
    jobs: int,
) -> None:
    """Real faulty trainings under the acting guard, nobody there.

    What is savable is fixed first, by replaying every action at the true onset, and kept; the guard is not asked.
    """
    from lab.guarded import play, table
    from lab.guarded.cases import faulty, healthy

    out.mkdir(parents=True, exist_ok=True)
    cases = {one.id: one for one in faulty(seeds, first_seed) if only in one.id}
    sound = {one.id: one for one in healthy(n_healthy) if only in one.id}
    if again:
        for name in ("played", "unharmed"):
            (out / f"{name}.jsonl").unlink(missing_ok=True)
    span = (seeds, first_seed, n_healthy)
    fixed = _all("fixed", out, play.Fixed, cases, _fix, jobs, span)
    played = _all(
        "played", out, play.Played, cases, _play, jobs, span, {n: asdict(f) for n, f in fixed.items()}
    )
    unharmed = _all("unharmed", out, play.Unharmed, sound, _spare, jobs, span)
    for line in table.lines(list(played.values()), list(unharmed.values())):
        click.echo(line)
    if shows_wrong:
        for line in table.wrong(list(played.values())):
            click.echo(line)


def _all(
    name: str,
    out: Path,
    kind: Callable[..., Kind],
    ids: Iterable[str],
    do: Callable[..., dict[str, Any]],
    jobs: int,
    span: tuple[int, int, int],
    known: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Kind]:
    """Results of this kind by case: those that are kept, and the others made and kept, one line each."""
    path = out / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    have = {row["id"]: row for row in rows}
    todo = [one for one in ids if one not in have]
    with ProcessPoolExecutor(jobs) as pool, path.open("a") as file:
        waiting = [pool.submit(do, one, span, (known or {}).get(one)) for one in todo]
        for n, job in enumerate(as_completed(waiting), 1):
            row = job.result()
            have[row["id"]] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
            click.echo(f"{name} {n}/{len(todo)} {row['id']}", err=True)
    return {one: kind(**have[one]) for one in ids}


def _case(name: str, span: tuple[int, int, int]) -> Any:
    from lab.guarded.cases import faulty, healthy

    seeds, first_seed, n_healthy = span
    return next(one for one in (*faulty(seeds, first_seed), *healthy(n_healthy)) if one.id == name)


def _fix(name: str, span: tuple[int, int, int], known: None) -> dict[str, Any]:
    from lab.guarded import play

    return asdict(play.fix(_case(name, span)))


def _play(name: str, span: tuple[int, int, int], known: dict[str, Any]) -> dict[str, Any]:
    from lab.guarded import play

    return asdict(play.play(_case(name, span), play.Fixed(**known)))


def _spare(name: str, span: tuple[int, int, int], known: None) -> dict[str, Any]:
    from lab.guarded import play

    return asdict(play.spare(_case(name, span)))
