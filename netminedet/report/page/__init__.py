"""The report as one HTML page that needs nothing else: it opens from a USB stick and prints to A4."""

from netminedet.report.page.context import SECTIONS, PageOptions
from netminedet.report.page.moments import Clock, zone_of
from netminedet.report.page.pdf import check_printer, print_page
from netminedet.report.page.render import check_installed, write_page

__all__ = [
    "SECTIONS",
    "Clock",
    "PageOptions",
    "check_installed",
    "check_printer",
    "print_page",
    "write_page",
    "zone_of",
]
