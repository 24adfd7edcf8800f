"""Tests of ``vision.solr.embedded``."""
