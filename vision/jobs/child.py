"""The process of one job, ``python -m vision.jobs.child``: told on stdin what to do; what it prints is its log."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Do the job; returns the exit status that the command of this kind has."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever began us may have had it ignored
    data = sys.stdin.buffer.read()
    if not data:  # there was no room for one more
        return 0
    import msgspec

    from vision.errors import VisualSearchError
    from vision.jobs import kinds, order
    from vision.jobs.recording import recorded

    told = order.decode(data)
    kind = kinds.named(told.kind)
    try:
        with recorded(told.settings, told.kind, told.title, kind.stages, id=told.id) as job:
            found = kind.run(told.settings, kinds.read(told.kind, bytes(told.request)), job)
            job.jobs.keep(told.id, msgspec.json.encode(found))
            job.summary = kind.summary(found)
    except KeyboardInterrupt:
        return 130
    except VisualSearchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
