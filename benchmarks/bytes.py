"""Bytes on disk by where vectors are kept, beside Solr's own types, and what of an index searches keep in memory.

Memory is asked of the kernel (`mincore`): Solr is stopped, the page cache emptied, Solr started again, searches are run, and
the pages of each index file that are in memory are counted. That needs Linux and the right to empty the cache; without
it that part is left out. The targets are, of the bytes of Solr's own types: 0.9 with the vectors that are written back
inside Solr and 0.5 with them outside; and 0.15 of the float32 bytes for what searching the graph needs in memory.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np

from benchmarks import server, stock
from benchmarks.report import Table, emit, progress
from benchmarks.stream import Stream, store_in
from vision.catalog import sending
from vision.search.engine import SearchEngine
from vision.search.model import Mode, Query
from vision.search.planner import Limits
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

STOCK: Final = "Solr's own types"
TARGETS: Final[Mapping[str, float]] = {Keeping.PACKED.value: 0.9, Keeping.OUTSIDE.value: 0.5}
HOT: Final = 0.15
FLOAT32: Final = 4096
_CACHES: Final = Path("/proc/sys/vm/drop_caches")
_FILES: Final = (".vec", ".vex", ".fdt")


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
            for name in (STOCK, *(each.value for each in Keeping)):
                progress(f"loading: {name}")
                sizes[name], outside[name] = _load(running, name, stream)
        tables = [_disk(sizes, outside, options)]
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
            stock.load(client, [each for chunk in stream.documents(embedding) for each in chunk])
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
    return "stock" if name == STOCK else name


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
        f"Of {stream.count:,} pictures in memory, empty page cache before; {options.searches} searches, K = {Limits().candidates}",
        ("part of the index", "MB on disk", "MB after one search", "MB after all", "after all, of the float32 bytes"),
    )
    for name, (whole, pages) in after.items():
        table.add(name, whole / server.MB, first[name][1] / server.MB, pages / server.MB, pages / float32)
    needed = sum(whole for name, (whole, _) in after.items() if name in GRAPH)
    hot = sum(pages for name, (_, pages) in after.items() if name in GRAPH or name == WORDS)
    table.notes += [
        f"the candidates' phase needs {needed / stream.count:.0f} bytes a picture: all of coarse vectors and graph",
        f"target, candidates' phase and words: at most {HOT}: {'pass' if max(hot, needed) <= HOT * float32 else 'MISS'} "
        f"({max(hot, needed) / float32:.3f})",
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
            pages[_part(path, pictures)] += _in_memory(path)
    return {name: (whole[name], pages[name]) for name in whole}


def _in_memory(path: Path) -> int:
    """Bytes of a file that are in the page cache."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as mapped:
        view = (ctypes.c_char * size).from_buffer(mapped)
        flags = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        failed = ctypes.CDLL(None, use_errno=True).mincore(ctypes.byref(view), ctypes.c_size_t(size), flags)
        del view
        if failed:
            raise OSError(ctypes.get_errno(), "mincore", str(path))
    return int((np.frombuffer(flags, dtype=np.uint8) & 1).sum()) * mmap.PAGESIZE


@click.command(help=__doc__)
@click.option("--pictures", default=Options.pictures, show_default=True, help="How many are loaded.")
@click.option("--searches", default=Options.searches, show_default=True, help="After which memory is looked at.")
@click.option("--described", is_flag=True, help="Pictures have descriptions of 0 to 80 words.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, searches: int, described: bool, as_json: bool) -> None:
    emit("bytes", run(Options(pictures, searches, described)), as_json=as_json)


if __name__ == "__main__":
    main()
