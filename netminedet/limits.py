"""How many entries each table may take that traffic fills: the defaults, or a share of a cap on memory."""

from __future__ import annotations

import mmap
import re

from msgspec import Struct
from msgspec.structs import astuple

from netminedet.errors import NetminedetError

#: Flows kept at a time unless told otherwise; a flow takes 80 to 158 bytes.
DEFAULT_MAX_FLOWS = 2_000_000
#: More rows a table never has: they are numbered in 32 bits.
MOST_FLOWS = 1 << 30
#: A size beyond this is a slip.
MOST_BYTES = 1 << 50
#: Flagged flows followed at a time; the one without a mining message that was quiet longest gives way,
#: and only where there is none the one with messages that was quiet longest.
MAX_CONVERSATIONS = 20_000
#: Flows with evidence whose ends are remembered until their totals are known.
MAX_NOTED = 400_000
#: Entries of the tables of findings.
MAX_MINING_FLOWS = 200_000
MAX_NAMES = 100_000
MAX_ANSWERS = 200_000
MAX_BARE_TLS = 100_000
MAX_TUNNELS = 100_000
MAX_TRAFFIC = 400_000
MAX_NODES = 20_000

MEGABYTE = 1_000_000
#: Memory that no traffic changes: Python, the program, the signatures, buffers of fixed size.
FIXED_BYTES = 110 * MEGABYTE
#: Least that is left for tables.
LEAST_BYTES = 40 * MEGABYTE
#: A flow's row.  While a table grows or ages the old one goes as the new one fills, where the system
#: takes memory back in parts; elsewhere both are there.
_ROW_BYTES = 64 if hasattr(mmap, "MADV_DONTNEED") else 2 * 64
#: Fullest that a table of flows may be, in sixteenths: beyond it probe chains grow long.
FULL_SIXTEENTHS = 13
#: Flows' part of what is left, as a divisor; the other half is for all that is found.
_FLOWS_PART = 2
#: Python's memory for an entry, in the input's findings and in the report that they are added to.
_ENTRY_BYTES = {
    "conversations": 16_000,
    "noted": 500,
    "mining_flows": 14_000,
    "names": 1_800,
    "answers": 1_500,
    "bare_tls": 1_200,
    "tunnels": 1_500,
    "traffic": 800,
    "nodes": 3_000,
}


class Limits(Struct, frozen=True):
    """The most entries of each table; the defaults are those without a cap on memory."""

    flows: int = DEFAULT_MAX_FLOWS
    conversations: int = MAX_CONVERSATIONS
    noted: int = MAX_NOTED
    mining_flows: int = MAX_MINING_FLOWS
    names: int = MAX_NAMES
    answers: int = MAX_ANSWERS
    bare_tls: int = MAX_BARE_TLS
    tunnels: int = MAX_TUNNELS
    traffic: int = MAX_TRAFFIC
    nodes: int = MAX_NODES

    def smaller(self, other: Limits) -> Limits:
        """The smaller of both, table by table: what a sum of two reports goes by."""
        return Limits(*map(min, astuple(self), astuple(other)))


DEFAULT_LIMITS = Limits()


def limits_for(max_memory: int | None, max_flows: int | None = None, jobs: int = 1) -> Limits:
    """The limits under which each of ``jobs`` processes stays below its part of ``max_memory`` bytes.

    Half of what is left beside the fixed memory goes to the table of flows.  The other half
    is shared by all tables of findings: each gets the same part of its default number.
    ``max_flows`` lowers or, without a cap, sets the number of flows that all processes keep
    together.  Raises NetminedetError where too little is left, or more is asked for than a table can have.
    """
    if max_flows is not None and max_flows > MOST_FLOWS:
        raise NetminedetError(f"{max_flows} flows are too many; give --max-flows at most {MOST_FLOWS}")
    most_flows = DEFAULT_LIMITS.flows if max_flows is None else -(-max_flows // jobs)
    if max_memory is None:
        return Limits(flows=most_flows)
    least = (FIXED_BYTES + LEAST_BYTES) * jobs
    if max_memory < least:
        raise NetminedetError(
            f"{max_memory / MEGABYTE:.0f} MB of memory are too few; "
            f"give --max-memory at least {least // MEGABYTE}M{' or fewer --jobs' if jobs > 1 else ''}"
        )
    left = max_memory // jobs - FIXED_BYTES
    flows = min(most_flows, _rows(left // _FLOWS_PART))
    left -= max(left // _FLOWS_PART, 0)
    whole = sum(getattr(DEFAULT_LIMITS, name) * size for name, size in _ENTRY_BYTES.items())
    scaled = {
        name: max(1, min(getattr(DEFAULT_LIMITS, name), getattr(DEFAULT_LIMITS, name) * left // whole))
        for name in _ENTRY_BYTES
    }
    return Limits(flows=flows, **scaled)


def _rows(size: int) -> int:
    """The flows that fit into the largest table within ``size`` bytes; a table's rows are a power of two."""
    count = 1 << (size // _ROW_BYTES).bit_length() - 1
    return count * FULL_SIXTEENTHS // 16


_SIZE = re.compile(r"([0-9]{1,12})\s*([KMGT]?)(I?)B?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """A size in bytes out of ``500M``, ``2G`` or ``1GiB``; raises NetminedetError for what is none."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or (found[3] and not found[2]):
        raise NetminedetError(f"{text!r} is not a size; write it like 500M, 2G or 1GiB")
    base = 1024 if found[3] else 1000
    power = " KMGT".index(found[2].upper() or " ")
    size = int(found[1]) * int(base**power)
    if size > MOST_BYTES:
        raise NetminedetError(f"{text!r} is too much; give at most {MOST_BYTES >> 40}TiB")
    return size
