"""The neighbours that a person looks at beside a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.merchandising.proposal import Evidence
from vision.merchandising.tools.distances import nearest
from vision.merchandising.tools.selection import Selection

SHOWN: Final = 6


def beside(
    selection: Selection,
    rows: Sequence[int],
    field: str,
    among: NDArray[np.intp],
    methods: Sequence[Mapping[str, float]],
    note: str = "",
) -> list[Evidence]:
    """For each row its nearest products among some rows, with their values and squared distances.

    Args:
        selection: everything that is looked at.
        rows: products that something is proposed for.
        field: whose values are shown.
        among: rows that may be shown; a row itself is left out.
        methods: of each row.
        note: the same for all.
    """
    if not rows:
        return []
    among = np.asarray(among, dtype=np.intp)
    if not len(among):
        return [Evidence(methods=dict(each), note=note) for each in methods]
    place = {int(row): number for number, row in enumerate(among)}
    # One more than is shown: a row that is among them finds itself.
    found, distances = nearest(selection.matrix(among), selection.matrix(list(rows)), min(SHOWN + 1, len(among)))
    held = selection.values.get(field)
    made = []
    for number, row in enumerate(rows):
        shown = [
            (int(among[near]), float(distance))
            for near, distance in zip(found[number], distances[number], strict=True)
            if near != place.get(int(row))
        ][:SHOWN]
        made.append(
            Evidence(
                neighbours=[selection.pictures[near] for near, _ in shown],
                values=[list(held[near]) for near, _ in shown] if held is not None else [],
                distances=[round(distance, 6) for _, distance in shown],
                methods={name: round(value, 4) for name, value in methods[number].items()},
                note=note,
            )
        )
    return made
