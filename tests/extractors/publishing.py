"""What stands on loopback for the servers that weights are published on."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.web import Handler

BODY = b"weights" * 1000
MD5 = hashlib.md5(BODY).hexdigest()


class Weights(Handler):
    """Every path gives ``BODY``, except those with ``forbidden`` in them."""

    def do_HEAD(self) -> None:
        self.say(BODY, 403 if "forbidden" in self.path else 200)

    do_GET = do_HEAD


def hub(files: dict[str, Path]) -> type[Handler]:
    """A handler that answers the hub's client: the path after the host, and what is there."""

    class Hub(Handler):
        def do_HEAD(self) -> None:
            path = files.get(self.path.lstrip("/"))
            if path is None:
                self.send_error(404)
                return
            body = path.read_bytes()
            self.say(body, ETag=f'"{hashlib.sha256(body).hexdigest()}"', X_Repo_Commit="0" * 40)

        do_GET = do_HEAD

    return Hub
