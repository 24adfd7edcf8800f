"""Milliseconds per search, one by one and in batches, over HTTP against a running `visual-search serve`.

By product, whose vector Solr has already, and by photo: the catalogue's own pictures, kept by `POST /v1/images`.
One by one is one request after another over one connection; a batch is one request of --size searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import requests

from benchmarks.report import Table, emit
from vision.evaluation.timing import Times, timed

_ROWS = 24


class Http:
    """A running server."""

    def __init__(self, url: str, key: str | None) -> None:
        """Remember where; nothing is asked yet."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"X-API-Key": key} if key else {})

    def post(self, path: str, **sent: Any) -> dict[str, Any]:
        """A good answer's JSON.

        Raises:
            click.ClickException: the server did not answer, or with an error.
        """
        return dict(self.ask("POST", path, **sent).json())

    def get(self, path: str) -> bytes:
        """A good answer's bytes; raises as :meth:`post`."""
        return self.ask("GET", path).content

    def ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        """A good answer; raises as :meth:`post`."""
        try:
            answer = self._session.request(method, self._url + path, timeout=300, **sent)
        except requests.RequestException as error:
            raise click.ClickException(f"{self._url} does not answer: {type(error).__name__}") from error
        if not answer.ok:
            raise click.ClickException(f"{self._url}{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def run(url: str, key: str | None, size: int, rounds: int) -> Sequence[Table]:
    """Each kind one by one and as a batch, in turns, so that both meet the same noise."""
    http = Http(url, key)
    hits = http.post("/v1/search", json={"q": "*", "rows": 1000})["hits"]
    shown = [hit for hit in hits if (hit["image"] or "").startswith("/v1/")]
    if not shown:
        raise click.ClickException("no product of the collection has a picture at this server; index a catalogue first")
    chosen = [shown[number % len(shown)] for number in range(size)]
    uploads = {
        image: http.post("/v1/images", data=http.get(f"{image}?w=1280"), headers={"Content-Type": "image/jpeg"})
        for image in {hit["image"] for hit in chosen}
    }
    kinds = {
        "product": [{"image_id": hit["id"], "rows": _ROWS} for hit in chosen],
        "photo": [{"upload_id": uploads[hit["image"]]["upload_id"], "rows": _ROWS} for hit in chosen],
    }
    table = Table(
        f"ms per search of {_ROWS} rows, {size} searches, median of {rounds} rounds",
        ("search by", "one by one", f"in a batch of {size}", "of it extract", "of it Solr", "times as quick"),
    )
    for kind, searches in kinds.items():
        single, batched, extract, solr = _compared(http, searches, rounds)
        table.add(kind, single.p50, batched.p50, extract.p50, solr.p50, single.p50 / batched.p50)
    return [table]


def _compared(http: Http, searches: Sequence[dict[str, Any]], rounds: int) -> tuple[Times, Times, Times, Times]:
    taken: list[tuple[float, ...]] = []
    for number in range(rounds + 1):
        single = timed(lambda: [http.post("/v1/search", json=each) for each in searches])
        answer: dict[str, Any] = {}
        batched = timed(lambda answer=answer: answer.update(http.post("/v1/search/batch", json={"searches": searches})))  # type: ignore[misc]
        failed = [each for each in answer["results"] if "hits" not in each]
        if failed:
            raise click.ClickException(f"{len(failed)} searches of the batch failed: {failed[0]['detail']}")
        if number:  # the first round warms up
            took = answer["took"]
            taken.append(tuple(each / len(searches) for each in (single, batched, took["extract"], took["solr"])))
    single_, batched_, extract, solr = (Times(tuple(values)) for values in zip(*taken, strict=True))
    return single_, batched_, extract, solr


@click.command(help=__doc__)
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="The running server.")
@click.option("--key", envvar="VISUAL_SEARCH_KEY", help="An API key, where the server wants one.")
@click.option("--size", type=click.IntRange(1, 100), default=100, show_default=True, help="Searches of a batch.")
@click.option("--rounds", default=5, show_default=True, help="How often both ways are taken.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(url: str, key: str | None, size: int, rounds: int, as_json: bool) -> None:
    emit("batch", run(url, key, size, rounds), as_json=as_json)


if __name__ == "__main__":
    main()
