"""What one flow proves, read off the messages of its two ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from netminedet.language import Sentence, number_of, sentence
from netminedet.model import (
    REBUFF,
    Kind,
    Side,
    Strength,
)
from netminedet.suspects import Shares, Verdict
from netminedet.verdict.findings import Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.managed import account_of, managed_end, management_of

#: Jobs that a server must have sent on a flow of which only its side was seen, and shares
#: that a client must have handed in on one of which only its side was seen, to be sure.
SURE_JOBS = 2
SURE_SHARES = 2

#: What a channel is called of which only the sizes can be seen (``protocols.noise``), and one whose handshake
#: is that of before 2024.
SEALED_CHANNEL = "stratum-v2.noise-channel"
OLD_CHANNEL = "stratum-v2.old-noise-channel"

#: (host, signature, as which side) -> how often a host has sent a message, in all flows
Sent = Counter[tuple[str, str, Side]]


class Basis(str, Enum):
    """Which rule gave a flow its verdict; the first that holds, in this order."""

    ACCEPTED = "accepted"
    DIALOGUE = "dialogue"
    NAMED = "named"
    JOBS = "jobs"
    SHARES = "shares"
    SEALED = "sealed"
    ASKED = "asked"
    SERVED = "served"
    POLLED = "polled"
    MANAGED = "managed"

    @property
    def verdict(self) -> Verdict:
        probable = (Basis.SEALED, Basis.ASKED, Basis.SERVED, Basis.POLLED, Basis.MANAGED)
        return Verdict.PROBABLE if self in probable else Verdict.CONFIRMED


class FlowVerdict(Struct, frozen=True):
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
    #: of its shares those handed in whose form is not verified, so that nothing measures them
    unmeasured: int = 0

    @property
    def verdict(self) -> Verdict:
        """How sure it is."""
        return self.basis.verdict


def sent_of_needed(findings: Findings) -> Sent:
    """How often hosts sent those messages that stand beside others for these to count."""
    flows = findings.flows.values()
    asked = {(name, needs) for flow in flows for name, needs in flow.needs.items()}
    wanted = {one for name, needs in asked for one in (name, *needs.any_of, needs.outnumbers)}
    sent: Sent = Counter()
    for flow in flows if wanted else ():
        for (signature, _, sender, _, by_a), number in flow.messages.items():
            if signature in wanted:
                sent[(flow.a if by_a else flow.b)[0], signature, sender] += number
    return sent


def weigh_named_flow(flow: FlowFinding, findings: Findings, sent: Sent) -> FlowVerdict | None:
    """The flow's verdict with what is known from elsewhere.

    An encrypted Stratum V2 channel, probable alone if what goes over it is what goes over one,
    is confirmed where it leads to an address that the same host had been given for a pool's name,
    or through a proxy that it had asked for one.  ``sent``: see ``without_unsupported``.
    """
    verdict = weigh_flow(without_unsupported(flow, sent))
    if verdict is None or verdict.basis is not Basis.SEALED:
        return verdict
    tunnel = findings.tunnels.get((flow.a, flow.b, flow.proto))
    names = findings.names_of(verdict.client[0], verdict.server[0], flow.span.first)
    if tunnel is not None and tunnel.pool.pool:
        how = sentence("it had asked this proxy for a tunnel to {name}", name=tunnel.pool.name)
    elif names:
        how = sentence("the DNS had given it this address for {name}", name=names[0])
    else:  # a handshake of these sizes alone is no proof: others may have one
        return verdict if flow.sealed is not None and flow.sealed.fits else None
    reason = sentence("{reason}; {how}, a name of a mining pool", reason=verdict.reason, how=how)
    return replace(verdict, basis=Basis.NAMED, reason=reason)


def without_unsupported(flow: FlowFinding, sent: Sent) -> FlowFinding:
    """The flow with messages that lack what they need, and the answers to them, as weak ones.

    Handing in a block is mining only of a host that takes work as well (``needs`` in the
    signature file): who never asks for any passes on what it got, as relays between nodes do.
    """
    weak: set[tuple[str, bool]] = set()
    for signature, _, sender, _, by_a in flow.messages:
        needs = flow.needs.get(signature)
        if needs is not None and not _is_supported(flow, signature, sender, by_a, sent):
            weak |= {(signature, by_a), (f"{signature.partition('.')[0]}.answer", not by_a)}
    if not weak:
        return flow
    messages: Counter[tuple[str, Kind, Side, Strength, bool]] = Counter()
    for (signature, kind, sender, strength, by_a), number in flow.messages.items():
        lessened = Strength.WEAK if (signature, by_a) in weak else strength
        messages[signature, kind, sender, lessened, by_a] += number
    return replace(flow, messages=messages)


def _is_supported(flow: FlowFinding, signature: str, sender: Side, by_a: bool, sent: Sent) -> bool:
    """Whether what the message needs was seen, of either end, and nothing speaks against it."""
    host, other = (flow.a[0], flow.b[0]) if by_a else (flow.b[0], flow.a[0])
    needs = flow.needs[signature]
    if needs.beside and _is_doubtful(flow, needs.beside):
        return False
    if needs.alone:
        return True
    if needs.outnumbers and sent[host, signature, sender] > sent[host, needs.outnumbers, sender]:
        return True
    return any((host, name, sender) in sent or (other, name, sender.other) in sent for name in needs.any_of)


def _is_doubtful(flow: FlowFinding, beside: tuple[str, ...]) -> bool:
    """Whether work or shares in a form of nobody's were seen, and nothing that is mining for sure: verbs of
    mining are those of games and of those who dig in data, too."""
    if not any(name in beside for name, _, _, _, _ in flow.messages):
        return False
    if len({by_a for _, _, _, _, by_a in flow.messages}) < 2:  # of what was not recorded nothing is known
        return False
    sure = (
        name
        for name, kind, sender, strength, _ in flow.messages
        if (strength is Strength.STRONG or (kind, sender) == (Kind.HANDSHAKE, Side.SERVER))
        and not name.endswith(".answer")
    )
    return all(name in flow.needs and flow.needs[name].beside for name in sure)


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


def _is_sealed(flow: FlowFinding) -> bool:
    """Whether all that was seen of mining is the course that the connection took."""
    strong = {signature for signature, _, _, strength, _ in flow.messages if strength is Strength.STRONG}
    return bool(strong) and strong <= {SEALED_CHANNEL, OLD_CHANNEL}


def _sealed(flow: FlowFinding) -> Sentence:
    """What was seen of an encrypted channel: sizes, their order and randomness."""
    if any(name == OLD_CHANNEL for name, _, _, _, _ in flow.messages):
        return sentence(
            "encrypted from its first byte, the connection took the course of Stratum V2 as it was before "
            "2024: 32 bytes of the client that look random, 170 in answer, a record of the size of "
            "SetupConnection, and one of 44 bytes, as its answer has"
        )
    seen = sentence(
        "encrypted from its first byte, the connection took the course of Stratum V2: 64 bytes of the client "
        "that look random, 234 in answer, a record of the size of SetupConnection, and one of 44 bytes, as "
        "its answer has"
    )
    sealed = flow.sealed
    if sealed is None or not sealed.fits:
        return seen
    seen = sentence(
        "{seen}; the client opened a channel, and small records of the sizes that mining has went over it",
        seen=seen,
    )
    if not sealed.shares:
        return seen
    return sentence(
        "{seen}; then about {records} of the size of a share, in {minutes} of {over}, and {answers} of the "
        "size of an answer to shares (estimated from sizes: nothing of it was read)",
        seen=seen,
        records=number_of("{n} record", "{n} records", sealed.shares),
        minutes=sealed.minutes,
        over=number_of("{n} minute", "{n} minutes", sealed.over),
        answers=sealed.answers,
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
    asked, served = spoken[a_is_client, Side.CLIENT], spoken[not a_is_client, Side.SERVER]
    if _is_transcript(spoken, a_is_client):
        return None
    shares = _shares(flow, a_is_client)
    jobs = _count(flow, Kind.JOB, not a_is_client, Side.SERVER)
    work, more = _work_given(flow, not a_is_client, asked > 0 and served > 0)
    basis, reason = _basis(asked, served + more, shares, work + more)
    if basis in (Basis.ASKED, Basis.SHARES) and _is_rebuffed(flow, not a_is_client):
        return None
    if basis is Basis.ASKED:
        basis, reason = _asked(flow, not a_is_client, reason)
    others = _shares(flow, a_is_client, Strength.WEAK) if asked and served else Shares()
    if others.submitted and basis is Basis.DIALOGUE:
        reason = sentence(
            "{reason}; {shares} of a form not verified, {accepted} accepted",
            reason=reason,
            shares=_shares_counted(others.submitted),
            accepted=others.accepted,
        )
    client, server = (flow.a, flow.b) if a_is_client else (flow.b, flow.a)
    greeted = _count(flow, Kind.HANDSHAKE, a_is_client, Side.CLIENT) > 0
    return FlowVerdict(
        client, server, basis, shares + others, jobs, reason, _main_dialect(flow), greeted, others.submitted
    )


def _is_rebuffed(flow: FlowFinding, by_a: bool) -> bool:
    """Whether the end that was asked is known to speak something else: nobody mines with it."""
    return any(name.endswith(f".{REBUFF}") and a_spoke is by_a for name, _, _, _, a_spoke in flow.messages)


def _asked(flow: FlowFinding, by_a: bool, reason: Sentence) -> tuple[Basis, Sentence]:
    """What is known more of a flow in which only a client asked: that it is encrypted, or that this other
    end sent it away."""
    if _is_sealed(flow):
        return Basis.SEALED, _sealed(flow)
    if any(kind is Kind.REJECTED and a_spoke is by_a for _, kind, _, _, a_spoke in flow.messages):
        reason = sentence("the miner asked, and the server sent it away in words that pools use")
    return Basis.ASKED, reason


def _managed(flow: FlowFinding) -> FlowVerdict | None:
    end = managed_end(flow)
    if end is None:
        return None
    machine, asker = (flow.a, flow.b) if end else (flow.b, flow.a)
    reason = account_of(management_of([flow]))
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


def _basis(asked: int, served: int, shares: Shares, jobs: int) -> tuple[Basis, Sentence]:
    if shares.accepted and (asked or shares.accepted >= SURE_SHARES):
        return Basis.ACCEPTED, sentence(
            "the server accepted {accepted} of {shares} handed in",
            accepted=shares.accepted,
            shares=_shares_counted(shares.submitted),
        )
    if asked and served:
        return Basis.DIALOGUE, sentence(
            "both sides spoke a mining protocol: {asked} of the miner, {served} of the server, "
            "{jobs} among them",
            asked=number_of("{n} message", "{n} messages", asked),
            served=number_of("{n} message", "{n} messages", served),
            jobs=number_of("{n} job", "{n} jobs", jobs),
        )
    if jobs >= SURE_JOBS:
        return Basis.JOBS, sentence(
            "the server gave {jobs} jobs to work on (only its side was seen)", jobs=jobs
        )
    if shares.submitted >= SURE_SHARES or (shares.submitted and asked > shares.submitted):
        return Basis.SHARES, sentence(
            "the miner handed in {shares} of work (only its side was seen)",
            shares=_shares_counted(shares.submitted),
        )
    if asked:
        return Basis.ASKED, sentence("only the miner's side of a mining handshake was seen")
    return Basis.SERVED, sentence("only the server's side of a mining protocol was seen")


def _work_given(flow: FlowFinding, by_a: bool, is_proven: bool) -> tuple[int, int]:
    """How often a server gave out work: jobs, and answers to a login with the first one in them.  Apart from
    these, such as proves nothing by itself, where both sides prove that it is mining."""
    strong: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for (signature, kind, side, strength, a_spoke), number in flow.messages.items():
        is_work = kind is Kind.JOB or (kind is Kind.HANDSHAKE and signature in flow.greetings)
        if is_work and side is Side.SERVER and a_spoke is by_a:
            dialect = signature.partition(".")[0]
            every[dialect] += number
            strong[dialect] += number if strength is Strength.STRONG else 0
    work = max(strong.values(), default=0)
    return work, max(every.values(), default=0) - work if is_proven else 0


def _shares(flow: FlowFinding, a_is_client: bool, strength: Strength = Strength.STRONG) -> Shares:
    """The shares that count by themselves; with WEAK those of a form that proves nothing, as far as
    they were handed in and answered in so many words."""
    submitted = _count(flow, Kind.SHARE, a_is_client, Side.CLIENT, strength)
    accepted = _count(flow, Kind.ACCEPTED, not a_is_client, Side.SERVER, strength)
    rejected = _count(flow, Kind.REJECTED, not a_is_client, Side.SERVER, strength)
    if strength is Strength.WEAK and not submitted:
        return Shares()
    return Shares(max(submitted, accepted + rejected), accepted, rejected)


def _count(
    flow: FlowFinding, kind: Kind, by_a: bool, sender: Side, strength: Strength = Strength.STRONG
) -> int:
    """A message that several dialects recognise is one: the dialect with the most counts.  Of weak
    answers only those whose request was seen do."""
    numbers: Counter[str] = Counter()
    for (signature, of_kind, side, of_strength, a_spoke), number in flow.messages.items():
        dialect, _, name = signature.partition(".")
        told = strength is Strength.STRONG or kind is Kind.SHARE or name == "answer"
        if (of_kind, side, a_spoke, of_strength) == (kind, sender, by_a, strength) and told:
            numbers[dialect] += number
    return max(numbers.values(), default=0)


def _shares_counted(number: int) -> Sentence:
    return number_of("{n} share", "{n} shares", number)
