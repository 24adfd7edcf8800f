"""What each feature of a search costs over HTTP, as a ratio to the plain search of its kind.

A demo catalogue is drawn, indexed and calibrated, and `visual-search serve` started on it; every kind of request is
sent once a round, in an order by chance, by one caller. Ratios are of medians, over all rounds and over each third of
them, so that what another load did to one third shows. YOLOX needs VISUAL_SEARCH_SHARED and takes a server of its own.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks import server
from benchmarks.batch import Http
from benchmarks.processes import command, environment, run_to_end, serving
from benchmarks.recall import shared_folder
from benchmarks.report import Table, emit, progress
from vision.demo import draw_catalogue
from vision.evaluation.timing import Times, timed

ROWS = 24
SIDE = 800
"""Of the photos that are sent, in pixels."""
WORDS = ("red dress", "striped shirt", "leather bag", "oak table", "long sleeve shirt", "blue sofa")
MISSPELT = ("red dreess", "stripped shrit", "lether bag", "oak tabel", "long sleev shrt", "blue soffa")
FACETS = ("category", "color", "length", "sleeve", "neckline", "pattern", "material", "brand", "in_stock", "currency")

Call = Callable[[int], object]


@dataclass(frozen=True)
class Case:
    """A request to be timed, and the name of the plain one that it is compared with."""

    name: str
    plain: str
    call: Call


@dataclass(frozen=True)
class Served:
    """A server on a collection, and what is asked of it."""

    http: Http
    yolox: Http | None
    ids: Sequence[str]
    photos: Sequence[bytes]
    products: int

    def id(self, number: int, other: int = 0) -> str:
        """A product of a round; another one for each ``other``."""
        return self.ids[(number + 7 * other) % len(self.ids)]

    def search(self, members: Mapping[str, Any]) -> Any:
        """A search without a file."""
        return self.http.post("/v1/search", json={"rows": ROWS, **members})

    def by_words(self, number: int, *, texts: Sequence[str] = WORDS, **members: Any) -> Any:
        """Words as they are, unless ``members`` say otherwise."""
        plain = {"understand": "off", "spelling": "off"}
        return self.search({"q": texts[number % len(texts)]} | plain | members)

    def by_product(self, number: int, **members: Any) -> Any:
        """An indexed product's picture."""
        return self.search({"image_id": self.id(number)} | members)

    def by_photo(self, number: int, *, path: str = "/v1/search", http: Http | None = None, **members: Any) -> Any:
        """A photo's file."""
        files = {"image": ("photo.jpg", self.photos[number % len(self.photos)], "image/jpeg")}
        sent = {"query": json.dumps(members if path == "/v1/looks" else {"rows": ROWS} | members)}
        return (http or self.http).post(path, data=sent, files=files)


def cases(served: Served, profile: str) -> list[Case]:
    """Everything that is timed; the plain ones first of their kind."""
    return [*_words(served), *_products(served, profile), *_photos(served), *_browsing(served)]


def _words(served: Served) -> Iterator[Case]:
    words = partial(Case, plain="words")
    ask = served.by_words
    yield words("words", call=ask)
    yield words("understand", call=partial(ask, understand="on"))
    yield words("understand, a price too", call=partial(ask, texts=_priced(), understand="on"))
    yield words("spelling, nothing wrong", call=partial(ask, spelling="on"))
    yield words("misspelt, spelling off", call=partial(ask, texts=MISSPELT))
    yield words("misspelt, spelling on", call=partial(ask, texts=MISSPELT, spelling="on"))
    yield words("2 facets", call=partial(ask, facets=FACETS[:2]))
    yield words(f"{len(FACETS)} facets", call=partial(ask, facets=FACETS))
    yield words("explain", call=partial(ask, explain=True))
    yield words("everything, page 1", call=partial(ask, texts=("*",)))
    yield words("everything, a page half way down", call=partial(ask, texts=("*",), start=served.products // 2))


def _priced() -> list[str]:
    return [f"{each} under 100 euro" for each in WORDS]


def _products(served: Served, profile: str) -> Iterator[Case]:
    product = partial(Case, plain="product")
    ask = served.by_product
    yield product("product", call=ask)
    yield product("mode exact", call=partial(ask, mode="exact"))
    yield product("mode approximate", call=partial(ask, mode="approximate"))
    yield product("with words, understood", call=lambda number: ask(number, q=WORDS[number % len(WORDS)]))
    yield product("2 facets", call=partial(ask, facets=FACETS[:2]))
    yield product(f"{len(FACETS)} facets", call=partial(ask, facets=FACETS))
    yield product("explain", call=partial(ask, explain=True))
    yield product("a page half way down", call=partial(ask, start=served.products // 2))
    yield product("category_first", call=partial(ask, category_first=True))
    yield product("min_match .9", call=partial(ask, min_match=0.9))
    yield product("like 2, unlike 2", call=lambda number: ask(number, **_said(served, number)))
    yield product("diversity: mmr .3", call=partial(ask, diversity={"mmr": 0.3}))
    yield product("diversity: most 2 of a brand", call=partial(ask, diversity={"most": {"brand": 2}}))
    yield product("diversity: fold", call=partial(ask, diversity={"fold": True}))
    everything = {"mmr": 0.3, "most": {"brand": 2}, "fold": True}
    yield product("diversity: all three", call=partial(ask, diversity=everything))
    yield product("profile, rank", call=partial(ask, profile={"id": profile}))
    yield product("profile, filter", call=partial(ask, profile={"id": profile, "use": "filter"}))


def _said(served: Served, number: int) -> dict[str, list[str]]:
    liked, other = ([served.id(number, place), served.id(number, place + 1)] for place in (1, 3))
    return {"like": liked, "unlike": other}


def _photos(served: Served) -> Iterator[Case]:
    photo = partial(Case, plain="photo")
    ask = served.by_photo
    yield photo("photo", call=ask)
    yield photo("crop", call=partial(ask, crop=[0.2, 0.2, 0.6, 0.6]))
    yield photo("detect: saliency", call=partial(ask, detect=True))
    if served.yolox is not None:
        yield photo("detect: yolox, nano", call=partial(ask, http=served.yolox, detect=True))
    yield photo("category_first", call=partial(ask, category_first=True))
    yield photo("looks: saliency", call=partial(ask, path="/v1/looks", search={"rows": ROWS}))
    boxes = [[0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 0.5, 1.0], [0.25, 0.25, 0.5, 0.5]]
    yield photo("looks: three boxes", call=partial(ask, path="/v1/looks", boxes=boxes, search={"rows": ROWS}))
    try:
        _why(served, 0)
    except click.ClickException:
        progress("why is left out: these vectors have no places in a picture")
    else:
        yield photo("why", call=partial(_why, served))


def _why(served: Served, number: int) -> object:
    files = {"image": ("photo.jpg", served.photos[number % len(served.photos)], "image/jpeg")}
    return served.http.ask("POST", f"/v1/products/{served.id(number)}/why", files=files).content


def _browsing(served: Served) -> Iterator[Case]:
    look = partial(Case, plain="product")
    ask = partial(served.http.post, "/v1/navigation")
    first = ask(json={"start": "random", "seed": 1, "rows": ROWS})
    liked = [first["hits"][0]["product_id"]]
    yield look(
        "navigation: first, random", call=lambda number: ask(json={"start": "random", "seed": number, "rows": ROWS})
    )
    yield look("navigation: first, diverse", call=lambda number: ask(json={"seed": number, "rows": ROWS}))
    yield look(
        "navigation: after a like", call=lambda number: ask(json={"page": first["page"], "like": liked, "rows": ROWS})
    )


def run(products: int, rounds: int, extractor: str, shared: Path | None) -> Sequence[Table]:
    """Set a shop up and time everything in turns."""
    with _served(products, extractor, shared) as served:
        profile = str(served.http.post("/v1/profiles")["profile_id"])
        events = {"like": [served.id(0, place) for place in range(1, 6)], "unlike": [served.id(0, 6), served.id(0, 7)]}
        served.http.post(f"/v1/profiles/{profile}/events", json=events)
        asked = cases(served, profile)
        progress(f"{len(asked)} kinds of requests, {rounds} rounds")
        taken = shuffled(asked, rounds, warm=min(6, rounds))
    title = f"{served.products:,} products, {extractor}; one caller, {rounds} rounds, {ROWS} rows"
    table = Table(title, ("against", "with", "p50 ms", "p95 ms", "times plain", "least, most of a third"))
    plain = {each.name: taken[each] for each in asked if each.name == each.plain}
    for each, times in taken.items():
        base = plain[each.plain]
        thirds = [_ratio(times, base, third) for third in np.array_split(np.arange(rounds), min(3, rounds))]
        spread = f"{min(thirds):.2f}, {max(thirds):.2f}"
        table.add(each.plain, each.name, times.p50, times.p95, f"{times.p50 / base.p50:.2f}", spread)
    table.notes.append(f"photos are JPEGs of {SIDE} x {SIDE}; ratios are of medians")
    return [table]


def shuffled(asked: Sequence[Case], rounds: int, *, warm: int) -> dict[Case, Times]:
    """Send every kind once a round, each round in another order: none is always the one after something heavy."""
    for number in range(warm):
        for each in asked:
            each.call(number)
    random = np.random.default_rng(0)
    taken: dict[Case, list[float]] = {each: [] for each in asked}
    for number in range(rounds):
        for place in random.permutation(len(asked)):
            call = asked[place].call
            taken[asked[place]].append(timed(lambda call=call, number=number: call(number)))  # type: ignore[misc]
    return {each: Times(tuple(values)) for each, values in taken.items()}


def _ratio(times: Times, base: Times, rows: Sequence[int] | np.ndarray[Any, np.dtype[np.intp]]) -> float:
    return float(np.median(np.array(times.values)[rows]) / np.median(np.array(base.values)[rows]))


@contextmanager
def _served(products: int, extractor: str, shared: Path | None) -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        progress(f"drawing and indexing {products:,} products")
        demo = draw_catalogue(home / "catalogue", products=products, size=224)
        env = environment(home)
        with ExitStack() as stack:
            stack.enter_context(server.of(home, "1g"))
            run_to_end(command("index", str(demo.catalogue), "--extractor", extractor), env)
            run_to_end(command("calibrate", "--sample", str(min(300, products))), env)
            url, _ = stack.enter_context(serving(env | {"VISUAL_SEARCH_DETECTOR": "saliency"}))
            yolox = None
            if shared is not None:
                model = f"yolox:{shared / 'models/yolox_nano.onnx'}"
                other, _ = stack.enter_context(serving(env | {"VISUAL_SEARCH_DETECTOR": model}))
                yolox = Http(other, None)
            http = Http(url, None)
            hits = http.post("/v1/search", json={"q": "*", "rows": 100})["hits"]
            files = sorted((demo.folder / "images").glob("*.jpg"))[:: max(1, demo.images // 20)]
            ids = [str(hit["product_id"]) for hit in hits]
            yield Served(http, yolox, ids, [_photo(file) for file in files], products)


def _photo(file: Path) -> bytes:
    stream = io.BytesIO()
    with Image.open(file) as image:
        image.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@click.command(help=__doc__)
@click.option("--products", default=3000, show_default=True, help="How many are drawn.")
@click.option("--rounds", default=60, show_default=True, help="Requests of each kind.")
@click.option("--extractor", default="compact", show_default=True, help="NAME, tflite:PATH or onnx:PATH.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, rounds: int, extractor: str, as_json: bool) -> None:
    emit("feature_latency", run(products, rounds, extractor, shared_folder()), as_json=as_json)


if __name__ == "__main__":
    main()
