"""Wireshark's view of single packets, through pyshark; through tshark itself where pyshark fails."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from netminedet.errors import NetminedetError
from netminedet.report.text import printable
from netminedet.suspects import Evidence

#: Packets looked at, the earliest of the strongest evidence first, and lines shown of each.
MAX_DEEP_PACKETS = 8
MAX_DEEP_LINES = 48
#: Seconds that Wireshark may take for one capture.
DEEP_SECONDS = 120

_LINK_LAYERS = frozenset({"eth", "sll", "vlan", "frame"})
#: Single bits of flags, and checksums, which captures seldom hold as they were sent.
_TEDIOUS = re.compile(r"[01.]{4}[01. ]* = |(?:Header )?checksum", re.IGNORECASE)

#: Characters of one line.
_LINE_LIMIT = 160
_TEXT_LIMIT = 1000


class DeepPacket(Struct, frozen=True):
    """What Wireshark says of one packet."""

    input: str
    packet: int
    #: printable lines, indented by tabs
    lines: tuple[str, ...]
    #: lines left out
    omitted: int


def check_deep() -> None:
    """Raise NetminedetError in one line where Wireshark's view cannot be had."""
    try:
        import pyshark  # noqa: F401
    except ImportError:
        raise NetminedetError(
            "--deep needs pyshark: install netminedet with its extra, pip install 'netminedet[deep]'"
        ) from None
    if shutil.which("tshark") is None:
        raise NetminedetError("--deep needs tshark, which is not installed: apt-get install tshark")


def wireshark_view(evidence: Sequence[Evidence]) -> list[DeepPacket]:
    """Wireshark's view of the packets of this evidence, at most ``MAX_DEEP_PACKETS``."""
    chosen: dict[str, list[int]] = {}
    ranked = sorted(evidence, key=lambda one: one.strength != "strong")
    for place in list(dict.fromkeys((one.where.input, one.where.packet) for one in ranked))[
        :MAX_DEEP_PACKETS
    ]:
        chosen.setdefault(place[0], []).append(place[1])
    found = []
    for path, numbers in chosen.items():
        if path == "-":
            raise NetminedetError("--deep cannot read standard input a second time; name the file")
        for number, lines in _view(path, sorted(numbers)):
            shown = tuple(printable(line.replace("\t", "    "), _LINE_LIMIT) for line in lines)
            found.append(
                DeepPacket(path, number, shown[:MAX_DEEP_LINES], max(0, len(shown) - MAX_DEEP_LINES))
            )
    return found


def _view(path: str, numbers: list[int]) -> list[tuple[int, list[str]]]:
    wanted = " || ".join(f"frame.number == {number}" for number in numbers)
    try:
        return _by_pyshark(path, wanted)
    except Exception:  # pyshark fails in many ways of its own; tshark says the same
        return _by_tshark(path, wanted)


def _by_pyshark(path: str, wanted: str) -> list[tuple[int, list[str]]]:
    import pyshark

    loop = asyncio.new_event_loop()
    try:
        capture = pyshark.FileCapture(path, display_filter=wanted, eventloop=loop)
        try:
            capture.load_packets(timeout=DEEP_SECONDS)
            return [(int(packet.number), list(_lines(packet))) for packet in capture]
        finally:
            capture.close()
    finally:
        loop.close()


def _lines(packet: Any) -> Iterable[str]:
    """A packet's layers above the link; single bits and checksums are left out, data shown as text."""
    for layer in packet.layers:
        if layer.layer_name in _LINK_LAYERS:
            continue
        title, *fields = str(layer).splitlines() or [""]
        yield title.rstrip(": ")
        for line in (field.strip(": \t") for field in fields):
            if line and not _TEDIOUS.match(line):
                yield f"\t{line}"
        data = getattr(layer, "data", None)
        if isinstance(data, str):
            yield f"\t{_text(data)}"


def _text(digits: str) -> str:
    try:
        return bytes.fromhex(digits.replace(":", ""))[:_TEXT_LIMIT].decode("utf-8", "backslashreplace")
    except ValueError:
        return digits


def _by_tshark(path: str, wanted: str) -> list[tuple[int, list[str]]]:
    command = ["tshark", "-n", "-r", path, "-Y", wanted, "-V"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=DEEP_SECONDS, stdin=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NetminedetError(f"{path}: tshark could not show its packets ({type(error).__name__})") from None
    found: list[tuple[int, list[str]]] = []
    for line in done.stdout.decode("utf-8", "backslashreplace").splitlines():
        if line.startswith("Frame ") and line.partition(":")[0][6:].isdigit():
            found.append((int(line.partition(":")[0][6:]), []))
        if found and line.strip():
            found[-1][1].append(line)
    return found
