"""Run the application with waitress."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import waitress
from flask import Flask
from PIL import Image

from api.app import create_app
from api.security import is_loopback
from api.services import services
from vision import images
from vision.errors import BadSetting, VisualSearchError
from vision.settings import Settings
from vision.workspace import Workspace

_LOG = logging.getLogger(__name__)

# Waitress reads a body to its end before the application sees it. Up to here the application answers that it is too
# large, as a problem and to a client that has sent everything; past it, waitress hangs up on the sender.
_MAX_BODY: Final = 256 << 20
THREADS: Final = 8
_SWEEP: Final = 60.0


def check_address(settings: Settings) -> None:
    """Refuse to show an open server to the network.

    Raises:
        BadSetting: an address that other machines reach, and no API keys.
    """
    if settings.api_keys is None and not is_loopback(settings.host):
        raise BadSetting(
            f"host is {settings.host!r}, which other machines can reach, and no API keys are configured: everyone "
            "could search and change the index. Set VISUAL_SEARCH_API_KEYS to a JSON file {role: [keys]}, or bind "
            "127.0.0.1"
        )


def serve(
    settings: Settings,
    workspace: Workspace | None = None,
    *,
    threads: int = THREADS,
    warm: bool = True,
    notice: str | None = None,
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until interrupted or terminated.

    Args:
        settings: host, port, keys and the rest.
        workspace: as :func:`api.app.create_app` takes it.
        threads: requests answered at the same time.
        warm: load the model beside, so that the first photo does not wait for it.
        notice: what readiness says besides.
        started: told the address once requests are accepted.

    Raises:
        BadSetting: an open server on a public address, a port that is taken, or an unusable keys file.
    """
    check_address(settings)
    app = create_app(settings, workspace, notice=notice)
    server = _listen(app, settings, threads)
    if warm:
        threading.Thread(target=_warm, args=(app,), name="warm", daemon=True).start()
    ended = threading.Event()
    threading.Thread(target=_sweep, args=(app, ended), name="sweep", daemon=True).start()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    started(f"http://{host}:{settings.port}/")
    try:
        server.run()
    finally:
        ended.set()
        server.close()


def _listen(app: Flask, settings: Settings, threads: int) -> Any:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise BadSetting(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); choose another with --port"
        ) from error
    return waitress.create_server(
        app,
        sockets=[listening],
        threads=threads,
        max_request_body_size=max(_MAX_BODY, 2 * (settings.max_upload_mb << 20)),
        ident=None,
    )


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _sweep(app: Flask, ended: threading.Event) -> None:
    """Delete photos as they expire, also where nobody sends new ones."""
    with app.app_context():
        uploads = services().uploads
    while not ended.wait(_SWEEP):
        uploads.sweep()


def _warm(app: Flask) -> None:
    """Run the extractor and the detector once; what fails here is said again, and better, by the first search."""
    with app.app_context():
        engine_of = services()
        picture = Image.new("RGB", (64, 64))
        try:
            embedding = engine_of.engine.collection.embedding()
            embedding.vectors([picture], models=engine_of.settings.models)
            engine_of.finder.find(images.encode_jpeg(picture))
        except VisualSearchError as error:
            _LOG.info("the model was not loaded ahead: %s", error)
