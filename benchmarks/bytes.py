"""Bytes on disk by where vectors are kept, beside Solr's own types, and what of an index searches keep in memory.

Memory is asked of the kernel (`mincore`): Solr is stopped, the page cache emptied, Solr started again, searches are
run, and the pages of each index file that are in memory are counted. That needs Linux and the right to empty the cache;
without it that part is left out. The targets are, of the bytes of Solr's own types: 0.9 with the vectors that are
written back inside Solr and 0.5 with them outside; and in memory, for what searching the graph needs, 0.15 of the
float32 bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from benchmarks import server, stock, variants
from benchmarks.report import Table, emit, progress
from benchmarks.resident import in_memory
from benchmarks.stream import Stream, Vectors, store_in
from vision.catalog import sending
from vision.evaluation.timing import interleaved
from vision.search.engine import SearchEngine
from vision.search.model import Diversity, Mode, Query
from vision.search.planner import Limits
from vision.search.request import SearchRequest
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

STOCK: Final = "Solr's own types"
COMPRESSED: Final = "stored, BEST_COMPRESSION"
_COMPRESSION: Final = (
    '<codecFactory class="solr.SchemaCodecFactory"/>',
    '<codecFactory class="solr.SchemaCodecFactory"><str name="compressionMode">BEST_COMPRESSION</str></codecFactory>',
)
TARGETS: Final[Mapping[str, float]] = {Keeping.PACKED.value: 0.9, Keeping.OUTSIDE.value: 0.5}
HOT: Final = 0.15
FLOAT32: Final = 4096
_CACHES: Final = Path("/proc/sys/vm/drop_caches")
_FILES: Final = (".vec", ".vex", ".fdt")
_OURS: Final = (Keeping.STORED.value, COMPRESSED, Keeping.PACKED.value, Keeping.OUTSIDE.value)


@dataclass(frozen=True)
class Options:
    """What is measured."""

    pictures: int = 20_000
    searches: int = 500
    described: bool = False
    heap: str = "512m"


def run(options: Options) -> Sequence[Table]:
    """Load the same documents by each way, look at the files, search."""
    stream = Stream(options.pictures, described=options.described)
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        sizes: dict[str, dict[str, int]] = {}
        outside: dict[str, int] = {}
        with server.of(home, options.heap) as running:
            for name in (STOCK, *_OURS):
                progress(f"loading: {name}")
                sizes[name], outside[name] = _load(running, name, stream)
            tables = [_disk(sizes, outside, options), _times(running, stream, options)]
        if not (_CACHES.exists() and os.access(_CACHES, os.W_OK)):
            progress("memory is left out: the page cache cannot be emptied here (Linux, as root)")
            return tables
        return [*tables, _memory(home, stream, Keeping.STORED, options)]


def _load(running: server.Server, name: str, stream: Stream) -> tuple[dict[str, int], int]:
    """Bytes by extension, and those outside Solr; all documents must be there."""
    file = running.home / f"{name}.sqlite"
    with SolrClient(running.url, _core(name), timeout=120, vectors=file) as client:
        embedding = stream.embedding(store_in(running.home))
        if name == STOCK:
            stock.create(running, client)
            stock.load(client, (each for chunk in stream.documents(embedding) for each in chunk))
        else:
            if name == COMPRESSED:
                variants.create(running, client, "compressed", {"solrconfig.xml": _COMPRESSION})
            else:
                configset.create(client, keeping=Keeping(name))
            sending.add(client, stream.documents(embedding))
            client.commit()
            client.merge()
        if client.count() != stream.count:
            raise click.ClickException(f"{name}: Solr has {client.count():,} of {stream.count:,} documents")
    found = server.bytes_by_extension(running.index_folder(_core(name)))
    return found, file.stat().st_size if file.exists() else 0


def _core(name: str) -> str:
    return {STOCK: "stock", COMPRESSED: "compressed"}.get(name, name)


def _times(running: server.Server, stream: Stream, options: Options) -> Table:
    """What reading vectors and hits costs by where they are kept; in memory, as nothing was dropped."""
    table = Table(
        f"ms by the engine, p50, {options.searches // 5} of each in turns; a page is 24 hits",
        ("vectors", "by vector", "by an indexed product", "by vector, most unlike first", "20 products' vectors"),
    )
    count = options.searches // 5
    asked = stream.queries(count)
    with ExitStack() as stack:
        ways: dict[tuple[str, int], Callable[[int], object]] = {}
        for name in _OURS:
            client = SolrClient(running.url, _core(name), timeout=120, vectors=running.home / f"{name}.sqlite")
            engine = SearchEngine(stack.enter_context(client), store_in(running.home), limits=Limits())
            for place, way in enumerate(_ways(engine, asked, stream)):
                ways[name, place] = way
        taken = interleaved(ways, range(count), warm=5)
    for name in _OURS:
        table.add(name, *(taken[name, place].p50 for place in range(4)))
    return table


def _ways(engine: SearchEngine, asked: Vectors, stream: Stream) -> Sequence[Callable[[int], object]]:
    near = Query(mode=Mode.APPROXIMATE, rows=24)

    def twenty(number: int) -> object:
        engine.collection.forget()
        first = number * 7919 % (stream.count - 20)
        return engine.collection.indexed.vectors([stream.id(row) for row in range(first, first + 20)])

    return (
        lambda number: engine.run(replace(near, vector=asked[number])),
        lambda number: engine.search(SearchRequest(image_id=stream.id(number * 7919 % stream.count), rows=24)),
        lambda number: engine.run(replace(near, vector=asked[number], diversity=Diversity(mmr=0.5))),
        twenty,
    )


def _disk(sizes: Mapping[str, Mapping[str, int]], outside: Mapping[str, int], options: Options) -> Table:
    described = "with descriptions" if options.described else "without descriptions"
    table = Table(
        f"{options.pictures:,} pictures {described}, merged; bytes a picture",
        ("vectors", *_FILES, "rest", "whole index", "of Solr's own types", "outside Solr"),
    )
    base = sum(sizes[STOCK].values())
    for name, found in sizes.items():
        files = [found.get(each, 0) / options.pictures for each in _FILES]
        whole = sum(found.values())
        rest = whole / options.pictures - sum(files)
        table.add(name, *files, rest, whole / options.pictures, whole / base, outside[name] / options.pictures)
    for name, target in TARGETS.items():
        ratio = sum(sizes[name].values()) / base
        table.notes.append(f"target, {name}: at most {target}: {'pass' if ratio <= target else 'MISS'} ({ratio:.3f})")
    return table


def _memory(home: Path, stream: Stream, keeping: Keeping, options: Options) -> Table:
    """What is in memory when Solr has started, and after searches."""
    float32 = stream.count * FLOAT32
    os.sync()
    _CACHES.write_text("3", encoding="ascii")
    with server.of(home, options.heap) as running, SolrClient(running.url, keeping.value, timeout=120) as client:
        folder = running.index_folder(keeping.value)
        engine = SearchEngine(client, store_in(home), limits=Limits())
        vectors = stream.queries(options.searches)
        progress("searching")
        engine.run(Query(vector=vectors[0], mode=Mode.APPROXIMATE, rows=24))
        first = _resident(folder, stream.count)
        for number, vector in enumerate(vectors):
            text = "dress" if number % 2 else None
            engine.run(Query(vector=vector, text=text, mode=Mode.APPROXIMATE, rows=24, facets=("color",)))
        after = _resident(folder, stream.count)
    table = Table(
        f"Of {stream.count:,} pictures in memory after {options.searches} searches with K={Limits().candidates}, "
        "the page cache empty before",
        ("part of the index", "MB on disk", "MB after one search", "MB after all", "after all, of the float32 bytes"),
    )
    for name, (whole, pages) in after.items():
        table.add(name, whole / server.MB, first[name][1] / server.MB, pages / server.MB, pages / float32)
    needed = sum(whole for name, (whole, _) in after.items() if name in GRAPH)
    share = max(needed, sum(pages for name, (_, pages) in after.items() if name in GRAPH or name == WORDS)) / float32
    table.notes += [
        f"the candidates' phase needs {needed / stream.count:.0f} bytes a picture: all of coarse vectors and graph",
        f"target, candidates' phase and words: at most {HOT}: {'pass' if share <= HOT else 'MISS'} ({share:.3f})",
        "full vectors are read for the candidates of a search alone, two pages each, and may be dropped again",
    ]
    return table


CODES, EDGES, FULL, STORED, WORDS = "coarse vectors", "graphs", "full vectors", "stored fields", "words and doc values"
GRAPH: Final = (CODES, EDGES)


def _part(path: Path, pictures: int) -> str:
    """What an index file holds; each vector field has files of its own."""
    if path.suffix == ".vec":
        return FULL if path.stat().st_size >= pictures * FLOAT32 else CODES
    return {".vex": EDGES, ".vem": EDGES, ".fdt": STORED, ".fdx": STORED, ".fdm": STORED}.get(path.suffix, WORDS)


def _resident(folder: Path, pictures: int) -> dict[str, tuple[int, int]]:
    """Bytes on disk and bytes in memory, by part."""
    whole: Counter[str] = Counter({name: 0 for name in (CODES, EDGES, FULL, STORED, WORDS)})
    pages: Counter[str] = Counter(whole)
    for path in folder.iterdir():
        if path.is_file() and path.stat().st_size:
            whole[_part(path, pictures)] += path.stat().st_size
            pages[_part(path, pictures)] += in_memory(path)
    return {name: (whole[name], pages[name]) for name in whole}


@click.command(help=__doc__)
@click.option("--pictures", default=Options.pictures, show_default=True, help="How many are loaded.")
@click.option("--searches", default=Options.searches, show_default=True, help="After which memory is looked at.")
@click.option("--described", is_flag=True, help="Pictures have descriptions of 0 to 80 words.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, searches: int, described: bool, as_json: bool) -> None:
    emit("bytes", run(Options(pictures, searches, described)), as_json=as_json)


if __name__ == "__main__":
    main()
