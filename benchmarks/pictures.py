"""A catalogue of any number of small pictures, all different, drawn from a seed by several processes."""

from __future__ import annotations

import csv
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import progress

SIDE = 32
_FOLDER = 1000
_KINDS = ("dress", "skirt", "coat", "shirt", "sofa")
_COLORS = ("red", "blue", "green", "black", "white")


def draw(folder: Path, count: int, *, seed: int = 0, workers: int | None = None) -> None:
    """Draw ``count`` PNGs of 32 x 32 pixels, a thousand to a folder: blurred patches of color and some noise.

    Processes are spawned: whoever calls this guards the entry point with ``__main__``.
    """
    starts = range(0, count, _FOLDER)
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_draw_folder, folder, start, min(count, start + _FOLDER), seed) for start in starts]
        for number, job in enumerate(jobs, start=1):
            job.result()
            if number % 20 == 0:
                progress(f"drew {number * _FOLDER:,} of {count:,} pictures")


def write(path: Path, count: int) -> Path:
    """Write a catalogue of the first ``count`` pictures; they are looked for in its folder."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "title", "description", "image", "price", "category", "color"))
        for row in range(count):
            kind, color = _KINDS[row % 5], _COLORS[row // 5 % 5]
            title, description = f"{color} {kind} number {row}", f"A {color} {kind}, made for measuring."
            rows.writerow((f"p{row:07d}", title, description, _name(row), f"{row % 300}.00", kind, color))
    return path


def read(folder: Path, row: int) -> bytes:
    """A picture's file."""
    return (folder / _name(row)).read_bytes()


def _name(row: int) -> str:
    return f"pictures/{row // _FOLDER}/{row:07d}.png"


def _draw_folder(folder: Path, first: int, end: int, seed: int) -> None:
    (folder / _name(first)).parent.mkdir(parents=True, exist_ok=True)
    for row in range(first, end):
        random = np.random.default_rng((seed, row))
        patches = Image.fromarray(random.integers(256, size=(4, 4, 3), dtype=np.uint8))
        blurred = np.asarray(patches.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32)
        noisy = blurred + random.standard_normal((SIDE, SIDE, 3), dtype=np.float32) * 12
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / _name(row), compress_level=1)
