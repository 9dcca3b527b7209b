"""What the renderers need of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from netminedet.model import InputInfo, SignatureSetInfo
from netminedet.suspects import NodeSeen, ResolverSeen, Suspect


class ReportLike(Protocol):
    """A report, as far as a renderer looks at it."""

    @property
    def tool_version(self) -> str: ...

    @property
    def signatures(self) -> SignatureSetInfo: ...

    @property
    def inputs(self) -> tuple[InputInfo, ...]: ...

    @property
    def totals(self) -> Mapping[str, int]:
        """``packets``, ``bytes``, ``flows``, and every counter of things skipped or evicted."""

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """The weightiest first."""

    @property
    def adjacent(self) -> tuple[NodeSeen, ...]:
        """Coin nodes, where they were asked for."""

    @property
    def resolvers(self) -> tuple[ResolverSeen, ...]:
        """Hosts that asked for pools' names on behalf of others."""
