"""Fixtures that more than one room uses: a real Solr, the shared photos and models, a synthetic collection."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vision.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_configure() -> None:
    """Before anything is imported that reads it."""
    # Ctrl+C must reach what the tests start: a shell's background job ignores it, and passes that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # One thread for each of several workers: OpenMP's wait for each other by spinning.
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")


# What takes long to make is made once: tests with one of these run in one worker, others with those of their file.
_SHARED = ("undisturbed", "synthetic", "demo")
# A test is marked by what it uses.
_NEEDS = {"solr_url": "solr", "yard": "solr", "browser": "browser"}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = getattr(item, "fixturenames", ())
        for fixture, marker in _NEEDS.items():
            if fixture in used:
                item.add_marker(marker)
        if item.get_closest_marker("many"):
            item.add_marker("slow")
        item.add_marker(pytest.mark.xdist_group(next((name for name in _SHARED if name in used), str(item.path))))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is made once for a group is made once: groups are part of a name that xdist splits."""
    if getattr(session.config.option, "loadgroup", False) and session.items:
        assert "@" in session.items[0].nodeid, "pytest-xdist does not read the groups of this pytest's tests"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos and models, which is not part of the repository."""
    folder = os.environ.get("VISUAL_SEARCH_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real photos and models: set VISUAL_SEARCH_SHARED to their folder")
    return Path(folder)


@pytest.fixture(scope="session")
def solr_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Solr of this test run's own, started from its published jars; it also stands for one that is not ours."""
    from vision.solr.embedded.launcher import EmbeddedSolr

    home = tmp_path_factory.mktemp("solr")
    with EmbeddedSolr(Settings(home=home), home=home / "solr", port=0, heap="1g", config_edit=True) as solr:
        yield solr.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: a thread may steer only one."""
    from tests.api.browsing import launched

    with launched() as found:
        yield found


@pytest.fixture
def complaints() -> list[str]:
    """What a page's console complained about."""
    return []
