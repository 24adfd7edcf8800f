"""Long pieces of work: how far each is, from whatever process, and how to end it."""
