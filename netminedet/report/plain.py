"""A report that has no findings behind it any more: as read from a document, or put together from several."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from netminedet.model import InputInfo, SignatureSetInfo
from netminedet.report.like import ReportLike
from netminedet.suspects import NodeSeen, ResolverSeen, Suspect

if TYPE_CHECKING:
    from netminedet.estimate import Totals
    from netminedet.report.mask import Masker


class PlainReport(Struct, frozen=True, dict=True):
    """All that a report shows; every format renders it as it does the report of a scan."""

    tool_version: str
    signatures: SignatureSetInfo
    inputs: tuple[InputInfo, ...] = ()
    totals: dict[str, int] = {}
    #: the weightiest first
    suspects: tuple[Suspect, ...] = ()
    adjacent: tuple[NodeSeen, ...] = ()
    resolvers: tuple[ResolverSeen, ...] = ()
    #: the scheme of the pseudonyms that stand in the place of people's addresses; empty where none do
    anonymized: str = ""

    @cached_property
    def estimates(self) -> Totals:
        """Hash rate by algorithm and power of all suspects that mine themselves."""
        from netminedet.estimate import totals_of

        return totals_of(self.suspects)

    def masked(self, masker: Masker) -> PlainReport:
        """The same report with pseudonyms for wallets and workers."""
        from netminedet.report.mask import mask_suspect

        return replace(self, suspects=tuple(mask_suspect(one, masker) for one in self.suspects))

    def to_dict(self) -> dict[str, Any]:
        """The report as the JSON document that ``--format json`` writes."""
        from netminedet.report.document import report_document

        return report_document(self)


def plain_report(report: ReportLike) -> PlainReport:
    """What a report shows, without what it was made from."""
    if isinstance(report, PlainReport):
        return report
    return PlainReport(
        tool_version=report.tool_version,
        signatures=report.signatures,
        inputs=report.inputs,
        totals=dict(report.totals),
        suspects=report.suspects,
        adjacent=report.adjacent,
        resolvers=report.resolvers,
    )
