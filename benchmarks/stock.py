"""What Solr's own ways give: its default configset's types for the same documents, and pysolr's JSON `add`.

The vector is a `DenseVectorField` as the reference guide shows it: float32, stored, default graph (M=16, beam 100).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import pysolr

from benchmarks.server import Server
from vision.solr.client import SolrClient

BATCH: Final = 1000
_OURS: Final = ("coarse", "embedding")
_SCHEMA: Final = """<?xml version="1.0" encoding="UTF-8"?>
<schema name="stock" version="1.7">
  <uniqueKey>id</uniqueKey>
  <field name="id" type="string" indexed="true" stored="true" required="true"/>
  <field name="_version_" type="plong" indexed="false" stored="false"/>
  <field name="product_id" type="string" indexed="true" stored="true"/>
  <field name="title" type="text_general" indexed="true" stored="true"/>
  <field name="image" type="string" indexed="false" stored="true" docValues="false"/>
  <field name="price" type="pdouble" indexed="true" stored="true"/>
  <dynamicField name="attr_*" type="string" indexed="true" stored="true" multiValued="true"/>
  <field name="vector" type="knn_vector" indexed="true" stored="true"/>
  <fieldType name="string" class="solr.StrField" sortMissingLast="true" docValues="true"/>
  <fieldType name="plong" class="solr.LongPointField" docValues="true"/>
  <fieldType name="pdouble" class="solr.DoublePointField" docValues="true"/>
  <fieldType name="knn_vector" class="solr.DenseVectorField" vectorDimension="1024" similarityFunction="euclidean"/>
  <fieldType name="text_general" class="solr.TextField" positionIncrementGap="100">
    <analyzer>
      <tokenizer class="solr.StandardTokenizerFactory"/>
      <filter class="solr.LowerCaseFilterFactory"/>
    </analyzer>
  </fieldType>
</schema>
"""
_CONFIG: Final = """<?xml version="1.0" encoding="UTF-8"?>
<config>
  <luceneMatchVersion>9.12</luceneMatchVersion>
  <dataDir>${solr.data.dir:}</dataDir>
  <directoryFactory name="DirectoryFactory" class="${solr.directoryFactory:solr.NRTCachingDirectoryFactory}"/>
  <codecFactory class="solr.SchemaCodecFactory"/>
  <schemaFactory class="ClassicIndexSchemaFactory"/>
  <indexConfig><lockType>${solr.lock.type:native}</lockType></indexConfig>
  <updateHandler class="solr.DirectUpdateHandler2">
    <updateLog><str name="dir">${solr.ulog.dir:}</str></updateLog>
    <autoCommit><maxTime>15000</maxTime><openSearcher>false</openSearcher></autoCommit>
    <autoSoftCommit><maxTime>-1</maxTime></autoSoftCommit>
  </updateHandler>
  <query>
    <filterCache size="512" initialSize="512" autowarmCount="0"/>
    <queryResultCache size="512" initialSize="512" autowarmCount="0"/>
    <documentCache size="512" initialSize="512" autowarmCount="0"/>
    <enableLazyFieldLoading>true</enableLazyFieldLoading>
  </query>
  <requestHandler name="/select" class="solr.SearchHandler"/>
</config>
"""


def create(server: Server, client: SolrClient) -> None:
    """Create the client's core from Solr's own types."""
    target = server.solr.home / "configsets" / "stock" / "conf"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / "schema.xml").write_text(_SCHEMA, encoding="utf-8")
    (target / "solrconfig.xml").write_text(_CONFIG, encoding="utf-8")
    client.admin("admin/cores", action="CREATE", name=client.collection, configSet="stock")


def load(client: SolrClient, documents: Iterable[Mapping[str, Any]]) -> float:
    """Seconds to add documents with pysolr as it comes, commit, and merge; making plain lists does not count."""
    solr = pysolr.Solr(client.url, timeout=3600)
    spent, plain_ones = 0.0, map(_plain, documents)
    while plain := list(islice(plain_ones, BATCH)):
        began = time.perf_counter()
        solr.add(plain, commit=False)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    solr.commit()
    solr.optimize(maxSegments=1)
    return spent + time.perf_counter() - began


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody sends who has a list of numbers."""
    own = {name: value for name, value in document.items() if name not in _OURS}
    return own | {"vector": own["vector"].tolist()}
