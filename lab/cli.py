"""The verbs of the proving ground."""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache as remembered
from pathlib import Path

import click

from lab.case import Case
from lab.guarded.verb import guard
from lab.mixture.verb import mixture
from lab.score.answer import ask
from lab.score.evidence import Weighed, fact_table, weigh, wrong_causes
from lab.score.judge import Judged, judge
from lab.score.peers import Peer
from lab.score.peers import ask as ask_peers
from lab.score.peers_table import ours
from lab.score.table import as_dict, lines, wrong
from lab.simulation.verb import simulate
from lab.store import Stored, done, read, stored, write, write_truth
from lab.store import beside as beside_of

RUNS = Path(__file__).parent / "runs"
CACHED = Path(__file__).parent / "cached"
PEERS = Path(__file__).parents[1] / "docs/peers.md"
CONFIDENCE = Path(__file__).parents[1] / "src/descentry/diagnosis/data/confidence.toml"


@click.group()
def main() -> None:
    """Makes runs with known faults, and scores a diagnosis on them."""


main.add_command(simulate)
main.add_command(guard)
main.add_command(mixture)


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
    todo.sort(key=lambda case: case.seed)  # stopped halfway, it holds every fault
    click.echo(f"{len(known)} runs are made, {len(todo)} to make", err=True)
    start = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        jobs_of = {pool.submit(make_one, out, case.id, seeds, kind): case for case in todo}
        for n, job in enumerate(as_completed(jobs_of), 1):
            problem = job.exception()
            if problem is not None:
                click.echo(f"{jobs_of[job].id}: {type(problem).__name__}: {problem}", err=True)
            if n % 25 == 0 or n == len(todo):
                click.echo(f"{n}/{len(todo)} in {time.monotonic() - start:.0f} s", err=True)


def make_one(out: Path, name: str, seeds: int, kind: str) -> None:
    """Makes one run and writes it.  Setups are closures, which no process can be sent: it looks them up itself."""
    case = cases_by_id(seeds, kind)[name]
    write(out, case, case.make())


@remembered
def cases_by_id(seeds: int, kind: str) -> dict[str, Case]:
    """Every case by its id."""
    return {case.id: case for case in all_cases(seeds, kind)}


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS)
@click.option("--seeds", default=4, show_default=True, help="Runs of each fault and severity, as made.")
def rejudge(folder: Path, seeds: int) -> None:
    """Tells the truth about trained runs anew, without training: after a change of the oracle or a case."""
    from lab.trainings.setup import rejudged

    changed = 0
    for case in all_cases(seeds, "trained"):
        kept = beside_of(folder, case.id)
        path = folder / f"{case.id}.truth.json"
        if kept is None or not path.exists():
            continue
        before = read(path).truth
        write_truth(folder, case, rejudged(case, kept))
        after = read(path).truth
        if after != before:
            changed += 1
            click.echo(
                f"{case.id}: must {sorted(before.must)} -> {sorted(after.must)}, may {sorted(after.may)}"
            )
    click.echo(f"{changed} truths changed", err=True)


def all_cases(seeds: int, kind: str = "all") -> list[Case]:
    """Every case; the trained ones need torch."""
    from lab.synthetic.cases import cases as made_up

    found = [] if kind == "trained" else made_up(seeds)
    if kind != "made":
        from lab.trainings.cases import cases as trained

        found += trained(seeds)
    return found


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), nargs=-1)
@click.option("--split", type=click.Choice(["all", "fit", "test"]), default="all", show_default=True)
@click.option("--only", default="", help="Only cases whose id holds this text.")
@click.option("--wrong", "shows_wrong", is_flag=True, help="List the runs that were answered wrongly.")
@click.option(
    "--causes", "shows_causes", is_flag=True, help="List the findings whose likeliest cause is wrong."
)
@click.option("--json", "as_json", is_flag=True, help="Print the score as one line of JSON.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def score(
    folder: tuple[Path, ...],
    split: str,
    only: str,
    shows_wrong: bool,
    shows_causes: bool,
    as_json: bool,
    jobs: int,
) -> None:
    """Diagnoses every run of the folders and scores the answers."""
    runs = _runs(folder, split, only)
    if shows_causes:
        sys.stdout.writelines(line + "\n" for line in wrong_causes(_weighed(runs, jobs)))
        return
    with ProcessPoolExecutor(jobs) as pool:
        judged = list(pool.map(judged_run, runs, chunksize=8))
    if as_json:
        click.echo(json.dumps(as_dict(judged), allow_nan=False))
        return
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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), nargs=-1)
@click.option("--to", type=click.Path(path_type=Path), default=CONFIDENCE, help="The data file to write.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def calibrate(folder: tuple[Path, ...], to: Path, jobs: int) -> None:
    """Learns from the fit split of the folders what a confidence is worth; writes the package's data file."""
    from lab.score.calibrate import as_toml, learned, words

    runs = _runs(folder, "fit")
    with ProcessPoolExecutor(jobs) as pool:
        said = [one for some in pool.map(words, runs, chunksize=8) for one in some]
    to.write_text("".join(line + "\n" for line in as_toml(learned(said), len(said), len(runs))))
    click.echo(f"{len(said)} findings of {len(runs)} runs; written to {to}", err=True)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), nargs=-1)
@click.option("--only", default="", help="Only cases whose id holds this text.")
@click.option("--every", default=1, show_default=True, help="Only each so many-th run.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
def invariance(folder: tuple[Path, ...], only: str, every: int, jobs: int) -> None:
    """Diagnoses each run in other units, strides, precision and pieces: verdict and patterns must stay."""
    from lab.score.invariance import held
    from lab.score.invariance import lines as told

    runs = _runs(folder, "all", only)[::every]
    with ProcessPoolExecutor(jobs) as pool:
        found = list(pool.map(held, runs, chunksize=4))
    sys.stdout.writelines(line + "\n" for line in told(found))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), default=CACHED, help="The folder of the cached set.")
def cache(folder: tuple[Path, ...], out: Path) -> None:
    """Chooses the small set of runs that the tests score, by size alone."""
    from lab.score.cached import chosen, copied

    runs = chosen(_runs(folder, "all"))
    click.echo(f"{len(runs)} runs, {copied(runs, out) / 1e6:.1f} MB in {out}", err=True)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), nargs=-1)
@click.option("--adapters", type=click.Path(exists=True, path_type=Path), required=True, help="Their folder.")
@click.option("--corpus", type=click.Path(exists=True, path_type=Path), help="Labelled real logs as well.")
@click.option("--every", default=1, show_default=True, help="Only each so many-th run of the folders.")
@click.option("--note", default="", help="Versions, date, and what was left out.")
@click.option("--to", type=click.Path(path_type=Path), default=PEERS, help="The page to write.")
def peers(
    folder: tuple[Path, ...], adapters: Path, corpus: Path | None, every: int, note: str, to: Path
) -> None:
    """Lets peers diagnose the test split, and writes the page that lays their scores beside ours."""
    from lab.score.peers import corpus as labelled
    from lab.score.peers_table import page

    runs = _runs(folder, "test")[::every]
    told = {f"The proving ground, {len(runs)} runs of the test split": beside(runs, adapters)}
    if corpus is not None:
        real = labelled(corpus)
        told[f"Real public logs, {len(real)} runs"] = beside(real, adapters)
    to.write_text("".join(line + "\n" for line in page(told, note)))


def beside(runs: list[Stored], adapters: Path) -> list[Peer]:
    """Our answers to the runs, and the peers'."""
    judged, seconds = [], []
    for run in runs:
        start = time.process_time()
        answer = ask(run)
        seconds.append(time.process_time() - start)
        judged.append(judge(run, answer))
    patterns = frozenset(name for one in judged for name in (*one.run.truth.must, *one.run.truth.may))
    return [ours(judged, seconds), *ask_peers(runs, adapters, patterns)]


def _runs(folders: tuple[Path, ...], split: str, only: str = "") -> list[Stored]:
    runs = [run for folder in folders or (RUNS,) for run in stored(folder)]
    chosen = [run for run in runs if split in ("all", run.split) and only in run.id]
    if not chosen:
        names = ", ".join(map(str, folders or (RUNS,)))
        raise click.ClickException(f"{names}: no such runs; make some with `python -m lab make`")
    return chosen


def _weighed(runs: list[Stored], jobs: int) -> list[Weighed]:
    with ProcessPoolExecutor(jobs) as pool:
        return [one for some in pool.map(weigh, runs, chunksize=8) for one in some]


def judged_run(run: Stored) -> Judged:
    """One run, diagnosed and judged."""
    return judge(run, ask(run))
