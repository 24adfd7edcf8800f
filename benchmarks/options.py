"""What several benchmarks take on their command lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

Number = TypeVar("Number", int, float)


def numbers(kind: Callable[[str], Number]) -> Callable[..., list[Number]]:
    """For an option's ``callback``: numbers with commas between them."""

    def read(_: click.Context, __: click.Parameter, value: str) -> list[Number]:
        return [kind(part) for part in value.split(",") if part]

    return read
