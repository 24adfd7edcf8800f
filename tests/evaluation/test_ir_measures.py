"""Our metrics against those of ir-measures, which asks trec_eval."""

from __future__ import annotations

import numpy as np
import pytest

from vision.evaluation import average_precision, precision_at_k, recall_at_k, reciprocal_rank

ir_measures = pytest.importorskip("ir_measures", reason="needs ir-measures: install requirements-dev.lock")

QUERIES, DOCUMENTS = 60, 80


def test_metrics_agree_with_trec_eval() -> None:
    """Complete and cut rankings, with few and many right answers, some of them never ranked."""
    random = np.random.default_rng(0)
    relevance = random.random((QUERIES, DOCUMENTS)) < random.random((QUERIES, 1)) ** 3
    relevance[:, 3] = True  # a query without a right answer is none to trec_eval
    rankings = np.stack([random.permutation(DOCUMENTS) for _ in range(QUERIES)])
    for depth in (DOCUMENTS, 30, 7):
        judged = [
            ir_measures.Qrel(f"q{query}", f"d{document}", int(relevance[query, document]))
            for query in range(QUERIES)
            for document in range(DOCUMENTS)
        ]
        ranked = [
            ir_measures.ScoredDoc(f"q{query}", f"d{document}", float(depth - place))
            for query in range(QUERIES)
            for place, document in enumerate(rankings[query, :depth])
        ]
        names = ("AP", "P@10", "R@10", "RR")
        measures = [ir_measures.parse_measure(name) for name in names]
        theirs: dict[str, dict[int, float]] = {name: {} for name in names}
        for each in ir_measures.iter_calc(measures, judged, ranked):
            theirs[str(each.measure)][int(each.query_id[1:])] = each.value
        known = relevance.sum(axis=1)
        found = np.take_along_axis(relevance, rankings[:, :depth], axis=1)
        ours = {
            "AP": average_precision(found, known),
            "P@10": precision_at_k(found, 10),
            "R@10": recall_at_k(found, 10, known),
            "RR": reciprocal_rank(found),
        }
        for name in names:
            expected = [theirs[name][query] for query in range(QUERIES)]
            np.testing.assert_allclose(ours[name], expected, atol=1e-6, err_msg=f"{name} at depth {depth}")
