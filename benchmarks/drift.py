"""What is lost when pictures come that a PCA was not fitted on, and whether the alarm comes in time.

First how often drawn assortments raise an alarm, rightly or not. All else needs VISUAL_SEARCH_SHARED: a PCA is fitted
on some kinds of photos, others are added: the ratio of the reconstruction error to what is usual, after how many new
photos the alarm begins, and of the new photos' searches among all, the overlap of the first ten with those by the
extractor's own features, and mAP by the photos' labels, each beside a PCA fitted on everything. Exact rankings, by
NumPy. Then what watching costs of indexing, through a Solr of its own. Features are kept in the cache of
VISUAL_SEARCH_HOME.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks import server
from benchmarks.features import sources
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress
from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from tests.reduction.test_drift import RUNS, SIZES, STEP, raise_alarms
from vision import extractors, reduction
from vision.catalog import IndexOptions, session
from vision.catalog.cache import FeatureCache
from vision.catalog.drift_record import WINDOW
from vision.catalog.features import check, extract
from vision.catalog.pictures import Pictures
from vision.evaluation import average_precision
from vision.reduction import drift
from vision.reduction.drift import Comparison, Spread
from vision.settings import Settings
from vision.workspace import Workspace

EXTRACTORS = ("mobilenet", "compact")
PARTS = ("alarms", "quality", "cost")
TOP = 10
FEW = 25
"""Photos after which it is looked whether there is an alarm."""
FEWEST = 1000
"""Photos of a first catalogue that allow hardly as many components as there may be."""
COARSE = 256
KINDS: Mapping[str, Sequence[str]] = {
    "T-shirts": ("T-Shirt",),
    "trousers": ("Pants",),
    "dresses, skirts": ("Dress", "Skirt"),
    "shoes": ("Shoes",),
    "shoes, hats": ("Shoes", "Hat"),
}
SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Photos:
    """Features of different photos, what each shows and who took it."""

    features: Floats
    kinds: NDArray[np.str_]
    senders: NDArray[np.str_]

    def part(self, which: NDArray[np.intp]) -> Photos:
        """Some of them, in that order."""
        return Photos(self.features[which], self.kinds[which], self.senders[which])

    def and_(self, others: Photos) -> Photos:
        """These and others."""
        return Photos(
            np.concatenate([self.features, others.features]),
            np.concatenate([self.kinds, others.kinds]),
            np.concatenate([self.senders, others.senders]),
        )


def load(catalogue: Path, extractor: str, cache: FeatureCache) -> Photos:
    """Every different photo of a catalogue that has a class."""
    loaded = extractors.load(extractor)
    found: dict[bytes, tuple[str, str]] = {}
    for row in extract(check(catalogue), Pictures(catalogue.parent), loaded, cache):
        if row.picture and row.product is not None:
            attributes = row.product.attributes
            kind, sender = (str((attributes.get(name) or ("",))[0]) for name in ("category", "sender"))
            if kind not in NO_CLASS:
                found.setdefault(row.picture, (kind, sender))
    features = cache.matrix(loaded.fingerprint, list(found))
    kinds, senders = (np.array([each[column] for each in found.values()]) for column in (0, 1))
    return Photos(features, kinds, senders)


def ranked(vectors: Floats, asked: NDArray[np.intp]) -> NDArray[np.intp]:
    """All others by distance, for each that is asked."""
    squares = np.square(vectors).sum(axis=1)
    distances = squares - 2 * vectors[asked] @ vectors.T
    distances[np.arange(len(asked)), asked] = np.inf
    return np.asarray(np.argsort(distances, axis=1, kind="stable")[:, :-1])


def quality(order: NDArray[np.intp], truth: NDArray[np.intp], kinds: NDArray[np.str_], asked: NDArray[np.intp]) -> str:
    """Overlap of the first ten with the truth's, and mAP by kind."""
    shared = [len(set(a) & set(b)) / TOP for a, b in zip(order[:, :TOP], truth[:, :TOP], strict=True)]
    return f"{np.mean(shared):.3f} / {precision(order, kinds, asked):.3f}"


def precision(order: NDArray[np.intp], kinds: NDArray[np.str_], asked: NDArray[np.intp]) -> float:
    """Mean average precision of rankings by kind."""
    relevant = kinds[order] == kinds[asked][:, np.newaxis]
    values = [float(average_precision(row, int(row.sum()))[0]) for row in relevant if row.any()]
    return float(np.mean(values))


def watch(usual: NDArray[np.float64], new: NDArray[np.float64]) -> tuple[tuple[Comparison, ...], int | None]:
    """How the newest compare in the end, and after how many the alarm began, looked at after each few."""
    spreads = [Spread.of(usual[:, each]) for each in (0, 1)]
    began = None
    found: tuple[Comparison, ...] = ()
    for end in range(FEW, len(new) + FEW, FEW):
        window = new[max(0, min(end, len(new)) - WINDOW) : end]
        compared = [drift.compare(spread, window[:, each]) for each, spread in enumerate(spreads)]
        found = tuple(each for each in compared if each is not None)
        if began is None and any(each.surely for each in found):
            began = min(end, len(new))
    return found, began


def one(table: Table, extractor: str, name: str, old: Photos, new: Photos, queries: int) -> None:
    """One row: ``new`` added to a collection that was fitted on ``old``."""
    fitted = reduction.fit(old.features, extractor_fingerprint=extractor)
    coarse = min(COARSE, fitted.dims_out // 4)
    usual = drift.held_out(old.features, fitted.dims_out, coarse)
    assert usual is not None
    found, began = watch(usual, drift.errors(fitted, new.features, coarse))
    both = old.and_(new)
    again = reduction.fit(both.features, extractor_fingerprint=extractor)
    asked = len(old.features) + np.arange(len(new.features))[:queries]
    truth = ranked(both.features, asked)

    def cells(vectors: Floats) -> str:
        return quality(ranked(vectors, asked), truth, both.kinds, asked)

    of_old, of_both = fitted.transform(both.features), again.transform(both.features)
    ratios = [f"{each.usual:.1%} -> {each.now:.1%} ({each.ratio:.2f})" for each in found]
    table.add(
        extractor,
        name,
        len(old.features),
        len(new.features),
        *ratios,
        "none" if began is None else f"after {began}",
        f"{precision(truth, both.kinds, asked):.3f}",
        *(cells(each) for each in (of_old, of_both, of_old[:, :coarse], of_both[:, :coarse])),
    )
    progress("  ".join(map(str, table.rows[-1])))


def alarms(seeds: int) -> Table:
    """Drawn assortments: how often the same one, and another one, raises an alarm."""
    table = Table(
        "alarms of drawn assortments",
        (
            "fitted on",
            "components",
            "seeds",
            f"same, any of {RUNS} runs of {STEP}",
            "same, without holding out",
            "another, 2 runs",
        ),
    )
    for count, components in SIZES:
        progress(f"{count} pictures, {components} components")
        raised = np.array([raise_alarms(seed, count, components) for seed in range(seeds)])
        table.add(count, components, seeds, *(f"{part:.1%}" for part in raised.mean(axis=0)))
    return table


def split(photos: Photos, new: NDArray[np.bool_], seed: int) -> tuple[Photos, Photos]:
    """Those that were there and those that come, each in an order by chance."""
    random = np.random.default_rng(seed)
    return tuple(photos.part(random.permutation(np.flatnonzero(each))) for each in (~new, new))  # type: ignore[return-value]


def added(extractor: str, photos: Photos, things: Photos, queries: int, seed: int) -> Table:
    """What comes, kind by kind."""
    table = Table(
        "a PCA fitted on some photos, others added",
        (
            "extractor",
            "added",
            "fitted on",
            "new",
            "left out by all, usual -> new (ratio)",
            "left out by the leading, usual -> new (ratio)",
            "alarm",
            "mAP by features",
            "overlap@10 / mAP",
            "refitted",
            "leading",
            "leading, refitted",
        ),
    )
    random = np.random.default_rng(seed)
    people = np.unique(photos.senders)
    others = random.permutation(people)[: len(people) // 6]
    one(table, extractor, "the same, by chance", *split(photos, random.random(len(photos.kinds)) < 0.15, seed), queries)
    few, rest = (photos.part(each) for each in np.split(random.permutation(len(photos.kinds)), [FEWEST]))
    one(table, extractor, f"the same, to {FEWEST:,}", few, rest, queries)
    one(table, extractor, "other people's", *split(photos, np.isin(photos.senders, others), seed), queries)
    for name, kinds in KINDS.items():
        one(table, extractor, name, *split(photos, np.isin(photos.kinds, kinds), seed), queries)
    whole = photos.part(random.permutation(len(photos.kinds)))
    one(table, extractor, "furniture and things", whole, things, queries)
    table.notes.append(f"alarm: looked at after every {FEW} new photos, of which the last {WINDOW} count")
    return table


def shares(extractor: str, photos: Photos, queries: int, seed: int) -> Table:
    """Shoes and hats among new photos of what was there."""
    table = Table(
        "shoes and hats as a part of what is new",
        ("extractor", "part", "new", "ratio, all", "ratio, leading", "alarm", "overlap@10 / mAP", "refitted"),
    )
    old, other = split(photos, np.isin(photos.kinds, KINDS["shoes, hats"]), seed)
    same, old = old.part(np.arange(300)), old.part(np.arange(300, len(old.kinds)))
    fitted = reduction.fit(old.features, extractor_fingerprint=extractor)
    coarse = min(COARSE, fitted.dims_out // 4)
    usual = drift.held_out(old.features, fitted.dims_out, coarse)
    assert usual is not None
    for share in SHARES:
        strange = round(300 * share)
        new = other.part(np.arange(strange)).and_(same.part(np.arange(300 - strange)))
        new = new.part(np.random.default_rng(seed).permutation(300))
        found, began = watch(usual, drift.errors(fitted, new.features, coarse))
        both = old.and_(new)
        again = reduction.fit(both.features, extractor_fingerprint=extractor)
        asked = len(old.features) + np.arange(300)[:queries]
        truth = ranked(both.features, asked)
        table.add(
            extractor,
            f"{share:.0%}",
            300,
            *(f"{each.ratio:.2f}" for each in found),
            "none" if began is None else f"after {began}",
            *(
                quality(ranked(each.transform(both.features), asked), truth, both.kinds, asked)
                for each in (fitted, again)
            ),
        )
        progress("  ".join(map(str, table.rows[-1])))
    return table


@dataclass(frozen=True)
class _Marks:
    """When each stage began."""

    at: dict[str, float]

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        self.at.setdefault(stage, time.perf_counter())


def cost(catalogue: Path, extractor: str, first: int) -> Table:
    """Seconds of watching beside those of indexing: of the first photos, of new ones, of known ones."""
    table = Table("watching, of indexing", ("extractor", "run", "photos", "seconds", "of it watching", "part"))
    with catalogue.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    np.random.default_rng(0).shuffle(rows)
    with server.temporary("1g") as running:
        settings = Settings(home=running.home / "workspace", solr_url=running.url, collection="drift")
        workspace = Workspace(settings)
        for name, part in (
            ("the first, fitted", rows[:first]),
            ("new", rows[first:]),
            ("all again, none new", rows),
        ):
            path = running.home / "part.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(part)
            marks: dict[str, float] = {}
            with workspace.client() as client:
                report = session.index(
                    workspace,
                    client,
                    path,
                    extractor,
                    IndexOptions(),
                    detect=False,
                    progress=_Marks(marks),
                )
            took = marks["index"] - marks["drift"]
            table.add(
                extractor.rpartition("/")[2], name, len(part), report.seconds, took, f"{took / report.seconds:.1%}"
            )
    return table


def run(shared: Path, names: Iterable[str], only: Sequence[str], queries: int, seed: int) -> list[Table]:
    """The tables of the named parts."""
    known = {"mobilenet": mobilenet(shared), "compact": "compact"}
    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    tables: list[Table] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        FeatureCache(settings.home / "features.sqlite") as cache,
    ):
        clothes, others = write_catalogue(shared, Path(folder)), Path(folder) / "things"
        others.mkdir()
        _write_things(shared, others)
        for name in names:
            if "quality" in only:
                photos = load(clothes, known[name], cache)
                things = load(others / "things.csv", known[name], cache)
                tables.append(added(name, photos, things, queries, seed))
                tables.append(shares(name, photos, queries, seed))
            if "cost" in only:
                tables.append(cost(clothes, known[name], 1500))
    return tables


def _write_things(shared: Path, folder: Path) -> None:
    """400 photos of furniture and other things, of each of 20 kinds as many."""
    found = sources.of_each(sources.things(shared, folder).index, 20)
    with (folder / "things.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "image", "category"))
        writer.writerows((each.id, each.kind, each.file, each.kind) for each in found)


@click.command(help=__doc__)
@click.option("--extractor", "names", multiple=True, type=click.Choice(EXTRACTORS), help="Both if left out.")
@click.option("--seeds", default=200, show_default=True, help="Drawn assortments of each size.")
@click.option("--queries", default=300, show_default=True, help="New photos asked, at most.")
@click.option("--seed", default=0, show_default=True, help="Of every choice by chance.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Parts to measure; all if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(names: tuple[str, ...], seeds: int, queries: int, seed: int, only: tuple[str, ...], as_json: bool) -> None:
    shared, only = shared_folder(), only or PARTS
    tables = [alarms(seeds)] if "alarms" in only else []
    if shared is not None:
        tables += run(shared, names or EXTRACTORS, only, queries, seed)
    elif not tables:
        raise click.ClickException("needs real photos and models: set VISUAL_SEARCH_SHARED to their folder")
    emit("drift", tables, as_json=as_json)


if __name__ == "__main__":
    main()
