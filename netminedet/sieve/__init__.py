"""The hot path: every packet comes through here, and next to none goes on.

Four kernels, each one loop over a chunk of packets, leave their results for the next
in the columns of ``columns``: ``decode`` (headers), ``flows`` (the flow table),
``text`` (anchors in TCP payload), ``names`` (host names of pools).
"""

from netminedet.sieve.sieve import FlowKey, Hit, Sieve, Sought, compiled, sought

__all__ = ["FlowKey", "Hit", "Sieve", "Sought", "compiled", "sought"]
