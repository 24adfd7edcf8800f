"""Where jars come from, as the user has set it up for jgo and Maven; no registry is named here.

In this order: jgo's own default registry, replaced or joined by what ``[repositories]`` in jgo's configuration file
says, and its ``central`` replaced by a ``<mirror>`` of ``central`` or ``*`` in Maven's ``settings.xml``: jgo's Python
resolver does not read that file, yet it is where companies say which mirror to use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from vision.errors import SolrNotStarted

if TYPE_CHECKING:
    from jgo.maven import MavenContext

_TIMEOUT_S = 30


def maven_context(repo_cache: Path, maven_settings: Path | None = None) -> MavenContext:
    """A jgo context that downloads into ``repo_cache`` and reads, but never writes, the user's own repository.

    Raises:
        SolrNotStarted: jgo is not installed.
    """
    try:
        from jgo.config import GlobalSettings
        from jgo.maven import MavenContext
    except ImportError as error:
        raise SolrNotStarted(
            "fetching the embedded Solr needs jgo, which is not installed: pip install 'solr-visual-search[embedded]', "
            "or set SOLR_URL to a Solr that already runs"
        ) from error
    config = GlobalSettings.load()
    context = MavenContext(repo_cache=repo_cache, timeout=_TIMEOUT_S)
    context.remote_repos.update(config.repositories)
    mirror = mirror_of_central(maven_settings or Path.home() / ".m2" / "settings.xml")
    if mirror is not None:
        context.remote_repos["central"] = mirror
    if Path(config.repo_cache).is_dir():
        context.local_repos.append(Path(config.repo_cache))
    return context


def mirror_of_central(settings_xml: Path) -> str | None:
    """The URL of the first mirror that stands in for ``central``; None without one, or without such a file."""
    try:
        root = ElementTree.parse(settings_xml).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        names = {name.strip() for name in mirror.findtext("{*}mirrorOf", "").split(",")}
        url = mirror.findtext("{*}url", "").strip()
        if url and names & {"central", "*", "external:*"} and "!central" not in names:
            return url.rstrip("/")
    return None
