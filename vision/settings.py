"""All settings, each with its environment variable, and the only place that reads the environment."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from vision import addresses
from vision.errors import BadSetting

_APP = "visual-search"


def _env(variable: str, default: Any, doc: str) -> Any:
    """Declare a field: its environment variable, its default (a value or a callable), its meaning."""
    metadata = {"env": variable, "doc": doc}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Validated once, at construction; read from the environment by :meth:`from_environment`."""

    home: Path = _env(
        "VISUAL_SEARCH_HOME",
        lambda: Path(platformdirs.user_data_dir(_APP)),
        "Where indexes, PCA files, the embedding cache and the demo catalogue live.",
    )
    cache: Path = _env(
        "VISUAL_SEARCH_CACHE",
        lambda: Path(platformdirs.user_cache_dir(_APP)),
        "Where downloaded jars live, and what Java keeps of them; safe to delete. Who writes there decides what runs.",
    )
    solr_url: str | None = _env(
        "SOLR_URL",
        None,
        "An existing Solr, as http://host:8983/solr; of a SolrCloud several nodes, with commas in between, and all "
        "that live are used. Unset: the embedded one.",
    )
    solr_port: int = _env("VISUAL_SEARCH_SOLR_PORT", 8983, "First port the embedded Solr tries; a free one if taken.")
    solr_heap: str = _env("VISUAL_SEARCH_SOLR_HEAP", "512m", "The embedded Solr's -Xmx.")
    solr_timeout: float = _env("VISUAL_SEARCH_SOLR_TIMEOUT", 30.0, "Seconds before a Solr request is given up.")
    collection: str | None = _env(
        "VISUAL_SEARCH_COLLECTION",
        None,
        "The collection (or core) indexed and searched; unset: products, and for searching the demo if that is all.",
    )
    models: Path | None = _env(
        "VISUAL_SEARCH_MODELS",
        None,
        "Folder of model files, looked in before the Keras cache and a download.",
    )
    detector: str | None = _env(
        "VISUAL_SEARCH_DETECTOR",
        None,
        "What finds things in photos: yolox, yolox:PATH, detector:FILE.json or saliency; unset: yolox if its file is "
        "in the models folder, else saliency.",
    )
    detector_labels: Path | None = _env(
        "VISUAL_SEARCH_DETECTOR_LABELS",
        None,
        "JSON file {label: [categories] or null}: what a detector's labels are in the catalogue; null drops a label.",
    )
    host: str = _env("VISUAL_SEARCH_HOST", "127.0.0.1", "Address the web server binds to.")
    port: int = _env("VISUAL_SEARCH_PORT", 8080, "Port of the web server.")
    api_keys: Path | None = _env(
        "VISUAL_SEARCH_API_KEYS",
        None,
        "JSON file {role: [keys]}; without one, everything is open, and only a loopback address is bound.",
    )
    max_upload_mb: int = _env("VISUAL_SEARCH_MAX_UPLOAD_MB", 10, "Largest accepted upload, in MiB.")
    allow_image_urls: bool = _env(
        "VISUAL_SEARCH_ALLOW_IMAGE_URLS",
        False,
        "Accept `image_url` in a search; off, as it makes the server fetch.",
    )
    upload_ttl: int = _env("VISUAL_SEARCH_UPLOAD_TTL", 3600, "Seconds that a photo sent to POST /v1/images is kept.")
    uploads_mb: int = _env(
        "VISUAL_SEARCH_UPLOADS_MB",
        512,
        "Most MiB of such photos that are kept together; the oldest go first.",
    )
    profile_days: int = _env(
        "VISUAL_SEARCH_PROFILE_DAYS", 90, "Days after which a profile that nobody used is forgotten."
    )
    profile_half_life: float = _env(
        "VISUAL_SEARCH_PROFILE_HALF_LIFE", 30.0, "Days after which a like in a profile counts half."
    )
    batch_threads: int = _env(
        "VISUAL_SEARCH_BATCH_THREADS", 4, "Searches of POST /v1/search/batch that ask Solr at the same time."
    )
    tools_seconds: int = _env(
        "VISUAL_SEARCH_TOOLS_SECONDS", 120, "Seconds that a merchandiser's tool may take over HTTP before it gives up."
    )
    jobs: int = _env(
        "VISUAL_SEARCH_JOBS", 2, "Long pieces of work, begun by POST /v1/jobs, that may run at the same time."
    )
    language: str = _env(
        "VISUAL_SEARCH_LANGUAGE", "en", "Language of a search's words where it does not say: en, de, fr, es or ja."
    )
    recent_queries: int = _env(
        "VISUAL_SEARCH_RECENT_QUERIES",
        500,
        "Searches that the server keeps in memory for the search engineer; 0 keeps none.",
    )
    candidates: int | None = _env(
        "VISUAL_SEARCH_CANDIDATES",
        None,
        "K: pictures the approximate phase hands to the exact one; unset: what `tune` chose, else 200.",
    )
    exact_below: int | None = _env(
        "VISUAL_SEARCH_EXACT_BELOW",
        None,
        "`auto` verifies every picture when keyword and facets leave at most this many; unset: what `tune` chose, "
        "else 2000.",
    )
    search_seconds: float = _env(
        "VISUAL_SEARCH_SEARCH_SECONDS",
        20.0,
        "Seconds that a shopper's request may take, Solr's part of it included; `time_allowed` asks for less.",
    )
    url_networks: str = _env(
        "VISUAL_SEARCH_URL_NETWORKS",
        "",
        "Networks besides the public internet that `--allow-urls` may fetch pictures from, as 10.1.0.0/16, with commas "
        "between.",
    )
    rate_limit: int | None = _env(
        "VISUAL_SEARCH_RATE_LIMIT",
        None,
        "Requests a minute that one client may send, by key, else by address; 0: no limit; unset: 1200 where API keys "
        "are configured, else no limit.",
    )
    sign_in_limit: int = _env(
        "VISUAL_SEARCH_SIGN_IN_LIMIT",
        10,
        "API keys a minute that one address may try in vain or sign in with; 0: no limit.",
    )
    trusted_proxies: str = _env(
        "VISUAL_SEARCH_TRUSTED_PROXIES",
        "",
        "Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as 10.1.0.0/16, with commas "
        "between.",
    )
    queue: int = _env(
        "VISUAL_SEARCH_QUEUE",
        64,
        "Requests that may wait until one of the server's threads is free; more are refused with 503.",
    )

    log: str | None = _env(
        "VISUAL_SEARCH_LOG",
        None,
        "What `serve` writes to stderr: a line for each request and all else, `json` or `text`; unset: warnings, as "
        "text.",
    )
    log_texts: bool = _env(
        "VISUAL_SEARCH_LOG_TEXTS",
        False,
        "Write what was searched for, and whole addresses, into the log; off, as that is the shoppers' own.",
    )
    traces: str | None = _env(
        "VISUAL_SEARCH_TRACES",
        None,
        "Where OpenTelemetry spans are sent, by OTLP over HTTP, as http://127.0.0.1:4318/v1/traces; unset: nowhere.",
    )

    oidc_issuer: str | None = _env(
        "VISUAL_SEARCH_OIDC_ISSUER",
        None,
        "OpenID Connect issuer whose bearer tokens count beside API keys, exactly as in their `iss`; unset: none.",
    )
    oidc_audience: str | None = _env(
        "VISUAL_SEARCH_OIDC_AUDIENCE", None, "What its tokens must name as their `aud`; needed with an issuer."
    )
    oidc_roles_claim: str = _env(
        "VISUAL_SEARCH_OIDC_ROLES_CLAIM",
        "roles",
        "The claim that holds a token's roles; a dot leads into an object, as in realm_access.roles.",
    )
    oidc_roles: str | None = _env(
        "VISUAL_SEARCH_OIDC_ROLES",
        None,
        "What the claim's values mean, as admins=engineer, staff=merchandiser; unset: they are our roles' names.",
    )
    oidc_algorithms: str = _env(
        "VISUAL_SEARCH_OIDC_ALGORITHMS", "RS256, ES256", "Algorithms that its tokens may be signed with."
    )
    session_secret: Path | None = _env(
        "VISUAL_SEARCH_SESSION_SECRET",
        None,
        "File of 32 random bytes or more that sign sign-in cookies, for several servers; unset: one made in the home.",
    )

    solr_user: str | None = _env(
        "VISUAL_SEARCH_SOLR_USER", None, "Who signs in to the Solr of SOLR_URL, which is asked without a password else."
    )
    solr_password_file: Path | None = _env(
        "VISUAL_SEARCH_SOLR_PASSWORD_FILE", None, "File with that user's password, and nothing else."
    )

    def __post_init__(self) -> None:
        """Refuse values that would only fail later, and less clearly."""
        for name in ("solr_port", "port"):
            self._check(name, 1 <= getattr(self, name) <= 65535, "a port is 1 to 65535")
        for name in (
            "max_upload_mb",
            "upload_ttl",
            "uploads_mb",
            "batch_threads",
            "profile_days",
            "tools_seconds",
            "jobs",
            "queue",
        ):
            self._check(name, getattr(self, name) >= 1, "it must be at least 1")
        self._check("recent_queries", self.recent_queries >= 0, "it must be 0 or more")
        self._check("candidates", self.candidates is None or self.candidates >= 1, "it must be at least 1")
        self._check("exact_below", self.exact_below is None or self.exact_below >= 0, "it must be 0 or more")
        self._check("profile_half_life", 0 < self.profile_half_life < math.inf, "it is days, more than 0")
        for name in ("solr_timeout", "search_seconds"):
            self._check(name, 0 < getattr(self, name) < math.inf, "it is seconds, more than 0")
        named = self.collection is None or re.fullmatch(r"\w[\w.-]*", self.collection, re.ASCII) is not None
        self._check("collection", named, "Solr accepts letters, digits, '.', '_' and '-' in its name")
        self._check("language", re.fullmatch("[a-z]{2,3}", self.language) is not None, "give two letters, as en or de")
        for name in ("url_networks", "trusted_proxies"):
            addresses.networks(getattr(self, name))
        for name in ("rate_limit", "sign_in_limit"):
            value = getattr(self, name)
            self._check(name, value is None or value >= 0, "it must be 0 or more")
        what = "give it as http://host:8983/solr, several nodes of one SolrCloud with commas in between"
        self._check("solr_url", self.solr_url is None or _are_bases(self.solr_url), what)
        self._check("log", self.log in (None, "json", "text"), "give json or text")
        self._check("traces", self.traces is None or _is_base(self.traces), "give http://host:4318/v1/traces")

    def _check(self, name: str, accepted: bool, what: str) -> None:
        if not accepted:
            variable = next(each.metadata["env"] for each in fields(self) if each.name == name)
            raise BadSetting(f"{name} ({variable}) is {getattr(self, name)!r}; {what}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Read the environment; ``overrides`` that are not None win (command-line options).

        Raises:
            BadSetting: a variable that does not parse, naming it and its value.
        """
        source = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for each in fields(cls):
            variable = each.metadata["env"]
            raw = source.get(variable)
            if raw is not None and raw != "":
                values[each.name] = _parse(variable, raw, str(each.type))
        values.update({k: v for k, v in overrides.items() if v is not None})
        return cls(**values)


def origins(settings: Settings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where each value comes from, by its name: ``environment``, ``default``, or ``command`` for an option of one."""
    source = os.environ if environ is None else environ
    found = {}
    for each in fields(settings):
        raw, value = source.get(each.metadata["env"]), getattr(settings, each.name)
        default = each.default_factory() if callable(each.default_factory) else each.default
        said = raw is not None and raw != "" and _parse(each.metadata["env"], raw, str(each.type)) == value
        found[each.name] = "environment" if said else "default" if value == default else "command"
    return found


def _are_bases(urls: str) -> bool:
    """Base addresses, with commas in between, that differ in nothing but their host and port."""
    every = [each.strip() for each in urls.split(",")]
    return all(map(_is_base, every)) and len({(urlsplit(each).scheme, urlsplit(each).path) for each in every}) == 1


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, brackets that do not match
        return False


def _parse(variable: str, raw: str, annotation: str) -> Any:
    kind = annotation.replace(" | None", "")
    try:
        if kind == "Path":
            return Path(raw).expanduser()
        if kind == "bool":
            if raw.lower() in ("1", "true", "yes", "on"):
                return True
            if raw.lower() in ("0", "false", "no", "off"):
                return False
            raise ValueError("accepted: true or false")
        if kind in ("int", "float"):
            return int(raw) if kind == "int" else float(raw)
    except ValueError as error:
        raise BadSetting(f"{variable} is {raw!r}, which is not a {kind}: {error}") from error
    return ",".join(each.strip().rstrip("/") for each in raw.split(",")) if variable == "SOLR_URL" else raw
