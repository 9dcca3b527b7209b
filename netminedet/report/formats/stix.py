"""A STIX 2.1 bundle for exchange between departments: what was observed, where, and how often.

Of each suspect: its address, its connections (``network-traffic``) and pools as observables in
one ``observed-data``, and a ``note`` with verdict, role and reasons.  Of each pool that may be
in a block list (see `blocking`) an ``indicator`` with a pattern, which ``indicates`` ATT&CK's
T1496, and a ``sighting`` of it by each suspect.  Identifiers follow from the content, and all
times are those of the traffic.  Needs the library stix2: the extra ``stix``.
"""

from __future__ import annotations

import json
from typing import TextIO

from netminedet.errors import NetminedetError
from netminedet.report.document import json_text
from netminedet.report.like import ReportLike

MACHINE = True


def check() -> None:
    """Raise NetminedetError where the library is not installed."""
    try:
        import stix2  # noqa: F401
    except ImportError as error:
        raise NetminedetError(
            "the format stix needs the library stix2; install it with: pip install 'netminedet[stix]'"
        ) from error


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write the bundle as one indented document."""
    check()
    from netminedet.report.stixbundle import bundle_of

    document = json.loads(bundle_of(report).serialize())
    stream.write(json_text(document, indent=2) + "\n")
