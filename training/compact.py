"""Train ``compact``: ``python -m training.compact prepare|train``; see README.md."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from training.stages import Stage

PART_ASIDE = 0.22
SPLIT_SEED = 7


@click.group(help=__doc__)
def main() -> None:
    """See the module."""


@main.command()
@click.option("--shared", type=click.Path(path_type=Path, exists=True), envvar="VISUAL_SEARCH_SHARED", required=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("training-work"), show_default=True)
def prepare(shared: Path, work: Path) -> None:
    """Photos as arrays, and the teacher's features of their views."""
    from training import prepare as preparing

    began = time.time()
    preparing.prepare(shared, work, lambda text: click.echo(f"{time.time() - began:6.0f} s  {text}"))


@main.command()
@click.option("--work", type=click.Path(path_type=Path), default=Path("training-work"), show_default=True)
@click.option("--name", default="aside", show_default=True, help="Of the run, a folder below the work folder.")
@click.option("--everything", is_flag=True, help="Train on all clothing photos; nothing is left to measure on.")
@click.option("--seed", type=int, default=0, show_default=True)
def train(work: Path, name: str, everything: bool, seed: int) -> None:
    """Both stages, with a look at the kept-aside photos after each epoch."""
    import numpy as np

    from training import data, looking, stages
    from training.network import build
    from training.prepare import load
    from training.teaching import COMPONENTS, lessons

    clothing, tiny = load(work, "clothing"), load(work, "tiny")
    aside = data.by_sender(clothing.photos, PART_ASIDE, SPLIT_SEED)
    unseen = np.isin(tiny.photos.groups, data.unseen_classes(tiny.photos.classes))
    rows = np.flatnonzero(np.ones_like(aside) if everything else ~aside)
    thinned = np.flatnonzero(unseen)[::5]
    kept_aside = [clothing.photos.take(aside), tiny.photos.take(thinned)]
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    network = None
    for stage, sizes in plan(len(rows), int((~unseen).sum()), seed):
        taught = lessons(clothing, rows, tiny, np.flatnonzero(~unseen), sizes)
        if network is None:
            network = build(taught.shares[0].targets.shape[2], COMPONENTS, seed)
            click.echo(f"{network.embed.count_params():,} parameters; the teacher's own accuracy: {taught.accuracy}")
        if not stages.saved(network, folder, stage.name):
            stages.train(network, taught, stage, folder, partial(looking.look, network, kept_aside, stage.side))


def plan(clothing: int, tiny: int, seed: int) -> list[tuple[Stage, tuple[int, int]]]:
    """The stages, and how many photos of each source make a batch."""
    from training.stages import Stage

    first, second = (24, 104), (44, 20)
    epoch = tiny // first[1]
    short = 2 * clothing // second[0]
    return [
        (Stage("small", 64, 14 * epoch, epoch, 3e-3, 2.0, 0.3, seed), first),
        (Stage("large", 128, 30 * short, short, 1.5e-3, 2.0, 0.5, seed + 1), second),
    ]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
