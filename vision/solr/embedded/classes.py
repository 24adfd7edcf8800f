"""What Solr loads of its jars as it starts, kept by Java's class data sharing (JEP 350): half of a start.

A server that finds no such archive beside its jars writes one as it ends, in its own folder, and whoever ended it puts
it there. Java looks at an archive before it uses it, and does without where it does not fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from vision import atomic
from vision.solr.embedded.java import NEWEST_TRIED, Java

OLDEST: Final = 13
"""The first Java that writes one of what an application loaded."""


def flags(java: Java, jars: Sequence[Path], folder: Path) -> list[str]:
    """The JVM options to use the archive of these jars, or to leave one in ``folder`` at the end."""
    if not OLDEST <= java.version <= NEWEST_TRIED:
        return []
    archive = jars[0].parent / _name(java, jars)
    if archive.is_file():
        option = f"-XX:SharedArchiveFile={archive}"
    else:
        option = f"-XX:ArchiveClassesAtExit={folder / archive.name}"
    # It would say of each class that cannot be kept that it cannot.
    return [option, "-Xshare:auto", "-Xlog:cds*=off"]


def keep(folder: Path, jars: Path) -> None:
    """Put what a server left in ``folder`` as it ended beside its jars; what is not whole is deleted.

    Nothing is said where that fails: the next start is as long as this one was.
    """
    with suppress(OSError):
        for made in folder.glob("classes-*.jsa"):
            data = made.read_bytes()
            made.unlink()
            if any(data[:4]):  # Java writes the head last
                atomic.write(jars / made.name, data)


def _name(java: Java, jars: Sequence[Path]) -> str:
    """One name for each Java and each state of the jars, as Java goes by their times."""
    about = [java.path, java.release, *((jar, atomic.stamp(jar)) for jar in jars)]
    return f"classes-{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}.jsa"
