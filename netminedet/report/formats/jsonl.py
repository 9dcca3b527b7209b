"""JSON Lines for log pipelines: one object a line, in the manner of Suricata's EVE.

Every line has ``timestamp`` (ISO 8601), ``event_type`` and our own fields under
``netminedet``, whose ``record`` tells the lines apart:

``start``
    The first line: ``event_type`` "netminedet"; ``schema`` and ``tool`` as in the JSON
    document.  Its time is that of the first packet of the first input that has one.
``input``
    While scanning only, one line an input as soon as it is read to its end: ``event_type``
    "netminedet"; ``input`` as in the JSON document, and ``suspects``: ``host``, ``verdict`` and
    ``role`` of those whom this input alone accuses.  Other inputs may still change that; the
    lines of record ``suspect`` are what counts.  Its time is that of the input's last packet.
``suspect``
    One line a suspect, the weightiest first: ``event_type`` "alert", and ``suspect`` as
    in the JSON document, evidence included.  Its time is when the host was last seen
    mining.  Beside these stand EVE's own fields: an ``alert`` with category
    "coin-mining" and severity 1 (confirmed), 2 (probable) or 3 (suspected), and, of the
    suspect's first evidence, ``src_ip``, ``src_port``, ``dest_ip``, ``dest_port``,
    ``proto``, ``vlan``, ``community_id``, ``pcap_cnt`` and ``pcap_filename``.
``end``
    The last line: ``event_type`` "stats"; ``inputs``, ``totals`` and ``estimates`` as in
    the JSON document (and ``adjacent`` and ``groups``, where asked for), and ``suspects``, how many there
    were.  Its time is that of the last packet read.  A file without this line was cut off.

Times are those of the traffic, never of the clock: the same captures give the same
bytes.  Where no packet was read, the first and the last line say 1970.
"""

from __future__ import annotations

from typing import TextIO

from netminedet.report.document import (
    SCHEMA,
    JsonObject,
    adjacent_document,
    estimates_document,
    flow_document,
    groups_document,
    input_document,
    json_text,
    suspect_document,
    tool_document,
    totals_document,
)
from netminedet.report.like import ReportLike
from netminedet.report.times import iso8601
from netminedet.suspects import Suspect, Verdict

MACHINE = True

_SEVERITY = {Verdict.CONFIRMED: 1, Verdict.PROBABLE: 2, Verdict.SUSPECTED: 3}


def render(report: ReportLike, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Write ``report`` as JSON Lines."""
    Streamed(stream).end(report)


class Streamed:
    """The lines of a scan, written as it goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = False
        #: lines on inputs without packets, which wait for the first line
        self._waiting: list[JsonObject] = []

    def input(self, report: ReportLike) -> None:
        """Tell of one input, whose report this is."""
        self._waiting.append(_input(report))
        if any(info.first_seen is not None for info in report.inputs):
            self._start(report)
            self._stream.flush()

    def end(self, report: ReportLike) -> None:
        """Tell what came of all inputs."""
        self._start(report)
        for suspect in report.suspects:
            _write(self._stream, _alert(suspect))
        _write(self._stream, _end(report))

    def _start(self, report: ReportLike) -> None:
        if not self._started:
            self._started = True
            _write(self._stream, _start(report))
        for line in self._waiting:
            _write(self._stream, line)
        self._waiting.clear()


def _write(stream: TextIO, document: JsonObject) -> None:
    stream.write(json_text(document) + "\n")


def _start(report: ReportLike) -> JsonObject:
    first = next((info.first_seen for info in report.inputs if info.first_seen is not None), 0)
    return {
        "timestamp": iso8601(first),
        "event_type": "netminedet",
        "netminedet": {"record": "start", "schema": SCHEMA, "tool": tool_document(report)},
    }


def _input(report: ReportLike) -> JsonObject:
    (info,) = report.inputs
    suspects = [
        {"host": one.host, "verdict": one.verdict.label, "role": one.role.value} for one in report.suspects
    ]
    return {
        "timestamp": iso8601(info.last_seen or 0),
        "event_type": "netminedet",
        "netminedet": {"record": "input", "input": input_document(info), "suspects": suspects},
    }


def _alert(suspect: Suspect) -> JsonObject:
    document = suspect_document(suspect)
    return {
        "timestamp": document["last_seen"],
        "event_type": "alert",
        **_place(suspect, document),
        "alert": {
            "action": "allowed",
            "signature": f"netminedet {suspect.verdict.label} {suspect.role.value}",
            "category": "coin-mining",
            "severity": _SEVERITY[suspect.verdict],
            "source": {"ip": suspect.host},
        },
        "netminedet": {"record": "suspect", "suspect": document},
    }


def _place(suspect: Suspect, document: JsonObject) -> JsonObject:
    """EVE's fields for where the first evidence is; just the host where none was kept."""
    if not suspect.evidence:
        return {"src_ip": suspect.host}
    flow = flow_document(suspect.evidence[0].where)
    del flow["tunnel"]  # in EVE it is an object of another form; ours is with the evidence
    first = document["evidence"][0]
    return {**flow, "pcap_cnt": first["packet"], "pcap_filename": first["input"]}


def _end(report: ReportLike) -> JsonObject:
    times = [info.last_seen for info in report.inputs if info.last_seen is not None]
    return {
        "timestamp": iso8601(max(times, default=0)),
        "event_type": "stats",
        "netminedet": {
            "record": "end",
            "inputs": [input_document(info) for info in report.inputs],
            "totals": totals_document(report),
            "estimates": estimates_document(report.suspects),
            "suspects": len(report.suspects),
            **groups_document(report.suspects),
            **adjacent_document(report),
        },
    }
