from __future__ import annotations

import time

import numpy as np
import pytest

from tests.merchandising.tools.clouds import blobs
from vision.errors import BadQuery, TookTooLong
from vision.merchandising.proposal import Tool
from vision.merchandising.tools import learning
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.examples import candidates, rank
from vision.merchandising.tools.filling import fill


def test_hidden_values_come_back_as_precisely_as_was_promised() -> None:
    selection, truth, hidden = blobs(900, classes=6, spread=1.2, hidden=0.3)
    found = fill(selection, "kind")
    right = [each.new == (truth[selection.ids.index(each.product)],) for each in found.proposals]
    assert {each.product for each in found.proposals} <= {selection.ids[row] for row in np.flatnonzero(hidden)}
    assert found.learned.missing == hidden.sum() and found.learned.known == 900 - hidden.sum()
    assert np.mean(right) >= 0.85 and sum(right) >= 0.5 * hidden.sum()
    assert abs(np.mean(right) - found.learned.precision) < 0.08
    sure = [each.confidence for each in found.proposals]
    assert sure == sorted(sure, reverse=True)
    assert set(found.proposals[0].evidence.methods) == {"classifier", "neighbours"}


def test_a_confidence_is_a_probability() -> None:
    selection, truth, hidden = blobs(3000, classes=6, spread=2.5, hidden=0.5)
    found = fill(selection, "kind", confidence=0.01)
    right = np.array([each.new == (truth[selection.ids.index(each.product)],) for each in found.proposals])
    sure = np.array([each.confidence for each in found.proposals])
    assert len(right) == hidden.sum() and 0.3 < right.mean() < 0.95
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        part = (sure >= low) & (sure < high)
        assert part.sum() > 100 and abs(right[part].mean() - sure[part].mean()) < 0.06


def test_out_of_fold_never_learns_from_a_rows_own_group() -> None:
    """Each group is one point of a class of its own: who learns from it guesses right, who does not cannot."""
    random = np.random.default_rng(0)
    centres = learning.unit(random.normal(size=(60, 16)).astype(np.float32))
    member = np.repeat(np.arange(60), 5)
    vectors = learning.unit(centres[member] + 0.01 * random.normal(size=(300, 16)).astype(np.float32))
    held = np.eye(6, dtype=bool)[random.permutation(np.arange(60) % 6)[member]]
    rows = np.arange(300)
    alone = learning.out_of_fold(vectors, held)
    grouped = learning.out_of_fold(vectors, held, [str(each) for each in member])
    assert held[rows, alone.neighbours.argmax(axis=1)].mean() > 0.95
    assert held[rows, grouped.neighbours.argmax(axis=1)].mean() < 0.45


def test_rare_values_are_never_proposed_and_named() -> None:
    selection, _, _ = blobs(200, classes=3, hidden=0.2)
    known = next(row for row, held in enumerate(selection.values["kind"]) if held)
    selection.values["kind"][known] = ("unheard of",)
    found = fill(selection, "kind")
    assert found.learned.rare == ("unheard of",)
    assert all(each.new != ("unheard of",) for each in found.proposals)


def test_only_named_products_are_tagged() -> None:
    selection, _, hidden = blobs(300, classes=3, hidden=0.3)
    one = selection.ids[int(np.flatnonzero(hidden)[0])]
    found = fill(selection, "kind", tool=Tool.TAG, only=frozenset({one}), confidence=0.05)
    assert [(each.product, each.tool) for each in found.proposals] == [(one, Tool.TAG)]


def test_time_is_limited_and_said() -> None:
    selection, _, _ = blobs(300, classes=3, hidden=0.3)
    with pytest.raises(TookTooLong, match="given up after 0.1 s.*--time-limit"):
        fill(selection, "kind", budget=Budget(0.1, began=time.monotonic() - 1))


def test_three_examples_find_the_others_and_answers_help() -> None:
    selection, truth, _ = blobs(1000, classes=12, spread=1.1)
    wanted = np.array([each == "k3" for each in truth])
    selection.values["kind"] = [()] * len(truth)
    before, after = [], []
    for seed in range(5):
        random = np.random.default_rng(seed)
        yes = [selection.ids[row] for row in random.choice(np.flatnonzero(wanted), 3, replace=False)]
        no: list[str] = []
        before.append(_average_precision(selection, yes, no, wanted))
        for _ in range(4):
            asked = candidates(selection, "kind", "k3", yes, no).questions
            assert len(asked) == 5 and not set(asked) & {*yes, *no}
            for id in asked:
                (yes if wanted[selection.ids.index(id)] else no).append(id)
        after.append(_average_precision(selection, yes, no, wanted))
    assert np.mean(before) > 0.5
    assert np.mean(after) > np.mean(before) + 0.05


def _average_precision(selection, yes, no, wanted) -> float:  # type: ignore[no-untyped-def]
    seen = [selection.ids.index(id) for id in (*yes, *no)]
    scores = rank(selection, [selection.ids.index(id) for id in yes], [selection.ids.index(id) for id in no]).scores
    order = [row for row in np.argsort(-scores) if row not in seen]
    hits = wanted[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def test_examples_keep_what_a_product_has_and_skip_who_has_the_value() -> None:
    selection, truth, _ = blobs(300, classes=4, spread=0.3)
    same = [row for row, each in enumerate(truth) if each == "k1"]
    selection.values["kind"] = [("summer",)] * 300
    selection.values["kind"][same[3]] = ("summer", "tropical")
    found = candidates(selection, "kind", "tropical", [selection.ids[row] for row in same[:3]])
    assert found.proposals and all(each.new == ("summer", "tropical") for each in found.proposals)
    assert not {each.product for each in found.proposals} & {selection.ids[row] for row in same[:4]}
    proposed = {each.product for each in found.proposals}
    assert len(proposed & {selection.ids[row] for row in same}) > 0.8 * len(proposed)


@pytest.mark.parametrize(
    ("yes", "no", "message"),
    [([], [], "0 positives"), (["p00001"], ["p00001"], "both sides"), (["nowhere"], [], "'nowhere' is none of the")],
)
def test_examples_that_are_none(yes: list[str], no: list[str], message: str) -> None:
    selection, _, _ = blobs(50, classes=2)
    with pytest.raises(BadQuery, match=message):
        candidates(selection, "kind", "x", yes, no)
