"""Each extractor beside the others: many pictures in batches of 16, and one alone as a search has it.

`inception_v3` runs with random weights, which cost what the published ones do. With `VISUAL_SEARCH_SHARED` also
MobileNetV2 as a TFLite model.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.latency import drawn
from benchmarks.report import Table, progress
from vision import extractors
from vision.errors import ModelUnavailable
from vision.evaluation.timing import interleaved
from vision.extractors import Extractor

_BATCH = 16
_MOBILENET = "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"
_RANDOM = "random:0"


def run(rounds: int = 5, batches: int = 2) -> Sequence[Table]:
    """Load each, then let them take turns."""
    pictures = [Image.open(io.BytesIO(drawn(320, seed))).convert("RGB") for seed in range(_BATCH * batches)]
    loaded: dict[str, tuple[Extractor, float]] = {}
    for name, options in _known().items():
        progress(f"loading {name}")
        began = time.perf_counter()
        try:
            extractor = extractors.load(name, **options)
        except ModelUnavailable as error:
            progress(f"{name} is left out: {error}")
            continue
        loaded[name] = extractor, time.perf_counter() - began
    ways: dict[str, Callable[[int], object]] = {}
    for name, (extractor, _) in loaded.items():
        ways[f"{name} many"] = lambda number, extractor=extractor: extractor.extract(pictures)  # type: ignore[misc]
        ways[f"{name} one"] = lambda number, extractor=extractor: extractor.extract(pictures[:1])  # type: ignore[misc]
    times = interleaved(ways, range(rounds))
    columns = ("extractor", "dims", "load s", "pictures a second", "ms each", "one alone: p50 ms", "p95")
    table = Table(f"{len(pictures)} pictures of 320 x 320 in memory, {rounds} rounds in turns", columns)
    for name, (extractor, took) in loaded.items():
        each, one = times[f"{name} many"].p50 / len(pictures), times[f"{name} one"]
        shown = f"{extractor.info.name}, random weights" if name == "inception_v3" else extractor.info.name
        table.add(shown, extractor.info.dims, took, 1000 / each, each, one.p50, one.p95)
    table.notes.append("the first TensorFlow model of a process loads TensorFlow too")
    return [table]


def _known() -> dict[str, dict[str, Any]]:
    shared = os.environ.get("VISUAL_SEARCH_SHARED")
    found: dict[str, dict[str, Any]] = {"histogram": {}, "inception_v3": {"weights": _RANDOM}}
    if shared is not None and (Path(shared) / _MOBILENET).is_file():
        found[f"tflite:{Path(shared) / _MOBILENET}"] = {}
    return found
