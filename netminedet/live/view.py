"""How what is told of hosts is shown: with whose their addresses are, and with pseudonyms."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netminedet.errors import NetminedetError
from netminedet.live.options import WatchOptions
from netminedet.model import SignatureSetInfo
from netminedet.report.plain import PlainReport
from netminedet.suspects import Suspect

if TYPE_CHECKING:
    from netminedet.api import Network, Report
    from netminedet.live.announce import Told
    from netminedet.report.like import ReportLike
    from netminedet.report.mask import Masker
    from netminedet.whose.enrich import Sources


class Keys:
    """The keys of pseudonyms, read once: under others the same host would be another one."""

    def __init__(self, options: WatchOptions) -> None:
        """Raises NetminedetError for what is no key, and for what would show all the same what they hide."""
        self.masker: Masker | None = None
        self.addresses: bytes | None = None
        if options.mask is not None:
            from netminedet.report.mask import load_masker

            self.masker = load_masker(options.mask)
        if options.anonymize_ip is not None:
            from netminedet.report.cryptopan import CryptoPan, load_key

            self.addresses = load_key(options.anonymize_ip)
            CryptoPan(self.addresses)  # says so now where the library is missing
        if options.evidence is not None and self.addresses is not None:
            raise NetminedetError(
                "--evidence writes packets as they are, with their addresses; leave it or --anonymize-ip out"
            )


class View:
    """Shows what leaves the watch; what it knows itself, and keeps in its state, has the true names."""

    def __init__(self, keys: Keys, sources: Sources | None, home_net: Sequence[Network]) -> None:
        self._keys = keys
        self._sources = sources
        self._home_net = home_net

    def told(self, told: Told, known: Container[str]) -> Told:
        """An event; ``known``: hosts that are suspects by now, whose addresses are hidden anywhere."""
        shown = suspect = told.suspect
        if self._sources is not None:
            from netminedet.whose.enrich import enriched

            shown = enriched(_report(shown), self._sources).suspects[0]
        if self._keys.masker is not None:
            from netminedet.report.mask import mask_suspect

            shown = mask_suspect(shown, self._keys.masker)
        if self._keys.addresses is not None:
            from netminedet.report.anonymize import Anonymizer, anonymized_suspect

            hide = Anonymizer(self._keys.addresses, self._home_net, _report(suspect), known)
            shown = anonymized_suspect(shown, hide)
        if shown is suspect:
            return told
        fresh = tuple(shown.evidence[suspect.evidence.index(one)] for one in told.evidence)
        return replace(told, suspect=shown, evidence=fresh)

    def host(self, host: str) -> str:
        """A suspect's address."""
        if self._keys.addresses is None:
            return host
        from netminedet.report.cryptopan import CryptoPan

        return CryptoPan(self._keys.addresses).pseudonym(host)

    @property
    def scheme(self) -> str | None:
        """What pseudonyms stand in the place of addresses; None where none do."""
        if self._keys.addresses is None:
            return None
        from netminedet.report.anonymize import Anonymizer

        return Anonymizer(self._keys.addresses, self._home_net, _report()).scheme

    def report(self, report: Report) -> ReportLike:
        """The report on all suspects up to now."""
        shown: ReportLike = report if self._keys.masker is None else report.masked(self._keys.masker)
        if self._sources is not None:
            from netminedet.whose.enrich import enriched

            shown = enriched(shown, self._sources)
        if self._keys.addresses is not None:
            from netminedet.report.anonymize import anonymized

            shown = anonymized(shown, self._keys.addresses, self._home_net)
        return shown


def read_sources(options: WatchOptions, tell: Callable[[str], None]) -> Sources | None:
    """Whose addresses are, as the files say now; None where there are none.  Raises NetminedetError."""
    if not (options.subnets or options.geoip):
        return None
    from netminedet.whose.enrich import Sources

    subnets = places = None
    if options.subnets:
        from netminedet.whose.subnets import Subnets

        subnets = Subnets(options.subnets, tell)
    if options.geoip:
        from netminedet.whose.places import Places

        places = Places(options.geoip)
    return Sources(subnets, places)


def _report(*suspects: Suspect) -> PlainReport:
    return PlainReport("", SignatureSetInfo("", "", 0), suspects=suspects)
