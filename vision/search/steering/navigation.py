"""Looking around by pictures: a first page from anywhere, then step by step towards what is liked.

Each step shows products that no step before has shown. What was shown, liked and not liked is in the token that goes
back and forth, so that no server keeps it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.errors import BadQuery
from vision.search import answers
from vision.search.engine import SearchEngine
from vision.search.lookups import compose_sample
from vision.search.model import Diversity, Hit, Query
from vision.search.steering.rocchio import steer

SAMPLE: Final = 200
"""Products that a diverse page is chosen of."""
REMEMBERED: Final = 100
"""Products that were liked, and not liked, the newest."""
MMR: Final = 0.5
"""How much the first step after a like still looks around; each further one three quarters as much."""

Start = Literal["diverse", "random"]


class State(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the token holds; ids of products."""

    seed: int
    step: int
    start: Start
    shown: list[str]
    liked: list[str]
    unliked: list[str]


@dataclass(frozen=True)
class Step:
    """One page: its products, how many there are to look at in all, and the token of the next step."""

    hits: Sequence[Hit]
    total: int
    number: int
    page: str | None


def first(seed: int, start: Start) -> State:
    """Before the first step."""
    return State(seed, 0, start, [], [], [])


def resume(token: str, like: Sequence[str], unlike: Sequence[str]) -> State:
    """What a token holds, and what was said of its page.

    Raises:
        BadQuery: not a token of ours.
    """
    try:
        state = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=State)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise BadQuery("page is not a token; give the `page` of the previous step unchanged", "page") from error
    now = set(like) | set(unlike)
    liked = [id for id in state.liked if id not in now] + list(dict.fromkeys(like))
    unliked = [id for id in state.unliked if id not in now] + [id for id in dict.fromkeys(unlike) if id not in like]
    return msgspec.structs.replace(state, liked=liked[-REMEMBERED:], unliked=unliked[-REMEMBERED:])


def step(engine: SearchEngine, query: Query, state: State) -> Step:
    """The next page.

    Args:
        engine: of the collection.
        query: words and facets that narrow, and the size of a page; no picture.
        state: of the steps before.

    Raises:
        NotFound: a product that was liked is not in the index.
    """
    narrowed = replace(query, excluded=tuple(sorted({*query.excluded, *state.shown})), start=0)
    if state.liked:
        hits, left = _near(engine, narrowed, state)
    else:
        hits, left = _anywhere(engine, narrowed, state)
    shown = [*state.shown, *(hit.product_id for hit in hits)]
    after = msgspec.structs.replace(state, step=state.step + 1, shown=shown)
    token = base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")
    return Step(hits, left, state.step, token if left > len(hits) else None)


def _near(engine: SearchEngine, query: Query, state: State) -> tuple[Sequence[Hit], int]:
    """The products nearest to what is liked, less alike in the beginning."""
    embedding = engine.collection.fingerprint()
    vectors = engine.collection.indexed.vectors([*state.liked, *state.unliked])
    point = steer(None, [vectors[id] for id in state.liked], [vectors[id] for id in state.unliked])
    around = Diversity(mmr=MMR * 0.75 ** max(0, state.step - 1), fold=True)
    result = engine.run(replace(query, vector=point, embedding=embedding, diversity=around))
    return result.hits, result.total


def _anywhere(engine: SearchEngine, query: Query, state: State) -> tuple[Sequence[Hit], int]:
    """Products by chance, or of those some that differ as much as they can."""
    rows = query.rows if state.start == "random" else max(SAMPLE, query.rows)
    engine.collection.check_fields(query)
    answer = engine.client.select(compose_sample(query, state.seed + state.step, rows, engine.client.names))
    hits = answers.hits(answer, query, None)
    if state.start == "diverse":
        hits = tuple(hits[row] for row in farthest_first(answers.coarse(answer), query.rows))
    return hits, answers.total(answer)


def farthest_first(vectors: NDArray[np.float32], count: int) -> list[int]:
    """Rows that differ: the most central one, then each time the one farthest from those before (Gonzalez, 1985).

    Args:
        vectors: (n, dims); rows of NaN come last.
        count: how many of them.
    """
    usable = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    rest = [row for row in range(len(vectors)) if row not in set(usable.tolist())]
    if not len(usable):
        return rest[:count]
    values = vectors[usable].astype(np.float64)
    chosen = [int(((values - values.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    nearest = ((values - values[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(count, len(usable)):
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((values - values[chosen[-1]]) ** 2).sum(axis=1))
    return [int(usable[row]) for row in chosen] + rest[: count - len(chosen)]
