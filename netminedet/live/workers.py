"""Several processes that share the interfaces by flow, each with a station of its own.

The system puts both directions of a flow into the same ring (PACKET_FANOUT_HASH hashes symmetrically); of
GRE and IP in IP by the inner flow, of tunnels over UDP by the outer one.  Where two directions of an inner
flow come to different workers for that, each sees one side: the findings add up in the parent all the same.

The parent opens the rings and keeps them open beside the workers.  Where a worker is lost, its rings stay in
their group, so that the system goes on to deal all flows out as before, and fills them: another process takes
them over where they are.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import socket
import struct
import time
from collections import Counter, deque
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from netminedet.capture.live import CaptureCounts
from netminedet.capture.ring import Ring
from netminedet.errors import NetminedetError
from netminedet.language import sentence
from netminedet.live.crew import open_rings
from netminedet.live.desk import joined
from netminedet.live.options import WatchOptions
from netminedet.live.station import Harvest
from netminedet.live.worker import work
from netminedet.signatures import SignatureSet
from netminedet.verdict.findings import Findings

if TYPE_CHECKING:
    from netminedet.live.renewal import Offer

#: Longest that a worker may take to answer, in seconds; longer, and it counts as lost.  It is less than half
#: of what systemd waits for a sign of life (WatchdogSec in docs/netminedet.service): the rest may be over.
ANSWER_SECONDS = 20.0
#: So many workers lost within so many seconds, and the watch ends.
MAX_LOST = 5
LOST_SECONDS = 600.0


class _Post(Struct):
    """A worker's place: its rings, the process that has it now, and what that counted when asked last."""

    number: int
    rings: list[Ring]
    pipe: Connection | None = None
    process: ForkProcess | None = None
    counters: dict[str, int] = field(default_factory=dict)
    captures: dict[str, CaptureCounts] = field(default_factory=dict)


class Workers:
    """The parent's side.  Raises NetminedetError where the rings cannot be opened."""

    ended = False

    def __init__(self, options: WatchOptions, signatures: SignatureSet) -> None:
        self._options = options
        self._signatures = signatures
        self._offered: Offer | None = None
        #: why it cannot go on
        self.failed: str | None = None
        #: when workers were lost, the latest, and what those that are gone had counted
        self._lost: deque[float] = deque(maxlen=MAX_LOST)
        self._counters: Counter[str] = Counter(workers_lost=0)
        self._captures: dict[str, CaptureCounts] = {}
        self._notes: list[str] = []
        self._last = ""
        group = os.getpid() * len(options.interfaces)
        self._posts: list[_Post] = []
        try:
            for number in range(options.workers):
                self._posts.append(_Post(number, open_rings(options, group)))
            for post in self._posts:
                self._start(post)
        except BaseException:
            self.close()
            raise
        atexit.register(self.close)  # before multiprocessing waits for them, who do not heed its signal

    def now_ns(self) -> int:
        return time.time_ns()

    def turn(self, seconds: float) -> None:
        """Nothing to do but to wait; a worker that is gone is noticed at once."""
        there = {post.process.sentinel: post for post in self._posts if post.process is not None}
        for sentinel in wait(list(there), seconds):
            self._lose(there[sentinel])  # type: ignore[index]  # what was given is what comes back
        self._fill_posts()
        for number, ring in enumerate(self._posts[0].rings):
            if ring.is_gone:
                for post in self._posts:
                    post.rings[number].let_go()  # the workers open new ones

    def harvest(self) -> list[Harvest]:
        return self._harvests("harvest")

    def offer(self, offer: Offer) -> None:
        self._offered = offer
        self._ask("make", offer.packed)

    def taken(self) -> bool:
        offer = self._offered
        if offer is None:
            return True
        states = self._ask("made")
        refused = next((one for one in states.values() if isinstance(one, str)), None)
        if refused is not None:
            self._offered = None
            raise NetminedetError(refused)
        if len(states) < len(self._posts) or not all(states.values()):
            return False
        self._signatures, self._offered = offer.new.signatures, None
        self._ask("take")
        return True

    def finish(self) -> list[Harvest]:
        harvests = self._harvests("finish")
        for post in self._posts:
            if post.process is not None:
                post.process.join(ANSWER_SECONDS)
        self.close()
        return harvests

    def _harvests(self, what: str) -> list[Harvest]:
        """What the workers hand over, and what those that are gone had counted."""
        harvests: dict[int, Harvest] = self._ask(what)
        for number, harvest in harvests.items():
            self._posts[number].counters = harvest.counters
            self._posts[number].captures = harvest.captures
        notes, self._notes = self._notes, []
        gone = Harvest(Findings(), dict(self._counters), dict(self._captures), notes=notes)
        return [*harvests.values(), gone]

    def _ask(self, what: str, argument: Any = None) -> dict[int, Any]:
        """Ask all workers; the answers by their numbers, without those of workers that are lost over it."""
        asked = [post for post in self._posts if self._send(post, what, argument)]
        end = time.monotonic() + ANSWER_SECONDS
        answers = {}
        for post in asked:
            try:
                answers[post.number] = _answer(post.pipe, end)
            except (NetminedetError, EOFError, OSError):
                self._lose(post)
        return answers

    def _send(self, post: _Post, what: str, argument: Any = None) -> bool:
        if post.pipe is None:
            return False
        try:
            post.pipe.send((what, argument))
        except OSError:  # it is gone, or has not read for long
            self._lose(post)
            return False
        return True

    def _lose(self, post: _Post) -> None:
        """A worker is gone, or as good as gone: what it counted stays, and its place is to be filled."""
        process, pipe = post.process, post.pipe
        post.process = post.pipe = None
        if process is None or pipe is None:
            return
        pipe.close()
        how = _ended(process)
        self._lost.append(time.monotonic())
        self._counters["workers_lost"] += 1
        self._counters.update(post.counters)
        for name, counts in post.captures.items():
            self._captures[name] = joined(self._captures.get(name), counts)
        post.counters, post.captures = {}, {}
        self._last = sentence("worker {n} {how}", n=post.number, how=how)
        lost = sentence(
            "{what}; the conversations that it followed are lost, and what it had found in the last second",
            what=self._last,
        )
        self._notes.append(lost)

    def _fill_posts(self) -> None:
        """Start workers in the places of those that are lost, unless there are too many of them."""
        for post in self._posts:
            while post.process is None and self.failed is None:
                recent = [moment for moment in self._lost if time.monotonic() - moment < LOST_SECONDS]
                if len(recent) >= MAX_LOST:
                    minutes = round(LOST_SECONDS / 60)
                    self.failed = (
                        f"worker processes were lost {MAX_LOST} times within {minutes} minutes, "
                        f"so the watch ends: {self._last}"
                    )
                    return
                try:
                    self._start(post, again=True)
                except (NetminedetError, OSError) as error:
                    self._lost.append(time.monotonic())
                    self._last = sentence(
                        "worker {n} cannot be started again: {reason}", n=post.number, reason=str(error)
                    )
                    self._notes.append(self._last)
                else:
                    again = sentence("worker {n} is started again, and reads on", n=post.number)
                    self._notes.append(again)

    def _start(self, post: _Post, *, again: bool = False) -> None:
        """Raises NetminedetError where the worker cannot do its work."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        _limit_waiting(ours)
        others = [one for one in self._posts if one is not post]
        pipes = [ours, *(one.pipe for one in others if one.pipe is not None)]
        rings = [ring for one in others for ring in one.rings]
        given = (theirs, pipes, rings, post.rings, self._options, self._signatures, again)
        process = context.Process(
            target=work, args=given, name=f"netminedet-worker-{post.number}", daemon=True
        )
        process.start()
        theirs.close()
        post.pipe, post.process = ours, process
        for ring in post.rings:
            ring.take_notes()  # the worker tells them
        try:
            _answer(ours, time.monotonic() + ANSWER_SECONDS)
            if self._offered is not None:
                ours.send(("make", self._offered.packed))
                _answer(ours, time.monotonic() + ANSWER_SECONDS)
        except (NetminedetError, EOFError, OSError) as error:
            post.pipe = post.process = None
            ours.close()
            how = _ended(process)
            raise error if isinstance(error, NetminedetError) else NetminedetError(f"it {how}") from None

    def close(self) -> None:
        """End all workers that there are, and give the rings back."""
        atexit.unregister(self.close)
        for post in self._posts:
            if post.process is not None and post.pipe is not None:
                post.pipe.close()
                _ended(post.process)
            post.process = post.pipe = None
            for ring in post.rings:
                ring.let_go()
                ring.close()


def _answer(pipe: Connection | None, end: float) -> Any:
    """What a worker answers.  Raises NetminedetError where that is one; EOFError or OSError if it is gone."""
    assert pipe is not None
    if not pipe.poll(max(0.0, end - time.monotonic())):
        raise TimeoutError
    answer = pipe.recv()
    if isinstance(answer, NetminedetError):
        raise answer
    return answer


def _limit_waiting(pipe: Connection) -> None:
    """Have no call on the pipe wait for longer than an answer may take."""
    with socket.socket(fileno=os.dup(pipe.fileno())) as sock:
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(ANSWER_SECONDS), 0))


def _ended(process: ForkProcess) -> str:
    """Wait a moment for a process to end, and end it otherwise; how it ended."""
    process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join()
        return sentence("did not answer and was ended")
    code = process.exitcode
    if code is None or code >= 0:
        return sentence("ended unexpectedly with code {code}", code=str(code))
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return sentence("was ended by {signal}", signal=name)
