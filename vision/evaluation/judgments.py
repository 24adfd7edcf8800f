"""Which pictures are right answers to which: those with the same label, or as judgments in TREC's form say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.errors import BadSetting

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Judgments:
    """Right answers by row; a row is a picture's number in the catalogue. No picture is an answer to itself.

    Attributes:
        size: how many pictures there are.
        groups: rows that are alike, or that were judged for one query.
        answers: by the row of a query, the groups whose rows are its answers.
    """

    size: int
    groups: tuple[Rows, ...]
    answers: Mapping[int, tuple[int, ...]]

    def relevant(self, query: int) -> NDArray[np.bool_]:
        """(size,) True where a row is a right answer to the row ``query``."""
        found = np.zeros(self.size, dtype=bool)
        for group in self.answers.get(query, ()):
            found[self.groups[group]] = True
        found[query] = False
        return found

    def queries(self, pool: NDArray[np.bool_]) -> Rows:
        """The rows that have a right answer in ``pool``, (size,) True where a row may be found."""
        inside = [group[pool[group]] for group in self.groups]

        def answered(query: int, group: int) -> bool:
            return len(inside[group]) > 1 or (len(inside[group]) == 1 and inside[group][0] != query)

        found = [query for query, groups in self.answers.items() if any(answered(query, group) for group in groups)]
        return np.array(sorted(found), dtype=np.intp)


def by_label(labels: Sequence[Sequence[str]]) -> Judgments:
    """Pictures that share a label; a picture may have several, or none and is then neither query nor answer."""
    members: dict[str, list[int]] = {}
    for row, values in enumerate(labels):
        for value in values:
            members.setdefault(value, []).append(row)
    numbers = {value: number for number, value in enumerate(members)}
    answers = {row: tuple(numbers[value] for value in values) for row, values in enumerate(labels) if values}
    return Judgments(len(labels), tuple(np.array(rows, dtype=np.intp) for rows in members.values()), answers)


def read_qrels(path: Path, ids: Sequence[str]) -> Judgments:
    """Judgments from a TREC qrels file: ``QUERY 0 PICTURE RELEVANCE`` a line, both of them ids of pictures.

    A relevance of 1 or more is a right answer. Lines about pictures that are not among ``ids`` are left out, as nothing
    can find them.

    Raises:
        BadSetting: no such file, a line of another form, or no line about two of these pictures.
    """
    rows = {id: row for row, id in enumerate(ids)}
    answers: dict[int, list[int]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"--judgments {path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != 4 or not cells[3].lstrip("-").isdigit():
            raise BadSetting(f"--judgments {path}, line {number} is {line[:80]!r}; accepted: QUERY 0 PICTURE RELEVANCE")
        query, answer = rows.get(cells[0]), rows.get(cells[2])
        if query is not None and answer is not None and int(cells[3]) > 0:
            answers.setdefault(query, []).append(answer)
    if not answers:
        raise BadSetting(f"--judgments {path} calls no picture of the catalogue relevant to another one")
    groups = tuple(np.unique(np.array(judged, dtype=np.intp)) for judged in answers.values())
    return Judgments(len(ids), groups, {query: (number,) for number, query in enumerate(answers)})
