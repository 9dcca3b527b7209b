"""What one flow proves, read off the messages of its two ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

from netminedet.model import Kind, Shares, Side, Strength, Verdict
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.managed import managed_end, management_of, sentence

#: Jobs that a server must have sent on a flow of which only its side was seen, and shares
#: that a client must have handed in on one of which only its side was seen, to be sure.
SURE_JOBS = 2
SURE_SHARES = 2

#: The dialect that may be seen without being read.
ENCRYPTED_DIALECT = "stratum-v2"

#: Handing in a block is mining only of a host that takes work as well: who hands in blocks
#: without ever asking for one passes on what it got, as relays between nodes do.
BLOCKS = frozenset({"getwork.submitblock"})
BLOCK_ANSWERS = frozenset({"getwork.answer"})
WORK_TAKEN = frozenset(
    {
        "getwork.getwork",
        "getwork.getwork-submit",
        "getwork.getblocktemplate",
        "getwork.getblocktemplate-plain",
        "getwork.getblocktemplate-monero",
    }
)


class Basis(str, Enum):
    """Which rule gave a flow its verdict; the first that holds, in this order."""

    ACCEPTED = "accepted"
    DIALOGUE = "dialogue"
    NAMED = "named"
    JOBS = "jobs"
    SHARES = "shares"
    ASKED = "asked"
    SERVED = "served"
    MANAGED = "managed"

    @property
    def verdict(self) -> Verdict:
        probable = self in (Basis.ASKED, Basis.SERVED, Basis.MANAGED)
        return Verdict.PROBABLE if probable else Verdict.CONFIRMED


@dataclass(frozen=True, slots=True)
class FlowVerdict:
    """Who mines at whom in a flow, and how sure that is.

    With the basis MANAGED the client is the machine whose management interface answered,
    and the server whoever asked it: no pool.
    """

    client: tuple[str, int]
    server: tuple[str, int]
    basis: Basis
    shares: Shares
    jobs: int
    #: one sentence
    reason: str
    #: the dialect that its shares are handed in with; of its other messages where there is none
    dialect: str = ""
    #: the client's greeting was seen
    greeted: bool = False

    @property
    def verdict(self) -> Verdict:
        """How sure it is."""
        return self.basis.verdict


def takers_of_work(findings: Findings) -> frozenset[str]:
    """The hosts that asked a node or an old pool for work, in any flow."""
    return frozenset(
        (flow.a if by_a else flow.b)[0]
        for flow in findings.flows.values()
        for signature, _, _, _, by_a in flow.messages
        if signature in WORK_TAKEN
    )


def weigh_named_flow(flow: FlowFinding, findings: Findings, takers: frozenset[str]) -> FlowVerdict | None:
    """The flow's verdict with what is known from elsewhere.

    An encrypted Stratum V2 channel, probable alone, is confirmed where it goes to an
    address that the same host had been given for a pool's name, or through a proxy that
    it had asked for one.  A block handed in by a host that is not among ``takers`` (see
    ``takers_of_work``) is weak.
    """
    verdict = weigh_flow(without_relayed(flow, takers))
    if verdict is None or verdict.basis is not Basis.ASKED or verdict.dialect != ENCRYPTED_DIALECT:
        return verdict
    verdict = replace(verdict, reason=verdict.reason + _sealed(flow))
    tunnel = findings.tunnels.get((flow.a, flow.b, flow.proto))
    names = findings.names_of(verdict.client[0], verdict.server[0], flow.span.first)
    if tunnel is not None:
        how = f"it had asked this proxy for a tunnel to {tunnel.pool.name}"
    elif names:
        how = f"the DNS had given it this address for {names[0]}"
    else:
        return verdict
    return replace(verdict, basis=Basis.NAMED, reason=f"{verdict.reason}; {how}, a name of a mining pool")


def without_relayed(flow: FlowFinding, takers: frozenset[str]) -> FlowFinding:
    """The flow with blocks that were only passed on, and their answers, as weak messages."""
    relays = {
        by_a
        for signature, _, _, _, by_a in flow.messages
        if signature in BLOCKS and (flow.a if by_a else flow.b)[0] not in takers
    }
    if not relays:
        return flow
    messages: Counter[tuple[str, Kind, Side, Strength, bool]] = Counter()
    for (signature, kind, sender, strength, by_a), number in flow.messages.items():
        relayed = (signature in BLOCKS and by_a in relays) or (
            signature in BLOCK_ANSWERS and (not by_a) in relays
        )
        messages[signature, kind, sender, Strength.WEAK if relayed else strength, by_a] += number
    return replace(flow, messages=messages)


def with_dialect_of_work(
    flow: FlowFinding, verdict: FlowVerdict, most_specific: Callable[[Iterable[str]], tuple[str, ...]]
) -> FlowVerdict:
    """The verdict with the dialect that the shares' own one is refined by in this flow, if any.

    Shares of several coins have the same form, and only the work tells which coin it is.
    """
    others = flow.dialects - {verdict.dialect}
    finer = [name for name in others if most_specific((name, verdict.dialect)) == (name,)]
    weights = _weights(flow)
    dialect = min(finer, key=lambda name: (-weights[name], name), default=verdict.dialect)
    return replace(verdict, dialect=dialect)


def _sealed(flow: FlowFinding) -> str:
    """What the sizes of encrypted records add to the reason."""
    sealed = flow.sealed
    if sealed is None or not sealed.shares:
        return ""
    return (
        f"; then about {_number(sealed.shares, 'record')} of the size of a share, in {sealed.minutes} of "
        f"{_number(sealed.over, 'minute')}, and {sealed.answers} of the size of an answer to shares "
        "(estimated from sizes: nothing of it was read)"
    )


def weigh_flow(flow: FlowFinding) -> FlowVerdict | None:
    """The flow's verdict; None where nothing strong was said, or one end spoke for both.

    The client is the end that speaks as one, or that is spoken to as one: port numbers
    and who opened the connection do not count.  One end that alone speaks the lines of
    both sides recites a transcript: a log or a document on its way, and no mining.
    """
    spoken: Counter[tuple[bool, Side]] = Counter()
    for (_, kind, sender, strength, by_a), number in flow.messages.items():
        if strength is Strength.STRONG and kind is not Kind.STATUS:
            spoken[by_a, sender] += number
    a_as_client = spoken[True, Side.CLIENT] + spoken[False, Side.SERVER]
    b_as_client = spoken[False, Side.CLIENT] + spoken[True, Side.SERVER]
    if not a_as_client and not b_as_client:
        return _managed(flow)
    a_is_client = a_as_client >= b_as_client
    asked = spoken[a_is_client, Side.CLIENT]
    served = spoken[not a_is_client, Side.SERVER]
    if _is_transcript(spoken, a_is_client):
        return None
    shares = _shares(flow, a_is_client)
    jobs = _count(flow, Kind.JOB, not a_is_client, Side.SERVER)
    basis, reason = _basis(asked, served, shares, jobs)
    client, server = (flow.a, flow.b) if a_is_client else (flow.b, flow.a)
    greeted = _count(flow, Kind.HANDSHAKE, a_is_client, Side.CLIENT) > 0
    return FlowVerdict(client, server, basis, shares, jobs, reason, _main_dialect(flow), greeted)


def _managed(flow: FlowFinding) -> FlowVerdict | None:
    end = managed_end(flow)
    if end is None:
        return None
    machine, asker = (flow.a, flow.b) if end else (flow.b, flow.a)
    reason = sentence(management_of([flow]))
    return FlowVerdict(machine, asker, Basis.MANAGED, Shares(), 0, reason, _main_dialect(flow))


def _main_dialect(flow: FlowFinding) -> str:
    weights = _weights(flow)
    return min(weights, key=lambda name: (-weights[name], name), default="")


def _weights(flow: FlowFinding) -> Counter[str]:
    """Dialects by most shares, then by most jobs, then by most messages."""
    weights: Counter[str] = Counter()
    for (signature, kind, _, strength, _), number in flow.messages.items():
        if strength is Strength.STRONG:
            weight = {Kind.SHARE: 1_000_000, Kind.JOB: 1_000}.get(kind, 1)
            weights[signature.partition(".")[0]] += weight * number
    return weights


def _is_transcript(spoken: Counter[tuple[bool, Side]], a_is_client: bool) -> bool:
    asked, served = spoken[a_is_client, Side.CLIENT], spoken[not a_is_client, Side.SERVER]
    if asked and served:  # an echo, or people who show each other what they saw, speak both parts
        crossed = spoken[a_is_client, Side.SERVER] + spoken[not a_is_client, Side.CLIENT]
        return 2 * crossed >= asked + served
    speaker = a_is_client if asked else not a_is_client
    return bool(spoken[speaker, Side.CLIENT] and spoken[speaker, Side.SERVER])


def _basis(asked: int, served: int, shares: Shares, jobs: int) -> tuple[Basis, str]:
    if shares.accepted and (asked or shares.accepted >= SURE_SHARES):
        return Basis.ACCEPTED, (
            f"the server accepted {shares.accepted} of {_number(shares.submitted, 'share')} handed in"
        )
    if asked and served:
        return Basis.DIALOGUE, (
            f"both sides spoke a mining protocol: {_number(asked, 'message')} of the miner, "
            f"{_number(served, 'message')} of the server, {_number(jobs, 'job')} among them"
        )
    if jobs >= SURE_JOBS:
        return Basis.JOBS, f"the server gave {jobs} jobs to work on (only its side was seen)"
    if shares.submitted >= SURE_SHARES or (shares.submitted and asked > shares.submitted):
        return Basis.SHARES, (
            f"the miner handed in {_number(shares.submitted, 'share')} of work (only its side was seen)"
        )
    if asked:
        return Basis.ASKED, "only the miner's side of a mining handshake was seen"
    return Basis.SERVED, "only the server's side of a mining protocol was seen"


def _shares(flow: FlowFinding, a_is_client: bool) -> Shares:
    """A message that several dialects recognise is one share: the dialect with the most counts."""
    submitted: Counter[str] = Counter()
    for (signature, kind, sender, strength, by_a), number in flow.messages.items():
        if (kind, sender, by_a) == (Kind.SHARE, Side.CLIENT, a_is_client) and strength is Strength.STRONG:
            submitted[signature.partition(".")[0]] += number
    accepted = _count(flow, Kind.ACCEPTED, not a_is_client, Side.SERVER)
    rejected = _count(flow, Kind.REJECTED, not a_is_client, Side.SERVER)
    most = max(submitted.values(), default=0)
    return Shares(max(most, accepted + rejected), accepted, rejected)


def _count(flow: FlowFinding, kind: Kind, by_a: bool, sender: Side) -> int:
    numbers: Counter[str] = Counter()
    for (signature, of_kind, side, strength, a_spoke), number in flow.messages.items():
        if (of_kind, side, a_spoke) == (kind, sender, by_a) and strength is Strength.STRONG:
            numbers[signature.partition(".")[0]] += number
    return max(numbers.values(), default=0)


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
