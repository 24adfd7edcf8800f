"""Mixed traffic on the real server for a while, right and wrong, and what the server holds meanwhile."""

from __future__ import annotations

import io
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psutil
import requests
from PIL import Image

from tests.api.shop import Shop
from tests.faults.between import Between, Seen
from tests.faults.kinds import KINDS

CALLERS = 6
LOOKS = 120
"""At the server's memory, threads and handles, over the whole time."""
_FAULTS = ("hangs up at once", "resets the connection", "503", "429", "500", "no JSON", "half a body", "drips its body")


@dataclass(frozen=True)
class Look:
    """Private bytes, threads and handles of a process."""

    private: int
    threads: int
    handles: int


@dataclass
class Soak:
    """What came back, by what was asked and its status, what nobody had thought of, and the looks, in their order."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def middle(self, of: Callable[[Look], float], quarter: int) -> float:
        """The median of a quarter of the looks, from 0 on."""
        size = len(self.looks) // 4
        return median(of(each) for each in self.looks[quarter * size : (quarter + 1) * size])


def run(url: str, process: psutil.Process, between: Between, shop: Shop, *, seconds: float, seed: int) -> Soak:
    """Ask from several callers, while Solr has each of some faults now and then."""
    found, ended, lock = Soak(), threading.Event(), threading.Lock()

    def caller(number: int) -> None:
        chosen = random.Random(f"{seed} {number}")
        for turn in itertools.count():
            if ended.is_set():
                return
            name, ask = chosen.choice(asking(shop, chosen, turn))
            try:
                response = ask(url)
            except requests.RequestException as error:
                with lock:
                    found.unexpected.append(f"{name}: {error!r}")
                continue
            with lock:
                found.statuses[name, response.status_code] += 1
                if response.status_code == 500 or "log_id" in response.text[:2000]:
                    found.unexpected.append(f"{name}: {response.text[:300]}")

    callers = [threading.Thread(target=caller, args=(number,), daemon=True) for number in range(CALLERS)]
    for each in callers:
        each.start()
    chosen = random.Random(seed)
    for look in range(LOOKS):
        if look % 10 == 5:
            between.fault, between.hits = KINDS[chosen.choice(_FAULTS)], some(chosen.random())
        ended.wait(seconds / LOOKS)
        between.fault = None
        between.seen.clear()
        memory = process.memory_info()
        found.looks.append(Look(memory.rss - memory.shared, process.num_threads(), process.num_fds()))
    ended.set()
    for each in callers:
        each.join(30)
        assert not each.is_alive(), "a caller still waits for its answer"
    return found


def some(seed: float) -> Callable[[Seen], bool]:
    """Every other request, more or less."""
    chosen = random.Random(seed)
    return lambda seen: chosen.random() < 0.5


def asking(shop: Shop, chosen: random.Random, turn: int) -> list[tuple[str, Callable[[str], requests.Response]]]:
    """One request of each kind, with values of its own."""
    color, shape = chosen.choice(("red", "green", "blue", "yellow")), chosen.choice(("square", "triangle", "ring"))
    id = f"{color}-{shape}-{chosen.choice((1, 2))}"

    def search(**members: Any) -> Callable[[str], requests.Response]:
        return lambda url: requests.post(f"{url}/v1/search", json=members, timeout=30)

    def get(path: str) -> Callable[[str], requests.Response]:
        return lambda url: requests.get(url + path, timeout=30)

    def photo(data: bytes) -> Callable[[str], requests.Response]:
        return lambda url: requests.post(f"{url}/v1/search", files={"image": ("p.png", data)}, timeout=30)

    batch = {"searches": [{"q": shape}, {"image_id": id}, {"q": color, "nonsense": turn}]}
    return [
        ("words", search(q=f"{color} {shape}", facets=["color", "price"], rows=chosen.randint(1, 40))),
        ("misspelled", search(q=f"{shape}x{turn % 50}")),
        ("product", search(image_id=id, facets=["color"], filters={"category": [shape]})),
        ("hybrid", search(q=shape, image_id=id, explain=True, diversity={"mmr": 0.3})),
        ("in no time", search(q=shape, image_id=id, mode="exact", time_allowed=chosen.randint(1, 20))),
        ("no such field", search(q=shape, facets=[f"none{turn}"])),
        ("photo", photo(drawn(chosen))),
        ("no photo", photo(chosen.randbytes(chosen.randint(1, 20_000)))),
        ("batch", lambda url: requests.post(f"{url}/v1/search/batch", json=batch, timeout=30)),
        ("facets", get(f"/v1/facets?q={shape}")),
        ("suggest", get(f"/v1/suggest?q={shape[: chosen.randint(1, 4)]}")),
        ("one product", get(f"/v1/products/{id}")),
        ("its picture", get(f"/v1/products/{id}/image?w=160")),
        ("no product", get(f"/v1/products/none-{turn}")),
        ("similar", get(f"/v1/products/{id}/similar?rows=4")),
        ("page", get(f"/?q={shape}")),
        ("ready", get("/readyz")),
        ("hung up on", lambda url: hung_up(url, id)),
    ]


def drawn(chosen: random.Random) -> bytes:
    """A picture of one color, in PNG."""
    kept = io.BytesIO()
    Image.new("RGB", (chosen.randint(20, 300), chosen.randint(20, 300)), tuple(chosen.randbytes(3))).save(kept, "PNG")
    return kept.getvalue()


def hung_up(url: str, id: str) -> requests.Response:
    """A caller that does not wait for its answer, and then asks whether the server lives."""
    try:
        requests.post(f"{url}/v1/search", json={"image_id": id, "mode": "exact", "rows": 40}, timeout=0.005)
    except requests.RequestException:
        time.sleep(0.001)
    return requests.get(f"{url}/healthz", timeout=30)
