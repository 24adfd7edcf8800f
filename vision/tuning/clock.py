"""A client that adds up what Solr says of its own time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.solr.client import SolrClient


class ClockedClient(SolrClient):
    """Used by one thread; ``spent`` is the ``QTime`` of all its searches, whole milliseconds each."""

    spent = 0

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        """As :meth:`SolrClient.select`."""
        answer = super().select(params, partial=partial)
        self.spent += int(answer["responseHeader"]["QTime"])
        return answer
