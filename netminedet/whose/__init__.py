"""Who is behind an address: what ledgers of networks, logs of allocations and location databases say."""

from netminedet.whose.enrich import Sources, enriched

__all__ = ["Sources", "enriched"]
