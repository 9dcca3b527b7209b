"""Child processes that work for a scan, and what goes to and from them through pipes.

Children are forked once the signatures are loaded, so that they start within milliseconds.  Whoever
of parent and child is gone is noticed by the end of the pipes: nothing waits for ever.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
from collections.abc import Callable, Iterator, Sequence
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Any

from netminedet.errors import NetminedetError
from netminedet.garbage import leave_alone
from netminedet.jobs.outcome import Sequential

_LENGTH = struct.Struct("<Q")
_ENDED = "has ended"


class Lost(Exception):
    """A child process has ended, and has said nothing."""


class Link:
    """The child's side of the pipes."""

    def __init__(self, orders: int, signals: int, results: int) -> None:
        self._orders = orders
        self._signals = signals
        self._results = results

    def order(self, size: int) -> bytes:
        """The parent's next order; empty when there are no more."""
        return _read(self._orders, size)

    def signal(self, what: bytes) -> None:
        """Tell the parent of something that it need not wait for; at most 4096 bytes."""
        os.write(self._signals, what)

    def result(self, value: Any) -> None:
        """Hand ``value`` to the parent; it must be picklable."""
        _write_message(self._results, value)


class Child:
    """The parent's side: a process that runs ``work`` and ends with it.

    ``others``: children that were started before.  An exception of the child is raised here by
    ``result``; Lost if it was killed.
    """

    def __init__(self, work: Callable[[Link], None], others: Sequence[Child] = ()) -> None:
        orders, self._orders = os.pipe()
        self.signals, signals = os.pipe()
        self.results, results = os.pipe()
        ours = (self._orders, self.signals, self.results)
        self._status = 0
        self.pid = os.fork()
        if self.pid == 0:
            foreign = [*ours, *(one for other in others for one in other._ours())]
            _live(work, Link(orders, signals, results), foreign)
        for theirs in (orders, signals, results):
            os.close(theirs)

    def _ours(self) -> tuple[int, ...]:
        return tuple(one for one in (self._orders, self.signals, self.results) if one >= 0)

    def order(self, order: bytes) -> None:
        """Give the child an order; at most 4096 bytes.  One that is gone is noticed by its results."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._orders, order)

    def no_more(self) -> None:
        """There will be no further orders; may be said twice."""
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1

    def result(self) -> Any:
        """Wait for the child's next result; None after the last.  Raises Lost or what the child raised."""
        head = _read(self.results, _LENGTH.size)
        if not head and self._end() == _ENDED:
            return None
        if len(head) < _LENGTH.size:
            raise Lost(self._end())
        size = _LENGTH.unpack(head)[0]
        data = _read(self.results, size)
        if len(data) < size:
            raise Lost(self._end())
        value = pickle.loads(data)
        if isinstance(value, BaseException):
            raise value
        return value

    def _end(self) -> str:
        """Wait for the end of the process: how it ended."""
        if self.pid:
            pid, self.pid = self.pid, 0
            with contextlib.suppress(ChildProcessError):  # another part of the program has waited for it
                self._status = os.waitpid(pid, 0)[1]
        status = self._status
        if os.WIFSIGNALED(status):
            return f"was killed by signal {os.WTERMSIG(status)}"
        return "has ended unexpectedly" if status else _ENDED

    def close(self) -> None:
        """End the process, if it has not ended, and let go of it."""
        for one in self._ours():
            os.close(one)
        self._orders = self.signals = self.results = -1
        if self.pid:
            pid, self.pid = self.pid, 0
            with contextlib.suppress(ChildProcessError, ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # still at work: nobody wants its results
                os.waitpid(pid, 0)


class Children:
    """Children as a context: at its end, whatever happened, none is left."""

    def __init__(self) -> None:
        self.all: list[Child] = []

    def start(self, work: Callable[[Link], None]) -> None:
        """Raises NetminedetError where the system has no room for another process."""
        try:
            self.all.append(Child(work, self.all))
        except OSError as error:
            raise NetminedetError(
                f"no further process can be started: {error.strerror}; lower --jobs"
            ) from None

    def heard(self) -> Iterator[tuple[int, bytes, Any]]:
        """What the children tell, as it comes: (number of the child, signal, None) or (number, b"", result).

        Ends with the last child; after its result a child's orders should have ended.  Raises what a
        child raised, and Lost.
        """
        with DefaultSelector() as selector:
            for number, child in enumerate(self.all):
                selector.register(child.results, EVENT_READ, number)
                selector.register(child.signals, EVENT_READ, number)
            waiting = len(self.all)
            while waiting:
                for key, _ in selector.select():
                    number = key.data
                    child = self.all[number]
                    if key.fd == child.signals:
                        if signal := os.read(child.signals, 4096):
                            yield number, signal, None
                        else:
                            selector.unregister(child.signals)
                    elif (result := child.result()) is None:
                        selector.unregister(child.results)
                        waiting -= 1
                    else:
                        yield number, b"", result

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for child in self.all:
            child.close()
        if isinstance(value, Lost):
            raise NetminedetError(
                f"a process of this scan {value}, perhaps for want of memory; lower --jobs or --max-memory"
            ) from None


def _live(work: Callable[[Link], None], link: Link, foreign: list[int]) -> None:
    """The child's life; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and closes the pipes
        leave_alone()  # what was there before the fork stays shared
        for one in foreign:
            os.close(one)
        work(link)
        code = 0
    except BrokenPipeError:
        pass  # the parent is gone
    except BaseException as error:
        with contextlib.suppress(BaseException):
            link.result(_sendable(error))
    finally:
        os._exit(code)


def _sendable(error: BaseException) -> BaseException:
    """The exception as the parent is to raise it."""
    if isinstance(error, (NetminedetError, MemoryError, Sequential)):
        return type(error)(*error.args)
    import traceback

    return RuntimeError("in a process of the scan:\n" + "".join(traceback.format_exception(error)))


def _read(descriptor: int, size: int) -> bytes:
    """So many bytes; fewer only at the end."""
    data = bytearray()
    while len(data) < size:
        got = os.read(descriptor, min(size - len(data), 1 << 20))
        if not got:
            break
        data += got
    return bytes(data)


def _write_message(descriptor: int, value: Any) -> None:
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    for piece in (_LENGTH.pack(len(data)), data):
        view = memoryview(piece)
        while view:
            view = view[os.write(descriptor, view) :]
