"""A shop in one collection, and beside it the same with other vectors, as `index --beside` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.api.shop import Shop, index_shop
from vision import extractors
from vision.catalog import session
from vision.catalog.ingest import IndexOptions
from vision.merchandising.proposal import Tool, propose
from vision.solr import configset
from vision.swapping.switching import Switch, Switched
from vision.workspace import Workspace

NEXT = "next"


@dataclass(frozen=True)
class Pair:
    """Both, and what they were made of."""

    shop: Shop

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.shop.settings)

    @property
    def served(self) -> str:
        assert self.shop.settings.collection is not None
        return self.shop.settings.collection

    @property
    def beside(self) -> str:
        return f"{self.served}-{NEXT}"

    def fingerprint(self, name: str) -> str:
        workspace = self.workspace
        with workspace.client(name) as client:
            return workspace.engine(client).collection.fingerprint()

    def colors(self, name: str, product: str) -> set[tuple[str, ...]]:
        """The colours that the documents of a product have."""
        with self.workspace.client(name) as client:
            client.commit()
            found = client.select({"q": "{!term f=product_id v=$id}", "id": product, "fl": "attr_color", "rows": 10})
            return {tuple(each.get("attr_color", ())) for each in found["response"]["docs"]}

    def change(self, product: str, old: str, new: str) -> None:
        """As a merchandiser does."""
        with self.workspace.client(self.served) as client:
            desk = self.workspace.desk(client)
            proposal = propose(Tool.AUDIT, product, "color", (old,), (new,), confidence=0.9)
            desk.proposals.save([proposal])
            desk.accept([proposal.id], by="Ada")

    def index_beside(self, *, catalogue: str = "catalogue.csv", dims: int = 6) -> None:
        workspace = self.workspace
        with workspace.client(self.served) as live, workspace.client(self.beside) as client:
            session.index(
                workspace,
                client,
                self.shop.folder / catalogue,
                "histogram",
                IndexOptions(dims=dims, coarse_dims=8),
                detect=False,
                progress=lambda stage, done, total: None,
                loaded=extractors.load("histogram"),
                beside=live,
            )

    @contextmanager
    def switch(self) -> Iterator[Switch]:
        workspace = self.workspace
        with workspace.client(self.served) as live, workspace.client(self.beside) as other:
            yield Switch(workspace, live, other)

    def switched(self, *, back: bool = False, missing_ok: bool = False) -> Switched:
        with self.switch() as switch:
            return switch.run(back=back, missing_ok=missing_ok)

    def drop(self) -> None:
        for name in (self.served, self.beside):
            with self.workspace.client(name) as client:
                if configset.exists(client):
                    configset.drop(client)


@contextmanager
def pair(solr_url: str, folder: Path, name: str) -> Iterator[Pair]:
    made = Pair(index_shop(solr_url, folder, collection=name))
    try:
        made.index_beside()
        yield made
    finally:
        made.drop()
