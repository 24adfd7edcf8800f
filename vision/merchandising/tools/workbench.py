"""The tools on a collection: what is asked is read from Solr, worked on, and answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from vision.errors import BadQuery
from vision.merchandising.proposal import Proposal, Tool, propose
from vision.merchandising.tools import auditing, clusters, duplicates, examples, filling, mapping
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.evidence import beside
from vision.merchandising.tools.requests import (
    AssignRequest,
    AuditForm,
    AuditRequest,
    ClusterForm,
    ClusterRequest,
    ClustersForm,
    DuplicatesForm,
    DuplicatesRequest,
    FillForm,
    FillRequest,
    GroupForm,
    LearnedForm,
    PlaceForm,
    check_examples,
)
from vision.merchandising.tools.selection import Selection, select
from vision.search.engine import SearchEngine
from vision.search.request import SearchRequest
from vision.solr.fields import KNOWN

FARTHEST: Final = 6
_COUNTED: Final = 10
_ENDLESS: Final = Budget()


class Workbench:
    """The tools, on the collection of a search engine."""

    def __init__(self, engine: SearchEngine, budget: Budget = _ENDLESS) -> None:
        """Prepare, without asking anything.

        Args:
            engine: of the collection.
            budget: how long the tool that is used may take; told how far it is.
        """
        self._engine = engine
        self._budget = budget

    def cluster(self, request: ClusterRequest) -> ClustersForm:
        """Clusters, as an answer.

        Raises:
            BadQuery: as :func:`select` and :func:`clusters.cluster`.
            TookTooLong: over the budget.
        """
        selection, found = self._clustered(request)
        return ClustersForm(
            clusters=[_form(selection, each, request.members) for each in found.clusters],
            products=len(selection),
            noise=len(found.noise),
            without=selection.without,
            silhouette=found.silhouette,
            tried=found.tried,
            places=_places(selection, found, request) if request.places else [],
        )

    def picture(self, request: ClusterRequest) -> bytes:
        """The same clusters on a map, as PNG."""
        selection, found = self._clustered(request)
        return mapping.draw(selection, found, projection=request.projection, seed=request.seed)

    def _clustered(self, request: ClusterRequest) -> tuple[Selection, clusters.Clustered]:
        selection = self._select(request.search, request.about)
        found = clusters.cluster(
            selection,
            request.clusters,
            method=request.method,
            least=request.least,
            seed=request.seed,
            budget=self._budget,
        )
        return selection, found

    def assign(self, request: AssignRequest) -> list[Proposal]:
        """A value for a cluster, as proposals.

        The confidence of each is its nearness to the medoid, 1/(1+d²/σ²): somebody said what the medoid is, and nothing
        was measured.

        Raises:
            BadQuery: a product that is not there, or neither members nor a distance.
            TookTooLong: over the budget.
        """
        if not request.members and request.max_distance is None:
            raise BadQuery("give members, the ids that a cluster has, or max_distance around its medoid", "members")
        field, value = request.field, request.value
        selection = self._select(request.search, self._known(field))
        medoid = selection.rows([request.medoid], "medoid")[0]
        distances = clusters.distances_from(selection, medoid)
        rows = selection.rows(request.members, "members") if request.members else range(len(selection))
        held = selection.values.get(field) or [()] * len(selection)
        chosen = [
            row
            for row in sorted(rows, key=lambda each: (float(distances[each]), each))
            if (request.max_distance is None or distances[row] <= request.max_distance)
            and value not in held[row]
            and not (held[row] and request.existing == "skip")
        ]
        near = [1.0 / (1.0 + float(distances[row]) / selection.sigma2) for row in chosen]
        note = f"in a cluster around {request.medoid}; confidence is nearness, nothing was measured"
        made = []
        for row, sure in zip(chosen, near, strict=True):
            new = (*held[row], value) if request.existing == "add" else (value,)
            evidence = beside(selection, [row], field, np.array([medoid]), [{"nearness": sure}], note)[0]
            made.append(
                propose(
                    Tool.CLUSTER,
                    selection.ids[row],
                    field,
                    held[row],
                    new,
                    confidence=round(sure, 4),
                    evidence=evidence,
                )
            )
        return made

    def fill(self, request: FillRequest) -> FillForm:
        """Values for products without one, from what is known or from a few examples.

        Raises:
            BadQuery: as :func:`filling.fill` and :func:`examples.candidates`.
            TookTooLong: over the budget.
        """
        check_examples(request)
        if request.value is not None:
            selection = self._select(request.search, self._known(request.field))
            found = examples.candidates(
                selection,
                request.field,
                request.value,
                request.positives,
                request.negatives,
                confidence=0.5 if request.confidence is None else request.confidence,
                rows=request.rows,
                questions=request.questions,
                replace=request.replace,
            )
            return FillForm(
                found.proposals, len(found.proposals), None, found.questions, found.threshold, found.products
            )
        filled, products = self.filled(request)
        learned = filled.learned
        form = LearnedForm(
            learned.known,
            learned.missing,
            round(learned.accuracy, 4),
            round(learned.neighbours, 4),
            None if learned.confidence is None else round(learned.confidence, 4),
            round(learned.precision, 4),
            round(learned.recall, 4),
            list(learned.rare),
        )
        shown = filled.proposals[: request.rows]
        return FillForm(shown, len(filled.proposals), form, [], learned.confidence, products)

    def filled(
        self, request: FillRequest, *, tool: Tool = Tool.FILL, only: frozenset[str] | None = None
    ) -> tuple[filling.Filled, int]:
        """All proposals of an attribute that is learned, and how many products were looked at."""
        selection = self._select(request.search, [request.field, *self._grouping(request.group)])
        found = filling.fill(
            selection,
            request.field,
            precision=request.precision,
            confidence=request.confidence,
            groups=_groups(selection, request.group),
            seed=request.seed,
            budget=self._budget,
            tool=tool,
            only=only,
        )
        return found, len(selection)

    def audit(self, request: AuditRequest) -> AuditForm:
        """Products whose pictures speak against their attribute.

        Raises:
            BadQuery: as :func:`auditing.audit`.
            TookTooLong: over the budget.
        """
        selection = self._select(request.search, [request.field, *self._grouping(request.group)])
        found = auditing.audit(
            selection,
            request.field,
            rows=request.rows,
            groups=_groups(selection, request.group),
            seed=request.seed,
            budget=self._budget,
        )
        return AuditForm(found.proposals, found.products, found.suspected)

    def duplicates(self, request: DuplicatesRequest) -> DuplicatesForm:
        """Products of (nearly) the same picture, and what they say of each other.

        Raises:
            BadQuery: as :func:`duplicates.find`.
            TookTooLong: over the budget.
        """
        fields = [*request.fields, *(self._known(request.mark) if request.mark else ())]
        selection = self._select(request.search, fields, single=True)
        groups = duplicates.find(selection, self._engine.collection, within=request.within, budget=self._budget)
        return DuplicatesForm(
            [GroupForm(list(each.products), list(each.pictures), each.distance, each.same) for each in groups],
            duplicates.proposals(selection, groups, request.mark),
            len(selection),
        )

    def _select(self, search: SearchRequest, fields: Sequence[str], *, single: bool = False) -> Selection:
        for name in fields:
            if name in KNOWN:
                raise BadQuery(f"{name!r} is no attribute; attributes: {self._attributes()}", "field")
            if name not in self._engine.collection.attributes():
                raise BadQuery(f"no product has a field {name!r}; attributes: {self._attributes()}", "field")
        return select(self._engine, search, list(dict.fromkeys(fields)), single=single, budget=self._budget)

    def _known(self, field: str) -> list[str]:
        """The field, where a product has it already; a new attribute is no fault where somebody names it."""
        return [field] if field in self._engine.collection.attributes() else []

    def _grouping(self, group: str | None) -> list[str]:
        return [] if group is None else [group]

    def _attributes(self) -> str:
        return ", ".join(each for each in self._engine.collection.attributes() if each not in KNOWN) or "none yet"


def _places(selection: Selection, found: clusters.Clustered, request: ClusterRequest) -> list[PlaceForm]:
    of = {int(row): each.id for each in found.clusters for row in each.rows}
    return [
        PlaceForm(selection.ids[each.row], selection.pictures[each.row], each.x, each.y, of.get(each.row))
        for each in mapping.places(selection, found, projection=request.projection, seed=request.seed)
    ]


def _groups(selection: Selection, group: str | None) -> list[str] | None:
    """What rows share; one without a value stands alone."""
    if group is None:
        return None
    values = selection.values[group]
    return ["\x1f".join(held) if held else f"\x1e{id}" for id, held in zip(selection.ids, values, strict=True)]


def _form(selection: Selection, one: clusters.Cluster, members: int) -> ClusterForm:
    counted = {}
    for name, values in selection.values.items():
        counts = Counter(value for row in one.rows for value in values[row])
        counted[name] = dict(counts.most_common(_COUNTED))
    return ClusterForm(
        id=one.id,
        medoid=selection.ids[one.medoid],
        picture=selection.pictures[one.medoid],
        size=len(one.rows),
        cohesion=round(one.cohesion, 4),
        members=[selection.ids[row] for row in one.rows[:members]],
        distances=[round(float(each), 6) for each in one.distances[:members]],
        farthest=[selection.ids[row] for row in one.rows[::-1][:FARTHEST]],
        values=counted,
    )
