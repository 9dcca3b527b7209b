# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: finds the innermost IP header of odd packets, stepping over one layer after another.

The layers themselves are in ``links``, ``wireless``, ``tags``, ``over_ip`` and
``over_udp``, one function each.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop

from netminedet.model import Batch, Layer
from netminedet.sieve import columns as layout
from netminedet.sieve import over_ip, over_udp, tags
from netminedet.sieve.columns import Odd

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if not cython.compiled:  # the compiler has these names from the .pxd file
    from netminedet.sieve.links import link
    from netminedet.sieve.over_ip import ip_payload, ipv4, ipv6
    from netminedet.sieve.tags import ethertype
    from netminedet.sieve.walk import DECODED, IP, LINK, MAX_LAYERS, ON, PIECE, TOO_DEEP, Walk


START = cython.declare(cython.int, layout.START)
REBUILT = cython.declare(cython.int, layout.REBUILT)

#: Names of layers that leave context, by the number that ``Walk.note`` is given.
KINDS = {**tags.KINDS, **over_ip.KINDS, **over_udp.KINDS}


@cython.cclass
class Walker(Walk):
    """Finds the innermost IP header of odd packets, and names the layers before it."""

    column: cython.uint[::1]
    state: cython.uint[::1]
    odd_frame: cython.uint[::1]
    odd_ip_at: cython.uint[::1]
    odd_body_at: cython.uint[::1]
    odd_protocol: cython.uint[::1]
    odd_end: cython.uint[::1]
    odd_wire_end: cython.uint[::1]
    odd_inside: cython.uint[::1]

    def __init__(self, odd: Odd) -> None:
        Walk.__init__(self)
        self.column = odd.column
        self.state = odd.state
        self.odd_frame = odd.frame
        self.odd_ip_at = odd.ip_at
        self.odd_body_at = odd.body_at
        self.odd_protocol = odd.protocol
        self.odd_end = odd.end
        self.odd_wire_end = odd.wire_end
        self.odd_inside = odd.inside

    def counters(self) -> dict[str, int]:
        """What was met on the way."""
        return {
            "in_tunnels": self.tunnelled,
            "ipsec_over_udp": self.ipsec,
            "frames_not_first": self.aggregated,
        }

    def run(self, batch: Batch, low: cython.Py_ssize_t, count: cython.Py_ssize_t) -> int:
        """Walk through the odd packets that wait for it; how many are IP fragments."""
        offset: cython.uint[::1] = batch.offset
        caplen: cython.uint[::1] = batch.caplen
        wirelen: cython.uint[::1] = batch.wirelen
        linktype: cython.uint[::1] = batch.linktype
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        outcome: cython.int
        fragments: cython.Py_ssize_t = 0
        self.data = batch.data
        self.target = -1
        with cython.nogil:
            for k in range(count):
                if self.state[k] == START:
                    i = low + self.column[k]
                    self._begin(offset[i], caplen[i], wirelen[i], linktype[i])
                    self.odd_frame[k] = self.at
                elif self.state[k] == REBUILT:
                    self._begin(self.odd_ip_at[k], self.odd_end[k] - self.odd_ip_at[k], 0, 101)
                    self.inside = self.odd_inside[k]
                else:
                    continue
                outcome = self._walk()
                self.state[k] = outcome
                if outcome == PIECE:
                    fragments += 1
                elif outcome == DECODED and self.inside:
                    self.tunnelled += 1
                self.odd_inside[k] = self.inside
                self.odd_ip_at[k] = self.ip_at
                self.odd_body_at[k] = self.at
                self.odd_protocol[k] = self.next - IP if outcome == DECODED else self.chain_at
                self.odd_end[k] = self.end
                self.odd_wire_end[k] = self.wire
        return fragments

    def layers(
        self,
        batch: Batch,
        frame: cython.Py_ssize_t,
        ip_at: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        wirelen: cython.Py_ssize_t,
        linktype: cython.int,
    ) -> tuple[Layer, ...]:
        """The layers of the frame at ``frame`` before its IP header at ``ip_at``, outermost first.

        ``end``: where the frame's bytes end.  Of a frame rebuilt from fragments the lengths
        of outer headers are too small, so lengths are not looked at.
        """
        self.data = batch.data
        self.target = ip_at
        self._begin(frame, end - frame, wirelen, linktype)
        self._walk()
        return tuple(self._layer(i) for i in range(self.noted))

    def _layer(self, i: int) -> Layer:
        kind, form = KINDS[self.kinds[i]]
        number = self.ids[i]
        text = None if number < 0 else form.format(number, number >> 16, number & 0xFFFF)
        at = self.carriers[i]
        if at < 0:
            return Layer(kind, text)
        if self.data[at] >> 4 == 4:
            family, start, size = AF_INET, at + 12, 4
        else:
            family, start, size = AF_INET6, at + 8, 16
        ends = bytes(self.data[start : start + 2 * size])
        return Layer(kind, text, inet_ntop(family, ends[:size]), inet_ntop(family, ends[size:]))

    # ---- the walk ----

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _begin(
        self,
        at: cython.Py_ssize_t,
        captured: cython.Py_ssize_t,
        wirelen: cython.Py_ssize_t,
        linktype: cython.int,
    ) -> cython.int:
        self.at = at
        self.end = at + captured
        self.wire = at + wirelen if wirelen > captured else self.end
        self.next = LINK + linktype
        self.inside = False
        self.padded = False
        self.kept = False
        self.noted = 0
        self.ip_at = at
        self.chain_at = at
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _walk(self) -> cython.int:
        outcome: cython.int = TOO_DEEP
        _step: cython.int
        for _step in range(MAX_LAYERS):
            outcome = self._step()
            if outcome != ON:
                break
        else:
            outcome = TOO_DEEP
        if self.kept and outcome != DECODED:
            self.restore()
            outcome = DECODED
        return outcome

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(-1, check=False)
    def _step(self) -> cython.int:
        if self.next == 0x0800:
            return ipv4(self)
        if self.next == 0x86DD:
            return ipv6(self)
        if self.next < IP:
            return ethertype(self)
        if self.next < LINK:
            return ip_payload(self)
        return link(self)
