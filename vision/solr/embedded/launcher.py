"""Start, find and end the embedded Solr.

with EmbeddedSolr(settings, home=folder) as solr:   # ends with the block, and with us if we are killed
    requests.get(f"{solr.url}/admin/info/system")

EmbeddedSolr(settings).start()                      # lives on; another process finds it and ends it
EmbeddedSolr(settings).stop()
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vision.errors import BadSetting, SolrNotStarted
from vision.settings import Settings
from vision.solr import auth
from vision.solr.embedded import jvm
from vision.solr.embedded.home import cores_to_load, prepare, start_failed, vectors_enabled
from vision.solr.embedded.jars import Progress
from vision.solr.embedded.java import Java
from vision.solr.embedded.server import Server
from vision.solr.embedded.state import State
from vision.solr.status import SolrStatus, answers_with, read_status, settled_cores


class EmbeddedSolr(Server):
    """The embedded Solr of one home folder, running or not."""

    title = "the embedded Solr"

    def __init__(
        self,
        settings: Settings,
        *,
        home: Path | None = None,
        port: int | None = None,
        heap: str | None = None,
        java: Java | None = None,
        timeout: float = 120.0,
        progress: Progress | None = None,
        config_edit: bool = False,
        auth: bool | None = None,
        zookeeper: str | None = None,
    ) -> None:
        """Nothing is started, written or looked for yet.

        Args:
            settings: Gives what the other arguments leave open.
            home: Solr's home: cores, configsets, logs and the state file. ``settings.home/"solr"`` by default.
            port: The first port tried; 0 for any free one.
            heap: As Java's -Xmx.
            java: The best of this machine by default.
            timeout: Seconds from launch to the first answer, before it is given up.
            progress: Told about each jar while they are fetched.
            config_edit: Whether Solr's Config API may change handlers; our own configset needs no such change.
            auth: Whether Solr asks for a password, from its next start on; None leaves that as it was.
            zookeeper: The address of the ensemble whose SolrCloud it is a node of, by this very port; None for a
                standalone server.

        Raises:
            BadSetting: a heap that is not written as Java wants it.
        """
        super().__init__(
            settings,
            home=home or settings.home / "solr",
            port=settings.solr_port if port is None else port,
            heap=heap or settings.solr_heap,
            java=java,
            timeout=timeout,
            progress=progress,
            fixed=zookeeper is not None,
        )
        self._config_edit = config_edit
        self._auth = auth
        self._zookeeper = zookeeper

    @property
    def url(self) -> str:
        """The base URL, as ``http://127.0.0.1:8983/solr``; it signs in where Solr asks for a password.

        Raises:
            SolrNotStarted: it does not run.
        """
        state = self.state()
        if state is None:
            raise SolrNotStarted(f"no embedded Solr runs for {self.home}; start one with: visual-search solr start")
        return auth.signed_in(state.url, self.home)

    def status(self) -> SolrStatus:
        """What the running server says about itself; an empty status when none runs.

        Raises:
            SolrUnavailable: it runs and does not answer.
        """
        if self.state() is None:
            return SolrStatus()
        answered = read_status(self.url, timeout=self._settings.solr_timeout, trust_env=False)
        # Its own log is better evidence than its options: a processor may lack the instructions.
        return replace(answered, simd=vectors_enabled(self.home))

    def _command(self, launch: jvm.Launch) -> list[str]:
        return jvm.solr(launch, config_edit=self._config_edit, zookeeper=self._zookeeper)

    def _prepare(self, launch: jvm.Launch) -> None:
        if self._auth is not None:
            (auth.switch_on if self._auth else auth.switch_off)(self.home)
        prepare(self.home)

    def _accept(self) -> None:
        if self._auth not in (None, auth.is_on(self.home)):
            raise BadSetting(
                f"the embedded Solr of {self.home} runs already, with{'' if auth.is_on(self.home) else 'out'} "
                "a password; stop it first: visual-search solr stop"
            )

    def _answers(self, state: State) -> bool:
        return answers_with(auth.signed_in(state.url, self.home), state.token)

    def _settled(self, state: State) -> bool:
        """Whether it has loaded its cores.

        They load after the first answer, and queries get a 503 until then. After a kill they replay their transaction
        log; a core that takes longer than the timeout for it is no failure, it goes on in the background.
        """
        return cores_to_load(self.home) <= settled_cores(auth.signed_in(state.url, self.home))

    def _gave_up(self) -> bool:
        return start_failed(self.home)
