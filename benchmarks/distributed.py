"""Features by several workers: pictures a second beside `index`'s own first pass, and memory by catalogue.

`index` decodes in threads beside its model, so that one process of it keeps two cores busy. To see what workers add,
each process is held on one core, and its model has one thread; `index` on both cores stands beside. Every way takes the
same pictures, in turns, each time into an empty place; what is timed begins when workers have loaded their model. The
second table runs `visual-search extract` on catalogues of drawn pictures and an ONNX model that gives 2,048 values, and
looks at the command's own process and its workers. Real photos and MobileNetV2 need VISUAL_SEARCH_SHARED.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import orjson
import psutil

from benchmarks import pictures
from benchmarks.latency import drawn
from benchmarks.processes import command, environment
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress
from benchmarks.server import MB
from tests.catalog.support import row, write
from tests.extractors.onnx_file import grey_file
from vision import cores, extractors
from vision.catalog.cache import FeatureCache
from vision.catalog.features import check, extract
from vision.catalog.pictures import Pictures
from vision.evaluation.timing import Times
from vision.extraction import session
from vision.extraction.session import Options

_MOBILENET = "models/tf2_mobilenet_v2_1.0_224_ptq.tflite"
_WAYS = ("index, 1 core", "index, 2 cores", "1 worker, 1 core", "2 workers, 1 core each")
_DIMS = 2048


@dataclass(frozen=True)
class Run:
    """Seconds of one way: from the first picture read, of the part that extracts alone, and of all processors."""

    whole: float
    extracting: float
    cpu: float


def scaling(count: int, rounds: int, part: int) -> Table:
    """Pictures a second by extractor and way."""
    table = Table(
        f"{count} pictures, {rounds} rounds in turns, models of one thread; times `index` on one core (quartiles)",
        ("extractor", "way", "extracting, pictures/s", "x index", "with hashing, pictures/s", "x index", "CPU ms each"),
    )
    shared = shared_folder()
    specs = ["histogram", "compact", *([f"tflite:{shared / _MOBILENET}"] if shared else [])]
    cores.take(1)
    if len(_cores()) < 2:
        raise click.ClickException("two cores are needed that processes can be held on, and Linux")
    with tempfile.TemporaryDirectory() as folder:
        catalogue = _catalogue(Path(folder), shared, count)
        for spec in specs:
            runs: dict[str, list[Run]] = {way: [] for way in _WAYS}
            for turn in range(rounds):
                first = turn % len(_WAYS)
                for way in _WAYS[first:] + _WAYS[:first]:
                    progress(f"round {turn + 1}: {spec.partition(':')[0]}, {way}")
                    with tempfile.TemporaryDirectory(dir=folder) as place:
                        runs[way].append(_run(way, catalogue, spec, Path(place), part))
            _add(table, spec, runs, count)
    table.notes.append(
        "index reads, hashes, decodes and extracts in one pass; workers read once to hash, once to extract"
    )
    return table


def _add(table: Table, spec: str, runs: Mapping[str, Sequence[Run]], count: int) -> None:
    name = spec.partition(":")[2].rpartition("/")[2] or spec
    index = runs[_WAYS[0]]
    for way, found in runs.items():
        cells: list[str | float] = []
        for kind in ("extracting", "whole"):
            mine = Times(tuple(getattr(each, kind) for each in found))
            theirs = Times(tuple(getattr(each, kind) for each in index))
            low, middle, high = theirs.over(mine)
            cells += [count / mine.p50, f"{middle:.2f} ({low:.2f}–{high:.2f})"]
        table.add(name, way, *cells, 1000 * Times(tuple(each.cpu for each in found)).p50 / count)


def _run(way: str, catalogue: Path, spec: str, place: Path, part: int) -> Run:
    if way.startswith("index"):
        extractor = extractors.load(spec)
        allowed = _cores()
        _hold([psutil.Process()], allowed[: int(way.split()[1])])
        with FeatureCache(place / "features.sqlite") as cache:
            began, busy = time.perf_counter(), _busy()
            for _ in extract(check(catalogue), Pictures(catalogue.parent), extractor, cache):
                pass
            seconds = time.perf_counter() - began
        _hold([psutil.Process()], allowed)
        return Run(seconds, seconds, _busy() - busy)
    reached: dict[str, list[tuple[float, float]]] = {}

    def told(stage: str, done: int, total: int | None) -> None:
        if stage == "hash" and stage not in reached:
            for worker, core in zip(_workers(), _cores(), strict=False):
                _hold([worker, *worker.children(recursive=True)], [core])
        reached.setdefault(stage, []).append((time.perf_counter(), _busy()))

    options = Options(spec, workers=int(way.split()[0]), threads=1, part=part)
    session.extract(catalogue, str(place / "features"), options, told)
    (begun, idle), (middle, _), (end, busy) = reached["hash"][0], reached["extract"][0], reached["extract"][-1]
    return Run(end - begun, end - middle, busy - idle)


def _workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())]


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _hold(processes: Sequence[psutil.Process], allowed: Sequence[int]) -> None:
    """Let all threads of processes, and those that they will start, run on these cores alone."""
    for process in processes:
        for thread in process.threads():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread.id, allowed)


def _busy() -> float:
    """Seconds of processors that this process and its children took so far."""
    mine = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (mine, *mine.children(recursive=True)))


def _catalogue(folder: Path, shared: Path | None, count: int) -> Path:
    (folder / "images").mkdir()
    photos = sorted((shared / "data/clothing/images").iterdir())[:count] if shared else []
    for number in range(count):
        data = photos[number].read_bytes() if number < len(photos) else drawn(400, number)
        (folder / f"images/{number}.png").write_bytes(data)
    return write(folder / "catalogue.csv", (row(number) for number in range(count)))


def memory(sizes: Sequence[int], part: int) -> Table:
    """The most that the command and its largest worker hold, by catalogue."""
    table = Table(
        f"Most resident MB of `extract --workers 2 --part {part}`, {_DIMS:,} values a picture",
        ("pictures", "command", "largest worker", "all vectors", "pictures/s, all included"),
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "grey.onnx").write_bytes(grey_file(32, _DIMS // 32))
        pictures.draw(place, max(sizes))
        for size in sizes:
            progress(f"{size:,} pictures")
            catalogue = pictures.write(place / f"{size}.csv", size)
            to = place / f"features{size}"
            told = ("--extractor", f"onnx:{place / 'grey.onnx'}?scale=unit", "--workers", "2", "--part", str(part))
            peaks, output = _watched(command("extract", str(catalogue), "--to", str(to), *told, "--json"), place)
            report = orjson.loads(output)
            if report["extracted"] != size:
                raise click.ClickException(f"{size:,} pictures went in, {report['extracted']:,} were extracted")
            vectors = size * _DIMS * 4 / MB
            table.add(size, *(round(each) for each in peaks), round(vectors), size / report["seconds"])
    return table


def _watched(arguments: Sequence[str], home: Path) -> tuple[tuple[float, float], str]:
    """The peaks of a command and of the largest of its children, and what it printed."""
    own = largest = 0.0
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(arguments, env=environment(home / "home"), stdout=output, text=True) as running:
            process = psutil.Process(running.pid)
            while running.poll() is None:
                with suppress(psutil.Error):
                    own = max(own, process.memory_info().rss / MB)
                    for child in process.children(recursive=True):
                        largest = max(largest, child.memory_info().rss / MB)
                time.sleep(0.1)
        if running.returncode:
            raise click.ClickException(f"extract ended with {running.returncode}")
        output.seek(0)
        return (own, largest), output.read()


@click.command(help=__doc__)
@click.option("--pictures", "count", default=1500, show_default=True, help="Of the first table.")
@click.option("--rounds", default=3, show_default=True, help="How often each way takes its turn.")
@click.option(
    "--sizes", multiple=True, type=int, default=(2_000, 8_000), show_default=True, help="Of the second table."
)
@click.option("--part", default=100, show_default=True, help="Pictures of one part.")
@click.option("--only", type=click.Choice(["scaling", "memory"]), help="One of the tables.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(count: int, rounds: int, sizes: Sequence[int], part: int, only: str | None, as_json: bool) -> None:
    tables = [scaling(count, rounds, part)] if only in (None, "scaling") else []
    tables += [memory(sizes, part)] if only in (None, "memory") else []
    emit("distributed", tables, as_json=as_json)


if __name__ == "__main__":
    main()
