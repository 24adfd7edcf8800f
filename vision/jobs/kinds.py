"""The kinds of jobs that may begin over HTTP: what each is asked, what it does, and what it answers.

A new kind is one more entry of :data:`KINDS`; its ``run`` gets a callable to tell how far it is, which also ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from vision.catalog import IndexOptions
from vision.catalog import session as indexing
from vision.catalog.catalogues import Catalogue
from vision.catalog.commands import STAGES
from vision.console import Progress
from vision.errors import BadQuery
from vision.evaluation import session as evaluating
from vision.evaluation import setups
from vision.evaluation.running import Options
from vision.jobs.model import MERCHANDISERS
from vision.jobs.requests import EvaluateRequest, IndexRequest, TuneRequest, check_extractor
from vision.merchandising.tools import budget
from vision.merchandising.tools.requests import (
    AuditForm,
    AuditRequest,
    ClusterRequest,
    ClustersForm,
    DuplicatesForm,
    DuplicatesRequest,
    FillForm,
    FillRequest,
    check_examples,
)
from vision.merchandising.tools.workbench import Workbench
from vision.settings import Settings
from vision.tuning import session as tuning
from vision.tuning.choice import Goal
from vision.workspace import Workspace

TOOL_SECONDS: Final = 3600.0
"""How long a tool may take as a job."""


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Attributes:
        request: what it is asked.
        answer: what it answers; None where that is no one struct.
        title: one line about a request, for people.
        check: refuses a request that cannot be done, before anything is started.
        run: does it.
        summary: figures of an answer.
        stages: what its stages are called.
    """

    request: type[msgspec.Struct]
    answer: type[msgspec.Struct] | None
    title: Callable[[Settings, Any], str]
    run: Callable[[Settings, Any, Progress], Any]
    summary: Callable[[Any], dict[str, Any]]
    stages: Mapping[str, str]
    check: Callable[[Settings, Any], None] = lambda settings, request: None


def _tool(
    use: Callable[[Workbench, Any], Any],
) -> Callable[[Settings, Any, Progress], Any]:
    def run(settings: Settings, request: Any, progress: Progress) -> Any:
        workspace = Workspace(settings)
        with workspace.reading_client() as client:
            return use(Workbench(workspace.engine(client), budget.Budget(TOOL_SECONDS, progress)), request)

    return run


def _cluster_summary(found: ClustersForm) -> dict[str, Any]:
    return {
        "clusters": len(found.clusters),
        "products": found.products,
        "noise": found.noise,
        "without": found.without,
        "silhouette": found.silhouette,
    }


def _fill_summary(found: FillForm) -> dict[str, Any]:
    figures = {"proposals": len(found.proposals), "total": found.total, "products": found.products}
    learned = found.learned
    return figures if learned is None else figures | {"known": learned.known, "precision": learned.precision}


def _audit_summary(found: AuditForm) -> dict[str, Any]:
    return {"proposals": len(found.proposals), "products": found.products, "suspected": found.suspected}


def _duplicates_summary(found: DuplicatesForm) -> dict[str, Any]:
    return {"groups": len(found.groups), "proposals": len(found.proposals), "pictures": found.pictures}


def _catalogue(settings: Settings, asked: IndexRequest | EvaluateRequest) -> Catalogue:
    return Workspace(settings).catalogues().get(asked.catalogue)


def _index(settings: Settings, asked: IndexRequest, progress: Progress) -> dict[str, Any]:
    workspace, known = Workspace(settings, progress=progress), _catalogue(settings, asked)
    options = IndexOptions(
        pca=None if known.pca is None or asked.extractor not in (None, known.extractor) else Path(known.pca),
        dims=asked.dims or known.dims,
        spare=settings.home / "rejects",
        allow_urls=known.allow_urls,
        allow_missing_images=known.allow_missing_images,
        recreate=asked.recreate,
    )
    detect = known.detect if asked.detect is None else asked.detect
    extractor = asked.extractor or known.extractor
    with workspace.client(known.collection) as client:
        report = indexing.index(workspace, client, known.path, extractor, options, detect=detect, progress=progress)
    return report.plain()


def _check_index(settings: Settings, asked: IndexRequest) -> None:
    _catalogue(settings, asked)
    if asked.extractor is not None:
        check_extractor(asked.extractor, settings, Workspace(settings).catalogues())


def _evaluate(settings: Settings, asked: EvaluateRequest, progress: Progress) -> list[dict[str, Any]]:
    known = _catalogue(settings, asked)
    measured = evaluating.measure(
        settings,
        known.path,
        _truth(asked),
        extractors=asked.extractors or [known.extractor],
        dims=asked.dims,
        modes=asked.modes,
        filters=asked.filters,
        options=Options(asked.queries, asked.seed, asked.depth),
        allow_urls=known.allow_urls,
        progress=progress,
    )
    measured.keep(Workspace(settings).measurements())
    return [each.plain() for each in measured.outcomes]


def _check_evaluate(settings: Settings, asked: EvaluateRequest) -> None:
    truth = _truth(asked)
    truth.check()
    truth.check_column(_catalogue(settings, asked).path)
    setups.parse_dims(asked.dims)
    setups.parse_modes(asked.modes)
    for each in setups.split(asked.extractors):
        check_extractor(each, settings, Workspace(settings).catalogues())


def _truth(asked: EvaluateRequest) -> evaluating.Truth:
    return evaluating.Truth(asked.label, same_product=asked.same_product, without=tuple(asked.without))


def _evaluate_summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    best = max(found, key=lambda each: float(each["map"]))
    return {"setups": len(found)} | {name: best[name] for name in ("extractor", "dims", "mode", "map")}


def _tuning(asked: TuneRequest) -> tuning.Options:
    return tuning.Options(
        queries=asked.queries,
        filters=tuple(asked.filters),
        candidates=tuple(asked.candidates) or tuning.CANDIDATES,
        dims=() if asked.quick else tuple(asked.coarse_dims) or tuning.DIMS,
        goal=Goal(asked.recall),
        seed=asked.seed,
        repeats=asked.repeats,
        rows=asked.rows,
    )


def _tune(settings: Settings, asked: TuneRequest, progress: Progress) -> dict[str, Any]:
    found = tuning.tune(settings, _tuning(asked), progress)
    if not asked.dry_run:
        tuning.keep(Workspace(settings), found)
    return found.plain()


def _tune_summary(found: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: found["chosen"][name] for name in ("candidates", "exact_below", "reached")}
    return {"pictures": found["pictures"]} | chosen


def _check_fill(settings: Settings, request: FillRequest) -> None:
    check_examples(request)


KINDS: Final[Mapping[str, Kind]] = {
    "cluster": Kind(
        ClusterRequest,
        ClustersForm,
        lambda settings, asked: "clusters of what looks alike",
        _tool(Workbench.cluster),
        _cluster_summary,
        budget.STAGES,
    ),
    "fill": Kind(
        FillRequest,
        FillForm,
        lambda settings, asked: f"values of {asked.field} for products without one",
        _tool(Workbench.fill),
        _fill_summary,
        budget.STAGES,
        _check_fill,
    ),
    "audit": Kind(
        AuditRequest,
        AuditForm,
        lambda settings, asked: f"products whose pictures speak against their {asked.field}",
        _tool(Workbench.audit),
        _audit_summary,
        budget.STAGES,
    ),
    "duplicates": Kind(
        DuplicatesRequest,
        DuplicatesForm,
        lambda settings, asked: "products that show the same picture",
        _tool(Workbench.duplicates),
        _duplicates_summary,
        budget.STAGES,
    ),
    "index": Kind(
        IndexRequest,
        None,
        lambda settings, asked: f"index {_catalogue(settings, asked).path.name}",
        _index,
        lambda found: found,
        STAGES,
        _check_index,
    ),
    "evaluate": Kind(
        EvaluateRequest,
        None,
        lambda settings, asked: f"evaluate on {_catalogue(settings, asked).path.name}",
        _evaluate,
        _evaluate_summary,
        evaluating.STAGES,
        _check_evaluate,
    ),
    "tune": Kind(
        TuneRequest,
        None,
        lambda settings, asked: f"tune {settings.collection or 'the collection'}",
        _tune,
        _tune_summary,
        tuning.STAGES,
        lambda settings, asked: None if _tuning(asked).check() else None,
    ),
}


def named(name: str) -> Kind:
    """A kind by its name.

    Raises:
        BadQuery: there is none of this name.
    """
    if name not in KINDS:
        raise BadQuery(f"kind is {name[:40]!r}; accepted: {', '.join(KINDS)}", "kind")
    return KINDS[name]


def is_merchandisers(kind: str) -> bool:
    """Whether a merchandiser may begin, see and end jobs of a kind; an engineer may all."""
    return kind in MERCHANDISERS


def read(name: str, request: bytes) -> msgspec.Struct:
    """A job's request from JSON.

    Raises:
        BadQuery: no such kind, or a request that is not understood.
    """
    kind = named(name)
    try:
        return msgspec.json.decode(request, type=kind.request)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        members = ", ".join(each.name for each in msgspec.structs.fields(kind.request))
        raise BadQuery(
            f"the request of a job of kind {name} is not understood: {error}; accepted: {members}", "request"
        ) from error
