"""Single words of the program's own, marked for the catalogue: `language.told` gives them in its language."""

from __future__ import annotations

from netminedet.language import N_

VERDICTS = (N_("confirmed"), N_("probable"), N_("suspected"))
ROLES = (N_("miner"), N_("solo miner"), N_("proxy"), N_("pool server"), N_("browser"), N_("lookup only"))
#: Kinds of messages, and of other lines of a story.
KINDS = (
    N_("handshake"),
    N_("job"),
    N_("share"),
    N_("accepted"),
    N_("rejected"),
    N_("control"),
    N_("status"),
    N_("name"),
    N_("tls"),
    N_("tunnel"),
    N_("opened"),
)
#: Why a watch tells of a suspect, and why it ends.
CHANGES = (N_("new"), N_("verdict"), N_("evidence"), N_("returned"))
ENDS = (N_("end of file"), N_("asked to stop"))
#: What certainties `estimate.power` has.
CERTAINTIES = (N_("documented"), N_("recalled"), N_("estimate"))
#: What a message or a name gives away.
DETAILS = (
    N_("address"),
    N_("agent"),
    N_("algo"),
    N_("asked"),
    N_("difficulty"),
    N_("hashrate"),
    N_("height"),
    N_("job_id"),
    N_("nonce"),
    N_("pool_host"),
    N_("pool_port"),
    N_("pool_url"),
    N_("port"),
    N_("redirect_host"),
    N_("redirect_port"),
    N_("request_id"),
    N_("seen"),
    N_("session"),
    N_("target"),
    N_("wallet"),
    N_("worker"),
)
#: Counters of a report's totals, but for what was read, in words.
COUNTERS = (
    N_("claimed clients not kept"),
    N_("conversations evicted"),
    N_("damaged bytes skipped"),
    N_("datagrams evicted"),
    N_("datagrams malformed"),
    N_("datagrams not read"),
    N_("datagrams overlapping"),
    N_("datagrams reassembled"),
    N_("datagrams timed out"),
    N_("datagrams too large"),
    N_("datagrams unfinished"),
    N_("dns answers not kept"),
    N_("early segments displaced"),
    N_("early segments too long"),
    N_("encrypted"),
    N_("flow totals not kept"),
    N_("flows evicted"),
    N_("flows evicted flagged"),
    N_("flows evicted with evidence"),
    N_("fragments repeated"),
    N_("frames not first"),
    N_("holes given up"),
    N_("in tunnels"),
    N_("ip fragments"),
    N_("ipsec over udp"),
    N_("malformed"),
    N_("messages dropped"),
    N_("messages too long"),
    N_("messages undecodable"),
    N_("mining flows not kept"),
    N_("names not kept"),
    N_("nodes not kept"),
    N_("non ip"),
    N_("not unwrapped"),
    N_("other transport"),
    N_("out of order"),
    N_("partial messages displaced"),
    N_("partial messages not joined"),
    N_("partial messages too long"),
    N_("payload not captured"),
    N_("ports used again"),
    N_("redirect answers not kept"),
    N_("redirect arrivals not kept"),
    N_("redirect targets not watched"),
    N_("redirects not kept"),
    N_("retransmissions"),
    N_("segments out of window"),
    N_("segments put in order"),
    N_("stream disagreements"),
    N_("stream gaps"),
    N_("tls sessions not kept"),
    N_("too many layers"),
    N_("truncated"),
    N_("tunnels not kept"),
    N_("unknown link type"),
    N_("weak flows displaced"),
)
