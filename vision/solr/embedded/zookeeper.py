"""The ZooKeeper of a SolrCloud on this machine: a process of its own, which no node takes with it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from vision.errors import SolrNotStarted
from vision.settings import Settings
from vision.solr.embedded import jvm
from vision.solr.embedded.home import prepare_folders
from vision.solr.embedded.jars import Progress
from vision.solr.embedded.java import Java
from vision.solr.embedded.server import Server
from vision.solr.embedded.state import State
from vision.solr.resources import embedded_dir

_HEAP: Final = "128m"
_ASKED_S: Final = 2.0


class ZooKeeper(Server):
    """One ZooKeeper, reached from this machine only."""

    title = "the embedded ZooKeeper"

    def __init__(
        self,
        settings: Settings,
        *,
        home: Path,
        port: int,
        java: Java | None = None,
        timeout: float = 120.0,
        progress: Progress | None = None,
    ) -> None:
        """Nothing is started yet; the arguments are those of :class:`Server`, and nodes know it by ``port``."""
        super().__init__(
            settings, home=home, port=port, heap=_HEAP, java=java, timeout=timeout, progress=progress, fixed=True
        )

    @property
    def address(self) -> str:
        """Where nodes find it."""
        return f"127.0.0.1:{self.port}"

    def _command(self, launch: jvm.Launch) -> list[str]:
        return jvm.zookeeper(launch, self._config)

    def _prepare(self, launch: jvm.Launch) -> None:
        about = {
            "dataDir": (self.home / "data").as_posix(),
            "clientPort": launch.port,
            "clientPortAddress": "127.0.0.1",
            "admin.enableServer": "false",
            "4lw.commands.whitelist": "ruok",
        }
        try:
            prepare_folders(self.home)
            timing = (embedded_dir() / "zoo.cfg").read_text(encoding="utf-8")
            lines = [f"{name}={value}" for name, value in about.items()]
            self._config.write_text(timing + "\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            raise SolrNotStarted(
                f"ZooKeeper's home {self.home} cannot be prepared: {error}; give a folder that can be written as "
                "VISUAL_SEARCH_HOME"
            ) from error

    @property
    def _config(self) -> Path:
        return self.home / "zoo.cfg"

    def _answers(self, state: State) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", state.port), timeout=_ASKED_S) as asking:
                asking.sendall(b"ruok")
                return asking.recv(16) == b"imok"
        except OSError:
            return False
