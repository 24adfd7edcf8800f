"""InceptionV3 converted for OpenVINO beside ``model.predict``; and what int8 does to the ranking of trained networks.

InceptionV3 has random weights, as its published ones cannot be had everywhere: speed does not depend on them, and fp32
and bf16 must agree with Keras whatever they are. What int8 costs in quality is only told by trained weights.
"""

from __future__ import annotations

import csv
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.extraction.goals import Goals, spread
from benchmarks.report import Table, progress
from tests.evaluation.clothing import NO_CLASS, mobilenet
from tests.finetuning.mobilenet import write_weights
from vision import extractors, images, reduction
from vision.embedding import open_picture
from vision.evaluation.timing import interleaved
from vision.extractors import Extractor, registry
from vision.extractors.conversion import convert, cosine, load_original, overlap
from vision.extractors.keras_network import KerasNetwork
from vision.finetuning.labels import ranking

BATCH = 16
_RANDOM = "random:0"
_LEAST_TOP10 = 50


def speed(files: Sequence[bytes], rounds: int, compared: int, goals: Goals) -> list[Table]:
    """InceptionV3 by Keras' ``predict``, as an extractor, and converted: in turns."""
    with tempfile.TemporaryDirectory() as folder:
        keras, ways = _converted("inception_v3", Path(folder), list(files[:64]), weights=_RANDOM)
    assert isinstance(keras, KerasNetwork)
    # Of the network's size already, as what predict is given: decoding and resizing are another table's.
    seen = [images.resized(each, keras.info.input_size) for each in _opened(files[:compared], keras)]
    batch = seen[:BATCH]
    inputs = keras.preprocess(batch)
    model = keras._model  # what people would call themselves
    calls: dict[str, Callable[[int], object]] = {
        "model.predict": lambda number: model.predict(inputs, verbose=0, batch_size=BATCH),
        "Keras, tf.function (the extractor)": lambda number: keras.extract(batch),
    }
    calls |= {name: lambda number, way=way: way.extract(batch) for name, way in ways.items()}  # type: ignore[misc]
    progress("InceptionV3 in turns")
    times = interleaved(calls, range(rounds), warm=1)
    cpu = {name: _cpu(call) for name, call in calls.items()}
    expected = np.asarray(model.predict(keras.preprocess(seen), verbose=0, batch_size=BATCH))
    title = (
        f"InceptionV3, random weights, batches of {BATCH}, {rounds} rounds in turns; agreement on {len(seen)} photos"
    )
    columns = (
        "way",
        "pictures/s",
        "x model.predict (quartiles)",
        "CPU ms each",
        "cosine min",
        "mean",
        "top-10 overlap",
    )
    table = Table(title, columns)
    for name in calls:
        row = times[name], 1000 * cpu[name] / BATCH
        agrees: tuple[float | None, ...] = (None, None, None)
        if name in ways:
            found = ways[name].extract(seen)
            cosines = cosine(expected, found)
            same = overlap(expected, found) if len(seen) >= _LEAST_TOP10 else None
            agrees = f"{cosines.min():.6f}", f"{cosines.mean():.6f}", same  # type: ignore[assignment]
            if name.endswith("fp32"):
                goals.add("fp32: cosine with model.predict, smallest", 0.9999, float(cosines.min()))
        table.add(name, BATCH * 1000 / row[0].p50, spread(times["model.predict"], row[0]), row[1], *agrees)
    table.notes.append(
        "of random weights all pictures look alike (cosines near 1): nothing is said about int8's quality"
    )
    table.notes.append("CPU ms: of all threads, in one call; it does not depend on who else uses the cores")
    for kept, wanted in (("fp32", 1.8), ("int8", 3.3)):
        ratio = times["model.predict"].over(times[f"OpenVINO {kept}"])[1]
        goals.add(f"{kept}: times model.predict, median", wanted, ratio)
    return [table, _pca(ways["OpenVINO fp32"], batch, rounds)]


def _pca(extractor: Extractor, batch: Sequence[Image.Image], rounds: int) -> Table:
    """What a PCA inside the graph could save at most: all of its time."""
    random = np.random.default_rng(0)
    features = random.normal(size=(1100, extractor.info.dims)).astype(np.float32)
    pca = reduction.fit(features, extractor_fingerprint=extractor.fingerprint)
    table = Table(
        "PCA from 2,048 to 1,024 values after the network", ("pictures", "network ms", "PCA ms", "part of it")
    )
    for count in (1, BATCH):
        vectors = extractor.extract(batch[:count])
        times = interleaved(
            {
                "network": lambda number, count=count: extractor.extract(batch[:count]),  # type: ignore[misc]
                "pca": lambda number, vectors=vectors: pca.transform(vectors),  # type: ignore[misc]
            },
            range(rounds),
        )
        part = times["pca"].p50 / (times["pca"].p50 + times["network"].p50)
        table.add(count, times["network"].p50, times["pca"].p50, f"{part:.2%}")
    return table


def quality(shared: Path, photos: int, goals: Goals) -> Table:
    """MAP of trained networks on real photos, calibrated on other ones."""
    names, labels = _labelled(shared)
    order = np.random.default_rng(1).permutation(len(names))
    asked, aside = order[:photos], order[-300:] if len(order) >= photos + 300 else order[photos:]
    read = [(shared / "data/clothing/images" / f"{names[row]}.jpg").read_bytes() for row in (*asked, *aside)]
    table = Table(
        f"trained networks: mAP on {len(asked)} clothing photos (same class), calibrated on {len(aside)} others",
        ("network", "precision", "mAP", "against fp32, points", "cosine min", "mean", "top-10 overlap"),
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        weights = write_weights(Path(mobilenet(shared).partition(":")[2]), Path(folder) / "imagenet.weights.h5")
        for name in ("compact", f"mobilenet_v2:{weights}"):
            shown = name.partition(":")[0]
            first, ways = _converted(name, Path(folder), read[len(asked) :])
            vectors = {way: _vectors(each, read[: len(asked)]) for way, each in {"original": first, **ways}.items()}
            wanted = [(labels[row],) for row in asked]
            maps = {way: ranking(each, wanted).map for way, each in vectors.items()}
            for way, each in vectors.items():
                cosines = cosine(vectors["original"], each)
                points = 100 * (maps[way] - maps["original"])
                same = overlap(vectors["original"], each)
                progress(f"{shown}, {way}: mAP {maps[way]:.4f} ({points:+.2f} points), ten nearest {same:.3f}")
                table.add(shown, way, maps[way], points, float(cosines.min()), float(cosines.mean()), same)
                if way == "OpenVINO int8":
                    goals.add(f"int8: points of mAP lost, {shown}", 0.5, -points, most=True)
    table.notes.append(
        "compact was trained on some of these photos; MobileNetV2 has ImageNet's weights, rounded to int8 once"
    )
    return table


def _converted(
    name: str, folder: Path, files: Sequence[bytes], *, weights: str | None = None
) -> tuple[Any, dict[str, Extractor]]:
    """The original, and what it is converted to, by names for tables."""
    progress(f"converting {name.partition(':')[0]}")
    original = load_original(registry.parse(name, folder, weights))
    pictures = [images.resized(each, original.info.input_size) for each in _opened(files, original)]
    for int8 in (False, True):
        convert(original, [folder], pictures, int8=int8, told=lambda stage, done, total: None)
    ways = {
        f"OpenVINO {each}": extractors.load(f"{name}?precision={each}", models=folder, weights=weights)
        for each in ("fp32", "bf16", "int8")
    }
    return original, ways


def _opened(files: Sequence[bytes], extractor: Extractor) -> list[Image.Image]:
    return [open_picture(data, extractor) for data in files]


def _vectors(extractor: Extractor, files: Sequence[bytes]) -> NDArray[np.float32]:
    progress(f"{len(files)} photos through {extractor.fingerprint}")
    parts = [files[start : start + 64] for start in range(0, len(files), 64)]
    return np.concatenate([extractor.extract(_opened(part, extractor)) for part in parts])


def _labelled(shared: Path) -> tuple[list[str], list[str]]:
    with (shared / "data/clothing/images.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] not in NO_CLASS]
    return [row["image"] for row in rows], [row["label"] for row in rows]


def _cpu(call: Callable[[int], object]) -> float:
    """Seconds of CPU, of all threads, that the quicker of two calls takes."""
    taken = []
    for number in range(2):
        began = time.process_time()
        call(number)
        taken.append(time.process_time() - began)
    return min(taken)
