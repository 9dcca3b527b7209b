"""The one error that signature files can raise."""

from __future__ import annotations

from netminedet.errors import NetminedetError


class SignatureError(NetminedetError):
    """A signature file or pool list is wrong; the text says file, line, field and remedy."""
