"""The verb `simulate`."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import click

from descentry.signal.alarms import DEFAULT_RATE
from lab.simulation.alarms import Job, Simulated, all_of, lines, simulate_job


@click.command()
@click.option("--runs", "n_runs", default=300, show_default=True, help="Healthy runs.")
@click.option("--points", "n_points", default=1000, show_default=True, help="Logged points of each.")
@click.option("--rate", default=DEFAULT_RATE, show_default=True, help="False alarms per healthy run.")
@click.option("--first-seed", default=0, show_default=True, help="The seed of the first run.")
@click.option(
    "--signals", is_flag=True, help="Norms, logits, domains, a metric and a reward beside the losses."
)
@click.option("--jobs", default=1, show_default=True, help="Processes.")
def simulate(n_runs: int, n_points: int, rate: float, first_seed: int, signals: bool, jobs: int) -> None:
    """Diagnoses healthy runs of every noise as they grow, and counts those that are alarmed at."""
    work = [(n_points, first_seed + k, rate, signals) for k in range(n_runs)]
    found = []
    for one in _simulated(work, jobs):
        found.append(one)
        if len(found) % 100 == 0:
            click.echo(f"{len(found)}/{n_runs}", err=True)
    for line in lines(found):
        click.echo(line)


def _simulated(work: Sequence[Job], jobs: int) -> Iterator[Simulated]:
    if jobs == 1:
        yield from all_of(work)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(simulate_job, work, chunksize=4)
