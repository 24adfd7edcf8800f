"""Crash drills: the indexer and Solr are killed at chosen moments, and nothing may be lost, doubled or wrong."""
