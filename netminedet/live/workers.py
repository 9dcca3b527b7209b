"""Several processes that share the interfaces by flow, each with a station of its own.

The system puts both directions of a flow into the same ring (PACKET_FANOUT_HASH hashes symmetrically); of
GRE and IP in IP by the inner flow, of tunnels over UDP by the outer one.  Where two directions of an inner
flow come to different workers for that, each sees one side: the findings add up in the parent all the same.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from netminedet.errors import NetminedetError
from netminedet.live.options import WatchOptions
from netminedet.live.renewal import Making, unpacked
from netminedet.live.service import drop_privileges
from netminedet.live.station import Harvest, Station
from netminedet.pipeline import NewSignatures
from netminedet.signatures import SignatureSet

if TYPE_CHECKING:
    from netminedet.live.renewal import Offer

#: Longest that a worker may take to answer, in seconds; longer, and it counts as lost.
ANSWER_SECONDS = 60.0
_TURN_SECONDS = 0.1


class Workers:
    """The parent's side.  Raises NetminedetError where a worker cannot open its rings, or is lost."""

    failed: str | None = None

    def __init__(self, options: WatchOptions, signatures: SignatureSet) -> None:
        context = multiprocessing.get_context("fork")
        group = os.getpid() * len(options.interfaces)
        self._pipes: list[Connection] = []
        self._processes = []
        self._now = 0
        for number in range(options.workers):
            ours, theirs = context.Pipe()
            name = f"netminedet-worker-{number}"
            given = (theirs, [*self._pipes, ours], options, signatures, group)
            process = context.Process(target=_work, args=given, name=name, daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
            self._answer(ours)  # one after the other: the first makes the group that the others join

    @property
    def ended(self) -> bool:
        return False

    def now_ns(self) -> int:
        return time.time_ns()

    def turn(self, seconds: float) -> None:
        """Nothing to do but to wait; a worker that is gone is noticed at once."""
        sentinels = [process.sentinel for process in self._processes]
        if wait(sentinels, seconds):
            raise NetminedetError("a worker process has ended unexpectedly; see the messages above")

    def harvest(self) -> list[Harvest]:
        return self._ask("harvest")

    def offer(self, offer: Offer) -> None:
        self._ask("make", offer.packed)

    def taken(self) -> bool:
        states = self._ask("made")
        refused = next((one for one in states if isinstance(one, str)), None)
        if refused is not None:
            raise NetminedetError(refused)
        if not all(states):
            return False
        self._ask("take")
        return True

    def finish(self) -> list[Harvest]:
        harvests = self._ask("finish")
        for process in self._processes:
            process.join(ANSWER_SECONDS)
        return harvests

    def _ask(self, what: str, argument: Any = None) -> list[Any]:
        for pipe in self._pipes:
            pipe.send((what, argument))
        return [self._answer(pipe) for pipe in self._pipes]

    @staticmethod
    def _answer(pipe: Connection) -> Any:
        try:
            if not pipe.poll(ANSWER_SECONDS):
                raise NetminedetError("a worker process does not answer; lower --workers or the load")
            answer = pipe.recv()
        except EOFError:
            raise NetminedetError("a worker process has ended unexpectedly") from None
        if isinstance(answer, NetminedetError):
            raise answer
        return answer


class _Answers:
    """What a worker does when it is asked."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._making: Making[NewSignatures] | None = None

    def harvest(self, _: None) -> Harvest:
        return self._station.harvest()

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
        return self._station.finish()


def _work(
    pipe: Connection, others: list[Connection], options: WatchOptions, signatures: SignatureSet, group: int
) -> None:
    """The worker's side: packets in turns, and answers to the parent in between."""
    from netminedet.live.crew import open_sources, open_station

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)  # the parent hears them, and asks
    for other in others:
        other.close()  # else a worker would keep its own and the others' pipes open when the parent is gone
    try:
        station = open_station(options, signatures, open_sources(options, group))
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
