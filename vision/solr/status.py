"""What a running Solr says about itself, over HTTP; the embedded one or any other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import requests

from vision.errors import SolrRefused, SolrUnavailable
from vision.solr import aliases
from vision.solr.curl import without_password
from vision.solr.embedded.java import NEWEST_KNOWN_TO_LUCENE, OLDEST_SIMD, VECTOR_MODULE
from vision.solr.embedded.jvm import REFUSED_WHOLE
from vision.solr.nodes import addresses
from vision.solr.replies import brief

Mode = Literal["standalone", "cloud"]

_POLL_TIMEOUT_S = 2.0
"""Jetty listens before Solr is ready, so a request may hang; it is then asked again."""
_REPLAYING = {"TLOG.state": 0}


@dataclass(frozen=True)
class SolrStatus:
    """The answer of ``solr status``; every member is None, and ``collections`` empty, when no Solr runs.

    ``java`` is the full release (``25.0.3+9``), ``simd`` whether the server was started so that Lucene uses vector
    instructions, ``collections`` the names of the collections, or of the cores of a standalone server, ``nodes`` how
    many nodes of a SolrCloud live, ``warnings`` what should be changed about it, and why.
    """

    url: str | None = None
    version: str | None = None
    java: str | None = None
    simd: bool | None = None
    mode: Mode | None = None
    collections: tuple[str, ...] = ()
    nodes: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether a Solr answered."""
        return self.version is not None


def read_status(url: str, *, timeout: float, trust_env: bool = True) -> SolrStatus:
    """Ask the Solr at ``url`` (``http://host:8983/solr``, or several); the first that answers.

    ``trust_env=False`` keeps proxies out of loopback calls.

    Raises:
        SolrUnavailable: nothing answers there.
        SolrRefused: something answers with an error, or is no Solr.
    """
    *others, last = addresses(url)
    for each in others:
        with suppress(SolrUnavailable):
            return _read(each, timeout, trust_env)
    return _read(last, timeout, trust_env)


def _read(url: str, timeout: float, trust_env: bool) -> SolrStatus:
    with requests.Session() as session:
        session.trust_env = trust_env
        system = _get(session, f"{url}/admin/info/system", timeout)
        nodes: int | None = None
        cluster: Mapping[str, Any] | None = None
        names: Iterable[str]
        mode: Mode = "cloud" if system.get("mode") == "solrcloud" else "standalone"
        if mode == "cloud":
            cluster = _get(session, f"{url}/admin/collections?action=CLUSTERSTATUS", timeout).get("cluster", {})
            names, nodes = aliases.shown(cluster), len(cluster.get("live_nodes", ()))
        else:
            names = _get(session, f"{url}/admin/cores?action=STATUS&indexInfo=false", timeout).get("status", {})
    try:
        jvm = system["jvm"]
        arguments = [str(argument) for argument in jvm["jmx"]["commandLineArgs"]]
        java = str(jvm["version"])
        version = str(system["lucene"]["solr-spec-version"])
    except (KeyError, TypeError) as error:
        raise SolrRefused(
            f"{without_password(url)[0]} answers, but not as Solr does (no {error}); give it as http://host:8983/solr",
            200,
        ) from error
    return SolrStatus(
        without_password(url)[0],
        version,
        java.split(" ")[0],
        uses_simd(java, arguments),
        mode,
        tuple(sorted(map(str, names))),
        nodes,
        () if cluster is None else _of_nodes(arguments) + _of_replicas(cluster),
    )


def _of_replicas(cluster: Mapping[str, Any]) -> tuple[str, ...]:
    copying = {
        name
        for name, about in cluster.get("collections", {}).items()
        for part in about.get("shards", {}).values()
        if any(each.get("type") == "TLOG" for each in part["replicas"].values())
    }
    if not copying:
        return ()
    return (
        f"the TLOG replicas of {', '.join(sorted(copying))} lose what was committed last when all nodes stop at once; "
        "make the collection anew: visual-search index CATALOG --recreate (docs/cloud.md)",
    )


def _of_nodes(arguments: Sequence[str]) -> tuple[str, ...]:
    missing = [each for each in REFUSED_WHOLE if each not in arguments]
    if not missing:
        return ()
    return (
        "when a node dies, Solr may lose documents of a batch after it said that all are there; start every node with "
        f"{' '.join(missing)} (docs/cloud.md)",
    )


def answers_with(url: str, token: str) -> bool:
    """Whether the Solr at this loopback URL is ready and was started with ``token``: ours, not whoever has the port."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return token in str(_get(session, f"{url}/admin/info/system", timeout=_POLL_TIMEOUT_S).get("jvm"))
    except (SolrUnavailable, SolrRefused):
        return False


def settled_cores(url: str) -> set[str]:
    """The cores that a loopback Solr has loaded, or has given up loading; empty when it does not answer.

    One that still replays its transaction log, after a kill, is not settled: it answers, without its last updates.
    """
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = _get(session, f"{url}/admin/cores?action=STATUS&indexInfo=false", timeout=_POLL_TIMEOUT_S)
            metrics = _get(session, f"{url}/admin/metrics?group=core&prefix=TLOG.state", timeout=_POLL_TIMEOUT_S)
    except (SolrUnavailable, SolrRefused):
        return set()
    logs = metrics.get("metrics", {})
    replaying = {name for name in answer.get("status", {}) if logs.get(f"solr.core.{name}") == _REPLAYING}
    loaded = {name for name, core in answer.get("status", {}).items() if core and not core.get("isLoading")}
    return (loaded - replaying) | set(answer.get("initFailures", {}))


def uses_simd(java: str, arguments: list[str]) -> bool:
    """Whether Lucene 9.12 takes its vectorised code path, by the same rule as Lucene itself.

    That rule: the incubator module is there, and the release lies between 21 and an upper bound, 23 unless set.
    """
    match = re.match(r"(\d+)", java)
    release = int(match.group(1)) if match else 0
    joined = " ".join(arguments)
    bound = re.search(r"vectorization\.upperJavaFeatureVersion=(\d+)", joined)
    upper = int(bound.group(1)) if bound else NEWEST_KNOWN_TO_LUCENE
    return (
        bool(re.search(rf"--add-modules[= ]\S*{re.escape(VECTOR_MODULE)}", joined)) and OLDEST_SIMD <= release <= upper
    )


def _get(session: requests.Session, url: str, timeout: float) -> dict[str, Any]:
    shown = without_password(url)[0]
    try:
        answer = session.get(url, timeout=timeout, headers={"Accept": "application/json"}, allow_redirects=False)
    except requests.RequestException as error:
        raise SolrUnavailable(f"no Solr answers at {shown}: {brief(error)}") from error
    if answer.status_code != 200:
        raise SolrRefused(f"{shown} answered with HTTP {answer.status_code}; a Solr answers 200", answer.status_code)
    try:
        body = answer.json()
    except ValueError as error:
        raise SolrRefused(f"{shown} answered with something that is not JSON; a Solr answers with JSON", 200) from error
    if not isinstance(body, dict):
        raise SolrRefused(f"{shown} answered with a JSON {type(body).__name__}; a Solr answers with an object", 200)
    return body
