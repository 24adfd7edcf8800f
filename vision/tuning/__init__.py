"""K, the cross-over and the coarse dimensions of a collection, chosen by measuring its own searches."""
