"""Training of ``compact``, the small network that is shipped: its data, teacher, stages and export."""
