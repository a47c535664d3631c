"""Imports pluggrad before it defines what its own plugin module needs."""

import pluggrad  # noqa: F401

NAME = "package_imported_first"
