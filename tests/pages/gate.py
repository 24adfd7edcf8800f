"""A door before Solr that can be shut: Solr then is away for whoever came by it, and for nobody else."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from urllib.parse import urlsplit


class Gate:
    """Passes bytes on to a server until it is shut, or until it is sent some bytes that shut it."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (str(target.hostname), int(target.port or 0))
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}{target.path}"
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self.is_shut = False
        self.fuse = b""
        self._threads[0].start()

    def shut(self) -> None:
        """Cut what is open, and let nobody in."""
        self.is_shut = True

    def open(self) -> None:
        """Let everybody in again."""
        self.is_shut, self.fuse = False, b""

    def close(self) -> None:
        """Shut it for good."""
        self.shut()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for each in self._threads:
            each.join(5)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                came, _ = self._door.accept()
                self._threads.append(threading.Thread(target=self._pass, args=(came,), daemon=True))
                self._threads[-1].start()

    def _pass(self, came: socket.socket) -> None:
        with came, contextlib.suppress(OSError):
            if self.is_shut:
                return
            with socket.create_connection(self._target) as behind, selectors.DefaultSelector() as ready:
                ready.register(came, selectors.EVENT_READ, behind)
                ready.register(behind, selectors.EVENT_READ, came)
                while not self.is_shut:
                    for key, _ in ready.select(0.1):
                        assert isinstance(key.fileobj, socket.socket)
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        if self.fuse and key.fileobj is came and self.fuse in data:
                            self.shut()
                            return
                        key.data.sendall(data)
