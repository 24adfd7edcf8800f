"""Which addresses are on the public internet, and connections to no others.

A name is looked up once, what it leads to is checked, and the connection is made to the very address that was checked:
a resolver that answers differently the second time ("DNS rebinding") is never asked a second time.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from vision.errors import BadImage, BadSetting

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what ``is_global`` refuses: addresses that carry another one in them, or that it takes for public and are not.
_REFUSED: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT, and clouds' metadata
            "168.63.129.16/32",  # Azure's own services, on every virtual machine
            "192.0.0.0/24",
            "192.88.99.0/24",  # relays of 6to4
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/96",  # IPv4-compatible
            "64:ff9b:1::/48",  # NAT64 of a private network
            "100::/64",
            "2001::/23",  # Teredo and other protocols
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
            "fec0::/10",  # site-local
            "ff00::/8",
        ),
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def networks(text: str) -> tuple[Network, ...]:
    """Networks from their texts, with commas between.

    Raises:
        BadSetting: what is none, naming it.
    """
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise BadSetting(f"{error}; give networks as 10.1.0.0/16 or fd00::/8, with commas between") from error


def is_public(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether an address is on the public internet, or in a network that is allowed all the same."""
    if isinstance(address, ipaddress.IPv6Address):
        # Two ways of writing an IPv4 address: it counts as that one.
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped, allowed)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), allowed)
        if address.scope_id is not None:
            return False
    if any(address in network for network in allowed if network.version == address.version):
        return True
    return address.is_global and not any(address in each for each in _REFUSED if each.version == address.version)


@dataclass(frozen=True)
class Guard:
    """What connections may be made, and until when.

    Attributes:
        ends: by ``time.monotonic``; then every connection made is shut, whatever it waits for.
        ports: those that may be connected to; None is all.
        allowed: networks besides the public internet.
    """

    ends: float
    ports: tuple[int, ...] | None = None
    allowed: tuple[Network, ...] = ()
    _open: list[socket.socket] = field(default_factory=list)

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to a host, at an address that was checked.

        Raises:
            BadImage: an unknown host, one that leads to where nothing may be fetched, or a port that is not accepted.
            OSError: no connection in time.
        """
        if self.ports is not None and port not in self.ports:
            accepted = " and ".join(map(str, self.ports))
            raise BadImage(f"the web address names port {port}; {accepted} are accepted")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise BadImage(f"the host {host[:200]!r} of the web address is not known") from error
        if not all(is_public(ipaddress.ip_address(str(each[4][0])), self.allowed) for each in found):
            raise BadImage(f"the web address leads to {host[:200]!r}, which is not on the public internet")
        failed = OSError("no address")
        for family, kind, protocol, _, address in found:
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(max(0.01, self.ends - time.monotonic()))
                made.connect(address)
                self._open.append(made.dup())
                return made
            except OSError as error:
                made.close()
                failed = error
        raise failed

    def shut(self) -> None:
        """End whatever is still being sent or received, by whichever thread."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything."""
        for each in self._open:
            each.close()
