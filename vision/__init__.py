"""Visual product search on Apache Solr: pictures to vectors, vectors to Solr, one query to hits."""
