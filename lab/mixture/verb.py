"""The verb `mixture`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from lab.mixture.reached import Reached
from lab.mixture.table import lines, put

KEPT = Path(__file__).parents[1] / "runs/mixture.json"
PAGE = Path(__file__).parents[2] / "docs/steer.md"
SETS = ("uneven", "texts")


@click.command()
@click.option(
    "--seeds", "n_seeds", default=5, show_default=True, help="Seeds of each set, from --first-seed on."
)
@click.option("--first-seed", default=1, show_default=True, help="Settings were chosen on seed 0.")
@click.option("--steps", "n_steps", default=3000, show_default=True, help="Steps of the even run.")
@click.option(
    "--only", type=click.Choice(["all", *SETS]), default="all", show_default=True, help="One set of domains."
)
@click.option(
    "--kept", type=click.Path(path_type=Path), default=KEPT, help="What is made; stopped, it goes on."
)
@click.option(
    "--to", type=click.Path(path_type=Path), default=PAGE, help="The page whose table is made anew."
)
def mixture(n_seeds: int, first_seed: int, n_steps: int, only: str, kept: Path, to: Path) -> None:
    """Trains on five domains alike, by ADO and by ODM: in how many steps do they reach the even run's loss?"""
    import torch

    from lab.mixture.domains import domains
    from lab.mixture.reach import compare
    from lab.mixture.train import Plan

    torch.set_num_threads(1)
    found = [one for one in _read(kept) if one.n_steps == n_steps]
    seeds = range(first_seed, first_seed + n_seeds)
    for name in SETS if only == "all" else [only]:
        known = {one.seed for one in found if one.domains == name}
        texts = domains(name) if set(seeds) - known else {}
        for seed in sorted(set(seeds) - known):
            found += compare(name, texts, Plan(n_steps=n_steps), seed)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps([asdict(one) for one in found], indent=1))
            click.echo(f"{name}: seed {seed} is trained", err=True)
    found.sort(key=lambda one: (SETS.index(one.domains), one.seed))
    rows = list(lines(found))
    put(to, rows)
    for row in rows:
        click.echo(row)


def _read(path: Path) -> list[Reached]:
    return [Reached(**one) for one in json.loads(path.read_text())] if path.exists() else []
