"""What a client remembers of its Solr, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest

from vision.errors import SolrRefused, SolrUnavailable
from vision.solr.client import SolrClient
from vision.solr.fields import HANDLER, FieldMap

MAPPED = {HANDLER: {"key": "sku", "fields": {"title": "name"}}}


class Answering(SolrClient):
    """Answers each request for the configuration with the next of ``statuses``."""

    def __init__(self, *statuses: int) -> None:
        super().__init__("http://solr/solr", "products")
        self.statuses = iter(statuses)

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        status = next(self.statuses)
        if status != 200:
            raise SolrRefused("refused", status=status)
        return {"config": {"requestHandler": {f"/{HANDLER}": MAPPED}}}


def test_a_failure_is_not_taken_for_a_collection_without_a_mapping() -> None:
    with Answering(500, 200) as client:
        with pytest.raises(SolrRefused):
            client.names  # noqa: B018
        assert client.names.key == "sku"
        assert client.names.key == "sku"


def test_who_may_not_read_the_configuration_may_search() -> None:
    with Answering(403) as client:
        assert client.names == client.names == FieldMap()


def test_a_password_in_the_address_is_in_no_message() -> None:
    with SolrClient("http://eva:s3cret@127.0.0.1:9/solr", "x") as client:
        for ask in (client.count, lambda: client.admin("admin/info/system"), lambda: client.post("schema", {})):
            with pytest.raises(SolrUnavailable, match="127.0.0.1:9/solr") as caught:
                ask()
            assert "s3cret" not in str(caught.value)
