"""What each benchmark capture is made of: flows and how often each is begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import floods as f
from tests.bench import traffic as t
from tests.bench.traffic import Flow, World


@dataclass(frozen=True)
class Mix:
    """A kind of capture."""

    title: str
    #: (weight, flow): how often a flow of this kind is begun
    parts: tuple[tuple[int, Callable[[World, float], Flow]], ...]
    #: flows under way at the same time
    concurrent: int = 2000


def _size(world: World, mean: float) -> int:
    """A transfer size: mostly small, sometimes far larger than the mean."""
    return 600 + min(int(world.rng.paretovariate(1.25) * mean * 0.26), 25 * int(mean))


#: The second argument of a flow scales its size with the capture: below 300 MB flows are
#: shorter, not fewer (about 43,000); above it the make-up stays the same and flows are more.
MIXES = {
    "mix": Mix(
        "internet mix of sizes",
        (
            (66, lambda w, x: t.dns(w)),
            (32, lambda w, x: t.tls(w, _size(w, 14_500 * x))),
            (9, lambda w, x: t.http(w, _size(w, 11_000 * x))),
            (3, lambda w, x: t.quic(w, 1 + int(w.pick(40) * x))),
            (3, lambda w, x: t.chatter(w, 2 + int(w.pick(24) * x))),
            (1, lambda w, x: t.acks(w, 1 + int(w.pick(26) * x))),
        ),
    ),
    "small": Mix(
        "smallest packets: TCP acknowledgements, short UDP, DNS",
        (
            (25, lambda w, x: t.dns(w)),
            (30, lambda w, x: t.chatter(w, 2 + int(w.pick(90) * x))),
            (45, lambda w, x: t.acks(w, 1 + int(w.pick(110) * x))),
        ),
    ),
    "full": Mix("full-size TCP data", ((1, lambda w, x: t.bulk(w, 20 + int(w.pick(400) * x))),), 500),
    "dns-heavy": Mix(
        "seven in ten packets are DNS",
        ((78, lambda w, x: t.dns(w)), (2, lambda w, x: t.tls(w, 4000)), (2, lambda w, x: t.chatter(w, 8))),
    ),
    "tls-heavy": Mix("a ClientHello in each flow", ((1, lambda w, x: t.tls(w, 500)),)),
    "json-heavy": Mix(
        "one packet in ten is a JSON-RPC lookalike",
        (
            (38, lambda w, x: t.dns(w)),
            (34, lambda w, x: t.tls(w, _size(w, 14_500))),
            (8, lambda w, x: t.chatter(w, 2 + w.pick(24))),
            (6, lambda w, x: t.json_rpc(w, 4 + w.pick(18))),
        ),
    ),
    "newflows": Mix("each packet a new flow", ((1, lambda w, x: t.single(w)),), 1),
    "flood-syn": Mix("each packet the SYN of a new flow", ((1, lambda w, x: f.syn(w)),), 1),
    "flood-fragments": Mix("fragments of datagrams that never end", ((1, lambda w, x: f.fragment(w)),), 1),
    "flood-json": Mix("anchors in JSON that is not mining", ((1, lambda w, x: f.braces(w)),), 1),
    "flood-unfinished": Mix("messages that never end", ((1, lambda w, x: f.unfinished(w)),), 20_000),
    "flood-names": Mix("lookups of pools' names by millions of hosts", ((1, lambda w, x: f.names(w)),), 500),
    "flood-nested": Mix("JSON nested 100,000 deep", ((1, lambda w, x: f.nested(w)),), 50),
    "flood-bombs": Mix(
        "small bodies and frames that inflate hugely",
        ((1, lambda w, x: f.http_bomb(w)), (1, lambda w, x: f.websocket_bomb(w))),
        200,
    ),
}
