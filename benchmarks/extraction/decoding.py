"""Bytes of JPEGs to pixels of a network's size: Pillow as people would call it, and ours in one thread and several."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.extraction.goals import Goals, spread
from benchmarks.report import Table, progress
from vision import extractors, images
from vision.catalog.decoding import THREADS
from vision.evaluation.timing import interleaved
from vision.extractors.conversion import overlap

_FACTORS = (1.0, 1.5, 2.0)
_SIDES = (128, 299)
_LEAST = 50


def run(files: Sequence[bytes], rounds: int, goals: Goals) -> list[Table]:
    """Speed by size of photo and of network, and what scaled decoding does to the ten nearest of real photos."""
    sets = {"photos as they are": list(files[:64])}
    for side in (2, 4):
        sets[f"{side} x {side} photos in one"] = _mosaics(files, side, 64 // side**2)
    table = Table(
        f"decode and resize, {rounds} rounds in turns: times as quick as plain Pillow (quartiles)",
        ("pictures", "size", "to", "Pillow, pictures/s", "one thread", f"{THREADS} threads, as indexing has it"),
    )
    reached = []
    with ThreadPoolExecutor(THREADS) as pool:
        for name, data in sets.items():
            width, height = images.decode(data[0]).size
            for side in _SIDES:
                ways: dict[str, Callable[[int], object]] = {
                    "plain": lambda number, data=data, side=side: [plain(each, side) for each in data],  # type: ignore[misc]
                    "one": lambda number, data=data, side=side: [ours(each, side) for each in data],  # type: ignore[misc]
                    "pool": lambda number, data=data, side=side: list(  # type: ignore[misc]
                        pool.map(ours, data, [side] * len(data))
                    ),
                }
                times = interleaved(ways, range(rounds), warm=1)
                rate = 1000 * len(data) / times["plain"].p50
                one, many = (spread(times["plain"], times[each]) for each in ("one", "pool"))
                table.add(name, f"{width} x {height}", side, rate, one, many)
                reached.append((f"{name} to {side}", times["plain"].over(times["pool"])[1]))
    for name, ratio in reached:
        goals.add(f"decode and resize, times plain Pillow: {name}", 2.0, ratio)
    return [table, _overlaps(files, goals)]


def plain(data: bytes, side: int) -> NDArray[np.uint8]:
    """As in any tutorial."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def ours(data: bytes, side: int, factor: float = 2.0) -> NDArray[np.uint8]:
    """As indexing decodes: no smaller than ``factor`` times what the network takes."""
    return images.to_array(images.decode(data, min_side=int(factor * side)), (side, side))


def _overlaps(files: Sequence[bytes], goals: Goals) -> Table:
    """The ten nearest by compact's vectors, with each way to decode against plain Pillow's."""
    compact = extractors.load("compact", models=None)
    side = compact.info.input_size[0]
    sets = {"photos as they are": list(files)}
    for count in (2, 3):
        sets[f"{count} x {count} photos in one"] = _mosaics(files, count, len(files) // count**2)
    table = Table(
        f"compact, {side} pixels: ten nearest that stay, by how many times {side} pixels a JPEG is decoded to at least",
        ("pictures", "count", *(f"{factor:g} times" for factor in _FACTORS)),
    )
    for name, data in sets.items():
        if len(data) < _LEAST:
            continue
        progress(f"compact over {len(data)} pictures, {name}, decoded in {len(_FACTORS) + 1} ways")
        expected = compact.extract([Image.fromarray(plain(each, side)) for each in data])
        found = [
            overlap(expected, compact.extract([Image.fromarray(ours(each, side, factor)) for each in data]))
            for factor in _FACTORS
        ]
        table.add(name, len(data), *(f"{each:.4f}" for each in found))
        goals.add(f"top-10 overlap with plain Pillow: {name}", 0.98, found[-1])
    table.notes.append("2 times is how pictures are decoded; 1.000 where no scale of a JPEG is left above that")
    return table


def _mosaics(files: Sequence[bytes], across: int, count: int) -> list[bytes]:
    """Larger photos with all the detail of real ones: ``across`` x ``across`` of them side by side, as JPEG."""
    found, size = [], (400, 533)
    for start in range(0, count * across**2, across**2):
        whole = Image.new("RGB", (size[0] * across, size[1] * across))
        for place, data in enumerate(files[start : start + across**2]):
            photo = images.decode(data).resize(size)
            whole.paste(photo, (size[0] * (place % across), size[1] * (place // across)))
        buffer = io.BytesIO()
        whole.save(buffer, "JPEG", quality=85)
        found.append(buffer.getvalue())
    return found
