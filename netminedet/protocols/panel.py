"""The web page of a mining machine, known by the realm that it asks its visitors to log in to.

Realms: Bitmain's firmware says "antMiner Configuration", BlackMiner's "blackMiner...", Hammer's "Daoge..."
(https://github.com/UpstreamData/pyasic).  The header fields: RFC 7616 sections 3.3 and 3.4.
"""

from __future__ import annotations

import re

from netminedet.protocols.http import Head, parse_head
from netminedet.protocols.machines import ApiKind, ApiMessage

#: Characters of a header field's value in which the realm is looked for.
MAX_LOOK = 1024

_REALM = re.compile(r'\Adigest\s(?:.*[\s,])?realm="(antMiner|blackMiner|Daoge)', re.IGNORECASE | re.DOTALL)
_VENDORS = {"antminer": "Antminer", "blackminer": "BlackMiner", "daoge": "Hammer"}


def panel_message(head: Head) -> ApiMessage | None:
    """Read an HTTP head: a machine's demand to log in, or a visitor's login; None for any other.

    Of a login nothing but the kind of machine is kept.
    """
    field = "authorization" if head.is_request else "www-authenticate"
    realm = _REALM.match(head.headers.get(field, "")[:MAX_LOOK])
    if realm is None:
        return None
    kind = ApiKind.COMMAND if head.is_request else ApiKind.REPLY
    return ApiMessage(kind, "web", command="login", vendor=f"{_VENDORS[realm[1].lower()]} web interface")


def panel_text(text: str) -> ApiMessage | None:
    """The same of a head written as text, as examples in signature files are."""
    head = parse_head(text.encode("utf-8", "replace"))
    return panel_message(head) if head else None
