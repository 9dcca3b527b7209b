"""netminedet finds virtual-currency mining in network traffic.

from netminedet import scan
for suspect in scan("capture.pcap").suspects:
    print(suspect.host, suspect.verdict.label, suspect.reasons[0])
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes a while, in which Ctrl-C would not be heard
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

__all__ = [
    "NetminedetError",
    "Report",
    "Story",
    "__version__",
    "explain",
    "load_masker",
    "read_report",
    "scan",
    "watch",
]

if TYPE_CHECKING:
    from netminedet.api import Report, explain, scan, watch
    from netminedet.errors import NetminedetError
    from netminedet.report.mask import load_masker
    from netminedet.report.reading import read_report
    from netminedet.story import Story


def __getattr__(name: str) -> Any:
    """Load the public names when they are first used: ``--help`` needs none of them."""
    if name in ("Report", "explain", "scan", "watch"):
        from netminedet import api

        return getattr(api, name)
    if name == "load_masker":
        from netminedet.report.mask import load_masker

        return load_masker
    if name == "read_report":
        from netminedet.report.reading import read_report

        return read_report
    if name == "Story":
        from netminedet.story import Story

        return Story
    if name == "NetminedetError":
        from netminedet.errors import NetminedetError

        return NetminedetError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
