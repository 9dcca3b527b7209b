"""What goes wrong as expected."""

from __future__ import annotations


class NetminedetError(Exception):
    """An expected failure with a one-line message saying what, where and how to mend it."""
