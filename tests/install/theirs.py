"""A collection that is not ours: its own managed schema, field names, handler and documents, some with pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner, Result

from tests.catalog.support import draw
from vision.cli import main
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

MAP = "title=name_t,description=text_t,image=img_s,price=price_f,category=cat_s,color=color_ss,in_stock=stock_b"
CODEC = '<codecFactory class="solr.SchemaCodecFactory"/>'
MANAGED = '<schemaFactory class="ManagedIndexSchemaFactory"><bool name="mutable">true</bool></schemaFactory>'
CLASSIC = '<schemaFactory class="ClassicIndexSchemaFactory"/>'
CONFIG = """<config>
  <luceneMatchVersion>9.10</luceneMatchVersion>
  {codec}
  {factory}
  <updateHandler class="solr.DirectUpdateHandler2">{log}</updateHandler>
  <requestHandler name="/select" class="solr.SearchHandler">
    <lst name="defaults"><str name="df">name_t</str><int name="rows">7</int></lst>
    <lst name="appends"><str name="fq">-cat_s:hidden</str></lst>
  </requestHandler>
  <requestHandler name="/query" class="solr.SearchHandler"/>
</config>"""
SCHEMA = """<schema name="theirs" version="1.6">
  <uniqueKey>{key}</uniqueKey>
  <fieldType name="string" class="solr.StrField" sortMissingLast="true" docValues="true"/>
  <fieldType name="boolean" class="solr.BoolField"/>
  <fieldType name="plong" class="solr.LongPointField" docValues="true"/>
  <fieldType name="pfloat" class="solr.FloatPointField" docValues="true"/>
  <fieldType name="pdate" class="solr.DatePointField" docValues="true"/>
  <fieldType name="words" class="solr.TextField" positionIncrementGap="100">
    <analyzer><tokenizer name="standard"/><filter name="lowercase"/></analyzer>
  </fieldType>
  <field name="{key}" type="string" indexed="true" stored="true" required="true"/>
  <field name="_version_" type="plong" indexed="false" stored="false"/>
  <field name="_root_" type="string" indexed="true" stored="false" docValues="false"/>
  <field name="everything" type="words" indexed="true" stored="false" multiValued="true"/>
  <dynamicField name="*_t" type="words" indexed="true" stored="true"/>
  <dynamicField name="*_s" type="string" indexed="true" stored="true"/>
  <dynamicField name="*_ss" type="string" indexed="true" stored="true" multiValued="true"/>
  <dynamicField name="*_b" type="boolean" indexed="true" stored="true"/>
  <dynamicField name="*_f" type="pfloat" indexed="true" stored="true"/>
  <dynamicField name="*_l" type="plong" indexed="true" stored="false"/>
  <dynamicField name="*_dt" type="pdate" indexed="true" stored="true"/>
  <copyField source="*_t" dest="everything"/>
  <copyField source="cat_s" dest="everything"/>
  {more}
</schema>"""


@dataclass(frozen=True)
class Theirs:
    """One such core, and a home of ours beside it."""

    url: str
    name: str
    home: Path
    pictures: Path
    key: str = "id"

    def create(
        self, *, codec: bool = True, factory: str = MANAGED, log: bool = True, more: str = "", extra: str = ""
    ) -> None:
        with self.client() as client:
            conf = Path(client.admin("admin/info/system")["solr_home"]) / "configsets" / self.name / "conf"
            conf.mkdir(parents=True)
            config = CONFIG.format(codec=CODEC if codec else "", factory=factory, log="<updateLog/>" if log else "")
            (conf / "solrconfig.xml").write_text(config.replace("</config>", f"{extra}</config>"))
            name = "managed-schema.xml" if factory is MANAGED else "schema.xml"
            (conf / name).write_text(SCHEMA.format(key=self.key, more=more))
            client.admin("admin/cores", action="CREATE", name=self.name, configSet=self.name)

    def reload(self) -> None:
        with self.client() as client:
            client.admin("admin/cores", action="RELOAD", core=self.name)

    def conf(self) -> Path:
        with self.client() as client:
            return Path(client.admin("admin/info/system")["solr_home"]) / "configsets" / self.name / "conf"

    def drop(self) -> None:
        with self.client() as client:
            if configset.exists(client):
                configset.drop(client)

    def client(self) -> SolrClient:
        return SolrClient(self.url, self.name)

    def add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        with self.client() as client:
            client.add(list(documents))
            client.commit()

    def fill(self, count: int, *, every: int = 5) -> None:
        """``count`` documents, one in ``every`` without a picture."""
        self.add(document(number, self.pictures, picture=number % every != 0, key=self.key) for number in range(count))

    def documents(self, fields: str = "*") -> dict[str, dict[str, Any]]:
        with self.client() as client:
            answer = client.get_json("query", q="*:*", rows=100_000, fl=fields, sort=f"{self.key} asc")
        return {each[self.key]: each for each in answer["response"]["docs"]}

    def own(self) -> dict[str, dict[str, Any]]:
        """Every document as its owner knows it."""
        ours = {"vector", "coarse", "embedding", "image_hash", "_version_"}
        return {
            id: {name: value for name, value in each.items() if name not in ours}
            for id, each in self.documents().items()
        }

    def schema(self) -> bytes:
        with self.client() as client:
            return orjson.dumps(client.get_json("schema")["schema"])

    def vectors(self) -> dict[str, Any]:
        found = self.documents(f"{self.key},vector,coarse,embedding,image_hash")
        return {id: each for id, each in found.items() if "vector" in each}

    def overlay(self) -> dict[str, Any]:
        with self.client() as client:
            return dict(client.get_json("config/overlay")["overlay"])

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, solr_url=self.url, collection=self.name)

    def workspace(self) -> Workspace:
        return Workspace(self.settings)

    def arguments(self, command: str, *options: str | Path) -> list[str]:
        return ["solr", command, "--url", self.url, "--collection", self.name, *map(str, options)]

    def install(self, *options: str | Path, mapped: str | None = MAP) -> Result:
        given = [] if mapped is None else ["--map", mapped]
        return self.run("install", *given, "--extractor", "histogram", "--pictures-root", self.pictures, *options)

    def run(self, command: str, *options: str | Path) -> Result:
        return CliRunner(env=self.environment).invoke(main, self.arguments(command, *options))

    def process(self, *options: str | Path) -> subprocess.Popen[str]:
        arguments = self.arguments("install", "--map", MAP, "--extractor", "histogram", *options)
        return subprocess.Popen(
            [sys.executable, "-c", "from vision.cli import main; main()", *arguments, "--pictures-root", self.pictures],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {"VISUAL_SEARCH_HOME": str(self.home)}


def document(number: int, pictures: Path, *, picture: bool = True, key: str = "id") -> dict[str, Any]:
    found: dict[str, Any] = {
        key: f"sku-{number:05d}",
        "name_t": f"{('red', 'green', 'blue')[number % 3]} thing number {number}",
        "text_t": "made of wood" if number % 2 else "made of steel",
        "cat_s": ("chair", "table", "lamp")[number % 3],
        "color_ss": ["red", "blue"] if number % 2 else ["green"],
        "price_f": number + 0.5,
        "stock_b": number % 4 != 0,
        "rank_l": number * 7,
        "seen_dt": "2024-05-01T12:00:00Z",
    }
    if picture:
        folder = pictures / "shots"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number}.png"
        if not path.exists():
            path.write_bytes(draw(number))
        found["img_s"] = f"shots/{number}.png"
    return found
