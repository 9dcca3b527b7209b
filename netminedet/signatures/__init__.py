"""What mining looks like, as data: loads signature files and pool lists, recognises messages.

The files lie in the top-level folder ``signatures/``; docs/signatures.md explains them::

    signatures = load_signatures()
    for match in signatures.match(message):
        print(match.signature, match.why, match.details)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netminedet.signatures.errors import SignatureError
from netminedet.signatures.loading import load_signatures
from netminedet.signatures.logins import split_login
from netminedet.signatures.matcher import Match, SignatureSet
from netminedet.signatures.places import signature_dir
from netminedet.signatures.pools import PoolList

if TYPE_CHECKING:
    from netminedet.signatures.checker import Checked, check, check_counted

__all__ = [
    "Checked",
    "Match",
    "PoolList",
    "SignatureError",
    "SignatureSet",
    "check",
    "check_counted",
    "load_signatures",
    "signature_dir",
    "split_login",
]


def __getattr__(name: str) -> Any:
    """Import the checker when it is asked for: a scan does not need it."""
    if name not in ("Checked", "check", "check_counted"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from netminedet.signatures import checker

    return getattr(checker, name)
