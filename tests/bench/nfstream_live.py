"""Runs NFStream on an interface until it is interrupted: ``… IFACE``.  Reports its counters each second."""

from __future__ import annotations

import sys
from contextlib import suppress

from nfstream import NFStreamer


def main() -> None:
    """One meter process, which does what it does with a capture."""
    with suppress(KeyboardInterrupt):
        for _flow in NFStreamer(source=sys.argv[1], n_meters=1, performance_report=1):
            pass


if __name__ == "__main__":
    main()
