"""Write the sample captures: ``python pcaps/make_samples.py [FOLDER]``.

Without FOLDER they are written beside this script.  Needs scapy.  Each run writes the
same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import scenes
from applications import applications
from hidden import names
from lookalikes import lookalikes
from mixed import mixed
from neighbours import neighbours
from pages import browser
from second import stratum_v2
from tunnels import INTERFACES, tunnels
from wire import Tape
from words import duino_coin, management, nodes
from work import getwork_capture

PCAP: dict[str, Callable[[], Tape]] = {
    "stratum-v1": scenes.stratum_v1,
    "cryptonote": scenes.cryptonote,
    "eth-proxy": scenes.eth_proxy,
    "ethereum-stratum-1": scenes.ethereum_stratum_1,
    "ethereum-stratum-2": scenes.ethereum_stratum_2,
    "zcash-stratum": scenes.zcash_stratum,
    "kaspa": scenes.kaspa,
    "kawpow": scenes.kawpow,
    "dns-lookup": scenes.dns_lookup,
    "names": names,
    "late-handshake": scenes.late_handshake,
    "midstream": scenes.midstream,
    "proxy-and-pool": scenes.proxy_and_pool,
    "getwork": getwork_capture,
    "browser": browser,
    "stratum-v2": stratum_v2,
    "duino-coin": duino_coin,
    "management-api": management,
    "nodes": nodes,
    "lookalikes": lookalikes,
    "lookalikes-2": neighbours,
    "lookalikes-3": applications,
}


def write_all(folder: Path) -> list[Path]:
    """Write every sample into ``folder``; their paths."""
    paths = []
    for name, scene in PCAP.items():
        paths.append(folder / f"{name}.pcap")
        scene().write_pcap(paths[-1])
    for name, scene, interfaces in (
        ("tls-pool", scenes.tls_pool, INTERFACES[:1]),
        ("tunnels", tunnels, INTERFACES),
        ("mixed", mixed, INTERFACES[:1]),
    ):
        paths.append(folder / f"{name}.pcapng")
        scene().write_pcapng(paths[-1], interfaces)
    return paths


def main() -> None:
    """Write the samples and say so."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for path in write_all(folder):
        print(path)


if __name__ == "__main__":
    main()
