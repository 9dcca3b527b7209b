"""The public functions: what the command line does, as objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from netminedet import __version__
from netminedet.errors import NetminedetError
from netminedet.model import InputInfo, Message, SignatureSetInfo
from netminedet.suspects import NodeSeen, ResolverSeen, Suspect

if TYPE_CHECKING:
    from netminedet.estimate import Totals
    from netminedet.evidence import EvidenceFolder
    from netminedet.jobs.outcome import Outcome, Step
    from netminedet.keeper import Keeper
    from netminedet.limits import Limits
    from netminedet.live.watcher import Outcome as WatchOutcome
    from netminedet.report.mask import Masker
    from netminedet.sieve.packets import Part
    from netminedet.signatures import SignatureSet
    from netminedet.story import Story
    from netminedet.verdict.findings import Findings
    from netminedet.verdict.size import Tables

#: Networks whose own pools and proxies are suspects: RFC 1918, RFC 6598, RFC 4193, link-local.
DEFAULT_HOME_NET = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
)

Network = IPv4Network | IPv6Network
StrPath = str | PathLike[str]


class Progress(Struct, frozen=True):
    """How far a scan has come; ``size`` is None for a pipe."""

    path: str
    position: int
    size: int | None
    packets: int
    bytes: int
    inputs_done: int
    inputs_total: int


class Report(Struct, frozen=True, eq=False, dict=True):
    """What a scan found.  Reports made with the same signatures and settings add up."""

    inputs: tuple[InputInfo, ...]
    #: what the stages counted, by name; ``totals`` has all counters
    counters: dict[str, int]
    signatures: SignatureSetInfo
    findings: Findings
    home_net: tuple[Network, ...]
    _signature_set: SignatureSet
    _tables: Callable[[], Tables]
    tool_version: str = __version__
    _masker: Masker | None = None

    def _compared(self) -> tuple[object, ...]:
        return self.inputs, self.counters, self.signatures, self.findings, self.home_net, self.tool_version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self._compared() == other._compared()

    def __repr__(self) -> str:
        """Without the findings, which fill pages."""
        return f"Report(inputs={self.inputs!r}, signatures={self.signatures!r})"

    @cached_property
    def totals(self) -> dict[str, int]:
        """All counters by name: what was read, and what was skipped, evicted or not kept."""
        from netminedet.verdict.findings import DROPPED

        totals = Counter(self.counters)
        totals.update({name: self.findings.dropped[name] for name in DROPPED})
        return dict(totals)

    @cached_property
    def suspects(self) -> tuple[Suspect, ...]:
        """The hosts that mine, the weightiest first."""
        from netminedet.verdict.weigh import Settings, weigh

        settings = Settings(self.home_net, self._signature_set.most_specific, self._tables)
        found = weigh(self.findings, settings)
        if self._masker is None or not found:
            return found
        from netminedet.report.mask import mask_suspect

        return tuple(mask_suspect(suspect, self._masker) for suspect in found)

    @cached_property
    def adjacent(self) -> tuple[NodeSeen, ...]:
        """Hosts that speak the protocols of coin nodes, where ``scan`` was asked for them: no suspects."""
        return self.findings.nodes_seen()

    @cached_property
    def resolvers(self) -> tuple[ResolverSeen, ...]:
        """Hosts that asked the DNS for pools on behalf of others, who are suspected in their place."""
        from netminedet.verdict.resolvers import resolvers_of

        return resolvers_of(self.findings)

    @cached_property
    def estimates(self) -> Totals:
        """Hash rate by algorithm and power of all suspects that mine themselves."""
        from netminedet.estimate import totals_of

        return totals_of(self.suspects)

    def masked(self, masker: Masker) -> Report:
        """The same report with pseudonyms for wallets and workers (see ``load_masker``).

        What it shows of ``suspects``, and so every format, is masked; ``findings`` are not.
        """
        return replace(self, _masker=masker)

    def __add__(self, other: object) -> Report:
        """The report on both reports' inputs; raises NetminedetError for unlike settings."""
        from netminedet.verdict.findings import Findings

        if not isinstance(other, Report):
            return NotImplemented
        if (self.signatures, self.home_net) != (other.signatures, other.home_net):
            raise NetminedetError(
                "the reports were made with different signatures or home networks; scan again with the same"
            )
        if not self.inputs:  # nothing to add to: findings in a report change no more, and may be shared
            findings = other.findings
        else:
            findings = Findings(limits=self.findings.limits.smaller(other.findings.limits))
            findings.merge(self.findings)
            findings.merge(other.findings)
        counters = Counter(self.counters)
        counters.update(other.counters)
        return replace(
            self,
            inputs=self.inputs + other.inputs,
            counters=dict(counters),
            findings=findings,
            _masker=self._masker or other._masker,
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as the JSON document that ``--format json`` writes."""
        from netminedet.report.document import report_document

        return report_document(self)


def scan(
    paths: StrPath | Sequence[StrPath],
    *,
    home_net: Sequence[str] = DEFAULT_HOME_NET,
    signatures: Sequence[StrPath] = (),
    max_flows: int | None = None,
    max_memory: int | None = None,
    hash_inputs: bool = True,
    progress: Callable[[Progress], None] | None = None,
    adjacent: bool = False,
    evidence: StrPath | None = None,
    on_input: Callable[[Report], None] | None = None,
    jobs: int = 1,
) -> Report:
    """Scan capture files and folders ("-" is standard input) for hosts that mine.

    ``home_net``: networks in CIDR form; a pool or proxy inside them is itself a suspect.
    ``signatures``: folders with signature files that add to or override the shipped ones.
    ``max_memory``: bytes that the process may take; the tables that traffic fills are made to fit.
    ``hash_inputs``: put the SHA-256 of each input into the report.
    ``adjacent``: list coin nodes in ``Report.adjacent``; they are no suspects.
    ``evidence``: a folder into which the packets that prove each suspect are written, as pcapng.
    ``on_input``: told the report on each input by itself, as soon as it and those before it are read.
    ``jobs``: processes that work at the same time; with ``evidence`` only one does.  They are forked:
    a program with threads of its own should leave it at 1.

    Each input is read by itself, so that ``scan([a, b]) == scan([a]) + scan([b])``.  Flows
    that go on from one input to the next are put together again by their messages; a
    single message cut in two between the inputs is lost.

    Raises NetminedetError when no input can be read, and for wrong arguments.  An input
    that cannot be read among others that can is told in ``Report.inputs``.  Where ``evidence``
    cannot be written, none of it is left, and the EvidenceError has the report.
    """
    from netminedet.limits import limits_for

    if jobs < 1:
        raise NetminedetError(f"{jobs} jobs are too few; give 1 or more")
    jobs = jobs if evidence is None else 1
    limits = limits_for(max_memory, max_flows, jobs)
    folder: EvidenceFolder | None = None
    keeper: Keeper | None = None
    if evidence is not None:
        from netminedet.evidence import EvidenceFolder
        from netminedet.keeper import Keeper

        folder, keeper = EvidenceFolder(fspath(evidence)), Keeper()
    report = _scan(
        paths,
        home_net,
        signatures,
        limits,
        hash_inputs,
        progress,
        adjacent=adjacent,
        keeper=keeper,
        on_input=on_input,
        jobs=jobs,
    )
    if folder is not None and keeper is not None:
        folder.add(keeper.take(), {suspect.host for suspect in report.suspects}.__contains__)
        folder.need_all(report)
    return report


def explain(
    path: StrPath,
    host: str,
    *,
    home_net: Sequence[str] = DEFAULT_HOME_NET,
    signatures: Sequence[StrPath] = (),
    max_flows: int | None = None,
    masker: Masker | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Story:
    """The story of one host in a capture: its mining conversation and why its verdict is what it is.

    Options are as of ``scan``; with ``masker``, wallets and workers are masked.  Raises
    NetminedetError as ``scan`` does, and where ``host`` is not an address.
    """
    from netminedet.limits import limits_for

    limits = limits_for(None, max_flows)
    return explain_all([path], host, home_net, signatures, limits, masker=masker, progress=progress)


def explain_all(
    paths: Sequence[StrPath],
    host: str,
    home_net: Sequence[str],
    signatures: Sequence[StrPath],
    limits: Limits,
    *,
    masker: Masker | None = None,
    keeper: Keeper | None = None,
    hash_inputs: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Story:
    """See ``explain``; of several captures, and ``keeper`` is given the packets that prove something."""
    from netminedet.story import Listeners, host_address, tell

    heard = Listeners(host_address(host))
    report = _scan(paths, home_net, signatures, limits, hash_inputs, progress, heard, keeper=keeper)
    name, listener = heard.of({one.host for one in report.suspects})
    return tell(name, report, listener, masker)


def watch(
    interfaces: str | Sequence[str] = (),
    *,
    on_event: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> WatchOutcome:
    """Watch network interfaces until ``stop`` answers True, or a signal comes; how it ended.

    ``on_event`` is given each event as the dict that ``netminedet watch --output`` writes as a line,
    in the thread of the caller; it should return soon.  ``options`` are the fields of
    ``live.options.WatchOptions``; with ``replay`` a file takes the place of the interfaces.

    Raises NetminedetError where an interface cannot be opened, and for wrong arguments.
    """
    from netminedet.live.options import WatchOptions
    from netminedet.live.watcher import CallingEar, Watcher

    names = (interfaces,) if isinstance(interfaces, str) else tuple(interfaces)
    if bool(names) == ("replay" in options):
        raise NetminedetError("name interfaces to watch, or a file as replay")
    return Watcher(WatchOptions(interfaces=names, **options), CallingEar(on_event)).run(stop)


def _scan(
    paths: StrPath | Sequence[StrPath],
    home_net: Sequence[str],
    signatures: Sequence[StrPath],
    limits: Limits,
    hash_inputs: bool,
    progress: Callable[[Progress], None] | None,
    on_message: Callable[[Message], None] | None = None,
    *,
    adjacent: bool = False,
    keeper: Keeper | None = None,
    on_input: Callable[[Report], None] | None = None,
    jobs: int = 1,
) -> Report:
    """See ``scan``; ``on_message`` is told every mining message (both it and ``keeper`` by one job only)."""
    from netminedet.capture import discover
    from netminedet.jobs.files import Scan
    from netminedet.pipeline import Pipeline
    from netminedet.signatures import load_signatures

    if isinstance(paths, (str, PathLike)):
        paths = [paths]
    if not paths:
        raise NetminedetError("nothing to scan; name a capture file or a folder, or - for standard input")
    nets = parse_networks(home_net)
    folders = [Path(folder) for folder in signatures]
    signature_set = load_signatures(folders)
    found = discover([fspath(path) for path in paths])
    left_out = tuple(_left_out(note) for note in found.notes)
    report = empty_report(signature_set, nets, folders)

    def make_pipeline(path: str, part: Part | None) -> Pipeline:
        return Pipeline(signature_set, path, limits, on_message, adjacent, keeper=keeper, part=part)

    def tell(one: Outcome) -> None:
        assert on_input is not None
        findings = report.findings if one.findings is None else one.findings
        on_input(replace(report, inputs=(one.info,), counters=one.counters, findings=findings))

    total = Scan(
        found.files,
        make_pipeline,
        partial(_stepper, progress, found.files),
        None if on_input is None else tell,
        hash_inputs=hash_inputs,
        jobs=jobs,
    ).run()
    infos = tuple(total.infos[number] for number in sorted(total.infos))
    findings = report.findings if total.findings is None else total.findings
    report = replace(report, inputs=left_out + infos, counters=dict(total.counters), findings=findings)
    if not any(info.complete or info.packets for info in report.inputs):
        told = ((one.path, one.problems[0]) for one in report.inputs if one.problems)
        raise NetminedetError("\n".join(why if why.startswith(p) else f"{p}: {why}" for p, why in told))
    return report


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks in CIDR form; raises NetminedetError naming the one that is none."""
    networks = []
    for text in texts:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            raise NetminedetError(
                f"{text!r} is not a network; write it like 10.0.0.0/8 or fc00::/7"
            ) from None
    return tuple(networks)


def empty_report(
    signature_set: SignatureSet, home_net: tuple[Network, ...], folders: Sequence[Path] = ()
) -> Report:
    """The report on no input at all: what adding begins with."""
    from netminedet.verdict.findings import Findings

    @cache
    def tables() -> Tables:
        from netminedet.estimate import load_power
        from netminedet.signatures.agents import load_agents, shipped_agents
        from netminedet.verdict.size import Tables

        return Tables(load_agents(folders) if folders else shipped_agents(), load_power(folders))

    return Report((), {}, signature_set.info, Findings(), home_net, signature_set, tables)


def _left_out(note: str) -> InputInfo:
    """A line on an entry of a folder that could not be looked at, as an input that was not read."""
    return InputInfo(path=note.partition(": ")[0], complete=False, problems=[note])


def _stepper(progress: Callable[[Progress], None] | None, paths: Sequence[str], number: int) -> Step | None:
    if progress is None:
        return None

    def step(position: int, size: int | None, packets: int, captured: int) -> None:
        progress(Progress(paths[number], position, size, packets, captured, number, len(paths)))

    return step
