"""Runs NFStream over a capture and prints the ends of the flows it calls mining: ``… FILE``."""

from __future__ import annotations

import json
import sys

from nfstream import NFStreamer


def main() -> None:
    """One meter process; those flows whose application says mining."""
    flows = 0
    found = set()
    for flow in NFStreamer(source=sys.argv[1], n_meters=1):
        flows += 1
        if "mining" in flow.application_name.lower():
            found.add((flow.src_ip, flow.dst_ip))
    print(json.dumps({"flows": flows, "miners": sorted(found)}))


if __name__ == "__main__":
    main()
