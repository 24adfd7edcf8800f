"""What the search features do to the ranking: mAP and P@10 with each beside without, through Solr and the engine.

Category first, crop and detect, diversity, like and unlike, min_match. With VISUAL_SEARCH_SHARED on real photos:
clothes, by MobileNetV2, asked by photos of other people than the indexed ones, and 20 kinds of things, furniture
among them, by compact, which was not trained on them; always on drawn products, asked by others than those indexed.
A Solr of its own; features are kept in the cache of VISUAL_SEARCH_HOME. Many minutes a part.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import server
from benchmarks.features import category, crop, diversity, feedback, sources, strangers
from benchmarks.features.shop import Yard
from benchmarks.features.sources import Source
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress
from tests.evaluation.clothing import mobilenet
from vision.catalog.cache import FeatureCache
from vision.settings import Settings

PARTS = ("category", "crop", "diversity", "feedback", "strangers")
PICTURES = ("clothing", "things", "drawn")


def run(
    shared: Path | None,
    only: Sequence[str] = PARTS,
    pictures: Sequence[str] = PICTURES,
    *,
    queries: int = 200,
    products: int = 2000,
    splits: int = 5,
    references: Sequence[int] = (30, 200),
    extractor: str | None = None,
) -> Sequence[Table]:
    """The tables of the named parts, on the named pictures."""
    tables: list[Table] = []
    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        server.temporary("1g") as running,
        tempfile.TemporaryDirectory() as folder,
        FeatureCache(settings.home / "features.sqlite") as cache,
    ):
        yard = Yard(running.url, running.home, cache)
        found = _sources(shared, Path(folder), pictures, products, queries, extractor)
        in_scenes = [source for source in found if source.name != sources.THINGS]
        for part in only:
            progress(part)
            if part == "category":
                tables += category.run(yard, found, queries, references)
            elif part == "crop":
                tables += crop.run(yard, in_scenes, queries, crop.detectors(shared))
            elif part == "diversity":
                tables += diversity.run(yard, in_scenes, queries)
            elif part == "feedback":
                tables += feedback.run(yard, found, queries)
            else:
                tables += strangers.run(yard, found, queries, splits)
    return tables


def _sources(
    shared: Path | None, folder: Path, pictures: Sequence[str], products: int, queries: int, extractor: str | None
) -> list[Source]:
    """What is asked for and there is."""
    found = []
    for name in pictures:
        (folder / name).mkdir()
        if name == "drawn":
            by = extractor or ("compact" if shared is None else mobilenet(shared))
            found.append(sources.drawn(folder / name, by, products, queries))
        elif shared is not None:
            made = sources.things(shared, folder / name) if name == "things" else None
            found.append(made or sources.clothing(shared, folder / name, extractor))
    return found


@click.command(help=__doc__)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Parts to measure; all if left out.")
@click.option("--pictures", multiple=True, type=click.Choice(PICTURES), help="Of what; all that are there if left out.")
@click.option("--queries", default=200, show_default=True, help="Photos asked of each kind of pictures, at most.")
@click.option("--products", default=2000, show_default=True, help="Drawn products that are indexed.")
@click.option("--splits", default=5, show_default=True, help="How often kinds are held out, for min_match.")
@click.option("--extractor", help="Of clothes and drawn products, as compact:FILE.  [default: MobileNetV2]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    only: tuple[str, ...],
    pictures: tuple[str, ...],
    queries: int,
    products: int,
    splits: int,
    extractor: str | None,
    as_json: bool,
) -> None:
    tables = run(
        shared_folder(),
        only or PARTS,
        pictures or PICTURES,
        queries=queries,
        products=products,
        splits=splits,
        extractor=extractor,
    )
    emit("features", tables, as_json=as_json)


if __name__ == "__main__":
    main()
