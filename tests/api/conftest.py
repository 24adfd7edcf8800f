from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeEngine, FakeWorkspace
from tests.api.shop import Shop, index_market, index_shop, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def url(shop: Shop) -> Iterator[str]:
    """A server of the small catalogue, in a process of its own; modules with another catalogue have their own."""
    with serving(shop.settings) as found:
        yield found


@pytest.fixture
def page(browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    """The page on a wide screen; fails on whatever the console complains about."""
    from tests.api.browsing import opened_page

    with opened_page(browser, url, (1280, 900), complaints) as opened:
        yield opened


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
