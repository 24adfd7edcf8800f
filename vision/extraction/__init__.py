"""Features of large catalogues, extracted by several processes or machines: pictures to parts, parts to the cache."""
