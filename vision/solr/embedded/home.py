"""The embedded Solr's home folder, and the port it listens on: what has to be there before it starts."""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

from vision.errors import SolrNotStarted
from vision.solr.resources import configsets, embedded_dir

_LOOPBACK = "127.0.0.1"
CONSOLE = "console.log"
"""What the JVM itself writes: refused options, crashes, Lucene's word on vector instructions."""
_VECTORS_ON = "Java vector incubator API enabled"
_GAVE_UP = 'Exception in thread "main"'


def prepare(home: Path) -> None:
    """Create what is missing; refresh our configsets; empty the temporary folder. The server must not be running.

    An existing ``solr.xml`` stays, as a search engineer may have changed it. Configsets are copied anew each time: the
    committed ones are the truth, so a changed field arrives with the next start.

    Raises:
        SolrNotStarted: the folder cannot be written.
    """
    try:
        prepare_folders(home)
        _forget_half_created(home)
        if not (home / "solr.xml").exists():
            shutil.copyfile(embedded_dir() / "solr.xml", home / "solr.xml")
        for name, conf in configsets().items():
            target = home / "configsets" / name / "conf"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(conf, target)
    except OSError as error:
        raise SolrNotStarted(
            f"Solr's home {home} cannot be prepared: {error}; give a folder that can be written as VISUAL_SEARCH_HOME"
        ) from error


def prepare_folders(home: Path) -> None:
    """Make folders for logs and for a running server, and keep what the JVM wrote the last time.

    Raises:
        OSError: they cannot be written.
    """
    for folder in ("logs", "run"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home / "run" / "tmp", ignore_errors=True)
    (home / "run" / "tmp").mkdir(exist_ok=True)
    console = home / "logs" / CONSOLE
    if console.exists():
        os.replace(console, console.with_suffix(".previous.log"))


def _forget_half_created(home: Path) -> None:
    """Drop what is left of a core that Solr was killed in creating: an empty ``core.properties`` and nothing else.

    Solr writes that file first. Empty, it names no configset: the core could never be loaded, nor created again.
    """
    for path in list(home.rglob("core.properties")):
        if path.stat().st_size == 0 and list(path.parent.iterdir()) == [path]:
            path.unlink()
            path.parent.rmdir()


def cores_to_load(home: Path) -> set[str]:
    """The cores that Solr loads when it starts from this home, by their ``core.properties``."""
    names = set()
    for path in home.rglob("core.properties"):
        text = path.read_text(encoding="utf-8", errors="replace")
        properties = dict(re.findall(r"^\s*(\w+)\s*[=:]\s*(.*?)\s*$", text, re.MULTILINE))
        if properties.get("loadOnStartup", "true").lower() in ("true", "on", "yes"):
            names.add(properties.get("name", path.parent.name))
    return names


def choose_port(first: int) -> int:
    """``first`` if nothing has it, else any free one; 0 asks for any."""
    if first and _is_free(first):
        return first
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    """Nothing answers there and we may bind it; some systems let two bind where one means every address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((_LOOPBACK, port)) == 0:
            return False
    with socket.socket() as probe:
        if os.name != "nt":
            # Connections of a server that just ended may linger; they do not keep Jetty from listening either.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def vectors_enabled(home: Path) -> bool:
    """Whether Lucene said, when the server started, that it uses the processor's vector instructions."""
    return _VECTORS_ON in _console(home)


def start_failed(home: Path) -> bool:
    """Whether Jetty gave up starting; threads that it leaves behind keep the JVM alive for another ten seconds."""
    return _GAVE_UP in _console(home)


def _console(home: Path) -> str:
    try:
        return (home / "logs" / CONSOLE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def quote_logs(home: Path, *, since: float, lines: int = 20) -> str:
    """The last lines of what the JVM and Solr wrote since then (Unix seconds), less stack frames, for a message."""
    quoted = []
    for name in (CONSOLE, "solr.log"):
        path = home / "logs" / name
        tail = _tail(path, lines, since)
        if tail:
            quoted.append(f"--- {path} ---\n" + "\n".join(tail))
    return "\n".join(quoted) or f"nothing was written to {home / 'logs'}"


def _tail(path: Path, lines: int, since: float) -> list[str]:
    try:
        if path.stat().st_mtime < since - 1:
            return []
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 65536))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")][-lines:]
