"""Filters as tcpdump takes them, compiled by libpcap into the program that the system runs on packets."""

from __future__ import annotations

import ctypes
import socket
import struct

from netminedet.errors import NetminedetError

#: Where the system's own libraries are looked for by the loader.
_LIBRARIES = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so")
# Link types as libpcap numbers them (pcap/dlt.h).
_ETHERNET = 1
_RAW = 12
_SNAPLEN = 262_144
_NETMASK_UNKNOWN = 0xFFFFFFFF
#: SKF_AD_OFF + SKF_AD_HATYPE of linux/filter.h: the packet's kind of interface.
_HARDWARE = 0xFFFFF000 + 28
# Classic BPF: load a word, jump if equal, jump, return (linux/bpf_common.h).
_LOAD, _IF_EQUAL, _JUMP, _RETURN = 0x20, 0x15, 0x05, 0x06
_ETHER, _LOOPBACK = 1, 772
#: linux/filter.h: the socket option.
SO_ATTACH_FILTER = 26

Instruction = tuple[int, int, int, int]
#: A program that takes no packet.
NOTHING: list[Instruction] = [(_RETURN, 0, 0, 0)]
#: One that takes all of every packet.
EVERYTHING: list[Instruction] = [(_RETURN, 0, 0, _SNAPLEN)]


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


def compile_filter(expression: str, interface: str) -> list[Instruction]:
    """The program for an expression such as ``not port 22`` on packets of an interface ("any": of all).

    Raises NetminedetError where it cannot be compiled, or libpcap is not there.
    """
    library = _library()
    if interface == "any":
        return _by_hardware(
            _compiled(library, expression, "lo", _ETHERNET), _compiled(library, expression, "", _RAW)
        )
    return _compiled(library, expression, interface, _ETHERNET)


def check_filter(expression: str) -> None:
    """Raise NetminedetError where the expression cannot be compiled for an Ethernet interface."""
    _compiled(_library(), expression, "", _ETHERNET)


def attach(sock: socket.socket, program: list[Instruction]) -> None:
    """Let the socket take only what the program lets through."""
    code = b"".join(struct.pack("=HBBI", *one) for one in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(buffer))
    )


def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function in ("pcap_open_dead", "pcap_create", "pcap_geterr"):
            getattr(library, function).restype = ctypes.c_void_p
        return library
    raise NetminedetError(
        "a filter needs libpcap, which is not installed; install it (Debian: libpcap0.8), or give no filter"
    )


def _compiled(library: ctypes.CDLL, expression: str, interface: str, link: int) -> list[Instruction]:
    """Compiled on the open interface where that can be: only then libpcap knows that the system takes
    VLAN tags out of packets, and looks for them where they are."""
    handle = ctypes.c_void_p(_open_live(library, interface) or library.pcap_open_dead(link, _SNAPLEN))
    try:
        program = _Program()
        text = expression.encode("utf-8", "surrogateescape")
        if library.pcap_compile(handle, ctypes.byref(program), text, 1, ctypes.c_uint(_NETMASK_UNKNOWN)):
            reason = ctypes.string_at(library.pcap_geterr(handle)).decode("utf-8", "replace")
            raise NetminedetError(
                f"the filter {expression!r} cannot be compiled: {reason}; see pcap-filter(7)"
            )
        found = [(one.code, one.jt, one.jf, one.k) for one in program.instructions[: program.length]]
        library.pcap_freecode(ctypes.byref(program))
        return found
    finally:
        library.pcap_close(handle)


def _open_live(library: ctypes.CDLL, interface: str) -> int | None:
    """A handle on an Ethernet interface; None for others, and where it may not be opened."""
    if not interface:
        return None
    error = ctypes.create_string_buffer(256)
    handle = library.pcap_create(interface.encode(), error)
    if not handle:
        return None
    pointer = ctypes.c_void_p(handle)
    library.pcap_set_buffer_size(pointer, 1 << 16)
    library.pcap_set_snaplen(pointer, _SNAPLEN)
    if library.pcap_activate(pointer) < 0 or library.pcap_datalink(pointer) != _ETHERNET:
        library.pcap_close(pointer)
        return None
    return int(handle)


def _by_hardware(ethernet: list[Instruction], raw: list[Instruction]) -> list[Instruction]:
    """The first program for packets with an Ethernet header, the second for those that begin with IP."""
    return [
        (_LOAD, 0, 0, _HARDWARE),
        (_IF_EQUAL, 2, 0, _ETHER),
        (_IF_EQUAL, 1, 0, _LOOPBACK),
        (_JUMP, 0, 0, 1),
        (_JUMP, 0, 0, len(raw)),
        *raw,
        *ethernet,
    ]
