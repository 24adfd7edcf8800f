"""Solr and ZooKeeper from their published jars, started and ended here."""
