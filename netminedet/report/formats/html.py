"""One HTML page for officials: opens anywhere without anything else, and prints to A4."""

from __future__ import annotations

from typing import TextIO

from netminedet.report.like import ReportLike

MACHINE = True


def check() -> None:
    """Raise NetminedetError where what draws the page is not installed."""
    from netminedet.report.page import check_installed

    check_installed()


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write ``report`` as a page."""
    from netminedet.report.page import write_page

    write_page(report, stream)
