"""Catalogues as they change: what differs from what was sent, and changes that come one by one."""
