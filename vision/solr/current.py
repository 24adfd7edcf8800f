"""The Solr that the settings mean: the one at ``SOLR_URL`` if set, else the embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vision.errors import BadSetting, SolrNotStarted
from vision.settings import Settings
from vision.solr import auth
from vision.solr.status import SolrStatus, read_status

if TYPE_CHECKING:
    from vision.solr.embedded.cloud import EmbeddedCloud
    from vision.solr.embedded.launcher import EmbeddedSolr


def embedded(
    settings: Settings, *, cloud: bool | None = None, nodes: int | None = None, auth: bool | None = None, **options: Any
) -> EmbeddedSolr | EmbeddedCloud:
    """The embedded Solr, not started.

    Args:
        settings: validated settings.
        cloud: whether it is a SolrCloud; None for what this home folder had last.
        nodes: of a SolrCloud.
        auth: whether it asks for a password; None for as it was.
        options: of :class:`~vision.solr.embedded.launcher.EmbeddedSolr` and
            :class:`~vision.solr.embedded.cloud.EmbeddedCloud`.

    Raises:
        SolrNotStarted: the packages that it needs are not installed.
        BadSetting: the other one runs, or options of the other one.
    """
    try:
        from vision.solr.embedded import cloud as clouds
        from vision.solr.embedded.launcher import EmbeddedSolr
    except ImportError as error:
        raise SolrNotStarted(
            f"the embedded Solr needs a package that is not installed ({error.name}): "
            "pip install 'solr-visual-search[embedded]', or set SOLR_URL to a Solr that already runs"
        ) from error
    there = clouds.read(settings.home / "cloud")
    was = there is not None and there.used
    if cloud is None:
        cloud = was or nodes is not None
    if not cloud and nodes is not None:
        raise BadSetting("--nodes is for a SolrCloud: give --cloud as well")
    if cloud != was:
        other = (
            EmbeddedSolr(settings).state()
            if cloud
            else there and any(each.state() for each in clouds.EmbeddedCloud(settings).nodes)
        )
        if other:
            raise BadSetting(
                f"a {'standalone Solr' if cloud else 'SolrCloud'} of {settings.home} runs; stop it first: "
                "visual-search solr stop"
            )
    if cloud:
        return clouds.EmbeddedCloud(settings, nodes=nodes, auth=auth, **options)
    clouds.leave(settings.home / "cloud")
    return EmbeddedSolr(settings, auth=auth, **options)


def current_status(settings: Settings) -> SolrStatus:
    """What the Solr of these settings says about itself; empty when the embedded one does not run.

    Raises:
        SolrUnavailable: no Solr answers at ``SOLR_URL``, or the embedded one runs without answering.
        SolrRefused: something answers there, with an error or as no Solr does.
    """
    if (url := auth.address(settings)) is not None:
        return read_status(url, timeout=settings.solr_timeout)
    return embedded(settings).status()


def current_url(settings: Settings) -> str:
    """The base URL of the Solr of these settings; nothing is started and nothing is asked.

    Raises:
        SolrNotStarted: no ``SOLR_URL``, and no embedded Solr that runs.
    """
    return auth.address(settings) or embedded(settings).url
