"""``python -m netminedet``: the same as the command ``netminedet``."""

from __future__ import annotations

from netminedet.cli.main import entry_point

entry_point()
