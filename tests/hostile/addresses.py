"""Web addresses that lead, or may be read to lead, to where a server must not go."""

from __future__ import annotations

from typing import Final

HOSTS: Final = (
    *("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "127.255.255.254", "0", "0.0.0.0"),
    *(
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0x0.0x0.0x1",
        "127.0.0.01",
        "127.0.0.1.",
    ),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]"),
    *("[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]"),
    *("[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[100::1]", "[5f00::1]", "[3fff::1]"),
    *("[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]"),
    *("169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]", "168.63.129.16"),
    *("100.100.100.200", "100.64.0.1", "192.0.0.192", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255"),
    *("192.168.0.1", "192.168.1.1", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.1.2.3", "１２７.０.０.１", "①②⑦.⓪.⓪.①"),
    *("127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "user@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com"),
    *("example.com:80@127.0.0.1", "127.0.0.1\\@example.com", "127.0.0.1%2f@example.com", "ip6-localhost"),
)
"""As the part of an address between ``http://`` and the port."""

SCHEMES: Final = (
    *("file:///etc/passwd", "file://localhost/etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "/etc/passwd"),
    *("gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stats", "ftp://127.0.0.1/a", "ldap://127.0.0.1/"),
    *("jar:http://127.0.0.1!/", "data:image/png;base64,AAAA", "javascript:alert(1)", "unix:///var/run/docker.sock"),
    *(
        "tftp://127.0.0.1/a",
        "ws://127.0.0.1/",
        "//127.0.0.1/a",
        "http:127.0.0.1",
        "http:///a",
        "http://",
        "",
        " ",
        "\x00",
    ),
    *("http://127.0.0.1\r\nHost: x/", "http://[::1", "http://::1/", "http://127.0.0.1:99999/", "http://127.0.0.1:-1/"),
)
"""Whole addresses, of other kinds or of none."""


def addresses(port: int) -> tuple[str, ...]:
    """All of them; those of web servers at a port."""
    web = [f"http://{host}:{port}/picture" for host in HOSTS if "#" not in host]
    odd = [f"http://{host}/picture" for host in HOSTS if "#" in host]
    return (*web, *odd, *(f"https://{host}:{port}/" for host in HOSTS[:20:4]), *SCHEMES)
