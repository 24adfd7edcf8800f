"""Tests of ``vision.solr``."""
