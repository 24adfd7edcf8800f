"""A catalogue larger than memory: what `pca fit`, `index`, Solr and `serve` hold while it goes through.

Small pictures are drawn and go through the real commands and the embedded Solr. The extractor is an ONNX model without
weights that gives 2,048 values, as many as InceptionV3, so that the features of all pictures weigh what they would.
Both commands run under a limit (`ulimit -d`). That a process that holds them all does not fit into it is tried out, by
`pca fit` with all pictures as its sample.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import orjson
import psutil
import requests

from benchmarks import pictures, server
from benchmarks.chart import Line, Panel, drawn
from benchmarks.processes import Memory, Sample, Watched, command, environment, limited, memory, serving, watch
from benchmarks.report import Table, emit, progress
from benchmarks.server import MB
from tests.extractors.onnx_file import grey_file
from vision.catalog.commands import STAGES
from vision.errors import SolrError
from vision.solr.client import SolrClient
from vision.workspace import COLLECTION

DIMS = 2048
_SOLR = "Solr"
_PROCESSES = ("pca fit", "index", _SOLR)
_AFTER = ("pca", "commit", "merge", "verify")


@dataclass(frozen=True)
class Options:
    """What is measured; each size is a catalogue of its own."""

    products: tuple[int, ...] = (10_000, 30_000, 100_000)
    heap: str = "512m"
    limit: int = 1024
    searches: int = 300
    chart: Path | None = None


@dataclass(frozen=True)
class Passage:
    """One catalogue's way through."""

    products: int
    pca: Watched
    index: Watched
    indexed: int
    disk: int
    cache: int
    whole: str
    """What became of `pca fit` on a sample of all."""
    served: Sequence[tuple[int, Memory]]

    def peak(self, name: str) -> Memory:
        """Of one process."""
        return (self.pca if name == "pca fit" else self.index).peak(name)


def run(options: Options) -> Sequence[Table]:
    """Draw, take each size through, smallest first, and compare."""
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        (place / "grey.onnx").write_bytes(grey_file(32, DIMS // 32))
        progress(f"drawing {max(options.products):,} pictures")
        pictures.draw(place, max(options.products))
        passages = []
        for products in sorted(options.products):
            passages.append(_passage(place, products, options, last=products == max(options.products)))
    if options.chart is not None:
        options.chart.write_text(chart(passages[-1], options), encoding="utf-8")
    whole = max(options.products) * DIMS * 4 / MB
    tables = [_peaks(passages, options), _within(passages[-1], options), _speed(passages)]
    tables[0].notes += [
        f"pca fit and index ran with `ulimit -d` of {options.limit} MB; the largest catalogue's features are "
        f"{whole:,.0f} MB, and `pca fit --sample {passages[-1].products}`, which holds them all, {passages[-1].whole}",
        "private: resident without mapped files; Solr's index files are mapped, the system may drop them at any time",
    ]
    return tables


def _passage(place: Path, products: int, options: Options, *, last: bool) -> Passage:
    catalogue = pictures.write(place / f"{products}.csv", products)
    extractor = ("--extractor", f"onnx:{place / 'grey.onnx'}?scale=unit")
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        progress(f"{products:,} products: pca fit")
        env = environment(home / "pca")
        fit = limited(command("pca", "fit", str(catalogue), "--out", str(home / "p.npz"), *extractor), options.limit)
        pca = watch(fit, env, _done(home / "pca", None, products), name="pca fit")
        whole = _held_at_once(fit, env, products) if last else ""
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        env = environment(home)
        with server.of(home, options.heap) as running, SolrClient(running.url, COLLECTION, timeout=30) as client:
            progress(f"{products:,} products: index")
            state = running.solr.state()
            assert state is not None
            solr = psutil.Process(state.pid)
            arguments = limited(command("index", str(catalogue), "--json", *extractor), options.limit)
            index = watch(arguments, env, _done(home, client, products), {_SOLR: solr}, name="index")
            indexed = int(orjson.loads(index.output)["indexed"])
            if indexed != products or client.count() != products:
                raise click.ClickException(f"{products:,} products went in; {indexed:,} were indexed")
            disk = sum(server.bytes_by_extension(running.index_folder(COLLECTION)).values())
            cache = (home / "features.sqlite").stat().st_size
            served = _served(env, place, options.searches) if last else []
    passage = Passage(products, pca, index, indexed, disk, cache, whole, served)
    peaks = (f"{name} {passage.peak(name).private:.0f} MB" for name in _PROCESSES)
    progress(f"{products:,} products: at most {', '.join(peaks)}")
    return passage


def _done(home: Path, client: SolrClient | None, products: int) -> Callable[[str], int]:
    """How many products are through, seen from outside: rows of the feature cache, then documents that Solr got."""

    def done(stage: str) -> int:
        if stage == STAGES["extract"]:
            return _cached(home / "features.sqlite")
        if client is not None and stage == STAGES["index"]:
            return _added(client)
        return products if stage in {STAGES[name] for name in _AFTER} else 0

    return done


def _cached(file: Path) -> int:
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=0.1)) as database:
            return int(database.execute("SELECT max(rowid) FROM features").fetchone()[0] or 0)
    except sqlite3.Error:  # it is just being made
        return 0


def _added(client: SolrClient) -> int:
    name = "UPDATE.updateHandler.cumulativeAdds"
    try:
        cores = server.metrics(client, "core", name)
    except SolrError:
        return 0
    return sum(int(core[name]["count"]) for core in cores.values() if name in core)


def _served(env: Mapping[str, str], place: Path, searches: int) -> list[tuple[int, Memory]]:
    """What `serve` holds after so many searches by photo, each with words, and from several callers at once."""
    seen = []
    with serving(env) as (url, process):
        seen.append((0, memory(process)))

        def search(number: int) -> None:
            photo = pictures.read(place, number)
            query = orjson.dumps({"q": "dress" if number % 2 else "*", "facets": ["color"]}).decode()
            files = {"image": ("photo.png", photo, "image/png")}
            answer = requests.post(f"{url}/v1/search", data={"query": query}, files=files, timeout=60)
            if not answer.ok:
                raise click.ClickException(f"serve answered {answer.status_code}: {answer.text[:300]}")

        with ThreadPoolExecutor(4) as callers:
            for first, last in pairwise([0, searches // 10, searches // 3, searches]):
                list(callers.map(search, range(first, last)))
                seen.append((last, memory(process)))
    return seen


def _held_at_once(arguments: Sequence[str], env: Mapping[str, str], products: int) -> str:
    """What becomes of `pca fit` when its sample is all there is; the features are in the cache."""
    done = subprocess.run([*arguments, "--sample", str(products)], env=env, capture_output=True, text=True, check=False)
    if not done.returncode:
        return "fits as well: the catalogue is small for this limit"
    if "does not fit into memory" in done.stderr:
        return "is refused: it does not fit"
    raise click.ClickException(f"pca fit with all as its sample ended with {done.returncode}: {done.stderr[-2000:]}")


def _peaks(passages: Sequence[Passage], options: Options) -> Table:
    columns = ("process", "MB", *(f"{passage.products:,}" for passage in passages), "last step, for 1,000 products")
    table = Table(f"Peak memory by catalogue, -Xmx{options.heap}, each in a fresh home", columns)
    span = (passages[-1].products - passages[-2].products) / 1000 if len(passages) > 1 else None
    for name in _PROCESSES:
        for kind in ("private", "resident"):
            peaks = [float(getattr(passage.peak(name), kind)) for passage in passages]
            table.add(name, kind, *map(round, peaks), (peaks[-1] - peaks[-2]) / span if span else None)
    return table


def _within(passage: Passage, options: Options) -> Table:
    """The curve of the largest catalogue at the sizes of the others."""
    marks = [mark for mark in sorted(options.products)]
    columns = ("process", "stage", *(f"at {mark:,}" for mark in marks), "after them, at most")
    table = Table(f"Private MB on the way through {passage.products:,} products", columns)
    for label, name, watched, stage in (
        ("pca fit", "pca fit", passage.pca, "extract"),
        ("index", "index", passage.index, "extract"),
        ("index", "index", passage.index, "index"),
        (_SOLR, _SOLR, passage.index, "index"),
    ):
        during, after = split(watched.samples, stage, passage.products)
        at = [[sample.memory[name].private for sample in during if sample.done < mark][-1] for mark in marks]
        last = max((sample.memory[name].private for sample in after), default=None)
        table.add(label, STAGES[stage], *map(round, at), last and round(last))
    for searches, held in passage.served:
        table.notes.append(
            f"serve after {searches:,} searches by photo, four at once: {held.private:.0f} MB private, "
            f"{held.resident:.0f} MB resident"
        )
    return table


def split(samples: Sequence[Sample], stage: str, products: int) -> tuple[list[Sample], list[Sample]]:
    """Samples while a stage goes on, and those after its last product until the next such stage."""
    labels = [STAGES[stage]]
    others = {STAGES["extract"], STAGES["index"]} - set(labels)
    begun = next((number for number, sample in enumerate(samples) if sample.stage in labels), len(samples))
    mine = list(samples[begun:])
    end = next((number for number, sample in enumerate(mine) if sample.stage in others), len(mine))
    mine = mine[:end]
    full = next((number for number, sample in enumerate(mine) if sample.done >= products), len(mine))
    return mine[: full + 1], mine[full + 1 :]


def _speed(passages: Sequence[Passage]) -> Table:
    columns = ("products", "pca fit s", "index s", "products a second", "index bytes a product", "feature cache bytes")
    table = Table("Time and disk, features extracted both times", columns)
    for passage in passages:
        products, index = passage.products, passage.index.seconds
        sizes = (passage.disk / products, passage.cache / products)
        table.add(products, passage.pca.seconds, index, products / index, *sizes)
    return table


def chart(passage: Passage, options: Options) -> str:
    """The largest catalogue's curve as an SVG."""
    first, second, last = (
        _panel(watched, stage, passage.products, title, then, names)
        for watched, stage, title, then, names in (
            (passage.pca, "extract", "pca fit", "then: PCA", ("pca fit",)),
            (passage.index, "extract", "index: pictures to features", "then: PCA", ("index", _SOLR)),
            (passage.index, "index", "index: sending", "then: merge", ("index", _SOLR)),
        )
    )
    title = f"Memory while {passage.products:,} products go through, Solr with -Xmx{options.heap}"
    legend = (
        "private memory of each process, without Solr's mapped index files; shaded: after the last product, by time"
    )
    whole = passage.products * DIMS * 4 / MB
    return drawn(
        title, legend, [first, second, last], passage.products, (f"all features at once: {whole:.0f} MB", whole)
    )


def _panel(watched: Watched, stage: str, products: int, title: str, then: str, names: Sequence[str]) -> Panel:
    during, after = split(watched.samples, stage, products)
    began = after[0].seconds if after else 0.0
    lines = [
        Line(
            name,
            "two" if name == _SOLR else "one",
            [(min(sample.done, products), sample.memory[name].private) for sample in during],
            [(sample.seconds - began, sample.memory[name].private) for sample in after],
        )
        for name in names
    ]
    return Panel(title, then, lines)


@click.command(help=__doc__)
@click.option("--products", multiple=True, type=click.IntRange(100), default=Options.products, show_default=True)
@click.option("--heap", default=Options.heap, show_default=True, help="The JVM's -Xmx.")
@click.option("--limit", default=Options.limit, show_default=True, help="MB of data that pca fit and index may have.")
@click.option("--searches", default=Options.searches, show_default=True, help="Searches by photo of `serve`.")
@click.option("--chart", type=click.Path(path_type=Path), help="Where to write the curve as an SVG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: Sequence[int], heap: str, limit: int, searches: int, chart: Path | None, as_json: bool) -> None:
    emit("memory", run(Options(tuple(products), heap, limit, searches, chart)), as_json=as_json)


if __name__ == "__main__":
    main()
