"""Which names and addresses are this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

PASSED_ON: Final = "visual_search.passed_on"
"""In a request's environment: whether another server passed it on."""
_SAYING: Final = ("FORWARDED", "VIA", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PROTO", "X_REAL_IP")
"""What a web server in front of this one says, if it says anything."""


def is_loopback(name: str) -> bool:
    """Whether a host name or address is this machine and nothing else."""
    name = name.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_passed_on(environ: Mapping[str, Any]) -> bool:
    """Whether a request's headers say that another server passed it on."""
    return any(f"HTTP_{name}" in environ for name in _SAYING)
