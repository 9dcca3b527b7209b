"""Where packets come from: capture files, plain or compressed, and standard input.

``open_source`` yields batches of packets; ``discover`` finds the captures in folders.
"""

from __future__ import annotations

from netminedet.capture.discover import Discovered, discover
from netminedet.capture.source import Source, open_source

__all__ = ["Discovered", "Source", "discover", "open_source"]
