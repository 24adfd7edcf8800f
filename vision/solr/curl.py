"""A request to Solr as a command for a shell, so that a search engineer can run it again by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit


def command(url: str, params: Mapping[str, Any]) -> str:
    """A complete `curl` command: POSIX shells take it as it is, and Solr gets exactly these parameters.

    A password in the URL is left out: curl then asks for it.

    Args:
        url: of the handler, ``http://host:8983/solr/products/select``.
        params: each a value or a list of them, whole vectors too.
    """
    address, user = without_password(url)
    parts = ["curl -sS", *([f"--user {_quoted(user)}"] if user else []), _quoted(address)]
    # With all parameters in the body, none of them is cut where a URL would be.
    parts += [_parameter(name, value) for name, value in [("wt", "json"), *pairs(params)]]
    return " \\\n  ".join(parts) + "\n"


def parameters(params: Mapping[str, Any]) -> str:
    """The parameters alone, encoded as the body of a form or as the part of a URL after its ``?``."""
    return urlencode(list(pairs(params)))


def pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each parameter's name and one value, in their order."""
    for name, value in params.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, str(each)


def without_password(url: str) -> tuple[str, str]:
    """An address as it may be shown: without who signs in, whose name comes beside it, "" if there is none."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)), parts.username or ""


def _parameter(name: str, value: str) -> str:
    if all(character.isprintable() for character in value):
        return f"--data-urlencode {_quoted(f'{name}={value}')}"
    # A control character that is pasted into a terminal is a key pressed there.
    return f"--data {_quoted(f'{quote(name)}={quote(value)}')}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
