"""The verbs of the proving ground."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click

from lab.case import Case
from lab.score.answer import ask
from lab.score.evidence import Weighed, fact_table, weigh, wrong_causes
from lab.score.judge import Judged, judge
from lab.score.table import lines, wrong
from lab.store import Stored, done, stored, write

RUNS = Path(__file__).parent / "runs"


@click.group()
def main() -> None:
    """Makes runs with known faults, and scores a diagnosis on them."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=RUNS, help="The folder of the runs.")
@click.option("--seeds", default=4, show_default=True, help="Runs of each fault and severity.")
@click.option("--only", default="", help="Only cases whose id holds this text.")
@click.option("--kind", type=click.Choice(["all", "trained", "made"]), default="all", show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def make(out: Path, seeds: int, only: str, kind: str, jobs: int) -> None:
    """Makes every run that is not there yet; begin again after a stop and it goes on."""
    known = done(out)
    todo = [case for case in all_cases(seeds, kind) if case.id not in known and only in case.id]
    click.echo(f"{len(known)} runs are made, {len(todo)} to make", err=True)
    start = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        jobs_of = {pool.submit(make_one, out, case): case for case in todo}
        for n, job in enumerate(as_completed(jobs_of), 1):
            problem = job.exception()
            if problem is not None:
                click.echo(f"{jobs_of[job].id}: {type(problem).__name__}: {problem}", err=True)
            if n % 25 == 0 or n == len(todo):
                click.echo(f"{n}/{len(todo)} in {time.monotonic() - start:.0f} s", err=True)


def make_one(out: Path, case: Case) -> None:
    """Makes one run and writes it."""
    write(out, case, case.make())


def all_cases(seeds: int, kind: str = "all") -> list[Case]:
    """Every case; the trained ones need torch."""
    from lab.synthetic.cases import cases as made_up

    found = [] if kind == "trained" else made_up(seeds)
    if kind != "made":
        from lab.trainings.cases import cases as trained

        found += trained(seeds)
    return found


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS)
@click.option("--split", type=click.Choice(["all", "fit", "test"]), default="all", show_default=True)
@click.option("--only", default="", help="Only cases whose id holds this text.")
@click.option("--wrong", "shows_wrong", is_flag=True, help="List the runs that were answered wrongly.")
@click.option(
    "--causes", "shows_causes", is_flag=True, help="List the findings whose likeliest cause is wrong."
)
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def score(folder: Path, split: str, only: str, shows_wrong: bool, shows_causes: bool, jobs: int) -> None:
    """Diagnoses every run of a folder and scores the answers."""
    runs = [run for run in stored(folder) if split in ("all", run.split) and only in run.id]
    if not runs:
        raise click.ClickException(f"{folder}: no runs; make some with `python -m lab make`")
    if shows_causes:
        sys.stdout.writelines(line + "\n" for line in wrong_causes(_weighed(runs, jobs)))
        return
    with ProcessPoolExecutor(jobs) as pool:
        judged = list(pool.map(judged_run, runs, chunksize=8))
    if shows_wrong:
        sys.stdout.writelines(line + "\n" for line in wrong(judged))
    sys.stdout.writelines(line + "\n" for line in lines(judged))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS)
@click.argument("pattern")
@click.option("--split", type=click.Choice(["all", "fit"]), default="fit", show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def facts(folder: Path, pattern: str, split: str, jobs: int) -> None:
    """Prints the facts of a pattern under each true cause: what likelihood ratios are read off from."""
    runs = [run for run in stored(folder) if split in ("all", run.split)]
    sys.stdout.writelines(line + "\n" for line in fact_table(_weighed(runs, jobs), pattern))


def _weighed(runs: list[Stored], jobs: int) -> list[Weighed]:
    with ProcessPoolExecutor(jobs) as pool:
        return [one for some in pool.map(weigh, runs, chunksize=8) for one in some]


def judged_run(run: Stored) -> Judged:
    """One run, diagnosed and judged."""
    return judge(run, ask(run))
