"""What mining looks like, as data: loads signature files and pool lists, recognises messages.

The files lie in the top-level folder ``signatures/``; docs/signatures.md explains them::

    signatures = load_signatures()
    for match in signatures.match(message):
        print(match.signature, match.why, match.details)
"""

from __future__ import annotations

from netminedet.signatures.checker import Checked, check, check_counted
from netminedet.signatures.errors import SignatureError
from netminedet.signatures.loading import load_signatures, signature_dir
from netminedet.signatures.logins import split_login
from netminedet.signatures.matcher import Match, SignatureSet
from netminedet.signatures.pools import PoolList

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
