from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from vision.errors import BadSetting
from vision.settings import Settings, origins

ROOT = Path(__file__).parent.parent

# Each variable: its field, what may be written, what that means.
VARIABLES: list[tuple[str, str, str, Any]] = [
    ("VISUAL_SEARCH_HOME", "home", "/srv/search", Path("/srv/search")),
    ("VISUAL_SEARCH_CACHE", "cache", "~/jars", Path("~/jars").expanduser()),
    ("SOLR_URL", "solr_url", "https://solr.example:8443/solr/", "https://solr.example:8443/solr"),
    ("VISUAL_SEARCH_SOLR_PORT", "solr_port", "9000", 9000),
    ("VISUAL_SEARCH_SOLR_HEAP", "solr_heap", "2g", "2g"),
    ("VISUAL_SEARCH_SOLR_TIMEOUT", "solr_timeout", "2.5", 2.5),
    ("VISUAL_SEARCH_COLLECTION", "collection", "shop-1.b_2", "shop-1.b_2"),
    ("VISUAL_SEARCH_MODELS", "models", "models", Path("models")),
    ("VISUAL_SEARCH_DETECTOR", "detector", "yolox:/srv/yolox_s.onnx", "yolox:/srv/yolox_s.onnx"),
    ("VISUAL_SEARCH_DETECTOR_LABELS", "detector_labels", "labels.json", Path("labels.json")),
    ("VISUAL_SEARCH_HOST", "host", "0.0.0.0", "0.0.0.0"),
    ("VISUAL_SEARCH_PORT", "port", "65535", 65535),
    ("VISUAL_SEARCH_API_KEYS", "api_keys", "/etc/keys.json", Path("/etc/keys.json")),
    ("VISUAL_SEARCH_MAX_UPLOAD_MB", "max_upload_mb", "1", 1),
    ("VISUAL_SEARCH_ALLOW_IMAGE_URLS", "allow_image_urls", "Yes", True),
    ("VISUAL_SEARCH_UPLOAD_TTL", "upload_ttl", "60", 60),
    ("VISUAL_SEARCH_UPLOADS_MB", "uploads_mb", "64", 64),
    ("VISUAL_SEARCH_PROFILE_DAYS", "profile_days", "7", 7),
    ("VISUAL_SEARCH_PROFILE_HALF_LIFE", "profile_half_life", "1.5", 1.5),
    ("VISUAL_SEARCH_BATCH_THREADS", "batch_threads", "8", 8),
    ("VISUAL_SEARCH_TOOLS_SECONDS", "tools_seconds", "30", 30),
    ("VISUAL_SEARCH_JOBS", "jobs", "5", 5),
    ("VISUAL_SEARCH_LANGUAGE", "language", "de", "de"),
    ("VISUAL_SEARCH_RECENT_QUERIES", "recent_queries", "0", 0),
    ("VISUAL_SEARCH_CANDIDATES", "candidates", "500", 500),
    ("VISUAL_SEARCH_EXACT_BELOW", "exact_below", "0", 0),
    ("VISUAL_SEARCH_SEARCH_SECONDS", "search_seconds", "2.5", 2.5),
    ("VISUAL_SEARCH_URL_NETWORKS", "url_networks", "10.1.0.0/16", "10.1.0.0/16"),
    ("VISUAL_SEARCH_RATE_LIMIT", "rate_limit", "600", 600),
    ("VISUAL_SEARCH_SIGN_IN_LIMIT", "sign_in_limit", "0", 0),
    ("VISUAL_SEARCH_TRUSTED_PROXIES", "trusted_proxies", "10.0.0.1, fd00::/8", "10.0.0.1, fd00::/8"),
    ("VISUAL_SEARCH_QUEUE", "queue", "8", 8),
    ("VISUAL_SEARCH_LOG", "log", "json", "json"),
    ("VISUAL_SEARCH_LOG_TEXTS", "log_texts", "on", True),
    ("VISUAL_SEARCH_OIDC_ISSUER", "oidc_issuer", "https://id.example/realms/shop", "https://id.example/realms/shop"),
    ("VISUAL_SEARCH_OIDC_AUDIENCE", "oidc_audience", "visual-search", "visual-search"),
    ("VISUAL_SEARCH_OIDC_ROLES_CLAIM", "oidc_roles_claim", "realm_access.roles", "realm_access.roles"),
    ("VISUAL_SEARCH_OIDC_ROLES", "oidc_roles", "admins=engineer", "admins=engineer"),
    ("VISUAL_SEARCH_OIDC_ALGORITHMS", "oidc_algorithms", "ES256", "ES256"),
    ("VISUAL_SEARCH_SESSION_SECRET", "session_secret", "/run/secrets/session", Path("/run/secrets/session")),
    ("VISUAL_SEARCH_SOLR_USER", "solr_user", "shop", "shop"),
    ("VISUAL_SEARCH_SOLR_PASSWORD_FILE", "solr_password_file", "/run/secrets/solr", Path("/run/secrets/solr")),
    ("VISUAL_SEARCH_TRACES", "traces", "http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
]
# Files that read the environment beside vision/settings.py, and why they must.
OTHER_READERS = {
    "vision/extractors/weights.py": "KERAS_HOME, Keras' own: where it keeps what it downloads",
    "vision/extractors/tensorflow_runtime.py": "sets TF_CPP_MIN_LOG_LEVEL and KERAS_BACKEND, which TensorFlow reads",
    "vision/openvino_runtime.py": "sets NNCF_CI, by which NNCF sends nothing to its makers",
    "vision/solr/embedded/java.py": "JAVA_HOME and PATH, where Java is",
    "vision/solr/embedded/server.py": "the environment that Solr's process inherits",
    "vision/jobs/starting.py": "the environment that a job's process inherits, with where this package is",
}


def test_every_field_has_a_variable_a_meaning_and_a_line_here() -> None:
    assert {(each.metadata["env"], each.name) for each in fields(Settings)} == {
        (v, name) for v, name, _, _ in VARIABLES
    }
    assert all(each.metadata["doc"].endswith(".") for each in fields(Settings))


@pytest.mark.parametrize(("variable", "name", "raw", "value"), VARIABLES, ids=[each[1] for each in VARIABLES])
def test_each_variable_sets_its_field_and_no_other(variable: str, name: str, raw: str, value: Any) -> None:
    found, plain = Settings.from_environment({variable: raw}), Settings.from_environment({})
    assert getattr(found, name) == value
    assert getattr(plain, name) != value
    others = [each.name for each in fields(Settings) if each.name != name]
    assert [getattr(found, other) for other in others] == [getattr(plain, other) for other in others]


def test_an_empty_variable_is_none_and_options_win() -> None:
    environ = {"VISUAL_SEARCH_PORT": "", "VISUAL_SEARCH_CANDIDATES": "7", "VISUAL_SEARCH_HOST": "::1"}
    found = Settings.from_environment(environ, candidates=9, host=None)
    assert (found.port, found.candidates, found.host) == (8080, 9, "::1")


@pytest.mark.parametrize("raw", ["1", "true", "YES", "on"])
def test_true(raw: str) -> None:
    assert Settings.from_environment({"VISUAL_SEARCH_ALLOW_IMAGE_URLS": raw}).allow_image_urls is True


@pytest.mark.parametrize("raw", ["0", "False", "no", "OFF"])
def test_false(raw: str) -> None:
    assert Settings.from_environment({"VISUAL_SEARCH_ALLOW_IMAGE_URLS": raw}).allow_image_urls is False


@pytest.mark.parametrize(
    ("variable", "raw", "accepted"),
    [
        ("VISUAL_SEARCH_ALLOW_IMAGE_URLS", "maybe", "true or false"),
        ("VISUAL_SEARCH_PORT", "http", "not a int"),
        ("VISUAL_SEARCH_PORT", "0", "a port is 1 to 65535"),
        ("VISUAL_SEARCH_SOLR_PORT", "65536", "a port is 1 to 65535"),
        ("VISUAL_SEARCH_SOLR_PORT", "8983.5", "not a int"),
        ("VISUAL_SEARCH_SOLR_TIMEOUT", "soon", "not a float"),
        ("VISUAL_SEARCH_SOLR_TIMEOUT", "0", "seconds, more than 0"),
        ("VISUAL_SEARCH_SOLR_TIMEOUT", "nan", "seconds, more than 0"),
        ("VISUAL_SEARCH_SOLR_TIMEOUT", "inf", "seconds, more than 0"),
        ("VISUAL_SEARCH_MAX_UPLOAD_MB", "0", "at least 1"),
        ("VISUAL_SEARCH_RECENT_QUERIES", "-1", "0 or more"),
        ("VISUAL_SEARCH_CANDIDATES", "-5", "at least 1"),
        ("VISUAL_SEARCH_EXACT_BELOW", "-1", "0 or more"),
        ("VISUAL_SEARCH_COLLECTION", "a/b", "letters, digits"),
        ("VISUAL_SEARCH_COLLECTION", "größe", "letters, digits"),
        ("VISUAL_SEARCH_COLLECTION", "-a", "letters, digits"),
        ("SOLR_URL", "localhost:8983/solr", "http://host:8983/solr"),
        ("SOLR_URL", "http://", "http://host:8983/solr"),
        ("SOLR_URL", "http://:8983/solr", "http://host:8983/solr"),
        ("SOLR_URL", "http://host:port/solr", "http://host:8983/solr"),
        ("SOLR_URL", "http://host:99999/solr", "http://host:8983/solr"),
        ("SOLR_URL", "http://[::1/solr", "http://host:8983/solr"),
    ],
)
def test_a_bad_value_is_refused_with_variable_value_and_what_is_accepted(
    variable: str, raw: str, accepted: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.from_environment({variable: raw})
    message = str(refused.value)
    assert variable in message
    assert raw in message
    assert accepted in message


def reads_environment(tree: ast.Module) -> bool:
    """Whether a module uses os.environ, os.getenv or the like, by any of their ways in."""
    names = {"environ", "environb", "getenv", "putenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os")
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {alias.name for alias in node.names})
        for node in ast.walk(tree)
    )


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("vision", "api")
        for path in (ROOT / package).rglob("*.py")
        if reads_environment(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert readers == {"vision/settings.py", *OTHER_READERS}


@pytest.mark.parametrize(
    "code", ["import os\nos.getenv('A')", "import os\nx = os.environ['A']", "from os import environ"]
)
def test_a_reader_is_found(code: str) -> None:
    assert reads_environment(ast.parse(code))
    assert not reads_environment(ast.parse("request.environ['A']"))


def test_where_each_value_comes_from_is_known() -> None:
    environ = {"VISUAL_SEARCH_PORT": "9000", "VISUAL_SEARCH_CANDIDATES": "300", "VISUAL_SEARCH_LANGUAGE": ""}
    found = origins(Settings.from_environment(environ, port=9001, exact_below=5), environ)
    assert {name: found[name] for name in ("port", "candidates", "exact_below", "language", "home")} == {
        "port": "command",
        "candidates": "environment",
        "exact_below": "command",
        "language": "default",
        "home": "default",
    }
