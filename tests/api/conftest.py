from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeEngine, FakeWorkspace
from tests.api.shop import Shop, index_market, index_shop


@pytest.fixture
def workspace(tmp_path: Path) -> FakeWorkspace:
    return FakeWorkspace(tmp_path)


@pytest.fixture
def engine(workspace: FakeWorkspace) -> FakeEngine:
    return workspace.fake


@pytest.fixture
def client(workspace: FakeWorkspace) -> FlaskClient:
    """The application over fakes, without keys."""
    return create_app(workspace.settings, workspace).test_client()


@pytest.fixture(scope="session")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small catalogue of drawn shapes in a real Solr."""
    return index_shop(solr_url, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def market(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Products of several currencies, some sold out, one without a picture."""
    return index_market(solr_url, tmp_path_factory.mktemp("market"))


@pytest.fixture
def shopper(shop: Shop) -> FlaskClient:
    """The application over the small catalogue."""
    return create_app(shop.settings).test_client()
