"""The lock of the embedded Solr's jars: coordinates and SHA-256, in jgo's own ``jgo.lock.toml`` form.

It names no registry: where jars come from is the user's setting (see :mod:`vision.solr.embedded.repositories`).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vision.errors import BadSetting


@dataclass(frozen=True)
class LockedJar:
    """One jar: Maven coordinates and the SHA-256 (hex) of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    classifier: str = ""

    @property
    def coordinate(self) -> str:
        """``group:artifact:version[:classifier]``, for messages."""
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)

    @property
    def filename(self) -> str:
        """The jar's file name in a Maven repository."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + ".jar"


@dataclass(frozen=True)
class Lock:
    """All jars of one server; ``digest`` names the folder they are kept in."""

    jars: tuple[LockedJar, ...]
    spec_hash: str

    @property
    def digest(self) -> str:
        """16 hex digits of what is locked: any other jar gives another folder."""
        text = "\n".join(sorted(f"{jar.coordinate} {jar.sha256}" for jar in self.jars))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def spec_hash_of(spec: Path) -> str:
    """What jgo stores to see that a lock is older than its ``jgo.toml``: 16 hex digits of the text's SHA-256."""
    return hashlib.sha256(spec.read_text(encoding="utf-8").encode()).hexdigest()[:16]


def read_lock(path: Path) -> Lock:
    """Read a lock.

    Raises:
        BadSetting: no lock there, or one without coordinates and SHA-256 for every jar.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        jars = tuple(_parse(entry) for entry in data["dependencies"])
        lock = Lock(jars, str(data["metadata"]["spec_hash"]))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadSetting(
            f"{path} is no lock of jars ({type(error).__name__}: {error}); "
            "it is written by: python -m vision.solr.embedded.jars lock"
        ) from error
    if len({jar.filename for jar in jars}) != len(jars) or not jars:
        raise BadSetting(f"{path} locks no jar, or two jars of one file name; they would overwrite each other")
    return lock


def _parse(entry: dict[str, str]) -> LockedJar:
    if entry.get("packaging", "jar") != "jar":
        raise ValueError(f"{entry['artifactId']} is packaged as {entry['packaging']!r}; only jars are started")
    jar = LockedJar(
        entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"], entry.get("classifier", "")
    )
    if len(jar.sha256) != 64 or not set(jar.sha256) <= set("0123456789abcdef"):
        raise ValueError(f"{jar.coordinate} has sha256 {jar.sha256!r}; 64 lower-case hex digits are accepted")
    if any(not part or "/" in part or "\\" in part or ".." in part for part in (jar.artifact, jar.version)):
        raise ValueError(f"{jar.coordinate} would leave the folder of jars")
    return jar


def render_lock(jars: Iterable[LockedJar], *, name: str, spec_hash: str) -> str:
    """The text of a lock, sorted and without a date, so that the same jars give the same file."""
    lines = [
        "# Written by: python -m vision.solr.embedded.jars lock. No registry is named: your Maven settings do that.",
        "",
        "[metadata]",
        f'spec_hash = "{spec_hash}"',
        "",
        "[environment]",
        f'name = "{name}"',
    ]
    for jar in sorted(jars, key=lambda each: each.coordinate):
        lines += [
            "",
            "[[dependencies]]",
            f'groupId = "{jar.group}"',
            f'artifactId = "{jar.artifact}"',
            f'version = "{jar.version}"',
            'packaging = "jar"',
        ]
        if jar.classifier:
            lines.append(f'classifier = "{jar.classifier}"')
        lines.append(f'sha256 = "{jar.sha256}"')
    return "\n".join(lines) + "\n"
