"""One of several worker processes: its own turns, and what it does when the parent asks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from netminedet.capture.ring import Ring
from netminedet.errors import NetminedetError
from netminedet.garbage import leave_alone
from netminedet.live.crew import open_station
from netminedet.live.options import WatchOptions
from netminedet.live.renewal import Making, unpacked
from netminedet.live.service import drop_privileges, memory_of_process
from netminedet.live.station import Harvest, Station
from netminedet.pipeline import NewSignatures
from netminedet.signatures import SignatureSet

_TURN_SECONDS = 0.1


class _Answers:
    """What a worker does when it is asked."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._making: Making[NewSignatures] | None = None

    def harvest(self, _: None) -> Harvest:
        return self._with_memory(self._station.harvest())

    def make(self, packed: bytes) -> None:
        """Make signatures ready, beside the packets."""
        self._making = Making(lambda: unpacked(packed))

    def made(self, _: None) -> bool | str:
        """Whether they are; or why they cannot be used."""
        making = self._making
        return making is not None and (making.error or making.over)

    def take(self, _: None) -> None:
        """Go on with what was made."""
        making, self._making = self._making, None
        if making is not None and making.found is not None:
            self._station.turn_to(making.found)

    def finish(self, _: None) -> Harvest:
        return self._with_memory(self._station.finish())

    @staticmethod
    def _with_memory(harvest: Harvest) -> Harvest:
        harvest.memory = memory_of_process()
        return harvest


def work(
    pipe: Connection,
    pipes: Iterable[Connection],
    rings: Iterable[Ring],
    sources: list[Ring],
    options: WatchOptions,
    signatures: SignatureSet,
    again: bool,
) -> None:
    """Packets in turns, and answers to the parent in between.

    ``pipes`` and ``rings`` are the parent's and others', which a fork brings along; ``again``: another
    process has had the ``sources`` before.
    """
    _leave(pipes, rings)
    try:
        for source in sources if again else ():
            source.take_over()
        station = open_station(options, signatures, sources)
        drop_privileges(options.user)
    except NetminedetError as error:
        pipe.send(error)
        return
    pipe.send("ready")
    answers = _Answers(station)
    try:
        while True:
            station.turn(_TURN_SECONDS)
            if pipe.poll():
                what, argument = pipe.recv()
                answer: Callable[[Any], Any] = getattr(answers, what)
                pipe.send(answer(argument))
                if what == "finish":
                    return
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone


def _leave(pipes: Iterable[Connection], rings: Iterable[Ring]) -> None:
    """Let go of what is the parent's."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # the parent hears them, and asks
    for pipe in pipes:
        pipe.close()  # else none would ever learn that the parent is gone
    for ring in rings:
        ring.let_go()
    leave_alone()  # what the parent knows is not gone through, and so not copied
