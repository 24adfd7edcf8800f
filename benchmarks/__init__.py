"""Every number that the README and the docs claim, as a command that prints it: see README.md in this folder."""
