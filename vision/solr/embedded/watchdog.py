"""Ends a server when the process that started it dies, however it dies: run as a script, by the launcher.

Its standard input is a pipe whose other end only that process holds, so the end of input is the end of that process.
Works where the kernel offers nothing of the kind, and costs a sleeping interpreter.
"""

from __future__ import annotations

import sys

import psutil


def main() -> None:
    """Take the server's number and its start (Unix seconds), wait for the end of input, then end the server."""
    pid, created = int(sys.argv[1]), float(sys.argv[2])
    try:
        server = psutil.Process(pid)
        if server.create_time() != created:
            return
        sys.stdin.buffer.read()
        server.terminate()
        try:
            server.wait(20)
        except psutil.TimeoutExpired:
            server.kill()
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    main()
