"""What every command does the same way: errors as one message, exit status, progress bars, tables."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, ParamSpec, Protocol, TypeVar

import click

from vision.errors import BadInput, StorageUnavailable, VisualSearchError

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Progress(Protocol):
    """Told how far a stage is; ``total`` is None while it is unknown."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` are through."""


# Control characters, directions of writing, lone surrogates, ends of lines: what a terminal or a log would obey.
_UNPRINTABLE: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS: Final = "\u200c\u200d"
"""Of emoji and of several languages' letters."""


def printable(text: str, *, kept: str = "\n\t" + _JOINERS) -> str:
    """Text of others, with what a terminal obeys written as Python does in a string: an escape character as ``x1b``."""
    return "".join(
        each if each in kept or unicodedata.category(each) not in _UNPRINTABLE else repr(each)[1:-1] for each in text
    )


def in_one_line(text: str) -> str:
    """As :func:`printable`, and without ends of lines: for a log, where a new line is a new entry."""
    return printable(text, kept=_JOINERS)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print what may hold text of others: titles, names, values, files."""
    click.echo(printable(text), err=err, nl=nl)


def reported(function: Callable[P, T]) -> Callable[P, T]:
    """Print what was raised on purpose as one message on stderr, without a traceback; exit 2 for bad input, else 1.

    A disk that is full or may not be written is no bug either, wherever it is met.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BadInput as error:
            raise click.UsageError(printable(str(error))) from error
        except VisualSearchError as error:
            raise click.ClickException(printable(str(error))) from error
        except OSError as error:
            if (found := StorageUnavailable.of(error)) is None:
                raise
            raise click.ClickException(printable(str(found))) from error

    return wrapper


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options and arguments of a command as one decorator, in the order of its help."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class Interrupted(click.ClickException):
    """Ctrl+C in a command that goes on where it stopped."""

    exit_code = 130

    def __init__(self) -> None:
        """The message is always the same."""
        super().__init__("interrupted; run the same command again to go on")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message alone: it was no error."""
        click.echo(self.message, file=file, err=True)


def resumable(function: Callable[P, T]) -> Callable[P, T]:
    """Turn Ctrl+C into one line that says that nothing was lost, and exit status 130."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted from None

    return wrapper


@contextmanager
def progress_bars(labels: dict[str, str] | None = None) -> Iterator[Progress]:
    """Bars on stderr with rate and time left, one for each stage; plain lines where stderr is no terminal.

    Args:
        labels: what to show for a stage, by its name.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:

        def update(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                label = (labels or {}).get(stage, stage)
                tasks[stage] = bars.add_task(label, total=total, rate="")
                if not console.is_terminal:
                    console.print(label)
            speed = bars.tasks[tasks[stage]].speed
            bars.update(
                tasks[stage], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed and speed >= 0.5 else ""
            )

        yield update
