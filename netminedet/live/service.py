"""What a service owes the system: readiness, signs of life, signals, and no more rights than it needs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from netminedet.errors import NetminedetError

if TYPE_CHECKING:
    import pwd

#: PR_SET_NO_NEW_PRIVS of <linux/prctl.h>
_NO_NEW_PRIVILEGES = 38


class Notifier:
    """Tells systemd how the service is (sd_notify(3)); silent where nobody asked.

    The protocol is one datagram a message, which is less than a dependency.
    """

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        microseconds = os.environ.get("WATCHDOG_USEC", "")
        meant = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        #: seconds between two signs of life; None: none is wanted
        self._every = int(microseconds) / 2e6 if meant and microseconds.isdigit() else None
        self._last = 0.0

    def say(self, *lines: str) -> None:
        """Send lines such as ``READY=1``."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto("\n".join(lines).encode(), self._address)

    def reloading(self) -> None:
        """Signatures are being loaded anew; ``READY=1`` says that it is over."""
        self.say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self, status: str) -> None:
        """A sign of life, where one is due."""
        if self._every is not None and time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self.say("WATCHDOG=1", f"STATUS={status}")


@dataclass(slots=True)
class Wishes:
    """What signals asked for since it was looked at last."""

    #: name of the signal that asks to end
    stop: str | None = None
    reload: bool = False
    show: bool = False
    _before: dict[int, Any] = field(default_factory=dict)

    def heard(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self.reload = True
        elif number == signal.SIGUSR1:
            self.show = True
        else:
            self.stop = signal.Signals(number).name
            signal.signal(number, self._before[number])  # a second one ends at once


@contextlib.contextmanager
def heard_signals() -> Iterator[Wishes]:
    """Collect the signals of a service instead of being ended by them.

    Where this is not the main thread, as in a program that calls the API, none are collected.
    """
    wishes = Wishes()
    try:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            wishes._before[number] = signal.signal(number, wishes.heard)
    except ValueError:
        wishes._before.clear()
    try:
        yield wishes
    finally:
        for number_before, before in wishes._before.items():
            signal.signal(number_before, before)


#: What is imported late elsewhere, so that other commands start fast.
_LATE = (
    "dpkt",
    "encodings.ascii",
    "encodings.idna",
    "netminedet.capture.bpf",
    "netminedet.estimate",
    "netminedet.estimate.host",
    "netminedet.estimate.totals",
    "netminedet.report.anonymize",
    "netminedet.report.cryptopan",
    "netminedet.report.formats.table",
    "netminedet.report.mask",
    "netminedet.report.text",
    "netminedet.signatures.expressions",
    "netminedet.signatures.interpreter",
    "netminedet.signatures.prefilter",
    "netminedet.signatures.reading",
    "netminedet.signatures.translate",
    "netminedet.verdict.size",
    "netminedet.whose.enrich",
    "netminedet.whose.places",
    "netminedet.whose.subnets",
    "resource",
    "tempfile",
    "traceback",
)


def import_all() -> None:
    """Import whatever may be needed later: a hardened service may be unable to read it then."""
    for name in _LATE:
        import_module(name)


def memory_of_process() -> tuple[int, int]:
    """Resident memory of this process in bytes: now, and at most."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return peak, peak
    return pages * resource.getpagesize(), peak


def number_of_user(user: str | None) -> int | None:
    """The number of the user that is to be become; None where none is, or where there is none of the name."""
    import pwd

    try:
        return None if user is None else pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def check_user(user: str) -> pwd.struct_passwd:
    """Who is to be become.  Raises NetminedetError for nobody, and for root."""
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise NetminedetError(f"--user {user}: there is no such user; add it, or name another") from None
    if entry.pw_uid == 0:
        raise NetminedetError(f"--user {user}: that is root itself; name a user without rights")
    return entry


def drop_privileges(user: str | None) -> None:
    """Become ``user`` for good, with nothing kept.  Raises NetminedetError where that cannot be."""
    if user is None or os.geteuid() != 0:
        return
    entry = check_user(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if 0 in (*os.getresuid(), *os.getresgid()) or not _gets_none_again():
        raise NetminedetError(f"--user {user}: the rights of root could not be given up")


def _gets_none_again() -> bool:
    """Have no program that is started give rights (prctl(2)), where the system can; whether it is so."""
    if sys.platform != "linux":
        return True
    import ctypes

    answer: int = ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return answer == 0
