"""What the system says of a network interface."""

from __future__ import annotations

import fcntl
import socket
import struct

from msgspec import Struct

# linux/sockios.h and linux/if.h
_GET_FLAGS, _GET_MTU = 0x8913, 0x8921
_UP = 1

#: All interfaces at once.
ANY = "any"


class InterfaceState(Struct, frozen=True):
    """An interface as it is now; ``index`` 0: there is none of that name."""

    index: int = 0
    up: bool = False
    mtu: int = 0


def interface_state(sock: socket.socket, name: str) -> InterfaceState:
    """How the interface is, asked through any open socket."""
    if name == ANY:
        return InterfaceState(0, True, 0)
    try:
        index = socket.if_nametoindex(name)
        request = struct.pack("16s24x", name.encode())
        (flags,) = struct.unpack_from("=H", fcntl.ioctl(sock, _GET_FLAGS, request), 16)
        (mtu,) = struct.unpack_from("=i", fcntl.ioctl(sock, _GET_MTU, request), 16)
    except OSError:
        return InterfaceState()
    return InterfaceState(index, bool(flags & _UP), mtu)
