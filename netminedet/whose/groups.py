"""Suspects by what a ledger says of their addresses: by operator, city, unit and so on."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from msgspec import Struct

from netminedet.suspects import Suspect, Verdict

#: What suspects can be grouped by: fields of ``Unit``.
GROUPINGS = ("operator", "city", "county", "unit", "unit_kind")


class Group(Struct, frozen=True):
    """The suspects that have one thing in common."""

    #: empty for those of whom it is not known
    name: str
    suspects: tuple[Suspect, ...]

    def count(self, verdict: Verdict) -> int:
        """How many have this verdict."""
        return sum(suspect.verdict is verdict for suspect in self.suspects)


def grouped(suspects: Iterable[Suspect], by: str) -> tuple[Group, ...]:
    """The groups by one of ``GROUPINGS``, the largest first; those of whom it is not known come last."""
    name_of = attrgetter(by)
    found: dict[str, list[Suspect]] = {}
    for suspect in suspects:
        name = "" if suspect.unit is None else name_of(suspect.unit)
        found.setdefault(name, []).append(suspect)
    groups = [Group(name, tuple(members)) for name, members in found.items()]
    return tuple(sorted(groups, key=lambda group: (not group.name, -len(group.suspects), group.name)))
