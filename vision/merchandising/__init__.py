"""The merchandiser's loop: propose, show the evidence, accept or reject, write to the index, undo."""
