"""Confident learning against what it is meant to find, and against a case worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merchandising.tools.clouds import blobs
from vision.errors import BadQuery
from vision.merchandising.tools.auditing import audit, suspect


def test_a_row_is_suspected_where_another_class_is_above_its_own_usual() -> None:
    # Usual probability of class 0: (.9 + .8 + .1)/3 = .6; of class 1: (.7 + .9)/2 = .8.
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.1, 0.9]])
    held = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1]], dtype=bool)
    found = suspect(probability, held)
    assert found.suspected.tolist() == [False, False, True, False, False]
    assert found.order[0] == 2
    assert (found.listed[2], found.other[2]) == (0, 1)
    assert found.score[2] == pytest.approx(np.log(0.901 / 0.101))


def test_a_row_of_several_values_is_judged_by_its_least_likely_one() -> None:
    probability = np.array([[0.6, 0.05, 0.35], [0.5, 0.4, 0.1]])
    held = np.array([[1, 1, 0], [1, 1, 1]], dtype=bool)
    found = suspect(probability, held)
    assert (found.listed[0], found.other[0]) == (1, 2)
    assert found.score[1] == -np.inf and not found.suspected[1]


def test_most_flipped_values_come_first_with_the_right_one_proposed() -> None:
    selection, truth, flipped = blobs(600, classes=6, flipped=0.05)
    found = audit(selection, "kind", rows=60)
    assert [each.product for each in found.proposals] == list(dict.fromkeys(each.product for each in found.proposals))
    listed = {each.product: each for each in found.proposals}
    hit = [row for row in np.flatnonzero(flipped) if selection.ids[row] in listed]
    assert len(hit) >= 0.8 * flipped.sum()
    right = [listed[selection.ids[row]].new == (truth[row],) for row in hit]
    assert np.mean(right) > 0.9
    first = found.proposals[0]
    assert first.old != first.new and len(first.evidence.neighbours) == 6
    assert first.evidence.distances == sorted(first.evidence.distances)
    assert selection.pictures[selection.ids.index(first.product)] not in first.evidence.neighbours


def test_without_flips_the_list_is_short() -> None:
    selection, _, _ = blobs(600, classes=6)
    found = audit(selection, "kind", rows=600)
    assert len(found.proposals) < 30


def test_what_cannot_be_learned_is_refused_in_words() -> None:
    selection, _, _ = blobs(40, classes=1)
    with pytest.raises(BadQuery, match="of two values or more"):
        audit(selection, "kind")
