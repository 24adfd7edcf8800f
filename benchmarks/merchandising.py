"""The merchandiser's tools: values hidden and found again, values made wrong and caught, one value from three examples.

Vectors are read from a real Solr. Of the clothing photos, three in ten by people none of whose photos the tools were
chosen on are kept aside; figures are of those alone. Which other photos a tool may learn from differs: with `people`
all photos of a person are on one side, as in a new photographer's shoot; with `chance` any others of the same
catalogue. The demo catalogue is judged by the truth behind it. `--products` clusters synthetic products and prints the
memory it takes.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks import server
from benchmarks.report import Cell, Table, emit, progress
from benchmarks.stream import Stream, store_in
from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from training import data
from vision import extractors
from vision.catalog import IndexOptions, Ingest
from vision.demo import draw_catalogue
from vision.merchandising.proposal import Proposal
from vision.merchandising.tools import learning
from vision.merchandising.tools.auditing import suspect
from vision.merchandising.tools.examples import ask, rank
from vision.merchandising.tools.filling import fill
from vision.merchandising.tools.selection import Selection, Values, select
from vision.settings import Settings
from vision.solr.client import SolrClient
from vision.workspace import Workspace

HIDDEN, FLIPPED = 0.3, 0.05
ASKED = (0, 5, 10, 20)
DEMO_FIELDS = ("category", "color", "pattern", "sleeve", "length")
RARE = ("Skirt", "Hoodie", "Hat", "Polo", "Blazer", "Undershirt")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Material:
    """A collection as it was read, the true values by field, and which rows figures may be of."""

    name: str
    selection: Selection
    truth: dict[str, list[Values]]
    aside: Mask
    people: list[str]


def clothing(workspace: Workspace, shared: Path, folder: Path) -> Material:
    """The clothing photos that have a class, indexed with MobileNetV2."""
    _index(workspace, write_catalogue(shared, folder), mobilenet(shared))
    whole = _read(workspace, ("category", "sender"))
    selection = whole.kept([row for row, held in enumerate(whole.values["category"]) if held[0] not in NO_CLASS])
    people = [held[0] for held in selection.values["sender"]]
    classes, labels = np.unique([held[0] for held in selection.values["category"]], return_inverse=True)
    # As training.data reads them: the order of the file, so that the split is the one that tools were chosen by.
    names, numbers, senders, _ = data.clothing_rows(shared / "data/clothing")
    known = numbers >= 0
    split = data.by_sender(numbers[known], senders[known], HIDDEN, seed=11)
    aside_names = {name for name, aside in zip(np.array(names)[known], split, strict=True) if aside}
    aside = np.array([id in aside_names for id in selection.ids])
    assert len(classes) == len(np.unique(numbers[known])) and len(labels) == known.sum()
    return Material("clothing", selection, {"category": list(selection.values["category"])}, aside, people)


def demo(workspace: Workspace, folder: Path, extractor: str, products: int) -> Material:
    """The demo catalogue, with the truth behind it."""
    drawn = draw_catalogue(folder, products=products, workers=1)
    _index(workspace, drawn.catalogue, extractor)
    selection = _read(workspace, DEMO_FIELDS)
    with drawn.truth.open(newline="", encoding="utf-8") as file:
        rows = {row["product_id"]: row for row in csv.DictReader(file)}
    truth = {field: [tuple(filter(None, rows[id][field].split("|"))) for id in selection.ids] for field in DEMO_FIELDS}
    everything = np.ones(len(selection), dtype=bool)
    return Material(f"demo, {extractor.partition(':')[0]}", selection, truth, everything, list(selection.ids))


def _index(workspace: Workspace, catalogue: Path, extractor: str) -> None:
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        report = ingest.run(catalogue, extractor, extractors.load(extractor), IndexOptions())
    progress(f"{report.indexed:,} pictures indexed with {extractor.partition(':')[0]}")


def _read(workspace: Workspace, fields: Sequence[str]) -> Selection:
    with workspace.client() as client:
        return select(workspace.engine(client), fields=fields)


def filling(table: Table, material: Material, field: str, how: str, seeds: int) -> None:
    """Hide values, fill them, and count what is right among those kept aside."""
    truth = material.truth[field]
    found: list[Sequence[float]] = []
    for seed in range(1 if how == "people" else seeds):
        hidden = _hidden(material, truth, how, seed)
        shown = [() if gone else held for gone, held in zip(hidden, material.selection.values[field], strict=True)]
        selection = replace(material.selection, values={field: shown})
        groups = material.people if how == "people" else None
        filled = fill(selection, field, confidence=0.001, groups=groups, seed=seed)
        promised = np.inf if filled.learned.promised is None else filled.learned.promised
        counted = hidden & material.aside
        row = {id: number for number, id in enumerate(selection.ids)}
        sure, right = _judged(filled.proposals, row, truth, counted)
        good = right[sure >= promised]
        order = np.argsort(-sure, kind="stable")
        shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
        reach = np.flatnonzero(shares >= 0.9)
        recall = right[order][: reach[-1] + 1].sum() / counted.sum() if len(reach) else 0.0
        found.append(
            (counted.sum(), right.mean(), good.mean() if len(good) else np.nan, good.sum() / counted.sum(), recall)
        )
    mean = np.mean(found, axis=0)
    table.add(material.name, field, how, int(mean[0]), *map(float, mean[1:]))
    _told(table)


def _told(table: Table) -> None:
    progress("  ".join(str(round(cell, 3) if isinstance(cell, float) else cell) for cell in table.rows[-1]))


def _hidden(material: Material, truth: Sequence[Values], how: str, seed: int) -> Mask:
    if how == "people":
        return material.aside
    known = np.array([bool(held) and bool(now) for held, now in zip(truth, _any(material, truth), strict=True)])
    return known & (np.random.default_rng(seed).random(len(truth)) < HIDDEN)


def _any(material: Material, truth: Sequence[Values]) -> Sequence[Values]:
    return next(material.selection.values[field] for field, held in material.truth.items() if held is truth)


def _judged(
    proposals: Sequence[Proposal], row: dict[str, int], truth: Sequence[Values], counted: Mask
) -> tuple[NDArray[np.float64], Mask]:
    """Confidence of each proposal that counts, and whether it is right."""
    kept = [each for each in proposals if counted[row[each.product]]]
    sure = np.array([each.confidence for each in kept])
    right = np.array([not set(each.new).isdisjoint(truth[row[each.product]]) for each in kept], dtype=np.bool_)
    return sure, right


def auditing(table: Table, material: Material, field: str, how: str, seeds: int) -> None:
    """Exchange one value in twenty, and count how many of those are in the first tenth of the list."""
    truth = material.truth[field]
    listed = material.selection.values[field]
    first, aside_first, suggested = [], [], []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        known = learning.labels([held if held == true else () for held, true in zip(listed, truth, strict=True)])
        count = len(known.rows)
        flipped = np.zeros(count, dtype=bool)
        flipped[random.choice(count, round(FLIPPED * count), replace=False)] = True
        held = known.held.copy()
        for number in np.flatnonzero(flipped):
            other = (known.first[number] + random.integers(1, len(known.classes))) % len(known.classes)
            held[number] = np.arange(len(known.classes)) == other
        groups = [material.people[row] for row in known.rows] if how == "people" else None
        vectors = learning.unit(material.selection.matrix(known.rows))
        judged = learning.out_of_fold(vectors, held, groups, seed=seed)
        found = suspect((judged.classifier + judged.neighbours) / 2, held)
        early = np.zeros(count, dtype=bool)
        early[found.order[: count // 10]] = True
        first.append((flipped & early).sum() / flipped.sum())
        kept = flipped & material.aside[known.rows]
        aside_first.append((kept & early).sum() / kept.sum())
        suggested.append((found.other == known.first)[flipped & early].mean())
    table.add(material.name, field, how, np.mean(aside_first), np.mean(first), np.std(first), np.mean(suggested))
    _told(table)


def defects(table: Table, material: Material, field: str) -> None:
    """The demo's own faults: wrong values in the first tenth of the audit, missing ones filled."""
    listed, truth = material.selection.values[field], material.truth[field]
    known = learning.labels(listed)
    wrong = np.array([listed[row] != truth[row] for row in known.rows])
    judged = learning.out_of_fold(learning.unit(material.selection.matrix(known.rows)), known.held)
    found = suspect((judged.classifier + judged.neighbours) / 2, known.held)
    early = np.zeros(len(wrong), dtype=bool)
    early[found.order[: len(wrong) // 10]] = True
    row = {id: number for number, id in enumerate(material.selection.ids)}
    gone = np.array([not now and bool(held) for now, held in zip(listed, truth, strict=True)])
    _, right = _judged(fill(material.selection, field).proposals, row, truth, gone)
    table.add(
        material.name,
        field,
        int(wrong.sum()),
        float(early[wrong].mean()) if wrong.any() else None,
        int(gone.sum()),
        len(right),
        float(right.mean()) if len(right) else None,
    )
    _told(table)


def examples(table: Table, material: Material, field: str, value: str, draws: int) -> None:
    """Three examples by chance, then answers to what is asked, by the truth."""
    rows = np.flatnonzero(material.aside)
    selection = material.selection.kept(rows)
    wanted = np.array([value in material.truth[field][row] for row in rows])
    outcome: dict[int, list[tuple[float, float, float]]] = {asked: [] for asked in ASKED}
    for seed in range(draws):
        random = np.random.default_rng(seed)
        yes = [int(row) for row in random.choice(np.flatnonzero(wanted), 3, replace=False)]
        no: list[int] = []
        for asked in range(0, max(ASKED) + 1, 5):
            found = rank(selection, yes, no)
            if asked in outcome:
                # Examples and answers are neither found nor missed; what is left is to be told.
                rest = np.ones(len(selection), dtype=bool)
                rest[[*yes, *no]] = False
                taken = (found.probability >= 0.5) & rest
                hit = (taken & wanted).sum()
                order = np.argsort(-found.scores[rest], kind="stable")
                hits = wanted[rest][order]
                average = (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean() if hits.any() else 1.0
                outcome[asked].append((hit / max(1, taken.sum()), hit / max(1, (rest & wanted).sum()), average))
            for row in ask(found, [*yes, *no], 5):
                (yes if wanted[row] else no).append(row)
    for asked, values in outcome.items():
        cells: list[Cell] = []
        for number in range(3):
            each = [value[number] for value in values]
            cells += [float(np.mean(each)), float(np.std(each))]
        table.add(material.name, value, int(wanted.sum()), asked, *cells)
        _told(table)


def memory(products: Sequence[int]) -> Table:
    """`visual-search cluster` in a process of its own, over synthetic products in Solr."""
    columns = ("products", "clusters", "seconds", "peak resident MB", "of it before reading, MB")
    table = Table("Clustering synthetic products: the command's own memory", columns)
    idle = _peak(["--help"], {})[1]
    for count in products:
        with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
            home = Path(folder)
            stream = Stream(count)
            embedding = stream.embedding(store_in(home))
            with server.of(home, "512m") as running, SolrClient(running.url, "many", timeout=300) as client:
                server.create(client)
                for sent, documents in enumerate(stream.documents(embedding), start=1):
                    # The full vector is not read here, and takes most of the time of loading.
                    client.add([{key: value for key, value in each.items() if key != "vector"} for each in documents])
                    if sent % 20 == 0:
                        progress(f"{sent * stream.chunk:,} of {count:,} products sent")
                client.commit()
                environment = {"VISUAL_SEARCH_HOME": folder, "SOLR_URL": running.url}
                began = time.perf_counter()
                out, peak = _peak(["cluster", "--collection", "many", "--json", "--members", "0"], environment)
                clusters = orjson.loads(out)
                assert clusters["products"] == count
                table.add(count, len(clusters["clusters"]), time.perf_counter() - began, peak, idle)
    return table


_WRAPPER = "import sys; sys.argv[0] = 'visual-search'; from vision.cli import main; main()"


def _peak(arguments: Sequence[str], environment: dict[str, str]) -> tuple[bytes, float]:
    """What a command prints, and the most memory that it held, MB."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRAPPER, *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, **environment, "OPENBLAS_NUM_THREADS": "2"},
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"visual-search {' '.join(arguments)} ended with {process.returncode}")
    assert isinstance(usage, resource.struct_rusage)
    return out, usage.ru_maxrss / 1024


@contextmanager
def _workspaces(home: Path) -> Iterator[Settings]:
    with server.temporary() as running:
        yield Settings.from_environment({}, home=home, solr_url=running.url)


def run(home: Path, shared: Path | None, seeds: int, draws: int, drawn: int) -> list[Table]:
    """All but memory."""
    right = ("kept aside", "guessed right", "listed: precision", "listed: recall", "recall at precision .9")
    fills = Table("Three in ten values hidden and filled again", ("data", "field", "others by", *right))
    audits = Table(
        "One value in twenty exchanged: found in the first tenth of the audit (by chance: .10)",
        ("data", "field", "others by", "kept aside", "all", "deviation", "right one suggested"),
    )
    own = Table(
        "The demo's own faults",
        ("data", "field", "wrong", "in the first tenth", "missing", "filled", "of them right"),
    )
    few = Table(
        f"A value from three examples, {draws} draws: mean and deviation, of what was not asked about",
        ("data", "value", "have it", "questions", "precision", "±", "recall", "±", "average precision", "±"),
    )
    with _workspaces(home) as settings:
        if shared is not None:
            photos = clothing(Workspace(replace(settings, collection="clothing")), shared, home)
            for how in ("people", "chance"):
                filling(fills, photos, "category", how, seeds)
                auditing(audits, photos, "category", how, seeds)
            for value in RARE:
                examples(few, photos, "category", value, draws)
        for number, name in enumerate(["compact", *([mobilenet(shared)] if shared is not None else [])]):
            catalogue = demo(Workspace(replace(settings, collection=f"demo{number}")), home / "demo", name, drawn)
            for field in DEMO_FIELDS:
                filling(fills, catalogue, field, "chance", seeds)
                auditing(audits, catalogue, field, "chance", seeds)
                defects(own, catalogue, field)
            examples(few, catalogue, "pattern", "Hawaiian", draws)
            progress(f"{catalogue.name} done")
    fills.notes.append("listed: what `fill` proposes by default, where cross-validation promises a precision of .9")
    return [fills, audits, own, few]


@click.command(help=__doc__)
@click.option("--seeds", default=3, show_default=True, help="Repetitions of what is hidden or exchanged by chance.")
@click.option("--draws", default=20, show_default=True, help="Draws of three examples.")
@click.option("--drawn", default=1200, show_default=True, help="Products of the demo catalogue.")
@click.option("--products", multiple=True, type=int, help="Measure memory with so many synthetic products instead.")
@click.option("--home", type=click.Path(path_type=Path), help="Keeps features and drawings for the next time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    seeds: int, draws: int, drawn: int, products: tuple[int, ...], home: Path | None, *, as_json: bool = False
) -> None:
    if products:
        emit("merchandising", [memory(products)], as_json=as_json)
        return
    folder = os.environ.get("VISUAL_SEARCH_SHARED")
    shared = Path(folder) if folder and Path(folder).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-") as spare:
        kept = home or Path(spare)
        kept.mkdir(parents=True, exist_ok=True)
        tables = run(kept, shared, seeds, draws, drawn)
    emit("merchandising", tables, as_json=as_json)


if __name__ == "__main__":
    main()
