"""Search latency over HTTP, against a running `visual-search serve`: by words, by product, by photo.

A photo is sent as a file, so that decoding and extraction are in; a product's vector is in Solr already. Without
--image a picture is drawn, which costs the server as much as a photo of that size.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
import requests
from PIL import Image

from benchmarks.report import Table, emit
from vision.evaluation.timing import Times, timed


class Http:
    """A running server."""

    def __init__(self, url: str, key: str | None) -> None:
        """Remember where; nothing is asked yet."""
        self._url = url.rstrip("/") + "/v1/search"
        self._headers = {"X-API-Key": key} if key else {}
        self._session = requests.Session()

    def search(self, query: Mapping[str, Any], image: bytes | None = None) -> dict[str, Any]:
        """One search's answer.

        Raises:
            click.ClickException: the server did not answer, or with an error.
        """
        try:
            if image is None:
                sent = self._session.post(self._url, json=query, headers=self._headers, timeout=120)
            else:
                files = {"image": ("photo.jpg", image, "image/jpeg")}
                form = {"query": json.dumps(query)}
                sent = self._session.post(self._url, data=form, files=files, headers=self._headers, timeout=120)
        except requests.RequestException as error:
            raise click.ClickException(f"{self._url} does not answer: {type(error).__name__}") from error
        if sent.status_code != 200:
            raise click.ClickException(f"{self._url} answered {sent.status_code}: {sent.text[:300]}")
        return dict(sent.json())


def run(url: str, key: str | None, image: bytes, count: int, at_once: int) -> Sequence[Table]:
    """Each kind of search in turns, by one caller, then by several at once."""
    http = Http(url, key)
    first = http.search({"q": "*", "rows": 50})
    ids = [hit["id"] for hit in first["hits"] if hit["image"]] or [hit["id"] for hit in first["hits"]]
    if not ids:
        raise click.ClickException("the collection is empty; index a catalogue first")
    words = str(first["hits"][0]["title"]).split()[-1]
    facets = ["category", "color"]
    try:
        http.search({"q": "*", "rows": 0, "facets": facets})
    except click.ClickException:
        facets = []
    common = {"rows": 24, "facets": facets}
    kinds: Mapping[str, Callable[[int, Http], dict[str, Any]]] = {
        "words": lambda number, to: to.search(common | {"q": words, "start": number % 5}),
        "product": lambda number, to: to.search(common | {"image_id": ids[number % len(ids)]}),
        "product, exact": lambda number, to: to.search(common | {"image_id": ids[number % len(ids)], "mode": "exact"}),
        "product, approximate": lambda number, to: to.search(
            common | {"image_id": ids[number % len(ids)], "mode": "approximate"}
        ),
        "photo": lambda number, to: to.search(common, image),
    }
    columns = ("search", "p50 ms", "p95 ms", "extract p50", "Solr p50", "a second")
    one = Table(f"one caller, {count} searches each, in turns; total {first['total']:,} products", columns)
    many = Table(f"{at_once} callers at once", columns)
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in kinds}
    for kind in kinds.values():
        kind(0, http)
        kind(1, http)
    for number in range(count):
        for name, kind in kinds.items():
            took[name].append(_one(kind, number, http))
    for name, rows in took.items():
        _add(one, name, rows, sum(each[0] for each in rows) / 1000)
    for name, kind in kinds.items():
        callers = [Http(url, key) for _ in range(at_once)]
        with ThreadPoolExecutor(at_once) as pool:
            began = time.perf_counter()
            calls = [pool.submit(_one, kind, number, callers[number % at_once]) for number in range(count)]
            rows = [call.result() for call in calls]
            _add(many, name, rows, time.perf_counter() - began)
    return [one, many]


def _one(kind: Callable[[int, Http], dict[str, Any]], number: int, http: Http) -> tuple[float, float, float]:
    answer: dict[str, Any] = {}
    whole = timed(lambda: answer.update(kind(number, http)))
    return whole, float(answer["took"]["extract"]), float(answer["took"]["solr"])


def _add(table: Table, name: str, rows: Sequence[tuple[float, float, float]], seconds: float) -> None:
    whole, extract, solr = (Times(tuple(each[part] for each in rows)) for part in range(3))
    table.add(name, whole.p50, whole.p95, extract.p50, solr.p50, len(rows) / seconds)


def drawn(side: int = 800, seed: int = 0) -> bytes:
    """A JPEG of a smooth picture with some noise."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(256, size=(12, 12, 3), dtype=np.uint8)).resize((side, side))
    noise = random.normal(0, 8, size=(side, side, 3))
    picture = Image.fromarray(np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return stream.getvalue()


@click.command(help=__doc__)
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The running server.")
@click.option("--key", envvar="VISUAL_SEARCH_KEY", help="An API key, where the server wants one.")
@click.option("--image", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A photo to search by.")
@click.option("--count", default=50, show_default=True, help="Searches of each kind.")
@click.option("--at-once", default=4, show_default=True, help="Callers in the second table.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(url: str, key: str | None, image: Path | None, count: int, at_once: int, as_json: bool) -> None:
    picture = drawn() if image is None else image.read_bytes()
    emit("latency", run(url, key, picture, count, at_once), as_json=as_json)


if __name__ == "__main__":
    main()
