"""What a case is made of, and how it is to be made."""

from __future__ import annotations

from msgspec import Struct

from netminedet.api import DEFAULT_HOME_NET, StrPath
from netminedet.casefile.collect import Given
from netminedet.keeper import KeptPacket
from netminedet.report.plain import PlainReport
from netminedet.story import Story
from netminedet.suspects import Suspect
from netminedet.whose.enrich import Sources


class CaseOptions(Struct, frozen=True):
    """How a case is to be made."""

    #: who makes it, in any words
    by: str = ""
    #: write all packets of the host's mining flows, too
    flows: bool = False
    #: overwrite passwords in packets, as far as they are seen
    cut_passwords: bool = False
    #: take captures that are not those of the report, too
    any_capture: bool = False
    home_net: tuple[str, ...] = DEFAULT_HOME_NET
    signatures: tuple[StrPath, ...] = ()
    #: asked whose the address is, and the files behind it, for the manifest
    sources: Sources | None = None
    source_files: tuple[str, ...] = ()


class Case(Struct):
    """What a case is made of."""

    host: str
    #: the report on this host alone
    report: PlainReport
    suspect: Suspect
    given: list[Given]
    story: Story
    decisive: list[KeptPacket]
    notes: list[str]
