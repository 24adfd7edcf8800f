"""Solr as its own guide has it: `{!knn}` on the full vector, facets and words as filter queries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pysolr

from benchmarks.peers.engines.solr import Running, batches, identifier, row_of
from benchmarks.peers.model import TOP, Answer, Ask, facet
from benchmarks.peers.shop import Shop

_NAME: Final = "stock"
_SCHEMA: Final = """<?xml version="1.0" encoding="UTF-8"?>
<schema name="stock" version="1.7">
  <uniqueKey>id</uniqueKey>
  <field name="id" type="string" indexed="true" stored="true" required="true"/>
  <field name="_version_" type="plong" indexed="false" stored="false" docValues="true"/>
  <field name="title" type="text_general" indexed="true" stored="true"/>
  <dynamicField name="attr_*" type="string" indexed="true" stored="true" docValues="true"/>
  <field name="vector" type="knn_vector" indexed="true" stored="true"/>
  <fieldType name="string" class="solr.StrField" sortMissingLast="true" docValues="true"/>
  <fieldType name="plong" class="solr.LongPointField" docValues="true"/>
  <fieldType name="knn_vector" class="solr.DenseVectorField" vectorDimension="1024" similarityFunction="euclidean"/>
  <fieldType name="text_general" class="solr.TextField" positionIncrementGap="100">
    <analyzer><tokenizer class="solr.StandardTokenizerFactory"/><filter class="solr.LowerCaseFilterFactory"/></analyzer>
  </fieldType>
</schema>
"""
_CONFIG: Final = """<?xml version="1.0" encoding="UTF-8"?>
<config>
  <luceneMatchVersion>9.12</luceneMatchVersion>
  <schemaFactory class="ClassicIndexSchemaFactory"/>
  <updateHandler class="solr.DirectUpdateHandler2">
    <updateLog/>
    <autoCommit><maxTime>15000</maxTime><openSearcher>false</openSearcher></autoCommit>
  </updateHandler>
  <query>
    <filterCache size="512" initialSize="512" autowarmCount="0"/>
    <queryResultCache size="512" initialSize="512" autowarmCount="0"/>
    <documentCache size="512" initialSize="512" autowarmCount="0"/>
    <enableLazyFieldLoading>true</enableLazyFieldLoading>
  </query>
  <requestDispatcher><requestParsers formdataUploadLimitInKB="4096"/></requestDispatcher>
  <requestHandler name="/select" class="solr.SearchHandler"/>
</config>
"""


class StockSolr:
    """One request; topK is how hard it searches."""

    title = "stock Solr {!knn}"
    efforts: Sequence[int] = (10, 20, 40, 60, 80, 120, 160, 240, 320, 640, 1280)
    reads_words = True
    filters = "before"

    def build(self, shop: Shop, folder: Path) -> None:
        """With pysolr, 1,000 documents at a time."""
        running = Running(folder)
        try:
            solr = created(running, folder)
            for batch in batches(shop, 1000):
                solr.add([document(shop, row, vector) for row, vector in batch], commit=False)
            solr.commit()
            solr.optimize(maxSegments=1)
        finally:
            running.close()

    def open(self, folder: Path) -> None:
        """Start Solr."""
        self.running = Running(folder)
        self._url = f"{self.running.server.url}/{_NAME}/select"

    def search(self, ask: Ask) -> Answer:
        """A form is posted, as every client does with so long a query."""
        numbers = orjson.dumps(ask.vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        fields: list[tuple[str, str]] = [
            ("q", f"{{!knn f=vector topK={max(ask.effort, TOP)}}}{numbers}"),
            ("fl", "id"),
            ("rows", str(TOP)),
            ("omitHeader", "false"),
        ]
        if ask.level != "100":
            fields.append(("fq", f"{{!term f=attr_{facet(ask.level)}}}yes"))
        if ask.words:
            fields += [("fq", "{!edismax qf=title mm=100% v=$words}"), ("words", ask.words)]
        if ask.counted:
            fields += [("facet", "true"), *(("facet.field", f"attr_{name}") for name in ("colour", "material", "kind"))]
        sent = self.running.http.request("POST", self._url, fields=fields, encode_multipart=False)
        found = orjson.loads(sent.data)
        if sent.status != 200:
            raise RuntimeError(f"{sent.status}: {found}")
        rows = [row_of(each["id"]) for each in found["response"]["docs"]]
        return Answer(rows, float(found["responseHeader"]["QTime"]))

    def close(self) -> None:
        """Stop it."""
        self.running.close()


def created(running: Running, folder: Path) -> pysolr.Solr:
    """A core with the stock schema, and pysolr's client of it as it comes."""
    conf = folder / "solr" / "configsets" / _NAME / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "schema.xml").write_text(_SCHEMA, encoding="utf-8")
    (conf / "solrconfig.xml").write_text(_CONFIG, encoding="utf-8")
    admin = f"{running.server.url}/admin/cores?action=CREATE&name={_NAME}&configSet={_NAME}"
    sent = running.http.request("GET", admin)
    if sent.status != 200:
        raise RuntimeError(sent.data.decode(errors="replace"))
    return pysolr.Solr(f"{running.server.url}/{_NAME}", timeout=3600)


def document(shop: Shop, row: int, vector: np.ndarray[Any, np.dtype[np.float32]]) -> dict[str, Any]:
    """What pysolr is given: plain values."""
    facets = {f"attr_{name}": value for name, value in shop.facets(row).items()}
    return {"id": identifier(row), "title": shop.title(row), "vector": vector.tolist()} | facets
