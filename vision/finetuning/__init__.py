"""Extractors trained further on a catalogue of the user's own: from its labels, or from its titles for CLIP."""
