"""Where the committed Solr files are: beside the ``vision`` package, in a checkout as in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import vision


def solr_config_dir() -> Path:
    """The ``solr_config`` folder: one folder per configset, and ``embedded`` for the server."""
    return Path(vision.__file__).resolve().parent.parent / "solr_config"


def embedded_dir() -> Path:
    """The embedded server's XML, its ``jgo.toml`` and the lock of its jars."""
    return solr_config_dir() / "embedded"


def configsets() -> dict[str, Path]:
    """Each committed configset's name and its ``conf`` folder."""
    return {conf.parent.name: conf for conf in sorted(solr_config_dir().glob("*/conf")) if conf.is_dir()}
