"""A SolrCloud's collection, by the Collections API's own BACKUP and RESTORE."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backup.place import Place
from tests.search.cloud import solr_cloud
from vision.backup import indexes, manifest, restoring, saving
from vision.errors import SolrRefused

pytestmark = [pytest.mark.solr, pytest.mark.model, pytest.mark.slow]


def test_backed_up_replaced_and_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with solr_cloud(tmp_path / "cloud") as url:
        place = Place(tmp_path, "shop", url)
        place.fill(pictures=60)
        folder, wanted = tmp_path / "backup", place.contents()
        assert saving.back_up(place.workspace, folder).documents == 60
        assert manifest.read(folder).index.mode == "cloud"
        with place.client() as client:
            client.delete("attr_color:red")
            client.commit()
        there = place.contents()

        # The restored collection is found wanting after the one that was there is gone: that comes back.
        def refused(*_: object) -> int:
            raise SolrRefused("it is not whole", status=500)

        with monkeypatch.context() as patched:
            patched.setattr(indexes, "check", refused)
            with pytest.raises(SolrRefused, match="not whole"):
                restoring.restore(place.workspace, folder, replace=True)
        assert place.contents() == there

        assert restoring.restore(place.workspace, folder, replace=True).documents == 60
        assert place.contents() == wanted
        place.wipe()
        assert restoring.restore(place.workspace, folder).documents == 60
        assert place.contents() == wanted
