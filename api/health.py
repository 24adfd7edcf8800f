"""`/healthz`: the process lives. `/readyz`: it can answer searches, or why not."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response

from api.access.security import caller
from api.operations import Operation, answer, describe
from api.services import Services, services
from vision.errors import IssuerUnavailable, NotPermitted, VisualSearchError
from vision.install.inspection import check_version
from vision.solr.client import SolrClient
from vision.solr.schema import check_vectors

blueprint = Blueprint("health", __name__)

# Seconds: whoever asks for readiness will not wait as long as a search may take.
_PATIENCE = 5.0


class HealthForm(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class CheckForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition of readiness; ``detail`` only for callers with a key, where keys are configured."""

    name: str
    ok: bool
    detail: str | None = None


class ReadyForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """All conditions in the order they build on each other; after one that fails the rest is not tried.

    ``notice`` is there where the demo could not have the extractor it prefers, and says which it uses instead, and why;
    and where what was tuned for the collection is ignored.
    """

    ready: bool
    checks: list[CheckForm]
    pictures: int | None = None
    extractor: str | None = None
    fingerprint: str | None = None
    notice: str | None = None


@blueprint.get("/healthz")
@describe(Operation("Whether the process answers", answer=HealthForm))
def healthz() -> Response:
    """Answer, always."""
    return answer(HealthForm("ok"))


@blueprint.get("/readyz")
@describe(Operation("Whether searches can be answered, or why not", answer=ReadyForm, also=(503,)))
def readyz() -> Response:
    """Answer 200 when everything is there, 503 with the reason when not."""
    found = readiness(services())
    return answer(found if _may_see_details() else _without_details(found), 200 if found.ready else 503)


def readiness(wired: Services) -> ReadyForm:
    """Try every condition, up to the first that fails."""
    run = _Run(wired)
    checks: list[CheckForm] = []
    for name, check in (("solr", run.solr), ("collection", run.collection), ("embedding", run.embedding)):
        checks.append(_outcome(name, check))
        if not checks[-1].ok:
            break
    ready = len(checks) == 3 and all(check.ok for check in checks)
    notices = [each for each in (wired.notice, run.notice) if each is not None]
    return ReadyForm(ready, checks, run.pictures, run.extractor, run.fingerprint, "; ".join(notices) or None)


class _Run:
    """One look at everything; what was learned stays for the answer."""

    def __init__(self, wired: Services) -> None:
        self._wired = wired
        self.pictures: int | None = None
        self.extractor: str | None = None
        self.fingerprint: str | None = None
        self.notice: str | None = None

    def solr(self) -> str:
        with self._client() as client:
            version = client.admin("admin/info/system").get("lucene", {}).get("solr-spec-version", "unknown")
            check_version(version, client.shown)
            return f"Solr {version} answers at {client.shown}"

    def collection(self) -> str:
        with self._client() as client:
            self.pictures = client.count(fq=client.names.pictures)
            check_vectors(client)
            return f"collection {client.collection!r} holds {self.pictures} pictures"

    def embedding(self) -> str:
        embedding = self._wired.engine.collection.embedding()
        self.extractor, self.fingerprint = embedding.extractor, embedding.fingerprint
        self.notice = self._wired.engine.limits().notice
        return f"vectors are {self.fingerprint}, by the extractor {self.extractor}"

    def _client(self) -> SolrClient:
        theirs = self._wired.client
        return SolrClient(theirs.given, theirs.collection, timeout=min(_PATIENCE, theirs.timeout))


def _outcome(name: str, check: Callable[[], str]) -> CheckForm:
    try:
        return CheckForm(name, True, check())
    except VisualSearchError as error:
        return CheckForm(name, False, str(error))


def _may_see_details() -> bool:
    try:
        caller()
    except (NotPermitted, IssuerUnavailable):
        return False
    return True


def _without_details(found: ReadyForm) -> ReadyForm:
    return ReadyForm(found.ready, [CheckForm(check.name, check.ok) for check in found.checks])
