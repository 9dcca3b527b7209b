"""Strings that came from the network, made fit for people's eyes.

What is shown on a terminal must not be able to steer it: no escape sequence, line
break, invisible character or change of writing direction gets through, and no string
is longer than it has any reason to be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from netminedet.language import _, ngettext
from netminedet.model import CLAIMED_IP, CLAIMED_PORT, Layer

#: Characters that `printable` keeps of one string, its escapes not counted.
PRINTABLE_LIMIT = 400

#: Accents kept on one letter; towers of them run into the lines above and below.
_MARKS_LIMIT = 2

ELLIPSIS = "…"

_SURROGATE = re.compile("[\ud800-\udfff]")

#: Characters kept of what a layer is called.
_LAYER_LIMIT = 60


def printable(text: str, limit: int = PRINTABLE_LIMIT) -> str:
    """``text`` on one line, with every character that is not plainly visible as an escape.

    Of a text longer than ``limit``, the middle is left out.

    >>> printable("rig\\x1b[31m\\n")
    'rig\\\\x1b[31m\\\\n'
    """
    if len(text) > limit:
        text = text[: limit // 2] + ELLIPSIS + text[-(limit // 2) :]
    if text.isprintable() and (text.isascii() or not any(map(unicodedata.combining, text))):
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character.isprintable() and marks <= _MARKS_LIMIT:
            shown.append(character)
        else:
            shown.append(character.encode("unicode_escape").decode("ascii"))
    return "".join(shown)


def legible(text: str) -> str:
    """``text`` with what UTF-8 cannot hold made visible: an undecodable byte as ``\\xff``."""
    is_plain = type(text) is str and text.isascii()
    return text if is_plain else _SURROGATE.sub(_surrogate, text)


def _surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def bracketed(ip: str) -> str:
    """An address as it stands before a port: IPv6 in brackets (RFC 3986 section 3.2.2)."""
    return f"[{ip}]" if ":" in ip else ip


def about(path: str, problem: str) -> str:
    """A problem with an input, on one line that begins with the input's path.

    >>> about("a.pcap", "a.pcap: is cut"), about("a.pcap", "is cut")
    ('a.pcap: is cut', 'a.pcap: is cut')
    """
    return printable(path) + _(": ") + printable(problem.removeprefix(f"{path}: "))


def amount(number: int) -> str:
    """A count in few characters: exact below 100,000, then with three digits.

    >>> amount(99_999), amount(1_234_567)
    ('99999', '1.23M')
    """
    if number < 100_000:
        return str(number)
    return _scaled(number, "kMGTPE")


def size(number: int) -> str:
    """Bytes in decimal units.

    >>> size(999), size(1_234_567)
    ('999 B', '1.23 MB')
    """
    if number < 1000:
        return f"{number} B"
    scaled = _scaled(number, "kMGTPE")
    return f"{scaled[:-1]} {scaled[-1]}B"


def _scaled(number: int, units: str) -> str:
    value, unit = number / 1000, 0
    while value >= 999.5 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g}{units[unit]}"


def plural(number: int, noun: str) -> str:
    """A number with thousands separated, and its noun, in the language of the process.

    ``tests/catalogue.py`` takes the noun up where it is written out.

    >>> plural(1, "packet"), plural(12_345, "packet")
    ('1 packet', '12,345 packets')
    """
    return ngettext(f"{{n}} {noun}", f"{{n}} {noun}s", number).format(n=f"{number:,}")


def came_in(layers: Iterable[Layer]) -> str:
    """What a packet came in, outermost first, in few words.

    >>> came_in([Layer("vlan", "7"), Layer("gtp-u", "0x0000abcd", "10.0.0.1", "10.0.0.2")])
    'vlan 7, gtp-u 0x0000abcd (10.0.0.1 to 10.0.0.2)'
    """
    return _(", ").join(_came_in(layer) for layer in layers)


def claim_text(details: Mapping[str, str]) -> str:
    """Whom a PROXY header claims as the client, in words; empty where there is no claim."""
    if CLAIMED_IP not in details:
        return ""
    return _("its PROXY header, which anybody may write, claims to be from {ip} port {port}").format(
        ip=printable(details[CLAIMED_IP], _LAYER_LIMIT),
        port=printable(details.get(CLAIMED_PORT, ""), _LAYER_LIMIT),
    )


def _came_in(layer: Layer) -> str:
    header = " ".join(printable(part, _LAYER_LIMIT) for part in (layer.kind, layer.id) if part)
    if not layer.src_ip:
        return header
    return _("{header} ({src} to {dest})").format(header=header, src=layer.src_ip, dest=layer.dest_ip)
