"""Why a host's verdict is what it is, what would raise it and what would lower it.

The rules are those of `flows` (one connection), `sessions` (TLS and tunnels) and `weigh` (a host); here
they are in words.  A host has the verdict of the strongest rule that holds for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum

from msgspec import Struct

from netminedet.language import Sentence, as_sentence, listed, number_of, sentence
from netminedet.suspects import Role, Suspect, Verdict
from netminedet.verdict.findings import GRACE_NS, Findings
from netminedet.verdict.flowfinding import FlowFinding
from netminedet.verdict.flows import SURE_JOBS, SURE_SHARES, Basis, FlowVerdict
from netminedet.verdict.polling import LEAST_POLLS, MOST_BETWEEN_NS
from netminedet.verdict.redirects import FOLLOWED_NS
from netminedet.verdict.resolvers import resolvers_of
from netminedet.verdict.sessions import FOLLOWED, TO_POOL, TUNNEL, all_sessions
from netminedet.verdict.together import weigh_flows

#: Hosts named in a sentence.
_NAMED = 5


class Tie(str, Enum):
    """What speaks against a host besides messages."""

    SESSION = "session"
    TUNNEL = "tunnel"
    REDIRECT = "redirect"
    NAME = "name"


_TIES = {TO_POOL: Tie.SESSION, TUNNEL: Tie.TUNNEL, FOLLOWED: Tie.REDIRECT}


class Rule(Struct, frozen=True):
    """One rule in words."""

    verdict: Verdict
    #: why it holds and what that proves
    holds: Sentence
    #: what would make it a stronger verdict
    more: tuple[Sentence, ...]
    #: what would make it hold no longer
    less: Sentence


class Ruling(Struct, frozen=True):
    """A verdict explained, in sentences."""

    why: tuple[str, ...]
    would_raise: tuple[str, ...]
    would_lower: tuple[str, ...]


_HIGHEST = (sentence("Nothing: confirmed is the highest verdict."),)
_QUOTATION = sentence(
    "If one end alone spoke the lines of both sides, it would be a quotation and prove nothing."
)
_RECORDED_EARLIER = sentence(
    "Mining messages in the clear, as a recording before the encryption would show: confirmed."
)

#: The strongest first.
RULES: dict[Basis | Tie, Rule] = {
    Basis.ACCEPTED: Rule(
        Verdict.CONFIRMED,
        sentence("the server accepted shares: it checked the work and took it, so the host did work"),
        _HIGHEST,
        sentence("Without the accepted shares, messages of both sides would still make it confirmed."),
    ),
    Basis.DIALOGUE: Rule(
        Verdict.CONFIRMED,
        sentence("both ends spoke a mining protocol, each its own side of it: a conversation, no quotation"),
        _HIGHEST,
        sentence("With the messages of one side only it would be probable."),
    ),
    Basis.NAMED: Rule(
        Verdict.CONFIRMED,
        sentence(
            "an encrypted connection took the course of Stratum V2, to an address that the DNS had given the "
            "host for a pool's name, or through a proxy asked for one: two independent signs of the same"
        ),
        _HIGHEST,
        sentence(
            "Without the name it would be probable, or nothing at all with the handshake of before 2024."
        ),
    ),
    Basis.JOBS: Rule(
        Verdict.CONFIRMED,
        sentence("the server gave out {n} or more different jobs; only its side was recorded", n=SURE_JOBS),
        _HIGHEST,
        sentence(
            "With fewer than {n} jobs it would be probable; if one end alone spoke the lines of both sides, "
            "it would be a quotation and prove nothing.",
            n=SURE_JOBS,
        ),
    ),
    Basis.SHARES: Rule(
        Verdict.CONFIRMED,
        sentence(
            "the host handed in {n} or more shares, or one after a login; only its side was recorded",
            n=SURE_SHARES,
        ),
        _HIGHEST,
        sentence(
            "With one share alone it would be probable; if one end alone spoke the lines of both sides, it "
            "would be a quotation and prove nothing."
        ),
    ),
    Basis.SEALED: Rule(
        Verdict.PROBABLE,
        sentence(
            "an encrypted connection took the course of Stratum V2: the sizes and the order of its first "
            "four turns, and keys that look random, then a channel opened and small records of the sizes "
            "that mining has; no other protocol is known to, and nothing of it can be read"
        ),
        (
            sentence(
                "The server's address given to the host by the DNS for a pool's name, or a proxy asked for "
                "one: confirmed."
            ),
            _RECORDED_EARLIER,
        ),
        sentence(
            "With one of these sizes another, keys that do not look random, or other traffic behind them, it "
            "would prove nothing."
        ),
    ),
    Basis.ASKED: Rule(
        Verdict.PROBABLE,
        sentence(
            "only the miner's side of a mining handshake was seen: it asked, and nobody was seen to answer"
        ),
        (
            sentence("An answer of the server in the same connection: confirmed. Record both directions."),
            sentence("{n} shares handed in, or one besides the handshake: confirmed.", n=SURE_SHARES),
        ),
        _QUOTATION,
    ),
    Basis.SERVED: Rule(
        Verdict.PROBABLE,
        sentence("only the server's side of a mining protocol was seen, and less than two jobs"),
        (
            sentence("A message of the miner in the same connection: confirmed. Record both directions."),
            sentence("{n} different jobs given out: confirmed.", n=SURE_JOBS),
        ),
        _QUOTATION,
    ),
    Basis.POLLED: Rule(
        Verdict.PROBABLE,
        sentence(
            "the host asked a node for work {n} times or more, a few seconds apart, and was given it: miners "
            "do so, and what only watches over a node does not ask for work",
            n=LEAST_POLLS,
        ),
        (sentence("A result handed in, which shows that it works on what it is given: confirmed."),),
        sentence(
            "Asked for less often than {n} times, or more than {seconds} seconds apart, work would prove "
            "nothing.",
            n=LEAST_POLLS,
            seconds=MOST_BETWEEN_NS // 1_000_000_000,
        ),
    ),
    Basis.MANAGED: Rule(
        Verdict.PROBABLE,
        sentence(
            "the host was asked how it is, or searched for, and answered as the management interface of a "
            "mining machine does; that it is one is as good as sure, that it mines is its own word"
        ),
        (sentence("Its own conversation with a pool, as a recording at the uplink would show: confirmed."),),
        sentence(
            "If nobody had been seen to ask in the same connection, or one end alone had spoken both lines, "
            "it would be a text on its way and prove nothing. Only the answer to a search by multicast, a "
            "datagram by itself, needs no question beside it."
        ),
    ),
    Tie.SESSION: Rule(
        Verdict.PROBABLE,
        sentence(
            "the host opened a TLS session to an address that the DNS had given it for a pool's mining name, "
            "on a port where that pool serves miners; what it said inside is not known"
        ),
        (_RECORDED_EARLIER,),
        sentence(
            "If the DNS answer went to another host, was older than its time to live and {minutes} minutes, "
            "or the port were none of the pool's, the name alone would be left: suspected.",
            minutes=GRACE_NS // 60_000_000_000,
        ),
    ),
    Tie.TUNNEL: Rule(
        Verdict.PROBABLE,
        sentence(
            "the host asked a proxy to connect it to a pool's mining name, on a port where that pool serves "
            "miners; what it said through the tunnel is not known"
        ),
        (sentence("Mining messages in the clear, inside the tunnel or behind the proxy: confirmed."),),
        sentence(
            "If the port were none of the pool's, or the name that of its web site, the name alone would be "
            "left: suspected."
        ),
    ),
    Tie.REDIRECT: Rule(
        Verdict.PROBABLE,
        sentence(
            "a server with which the host mined in the clear told it to go to another address and port, and "
            "it opened a connection there that cannot be read; what it said inside is not known"
        ),
        (_RECORDED_EARLIER,),
        sentence(
            "If the connection had come before the order, or more than {minutes} minutes after it, or had "
            "gone to another address or port, it would prove nothing.",
            minutes=FOLLOWED_NS // 60_000_000_000,
        ),
    ),
    Tie.NAME: Rule(
        Verdict.SUSPECTED,
        sentence(
            "the host used a pool's name; people look up pools for many reasons, so names never prove more"
        ),
        (
            sentence(
                "A TLS session to an address that the DNS had given this host for a pool's mining name, on a "
                "port of that pool, or a tunnel asked of a proxy to such a name and port: probable."
            ),
            sentence("Mining messages: probable from one side of a connection, confirmed from both."),
        ),
        sentence("If the name were taken out of the pool list, it would be no suspect."),
    ),
}

_ROLES = {
    Role.MINER: sentence("Role miner: it asks for work. The messages decide who asks, never port numbers."),
    Role.SOLO: sentence(
        "Role solo miner: it takes its work from a node, not from a pool: it asked for a block that pays it, "
        "or the server is in the home network and said nothing that a node does not say."
    ),
    Role.PROXY: sentence("Role proxy: it serves miners, and mines upstream itself."),
    Role.POOL: sentence(
        "Role pool server: it serves miners, no upstream was seen, and it is in the home network; outside it "
        "would be somebody else's pool and no suspect."
    ),
    Role.BROWSER: sentence("Role browser: it speaks only what mining scripts in web pages speak."),
    Role.LOOKUP: sentence("Role lookup only: nothing but names was seen."),
}

_UNREAD = {
    Role.MINER: sentence(
        "Role miner: it opened a session to a pool's mining name, or was sent to another server by a pool, "
        "or asked a proxy for a tunnel to one, as miners do; what was said could not be read."
    ),
    Role.BROWSER: sentence(
        "Role browser: its sessions lead to services for mining scripts in web pages; what was said could "
        "not be read."
    ),
}

_MACHINE = sentence("Role miner: it answers as a mining machine does; whoever asked it is no suspect.")


def explain_verdict(suspect: Suspect, findings: Findings) -> Ruling:
    """The verdict of a suspect in words, from the findings that it was made of."""
    counts = _bases(suspect, findings)
    present = [rule for rule in RULES if counts[rule]]
    best = max((RULES[rule].verdict for rule in present), default=suspect.verdict)
    why: list[Sentence] = []
    lower: list[Sentence] = []
    for rule in present:
        if RULES[rule].verdict is best:
            why.append(_holds(rule, counts[rule]))
            lower.append(RULES[rule].less)
    weaker = [rule for rule in present if RULES[rule].verdict < best]
    if weaker:
        rest = RULES[weaker[0]]
        lower.append(
            sentence(
                "Without all of that it would still be {verdict}: {rest}.",
                verdict=as_sentence(rest.verdict.label),
                rest=rest.holds,
            )
        )
    elif present:
        lower.append(sentence("Without all of that it would be no suspect: nothing else was seen of it."))
    first = RULES[present[0]] if present else RULES[Tie.NAME]
    return Ruling((*why, _role_of(suspect.role, present)), first.more, tuple(dict.fromkeys(lower)))


def _role_of(role: Role, present: Sequence[Basis | Tie]) -> Sentence:
    """The role in words, by the rules that hold."""
    if list(present) == [Basis.MANAGED] and role is Role.MINER:
        return _MACHINE
    unread = bool(present) and all(isinstance(rule, Tie) for rule in present)
    return _UNREAD.get(role, _ROLES[role]) if unread else _ROLES[role]


def seen_of(host: str, findings: Findings) -> tuple[Sentence, ...]:
    """What was seen of a host that is no suspect, in sentences."""
    sentences: list[Sentence] = [*_served_and_unproven(host, findings), *_resolved(host, findings)]
    sessions = sum(host in (flow.src_ip, flow.dest_ip) for flow in findings.bare_tls)
    if sessions:
        sentences.append(
            sentence(
                "{n} TLS sessions without a server name were seen, none tied to a pool by the DNS.",
                n=sessions,
            )
        )
    nothing = sentence("No mining message, no pool's name and no TLS session to a pool was seen of it.")
    return tuple(sentences) or (nothing,)


def _served_and_unproven(host: str, findings: Findings) -> Iterator[Sentence]:
    """Whom it served, and messages of it that prove nothing."""
    served: set[str] = set()
    unproven = messages = 0
    for flow, verdict in _flows_of(host, findings):
        if verdict is None:
            unproven += 1
            messages += sum(flow.messages.values())
        elif verdict.server[0] == host and verdict.basis is not Basis.MANAGED:
            served.add(verdict.client[0])
    if served:
        yield sentence(
            "It is a mining server of {names}, outside the home network (somebody else's pool; with "
            "--home-net naming its network it would be a suspect), or a node that gives work to one miner.",
            names=listed(sorted(served), _NAMED),
        )
    if unproven:
        yield sentence(
            "{messages} messages that resemble mining were seen on {n} of its connections, but they prove "
            "nothing: others may send them too, or one end spoke the lines of both sides (a quotation).",
            messages=messages,
            n=unproven,
        )


def _resolved(host: str, findings: Findings) -> Iterator[Sentence]:
    """What it looked up for others."""
    for one in resolvers_of(findings):
        if one.host == host:
            yield sentence(
                "It asked the DNS for {names}, names of mining pools, because {clients} had asked it: a "
                "resolver passes on what others ask for, and they are suspected in its place.",
                names=listed(one.names, _NAMED),
                clients=", ".join(one.clients[:_NAMED]),
            )


def _bases(suspect: Suspect, findings: Findings) -> Counter[Basis | Tie]:
    serves = suspect.role in (Role.PROXY, Role.POOL)
    counts: Counter[Basis | Tie] = Counter()
    for _, verdict in _flows_of(suspect.host, findings):
        managed = verdict is not None and verdict.basis is Basis.MANAGED
        if verdict is not None and (verdict.client[0] == suspect.host or (serves and not managed)):
            counts[verdict.basis] += 1
    for session in all_sessions(findings):
        if session.where.flow.src_ip == suspect.host:
            counts[_TIES[session.signature]] += 1
    counts[Tie.NAME] = sum(host == suspect.host for host, _, _ in findings.names)
    return counts


def _flows_of(host: str, findings: Findings) -> Iterator[tuple[FlowFinding, FlowVerdict | None]]:
    for _, flow, verdict in weigh_flows(findings):
        if host in (flow.a[0], flow.b[0]):
            yield flow, verdict


def _holds(rule: Basis | Tie, count: int) -> Sentence:
    """Which verdict a rule gives, why it holds, and how often."""
    return sentence(
        "{verdict}: {holds} ({times}).",
        verdict=as_sentence(RULES[rule].verdict.label),
        holds=RULES[rule].holds,
        times=_times(rule, count),
    )


def _times(rule: Basis | Tie, count: int) -> Sentence:
    if rule is Tie.SESSION:
        return number_of("{n:,} session", "{n:,} sessions", count)
    if rule is Tie.TUNNEL:
        return number_of("{n:,} tunnel", "{n:,} tunnels", count)
    if rule is Tie.REDIRECT:
        return number_of("{n:,} redirect", "{n:,} redirects", count)
    if rule is Tie.NAME:
        return number_of("{n:,} name", "{n:,} names", count)
    return number_of("{n:,} connection", "{n:,} connections", count)
