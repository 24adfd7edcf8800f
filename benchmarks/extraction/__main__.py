"""Pictures a second of extractors, converted ones beside the originals, decoding, and indexing's first pass.

`--only` takes parts: `speed` (every extractor that runs here), `networks` (InceptionV3 with random weights, which cost
what the published ones do, by `model.predict` and converted for OpenVINO in fp32, bf16 and int8), `quality` (what int8
costs in mAP, by networks with trained weights), `decoding` and `pipeline`. The last table has the goals. All take real
photos from VISUAL_SEARCH_SHARED where it is set; `quality` needs them, the others draw some instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.extraction import decoding, networks, pipeline, speed
from benchmarks.extraction.goals import Goals
from benchmarks.latency import drawn
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress

PARTS = ("speed", "networks", "quality", "decoding", "pipeline")


def tables(only: Sequence[str], rounds: int, batches: int, photos: int) -> Sequence[Table]:
    """The parts that are asked for, and the goals."""
    shared, goals, found = shared_folder(), Goals(), list[Table]()
    files = _photos(shared, photos)
    if "speed" in only:
        found += speed.run(rounds, batches)
    if "networks" in only:
        found += networks.speed(files, rounds, min(len(files), 128), goals)
    if "quality" in only and shared is None:
        progress("quality is left out: it needs real photos and trained weights, VISUAL_SEARCH_SHARED")
    elif "quality" in only and shared is not None:
        found.append(networks.quality(shared, photos, goals))
    if "decoding" in only:
        found += decoding.run(files, rounds, goals)
    if "pipeline" in only:
        found.append(pipeline.run(files[:320], rounds, goals))
    return [*found, goals.table()]


def _photos(shared: Path | None, count: int) -> list[bytes]:
    if shared is None:
        return [drawn(400, seed) for seed in range(min(count, 64))]
    return [path.read_bytes() for path in sorted((shared / "data/clothing/images").iterdir())[:count]]


@click.command(help=__doc__)
@click.option("--only", multiple=True, type=click.Choice(PARTS), default=PARTS, help="May be repeated; all by default.")
@click.option("--rounds", default=7, show_default=True, help="How often each takes its turn.")
@click.option("--batches", default=2, show_default=True, help="Batches of 16 pictures in a round of `speed`.")
@click.option("--photos", default=1000, show_default=True, help="Real photos for overlap and mAP.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(only: Sequence[str], rounds: int, batches: int, photos: int, as_json: bool) -> None:
    emit("extraction", tables(only, rounds, batches, photos), as_json=as_json)


if __name__ == "__main__":
    main()
