"""Indexing's first pass, reading, decoding and extracting at once, beside its parts one after another."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from benchmarks.extraction.goals import Goals
from benchmarks.report import Table, progress
from vision import extractors, images
from vision.catalog.cache import FeatureCache
from vision.catalog.decoding import THREADS
from vision.catalog.features import BATCH, Checked, extract
from vision.catalog.pictures import Pictures
from vision.catalog.product import Product
from vision.embedding import open_picture
from vision.evaluation.timing import Times
from vision.extractors import Extractor


def run(files: Sequence[bytes], rounds: int, goals: Goals) -> Table:
    """Seconds by extractor; in each round both, the one first that was second in the round before."""
    table = Table(
        f"{len(files)} photos through indexing's first pass, {rounds} rounds in turns, seconds (medians)",
        ("extractor", "decode", "extract", "one after another", "indexing", "indexing / both", "busy cores"),
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, data in enumerate(files):
            (root / f"{number}.jpg").write_bytes(data)
        for name in ("histogram", "compact"):
            progress(f"indexing with {name}")
            extractor = extractors.load(name)
            apart: list[tuple[float, float]] = []
            whole: list[tuple[float, float]] = []
            for turn in range(rounds):
                for way in ("apart", "whole") if turn % 2 else ("whole", "apart"):
                    if way == "apart":
                        apart.append(_apart(files, extractor))
                    else:
                        whole.append(_whole(root, len(files), extractor, turn))
            decode, work, both = (
                Times(tuple(each)).p50 for each in (*zip(*apart, strict=True), [sum(each) for each in apart])
            )
            wall = Times(tuple(seconds for seconds, _ in whole)).p50
            cores = Times(tuple(busy / seconds for seconds, busy in whole)).p50
            table.add(name, decode, work, both, wall, wall / both, cores)
            goals.add(f"indexing's time / its parts one after another: {name}", 1.0, wall / both, most=True)
    table.notes.append(f"decode: in {THREADS} threads with nothing beside; extract: of pictures in memory")
    return table


def _apart(files: Sequence[bytes], extractor: Extractor) -> tuple[float, float]:
    """Batch by batch: all decoded, then all extracted."""
    decoding = extracting = 0.0
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(files), BATCH):
            began = time.perf_counter()
            opened = list(pool.map(lambda data: _opened(data, extractor), files[start : start + BATCH]))
            middle = time.perf_counter()
            extractor.extract(opened)
            decoding += middle - began
            extracting += time.perf_counter() - middle
    return decoding, extracting


def _opened(data: bytes, extractor: Extractor) -> Image.Image:
    images.content_hash(data)
    return open_picture(data, extractor)


def _whole(root: Path, count: int, extractor: Extractor, turn: int) -> tuple[float, float]:
    """Wall and CPU seconds of the real first pass, with an empty cache."""
    rows = [
        Checked(number, str(number), Product(str(number), str(number), "", f"{number}.jpg")) for number in range(count)
    ]
    with tempfile.TemporaryDirectory(dir=root) as home, FeatureCache(Path(home) / f"{turn}.sqlite") as cache:
        began, busy = time.perf_counter(), time.process_time()
        for _ in extract(rows, Pictures(root), extractor, cache):
            pass
        return time.perf_counter() - began, time.process_time() - busy
