"""Run the application with waitress."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Final

from flask import Flask
from PIL import Image

from api.access.clients import is_within
from api.access.loopback import is_loopback
from api.app import create_app
from api.observing import logs, metrics, traces
from api.services import services, services_of
from api.serving import overload
from api.serving.connections import create_server
from vision import images
from vision.addresses import networks
from vision.errors import BadSetting, VisualSearchError
from vision.settings import Settings
from vision.workspace import Workspace

_LOG = logging.getLogger(__name__)

# Waitress reads a body to its end before the application sees it. Up to here the application answers that it is too
# large, as a problem and to a client that has sent everything; past it, waitress hangs up on the sender.
_MAX_BODY: Final = 64 << 20
THREADS: Final = 8
_SWEEP: Final = 60.0


def check_address(settings: Settings) -> None:
    """Refuse to show an open server to the network.

    Raises:
        BadSetting: an address that other machines reach, and no API keys.
    """
    if settings.api_keys is None and settings.oidc_issuer is None and not is_loopback(settings.host):
        raise BadSetting(
            f"host is {settings.host!r}, which other machines can reach, and no API keys are configured: everyone "
            "could search and change the index. Set VISUAL_SEARCH_API_KEYS to a JSON file {role: [keys]}, or "
            "VISUAL_SEARCH_OIDC_ISSUER, or bind 127.0.0.1"
        )


def serve(
    settings: Settings,
    workspace: Workspace | None = None,
    *,
    threads: int = THREADS,
    warm: bool = True,
    notice: str | None = None,
    debug: bool = False,
    started: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until interrupted or terminated; what was begun by then is finished.

    Args:
        settings: host, port, keys and the rest.
        workspace: as :func:`api.app.create_app` takes it.
        threads: requests answered at the same time.
        warm: load the model beside, so that the first photo does not wait for it.
        notice: what readiness says besides.
        debug: log everything.
        started: told the address once requests are accepted.

    Raises:
        BadSetting: an open server on a public address, a port that is taken, or an unusable keys file.
    """
    check_address(settings)
    spans = traces.sent_to(settings.traces)
    with logs.written(settings, debug=debug), closing(spans):
        _serve(create_app(settings, workspace, notice=notice, spans=spans), settings, threads, warm, started)


def _serve(app: Flask, settings: Settings, threads: int, warm: bool, started: Callable[[str], None]) -> None:
    listening = _listen(settings)
    dispatcher = overload.Dispatcher(threads, settings.queue)
    proxies = networks(settings.trusted_proxies)
    server = create_server(
        app,
        listening,
        dispatcher,
        max_body=max(_MAX_BODY, 2 * (settings.max_upload_mb << 20)),
        is_proxy=lambda address: is_within(address, proxies),
    )
    metrics.of(app).watch_queue(lambda: len(dispatcher.queue), lambda: dispatcher.refused)
    if warm:
        threading.Thread(target=_warm, args=(app,), name="warm", daemon=True).start()
    ended = threading.Event()
    threading.Thread(target=_sweep, args=(app, ended), name="sweep", daemon=True).start()
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda signum, frame: services_of(app).callers.keys.reload())
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}/"
    try:
        if threading.current_thread() is threading.main_thread():
            with overload.signalled(server) as told:
                started(url)
                overload.run(server, dispatcher, told, settings.search_seconds)
        else:  # signals are for the main thread
            started(url)
            server.run()
    finally:
        ended.set()
        server.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise BadSetting(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); choose another with --port"
        ) from error


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
        try:
            engine_of.workspace.warm(engine_of.engine)
            engine_of.finder.find(images.encode_jpeg(Image.new("RGB", (64, 64))))
        except VisualSearchError as error:
            _LOG.info("the model was not loaded ahead: %s", error)
