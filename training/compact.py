"""Train ``compact``: ``python -m training.compact prepare|train|export|report``; see README.md."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from training.stages import Stage


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
@click.option("--after", help="Take the first stage from this other run instead of training it.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--precision", type=click.Choice(["float32", "mixed_bfloat16"]), default="float32", show_default=True)
def train(work: Path, name: str, everything: bool, after: str | None, seed: int, precision: str) -> None:
    """Both stages, with a look at the kept-aside photos after each epoch."""
    import numpy as np

    from training import data, looking, stages
    from training.network import build
    from training.prepare import load
    from training.teaching import COMPONENTS, lessons

    clothing, tiny = load(work, "clothing"), load(work, "tiny")
    parts = data.split(clothing.photos.labels, clothing.photos.groups)
    unseen = np.isin(tiny.photos.groups, data.unseen_classes(tiny.photos.classes))
    rows = np.flatnonzero(np.ones_like(parts.train) if everything else parts.train)
    thinned = np.flatnonzero(unseen)[::5]
    kept_aside = [clothing.photos.take(parts.report), tiny.photos.take(thinned)]
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    network = None
    for stage, sizes in plan(len(rows), int((~unseen).sum()), seed):
        taught = lessons(clothing, rows, tiny, np.flatnonzero(~unseen), sizes)
        if network is None:
            network = build(taught.shares[0].targets.shape[2], COMPONENTS, seed, precision)
            click.echo(f"{network.embed.count_params():,} parameters; the teacher's own accuracy: {taught.accuracy}")
        if after and stage.name == "small":
            if not stages.saved(network, work / after, stage.name):
                raise click.ClickException(f"{work / after} has no finished first stage; train it first.")
        elif not stages.saved(network, folder, stage.name):
            stages.train(network, taught, stage, folder, partial(looking.look, network, kept_aside, stage.side))


@main.command()
@click.option("--work", type=click.Path(path_type=Path), default=Path("training-work"), show_default=True)
@click.option("--name", default="aside", show_default=True, help="Of the run.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The ONNX file.")
def export(work: Path, name: str, out: Path) -> None:
    """Write a finished run's network as an ONNX file."""
    import numpy as np

    from training import data, looking, stages
    from training.export import export as write
    from training.network import build
    from training.prepare import load_photos
    from training.teaching import COMPONENTS

    clothing, tiny = load_photos(work, "clothing"), load_photos(work, "tiny")
    seen = len(set(np.unique(tiny.groups)) - set(data.unseen_classes(tiny.classes)))
    network = build(len(clothing.classes) + seen, COMPONENTS, seed=0)
    if not stages.saved(network, work / name, "large"):
        raise click.ClickException(f"{work / name} has no finished second stage; train it first.")
    write(network.embed, 128, looking.CLASS_PART, out)
    click.echo(f"{out}: {out.stat().st_size:,} bytes")


@main.command()
@click.option("--shared", type=click.Path(path_type=Path, exists=True), envvar="VISUAL_SEARCH_SHARED", required=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("training-work"), show_default=True)
@click.option("--name", default="aside", show_default=True, help="Of the run.")
@click.option("--model", type=click.Path(path_type=Path, exists=True), required=True, help="Its ONNX file.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("training/report.json"), show_default=True)
def report(shared: Path, work: Path, name: str, model: Path, out: Path) -> None:
    """Measure an exported file on the photos that its run kept aside, and its speed beside InceptionV3's."""
    import json

    from training.report import write

    found = write(shared, work, name, model, out)
    click.echo(
        json.dumps({part: found[part] for part in ("quality", "pictures a second", "times InceptionV3")}, indent=1)
    )


def plan(clothing: int, tiny: int, seed: int) -> list[tuple[Stage, tuple[int, int]]]:
    """The stages, and how many photos of each source make a batch."""
    from training.stages import Stage

    first, second = (24, 104), (44, 20)
    epoch = tiny // first[1]
    short = 2 * clothing // second[0]
    return [
        (Stage("small", 64, 14 * epoch, epoch, 3e-3, 2.0, 0.3, seed), first),
        (Stage("large", 128, 20 * short, short, 1.5e-3, 3.0, 0.5, seed + 1), second),
    ]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
