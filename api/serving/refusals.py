"""What the server itself answers in place of the application: a problem, as every other error is."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from api import problems
from api.problems import Problem
from vision.errors import VisualSearchError


class Refusal:
    """A request's ``error``, from which waitress makes its answer without handing the request on."""

    def __init__(self, problem: Problem, retry_after: int | None = None) -> None:
        """Say a problem, and after how many seconds the request may come again."""
        self._problem = problem
        self._retry_after = retry_after

    @classmethod
    def of(cls, error: VisualSearchError) -> Refusal:
        """As the application would say it."""
        return cls(problems.stated(error), problems.kind(type(error)).retry_after)

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body."""
        headers = [
            ("Content-Type", problems.MEDIA),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if self._retry_after is not None:
            headers.append(("Retry-After", str(self._retry_after)))
        status = HTTPStatus(self._problem.status)
        return f"{status.value} {status.phrase}", headers, msgspec.json.encode(self._problem)
