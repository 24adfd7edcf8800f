"""From a change to its being found: a watched file, POST /v1/feed and a topic; and rows a second when many change.

A change is one row's new title and price, whose picture's features are in the cache. The clock starts when the file is
renamed into its place, when 202 has come, and when the broker has acknowledged; it stops when `serve`, a process of its
own, answers the product with the new title, asked every 10 ms. `--many` rows change at once, without new pictures.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import orjson
import requests

from benchmarks import server
from benchmarks.report import Table, emit, progress
from tests.api.shop import serving
from tests.catalog.support import catalogue, row, write
from tests.follow.kafka.broker import Broker, running
from vision.catalog import IndexOptions, session
from vision.settings import Settings
from vision.workspace import Workspace

_TOPIC = "products"
_PATIENCE_S = 300.0
_EVERY_S = 0.01

Rows = Sequence[dict[str, str]]


@dataclass(frozen=True)
class Way:
    """How changes come.

    Attributes:
        name: of the way.
        words: of the command that applies them.
        send: gets the rows that changed, and all rows as they are then; the clock starts when it returns.
    """

    name: str
    words: Sequence[str]
    send: Callable[[Rows, Rows], None]


@dataclass(frozen=True)
class Scene:
    """A catalogue that is indexed, and a server of it."""

    settings: Settings
    path: Path
    url: str
    products: int

    def title(self, id: str) -> str:
        """What a search by id finds."""
        answered = requests.get(f"{self.url}/v1/products/{id}", timeout=30)
        return str(answered.json().get("title")) if answered.ok else ""

    def until_found(self, changed: Rows) -> float:
        """Wait for changed rows, for every twentieth of many; the time at which the last was found."""
        deadline = time.monotonic() + _PATIENCE_S
        for each in (*changed[:: max(1, len(changed) // 20)], changed[-1]):
            while self.title(each["id"]) != each["title"]:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{each['id']} was not found within {_PATIENCE_S:.0f} s")
                time.sleep(_EVERY_S)
        return time.monotonic()


def ways(scene: Scene, broker: Broker) -> list[Way]:
    """The three of them."""

    def renamed(changed: Rows, rows: Rows) -> None:
        partial = scene.path.with_name("partial.csv")
        write(partial, rows)
        partial.replace(scene.path)

    def posted(changed: Rows, rows: Rows) -> None:
        lines = b"\n".join(orjson.dumps({"op": "upsert", "product": each}) for each in changed)
        headers = {"Content-Type": "application/x-ndjson"}
        answered = requests.post(f"{scene.url}/v1/feed", data=lines, headers=headers, timeout=60)
        assert answered.status_code == 202, answered.text

    producer = broker.producer()

    def produced(changed: Rows, rows: Rows) -> None:
        for each in changed:
            producer.produce(_TOPIC, key=each["id"], value=orjson.dumps(each))
        producer.flush(60)

    pictures = ("--pictures", str(scene.path.parent))
    topic = ("--kafka", broker.servers, "--topic", _TOPIC)
    return [
        Way("index --watch", ("index", str(scene.path), "--extractor", "histogram", "--watch"), renamed),
        Way("POST /v1/feed", ("follow", *pictures), posted),
        Way("Kafka", ("follow", *topic, *pictures), produced),
    ]


def measure(scene: Scene, way: Way, changes: int, many: int, number: int) -> tuple[list[float], float]:
    """Seconds of single changes, and rows a second of many at once."""
    rows = [row(each) for each in range(scene.products)]

    def change(places: range, what: str) -> float:
        for each in places:
            rows[each] = row(each, title=f"{what} by {number}", price=f"{number + each}.25")
        changed = [rows[each] for each in places]
        way.send(changed, rows)
        began = time.monotonic()
        return scene.until_found(changed) - began

    with applying(scene, way):
        change(range(1), "first")  # until whoever applies changes is there
        time.sleep(2)
        taken = []
        for each in range(1, changes + 1):
            taken.append(change(range(each, each + 1), f"change {each}"))
            time.sleep(0.3)
        seconds = change(range(scene.products - many, scene.products), "many")
    return taken, many / seconds


@contextmanager
def applying(scene: Scene, way: Way) -> Iterator[None]:
    """The process that applies changes."""
    settings = scene.settings
    variables = {
        "SOLR_URL": str(settings.solr_url),
        "VISUAL_SEARCH_HOME": str(settings.home),
        "VISUAL_SEARCH_COLLECTION": str(settings.collection),
    }
    command = [sys.executable, "-c", "from vision.cli import main; main()", *way.words]
    with subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def run(scene: Scene, broker: Broker, changes: int, many: int) -> list[Table]:
    """All ways, one after the other."""
    title = f"{changes} single changes and {many:,} at once, of {scene.products:,} products"
    table = Table(title, ("way", "p50 s", "p95 s", "slowest s", "rows/s of many"))
    for number, way in enumerate(ways(scene, broker)):
        progress(way.name)
        taken, speed = measure(scene, way, changes, many, number)
        ordered = sorted(taken)
        late = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        table.add(way.name, statistics.median(ordered), late, ordered[-1], speed)
    return [table]


@click.command(help=__doc__)
@click.option("--products", default=2000, show_default=True, help="How many are indexed.")
@click.option("--changes", default=30, show_default=True, help="Single changes of each way.")
@click.option("--many", default=1000, show_default=True, help="Rows that change at once.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, changes: int, many: int, as_json: bool) -> None:
    with ExitStack() as stack:
        solr = stack.enter_context(server.temporary("1g"))
        broker = stack.enter_context(running(solr.home / "kafka"))
        broker.topic(_TOPIC)
        path = catalogue(solr.home / "catalogue", products)
        settings = Settings(home=solr.home / "home", solr_url=solr.url, collection="feed")
        workspace = Workspace(settings)
        with workspace.client() as client:
            session.index(workspace, client, path, "histogram", IndexOptions(), detect=False, progress=_silent)
        url = stack.enter_context(serving(settings))
        emit("feed", run(Scene(settings, path, url, products), broker, changes, many), as_json=as_json)


def _silent(stage: str, done: int, total: int | None) -> None:
    """Whoever measures prints nothing."""


if __name__ == "__main__":
    main()
