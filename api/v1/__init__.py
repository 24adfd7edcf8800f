"""The routes below `/v1`, a module for each resource."""
