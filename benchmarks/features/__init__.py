"""What the search features do to the ranking, on real photos and drawn products, through Solr and the engine."""
