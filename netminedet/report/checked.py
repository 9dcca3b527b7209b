"""What the types of a document cannot check: that an address is one, and a network."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network

#: Addresses that are not looked at again.
_KNOWN = 4096


class Unfit(ValueError):
    """A value that no report has; the text says where it stands and what it is."""


@lru_cache(_KNOWN)
def address(text: str) -> str:
    """The text itself, where it is an address; raises Unfit."""
    try:
        ip_address(text)
    except ValueError:
        raise Unfit(f"{text!r:.60} is no address") from None
    return text


def maybe(text: str | None) -> str | None:
    """The same, where there is one."""
    return None if text is None else address(text)


def network(text: str) -> str:
    """The text itself, where it is a network in CIDR notation; raises Unfit."""
    try:
        ip_network(text)
    except ValueError:
        raise Unfit(f"{text!r:.60} is no network") from None
    return text
