"""All that the template of the page is filled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from netminedet.language import _, language, told
from netminedet.report.like import ReportLike
from netminedet.report.page.amounts import ranged
from netminedet.report.page.areas import area_tables, ledger_sentence
from netminedet.report.page.groups import Group, address
from netminedet.report.page.moments import Clock
from netminedet.report.page.pictures import pictures_of
from netminedet.report.page.rows import row_of, scale_of
from netminedet.report.page.sections import section_of
from netminedet.report.page.summary import summary_of
from netminedet.suspects import Pool

#: Suspects whose section stands in the page from the start, by default; others' are packed.
SECTIONS = 300
#: Pools listed.
MAX_POOLS_SHOWN = 100
#: Lines of other hosts (coin nodes, resolvers) listed.
MAX_OTHERS_SHOWN = 200

#: Servers of a pool listed.
MAX_SERVERS_SHOWN = 12

#: Counters of what was read: the page has them on top.
_READ = ("packets", "bytes", "flows", "decoded")

_LANGUAGES = {"en": "en", "zh": "zh-CN"}


class PageOptions(Struct, frozen=True):
    """How the page is made."""

    #: its heading; empty: one of ours
    title: str = ""
    #: suspects whose section stands in the page from the start
    sections: int = SECTIONS
    clock: Clock = Clock()
    #: whether the page has its script, by which the table is sorted and filtered
    script: bool = True


def context_of(report: ReportLike, options: PageOptions) -> dict[str, Any]:
    """Everything that the template names."""
    from netminedet.estimate import spelled_rate

    suspects, clock = report.suspects, options.clock
    summary, scale = summary_of(report), scale_of(suspects)
    shown = min(options.sections, len(suspects))
    times = [
        moment for one in report.inputs for moment in (one.first_seen, one.last_seen) if moment is not None
    ]
    return {
        "lang": _LANGUAGES[language()],
        "title": options.title or _("Virtual-currency mining in network traffic"),
        "report": report,
        "clock": clock,
        "first": min(times, default=None),
        "last": max(times, default=None),
        "summary": summary,
        "ledger": ledger_sentence(suspects),
        "areas": area_tables(suspects),
        "pictures": pictures_of(suspects, summary, clock),
        "rows": (
            row_of(number, suspect, scale, clock, has_section=options.script or number <= shown)
            for number, suspect in enumerate(suspects, 1)
        ),
        "sections": (
            section_of(number, suspect, clock) for number, suspect in enumerate(suspects[:shown], 1)
        ),
        "sections_shown": shown,
        "pools": summary.pools[:MAX_POOLS_SHOWN],
        "rows_there": bool(suspects),
        "columns": headings(f" ({clock.name})"),
        "rate": spelled_rate,
        "ranged": ranged,
        "servers": _servers,
        "counters": _counters(report.totals),
        "others_shown": MAX_OTHERS_SHOWN,
        "more": _more,
    }  # fmt: skip


def headings(zone: str = "") -> list[tuple[str, str]]:
    """The headings of the table of hosts, and the classes of their cells."""
    return [
        (_("Verdict"), ""),
        (_("Host and role"), ""),
        (_("Mines"), ""),
        (_("Pool and worker"), ""),
        (_("Accepted / shares"), "n"),
        (_("Hash rate"), "n"),
        (_("Power"), "n"),
        (_("Traffic"), "n"),
        (_("Seen") + zone, ""),
        (_("Why"), ""),
    ]


def _counters(totals: Mapping[str, int]) -> list[tuple[str, int]]:
    """What was skipped, evicted or is worth knowing, in words."""
    return [
        (told(name.replace("_", " ")), number)
        for name, number in sorted(totals.items())
        if number and name not in _READ
    ]


def _servers(pool: Group) -> str:
    """The addresses of a pool's servers, the first of many; those of proxies are said to be such."""
    listed = sorted(address(Pool(None, ip, port, tls=False)) for ip, port in pool.servers)
    proxies = sorted(address(Pool(None, ip, port, tls=False)) for ip, port in pool.proxies)
    listed += [_("through the proxy {address}").format(address=one) for one in proxies]
    more = len(listed) - MAX_SERVERS_SHOWN
    shown = _(", ").join(listed[:MAX_SERVERS_SHOWN]) or "–"
    return shown + (" " + _("and {n} more").format(n=f"{more:,}") if more > 0 else "")


def _more(listed: Sequence[object]) -> str:
    """How many of a list are not shown."""
    more = len(listed) - MAX_OTHERS_SHOWN
    return _("and {n} more").format(n=f"{more:,}") if more > 0 else ""
