"""Backups of a collection: everything that it takes to have it again on an empty machine, and how it is put back."""
