"""Reports made by hand for the tests of the renderers."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from netminedet.estimate import Counted, PowerEstimate, RateEstimate
from netminedet.estimate.host import HashRate
from netminedet.model import (
    FiveTuple,
    InputInfo,
    Layer,
    SignatureSetInfo,
    Where,
)
from netminedet.signatures.agents import Agent
from netminedet.suspects import (
    Evidence,
    NodeSeen,
    Pool,
    ResolverSeen,
    Role,
    Shares,
    Suspect,
    Verdict,
)

SECOND = 1_000_000_000
NOON = 1_706_702_400 * SECOND  # 2024-01-31 12:00:00 UTC
HOUR = 3600 * SECOND
WALLET = "4BCeEPhodgPMbPWFN1dPwhWXdRX8q4mhhdZdA1dtSMLTLCEYvAj9QXjXAfF7CugEbmfBhgkqHbdgK9b2wKA6nqRZQCgvCDm"


class SampleReport(Struct, frozen=True):
    """The least that a renderer needs."""

    suspects: tuple[Suspect, ...] = ()
    inputs: tuple[InputInfo, ...] = ()
    totals: dict[str, int] = field(default_factory=lambda: {"packets": 0, "bytes": 0, "flows": 0})
    tool_version: str = "0.1.0"
    adjacent: tuple[NodeSeen, ...] = ()
    resolvers: tuple[ResolverSeen, ...] = ()
    signatures: SignatureSetInfo = field(
        default_factory=lambda: SignatureSetInfo(version="2024.02", sha256="ab" * 32, count=57)
    )


def evidence(host: str, server: str, *, port: int = 3333, proto: str = "tcp", packet: int = 12) -> Evidence:
    """One piece of evidence that ``host`` sent to ``server``."""
    return Evidence(
        signature="stratum-v1.subscribe",
        strength="strong",
        where=Where(
            NOON + 123_456_789,
            "captures/office.pcap",
            packet,
            FiveTuple(host, 49152, server, port, proto),
            (
                Layer("vlan", "100"),
                Layer("gtp-u", "0x0000abcd", "10.200.0.1", "10.200.0.2"),
                Layer("vlan", "7"),
            ),
        ),
        excerpt='{"id":1,"method":"mining.subscribe","params":["cgminer/4.10.0"]}',
        why="mining.subscribe is the first call of the Stratum V1 handshake",
    )


SHA256D = HashRate(
    algorithm="sha256d",
    rate=RateEstimate(
        84.1e12, 107.777777e12, 135.9e12, "H", 118, 118.0, 18000.0, Counted.ACCEPTED, "from accepted shares"
    ),
    ambiguity="",
    reported=None,
    power=PowerEstimate(2.4, 3.25, 4.5, "device", "the device is an Antminer S19, as its software says"),
)

FEW = HashRate(
    algorithm="randomx",
    rate=RateEstimate(
        None, None, 881.638636, "H", 0, 0.0, 32.0, Counted.SUBMITTED, "too few shares for a rate: 0 in 32 s"
    ),
    ambiguity="the dialect also carries CryptoNight",
    reported=RateEstimate(
        700.0, 705.5, 711.0, "H", 0, 0.0, 0.0, Counted.REPORTED, "as the miner reported it itself, 3 times"
    ),
    power=None,
)

FARM = Suspect(
    host="192.168.20.15",
    verdict=Verdict.CONFIRMED,
    role=Role.MINER,
    reasons=(
        "118 of 120 shares that it handed in were accepted by 203.0.113.25:3333",
        "it asked a pool for work",
    ),
    dialects=("stratum-v1",),
    coins=("BTC", "BCH"),
    pools=(
        Pool("stratum.antpool.com", "203.0.113.25", 3333, tls=False),
        Pool("ss.antpool.com", "203.0.113.26", 443, tls=True),
    ),
    workers=("farm01.rack3", "farm01.rack4"),
    wallets=(),
    agents=("cgminer/4.10.0",),
    first_seen=NOON,
    last_seen=NOON + 5 * HOUR,
    flows=3,
    packets=1234,
    bytes=456_789,
    shares=Shares(120, 118, 2),
    evidence=(evidence("192.168.20.15", "203.0.113.25"),),
    evidence_omitted=41,
    software=(Agent("cgminer", "asic", "4.10.0", "Bitmain", "Antminer S19", "sha256d", "asic"),),
    hash_rates=(SHA256D,),
)

MONERO = Suspect(
    host="2001:db8:85a3:8d3:1319:8a2e:370:7348",
    verdict=Verdict.CONFIRMED,
    role=Role.BROWSER,
    reasons=("it logged in with a wallet and took 14 jobs from [2001:db8:ffff::1]:14444",),
    dialects=("cryptonote", "stratum-v1"),
    coins=("XMR",),
    pools=(Pool(None, "2001:db8:ffff::1", 14444, tls=False),),
    workers=(),
    wallets=(WALLET,),
    agents=("XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/12.2.0",),
    first_seen=NOON + 60 * SECOND,
    last_seen=NOON + 2 * HOUR,
    flows=1,
    packets=88,
    bytes=12_345,
    shares=Shares(),
    evidence=(evidence("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:ffff::1", port=14444),),
    software=(Agent("XMRig", "cpu", "6.21.0"),),
    hash_rates=(FEW,),
)

HIDDEN = replace(
    FARM,
    host="10.1.2.3",
    verdict=Verdict.PROBABLE,
    reasons=(
        "it opened a TLS session to 198.51.100.7:443, which this capture's own DNS shows to be "
        "eu1.ethermine.example, a stratum name of Ethermine",
    ),
    dialects=("tls",),
    coins=(),
    pools=(Pool("eu1.ethermine.example", "198.51.100.7", 443, tls=True),),
    workers=(),
    agents=(),
    shares=Shares(),
    evidence=(evidence("10.1.2.3", "198.51.100.7", port=443),),
    evidence_omitted=0,
    software=(),
    hash_rates=(),
)

LOOKUP = replace(
    HIDDEN,
    host="10.1.2.4",
    verdict=Verdict.SUSPECTED,
    role=Role.LOOKUP,
    reasons=("it asked for the name xmr.nanopool.example of Nanopool",),
    dialects=(),
    coins=("XMR",),
    pools=(Pool("xmr.nanopool.example", None, None, tls=False),),
    evidence=(
        replace(
            evidence("10.1.2.4", "10.1.0.1", port=53, proto="udp"), signature="pool-name.dns", strength="name"
        ),
    ),
)

PROXY = replace(
    FARM,
    host="172.16.0.9",
    role=Role.PROXY,
    reasons=("it serves jobs to 12 hosts of the home network and mines at a pool itself",),
    shares=Shares(2_345_678, 2_345_000, 678),
    evidence=(evidence("172.16.0.9", "203.0.113.25", packet=77),),
    workers=("矿工一号机房", "矿工二号"),
    wallets=("bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh",),
    rigs=12,
)

OFFICE = InputInfo(
    path="captures/office.pcap",
    format="pcap",
    sha256="cd" * 32,
    packets=1_234_567,
    bytes=812_345_678,
    first_seen=NOON,
    last_seen=NOON + 6 * HOUR,
)
CUT = InputInfo(
    path="captures/night.pcapng.gz",
    format="pcapng+gzip",
    packets=10,
    bytes=999,
    first_seen=NOON + 7 * HOUR,
    last_seen=NOON + 7 * HOUR,
    complete=False,
    problems=["the file ends inside packet 11: 12 of 60 bytes are there"],
)
TOTALS = {
    "undecoded": 12,
    "packets": 1_234_577,
    "bytes": 812_346_677,
    "flows": 45_678,
    "flows_evicted": 0,
    "ip_fragments": 3,
    "decoded": 1_234_562,
    "retransmissions": 1024,
    "out_of_order": 17,
}

NOTHING = SampleReport(inputs=(OFFICE,), totals={"packets": 1_234_567, "bytes": 812_345_678, "flows": 45_000})
NOTHING_BUT_CUT = SampleReport(inputs=(OFFICE, CUT), totals=TOTALS)
EMPTY = SampleReport()
SOME = SampleReport(suspects=(FARM, PROXY, MONERO, HIDDEN, LOOKUP), inputs=(OFFICE, CUT), totals=TOTALS)

SAMPLES = {"nothing": NOTHING, "nothing-but-cut": NOTHING_BUT_CUT, "empty": EMPTY, "some": SOME}
