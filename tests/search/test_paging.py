from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from vision.errors import BadQuery
from vision.search import paging
from vision.search.model import Mode, Plan, Query, Way

QUERY = Query(text="dress", vector=np.arange(1024, dtype=np.float32), rows=10)
PLAN = Plan(Way.APPROXIMATE, "", candidates=200)


def test_a_token_carries_mode_candidates_and_what_was_shown() -> None:
    token = paging.next_page(QUERY, PLAN, total=11)
    assert token is not None
    resumed = paging.resume(QUERY, token)
    assert (resumed.mode, resumed.candidates, resumed.start) == (Mode.APPROXIMATE, 200, 10)


def test_the_last_page_has_none() -> None:
    assert paging.next_page(QUERY, PLAN, total=10) is None


@pytest.mark.parametrize(
    "changed",
    [{"text": "skirt"}, {"vector": np.zeros(1024, dtype=np.float32)}, {"rows": 11}, {"filters": {"c": ("x",)}}],
)
def test_a_token_of_another_search_is_refused(changed: dict[str, object]) -> None:
    token = paging.next_page(QUERY, PLAN, total=99)
    assert token is not None
    with pytest.raises(BadQuery, match="another search"):
        paging.resume(replace(QUERY, **changed), token)  # type: ignore[arg-type]


@pytest.mark.parametrize("forged", ["", "x", "%%%", "AAAA", base64.urlsafe_b64encode(b'["a","exact",null]').decode()])
def test_what_is_no_token_is_refused(forged: str) -> None:
    with pytest.raises(BadQuery, match="not a page token"):
        paging.resume(QUERY, forged)


def test_a_forged_number_of_candidates_is_refused() -> None:
    token = f'["{paging.digest(QUERY)}","approximate",1000000,10]'.encode()
    with pytest.raises(BadQuery, match="not a page token"):
        paging.resume(QUERY, base64.urlsafe_b64encode(token).decode())
