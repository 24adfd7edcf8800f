"""Figures as search engineers read them, where the server writes a page."""

from __future__ import annotations

from datetime import datetime


def ms(value: float | None) -> str:
    """A duration from milliseconds; "–" where there is none."""
    if value is None:
        return "–"
    if value < 9.95:
        return f"{value:.1f} ms"
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def size(value: float | None) -> str:
    """Bytes in the unit that leaves one to three digits before the point; "–" where there are none."""
    if value is None:
        return "–"
    unit = "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1000:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.1f} {unit}"


def percent(value: float | None) -> str:
    """A part of one as a percentage; "–" where there is none."""
    return "–" if value is None else f"{value:.1%}" if 0.99 <= value < 1 else f"{value:.0%}"


def share(part: float, whole: float) -> float:
    """A part in percent of a whole, for a bar; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0


def clock(value: str) -> str:
    """The time of day of an ISO date and time."""
    return datetime.fromisoformat(value).strftime("%H:%M:%S")


def day(value: str) -> str:
    """An ISO date and time, to the second."""
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M:%S")
