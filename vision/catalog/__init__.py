"""Catalogue files to Solr documents: reader, feature cache, ingest."""

from vision.catalog.ingest import IndexOptions, IndexReport, Ingest

__all__ = ["IndexOptions", "IndexReport", "Ingest"]
