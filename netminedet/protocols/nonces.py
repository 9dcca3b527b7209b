"""How many miners share the nonces of one job: what a proxy hands in shows how many stand behind it.

xmrig-proxy gives each of up to 256 miners behind one connection to the pool its own last byte of the nonce,
and refuses shares without it (xmrig/xmrig-proxy: NonceStorage.cpp, Miner.cpp).  A miner that logs in again
has another, so only shares of the same job are compared.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from netminedet.protocols.latest import keep_latest

#: Jobs of a conversation whose nonces are compared: shares come for the newest, and for the one before.
MAX_COMPARED_JOBS = 4
#: A nonce of four bytes in hexadecimal digits.
_NONCE_DIGITS = 8


class NonceBytes:
    """Follows the shares of one conversation."""

    __slots__ = ("_jobs",)

    def __init__(self) -> None:
        #: job -> the bytes seen, as bits
        self._jobs: OrderedDict[str, int] = OrderedDict()

    def of_share(self, details: Mapping[str, str]) -> int:
        """How many last bytes the nonces of this share's job have had; 0 where that cannot be told."""
        job, nonce = details.get("job_id", ""), details.get("nonce", "")
        if not job or len(nonce) != _NONCE_DIGITS:
            return 0
        try:
            last = bytes.fromhex(nonce)[-1]
        except ValueError:
            return 0
        seen = self._jobs.get(job, 0) | 1 << last
        keep_latest(self._jobs, job, seen, MAX_COMPARED_JOBS)
        return seen.bit_count()
