"""The Solr that the settings mean: the one at ``SOLR_URL`` if set, else the embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vision.errors import SolrNotStarted
from vision.settings import Settings
from vision.solr import auth
from vision.solr.status import SolrStatus, read_status

if TYPE_CHECKING:
    from vision.solr.launcher import EmbeddedSolr


def embedded(settings: Settings, **options: Any) -> EmbeddedSolr:
    """The embedded Solr, not started; ``options`` are those of :class:`~vision.solr.launcher.EmbeddedSolr`.

    Raises:
        SolrNotStarted: the packages that it needs are not installed.
    """
    try:
        from vision.solr.launcher import EmbeddedSolr
    except ImportError as error:
        raise SolrNotStarted(
            f"the embedded Solr needs a package that is not installed ({error.name}): "
            "pip install 'solr-visual-search[embedded]', or set SOLR_URL to a Solr that already runs"
        ) from error
    return EmbeddedSolr(settings, **options)


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
