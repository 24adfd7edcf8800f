"""Solr: the embedded server, its configset and the client that speaks to it."""
