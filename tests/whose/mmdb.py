"""Writes small databases in MaxMind's format, by its specification (MaxMind DB, version 2.0)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_network
from typing import Any

_MAP, _UTF8, _UINT16, _UINT32, _UINT64, _ARRAY = 7, 2, 5, 6, 9, 11


def _field(kind: int, size: int) -> bytes:
    """A control byte; sizes from 29 on have a byte of their own."""
    first = min(size, 29)
    head = bytes([kind << 5 | first]) if kind < 8 else bytes([first, kind - 7])
    return head + (bytes([size - 29]) if size >= 29 else b"")


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        parts = [part for key, inner in value.items() for part in (_encoded(key), _encoded(inner))]
        return _field(_MAP, len(value)) + b"".join(parts)
    if isinstance(value, list):
        return _field(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, int):
        return _number(_UINT32, value)
    if isinstance(value, bytes):  # encoded already
        return value
    data = value.encode()
    return _field(_UTF8, len(data)) + data


def _number(kind: int, value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _field(kind, len(data)) + data


def database(records: dict[str, Any]) -> bytes:
    """A database with a record for each network; IPv4 networks lie below ::/96."""
    data, offsets = b"", {}
    nodes: list[list[int | str | None]] = [[None, None]]
    for text, record in records.items():
        offsets[text] = len(data)
        data += _encoded(record)
        network = ip_network(text)
        shift = 96 if network.version == 4 else 0
        bits = f"{int(IPv6Address(int(network.network_address))):0128b}"[: shift + network.prefixlen]
        node = 0
        for bit in map(int, bits[:-1]):
            below = nodes[node][bit]
            if not isinstance(below, int):
                nodes.append([None, None])
                below = nodes[node][bit] = len(nodes) - 1
            node = below
        nodes[node][int(bits[-1])] = text
    count = len(nodes)

    def pointer(entry: int | str | None) -> bytes:
        number = count if entry is None else entry if isinstance(entry, int) else count + 16 + offsets[entry]
        return number.to_bytes(4, "big")

    tree = b"".join(pointer(entry) for node in nodes for entry in node)
    about = {
        "node_count": count,
        "record_size": _number(_UINT16, 32),
        "ip_version": _number(_UINT16, 6),
        "database_type": "Test",
        "binary_format_major_version": _number(_UINT16, 2),
        "binary_format_minor_version": _number(_UINT16, 0),
        "build_epoch": _number(_UINT64, 1_700_000_000),
        "languages": ["en"],
        "description": {"en": "made for a test"},
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about)
