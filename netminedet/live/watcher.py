"""The watch itself: takes packets in, and at every tick harvests, tells, and looks after itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from netminedet import __version__
from netminedet.errors import NetminedetError
from netminedet.evidence import EvidenceFolder
from netminedet.garbage import leave_alone, uncollected
from netminedet.language import _, sentence
from netminedet.live.announce import Told
from netminedet.live.crew import Crew, open_crew
from netminedet.live.desk import Desk
from netminedet.live.events import JsonObject
from netminedet.live.options import WatchOptions
from netminedet.live.output import EventOutput
from netminedet.live.renewal import Making, Offer, read_offer
from netminedet.live.saving import Saver
from netminedet.live.service import (
    Notifier,
    Wishes,
    drop_privileges,
    heard_signals,
    import_all,
    number_of_user,
)
from netminedet.live.state import State, load_state
from netminedet.live.station import Harvest
from netminedet.live.view import Keys, View, read_sources
from netminedet.report.text import plural
from netminedet.signatures import load_signatures

if TYPE_CHECKING:
    from netminedet.live.metrics import Metrics
    from netminedet.whose.enrich import Sources

#: Seconds between two ticks, and how long packets are waited for at a time.
TICK_SECONDS = 1.0
TURN_SECONDS = 0.1
_TICK_NS = int(TICK_SECONDS * 1e9)


class Ear:
    """Who hears of a watch; does nothing with it.  ``cli/watch.py`` and the API have their own."""

    def note(self, text: str) -> None:
        """A remark for the operator."""

    def event(self, event: JsonObject) -> None:
        """An event, before it is written."""

    def told(self, told: Told) -> None:
        """The same for events about a host, as objects."""

    def tick(self, desk: Desk) -> None:
        """About once a second."""

    def show(self, desk: Desk) -> None:
        """Somebody asked for the present table."""


class CallingEar(Ear):
    """Calls a function with each event."""

    def __init__(self, on_event: Callable[[JsonObject], None]) -> None:
        self._on_event = on_event

    def event(self, event: JsonObject) -> None:
        self._on_event(event)


@dataclass(slots=True)
class Outcome:
    """How a watch ended."""

    suspects: int
    packets: int
    dropped: int
    #: whether all that was to be written was written, and all that was to be read could be read
    complete: bool
    reason: str


class Watcher:
    """One watch, from opening the sources to the last event."""

    def __init__(self, options: WatchOptions, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._folders = [Path(folder) for folder in options.signatures]
        signatures = load_signatures(self._folders)
        self._keys = Keys(options)
        self.desk = Desk(options, signatures)
        self._show_by(read_sources(options, ear.note))
        self._notifier = Notifier()
        import_all()  # before workers are made, who give up their rights, too
        self.desk.warm_up()
        self._restore()
        self._crew: Crew = open_crew(options, signatures)
        self._metrics: Metrics | None = None
        try:
            self._open_outputs()
        except BaseException:
            self._crew.close()
            raise
        self._evidence_failed = False
        self._saver = (
            None if options.state is None else Saver(options.state, options.state_seconds, self._state)
        )
        #: signatures that are being read, then those that the crew is to take
        self._reading: Making[Offer] | None = None
        self._offered: Offer | None = None
        self._reload_again = False
        self._stats_at = self._now_for_stats() + options.stats_seconds
        self._ticked = time.monotonic()
        self._ticked_ns = 0

    def _open_outputs(self) -> None:
        """What may need rights, and then what is done without them."""
        options = self._options
        if options.metrics is not None:
            from netminedet.live.metrics import Metrics

            self._metrics = Metrics(*options.metrics)
        drop_privileges(options.user)
        self._output = None if options.output is None else EventOutput(options.output)
        self._evidence = _evidence_folder(options)

    def _show_by(self, sources: Sources | None) -> None:
        self.desk.view = View(self._keys, sources, self.desk.home_net)

    def _read_sources(self) -> Sources | None:
        """On a thread, which tells nobody what is odd in a ledger: it was told at the start."""
        return read_sources(self._options, lambda _: None)

    def _restore(self) -> None:
        """Go on from the state, where there is one; before interfaces are opened, for it takes a while."""
        path = self._options.state
        user = number_of_user(self._options.user)
        if path is None or (state := load_state(path, __version__, user)) is None:
            return
        with uncollected():
            self.desk.restore(state)
        leave_alone()
        if state.findings is None:
            note = sentence(
                "{name} is of another version: its suspects are known, their records begin anew", name=path
            )
            self._ear.note(note)

    def run(self, stop: Callable[[], bool] = lambda: False) -> Outcome:
        """Watch until a signal, the end of the file, or ``stop`` says so.

        Raises NetminedetError where it cannot go on; all that was found is told and kept before.
        """
        try:
            with heard_signals() as wishes:
                self._start()
                reason = self._until_the_end(wishes, stop)
                self._notifier.say("STOPPING=1")
                outcome = self._finish(reason)
        finally:
            self._crew.close()
        if self._crew.failed is not None:
            raise NetminedetError(self._crew.failed)
        return outcome

    def _start(self) -> None:
        options = self._options
        sources = [options.replay] if options.replay is not None else list(options.interfaces)
        scheme = self.desk.view.scheme
        self._tell(self.desk.events.start(self._now(), sources, self.desk.signatures.info, scheme))
        self._flush()
        self._notifier.say("READY=1", f"STATUS=watching {', '.join(sources)}")

    def _until_the_end(self, wishes: Wishes, stop: Callable[[], bool]) -> str:
        while True:
            self._crew.turn(TURN_SECONDS)
            if self._saver is not None:
                self._saved(self._saver.go_on())
            if self._tick_is_due():
                self._tick()
            if wishes.reload:
                wishes.reload = False
                self._begin_reload()
            if wishes.show:
                wishes.show = False
                self._ear.show(self.desk)
            if wishes.stop is not None:
                return wishes.stop
            if self._crew.failed is not None:
                return "workers lost"
            if self._crew.ended:
                return "end of file"
            if stop():
                return "asked to stop"

    def _tick_is_due(self) -> bool:
        """A second is over, by the clock of the room or by that of the packets of a file."""
        if self._options.replay is not None and self._crew.now_ns() - self._ticked_ns >= _TICK_NS:
            return True
        return time.monotonic() - self._ticked >= TICK_SECONDS

    def _tick(self) -> None:
        self._ticked, self._ticked_ns = time.monotonic(), self._crew.now_ns()
        self._enter(self._crew.harvest())
        self._go_on_reloading()
        if self._now_for_stats() >= self._stats_at:
            self._stats_at = self._now_for_stats() + self._options.stats_seconds
            figures = self.desk.figures(self._output_figures(), new_interval=True)
            self._tell(self.desk.events.stats(self._now(), self.desk.uptime, figures))
            for note in self.desk.mirror_notes():
                self._note(note)
        self._flush()
        if self._metrics is not None:
            self._metrics.show(self.desk.figures(self._output_figures(), new_interval=False))
        self._notifier.alive(f"{plural(self.desk.announcer.active(), 'active suspect')}")
        self._ear.tick(self.desk)

    def _enter(self, harvests: list[Harvest]) -> None:
        for note in dict.fromkeys(note for harvest in harvests for note in harvest.notes):
            self._note(note)  # what happens to an interface, each worker tells
        for told in self.desk.take(harvests, self._crew.now_ns()):
            self._tell_of(told)
        self._tell_withdrawn()
        forgotten = self.desk.take_forgotten()
        if self._evidence is not None:
            self._evidence.forget(forgotten)
            packets = [kept for harvest in harvests for kept in harvest.evidence]
            self._evidence.add(packets, self.desk.announcer.known.__contains__)
            self.desk.evidence_counts = self._evidence.counts
            if self._evidence.counts["evidence_errors"] and not self._evidence_failed:
                self._evidence_failed = True
                failed = sentence(
                    "{name}: evidence cannot be written; it is counted what is missing",
                    name=str(self._options.evidence),
                )
                self._note(failed)

    def _tell_withdrawn(self) -> None:
        for host in self.desk.take_withdrawn():
            text = sentence("{host} is withdrawn as a suspect: what came later speaks against it", host=host)
            self._note(text)

    def _tell_of(self, told: Told) -> None:
        self._ear.told(told)
        self._tell(self.desk.events.about_host(told))

    def _tell(self, event: JsonObject) -> None:
        self._ear.event(event)
        if self._output is not None:
            self._output.add(event)

    def _note(self, text: str) -> None:
        """A remark: for the operator at once, and as an event."""
        self._ear.note(text)
        self._tell(self.desk.events.notice(self._now(), text))

    def _flush(self) -> None:
        if self._output is None:
            return
        self._output.flush()
        for note in self._output.take_notes():
            self._note(note)

    def _now(self) -> int:
        """The time of an event: by the clock of the packets, where there has been one."""
        return self._crew.now_ns() or time.time_ns()

    def _now_for_stats(self) -> float:
        return self._crew.now_ns() / 1e9 if self._options.replay is not None else time.monotonic()

    def _state(self) -> State:
        return self.desk.state(self._crew.now_ns())

    def _saved(self, note: str | None) -> None:
        """What came of writing the state, where that is over."""
        if self._saver is not None:
            self.desk.state_errors = self._saver.errors
        if note is not None:
            self._note(note)

    def _output_figures(self) -> JsonObject:
        if self._output is None:
            return {}
        counts = self._output.counts
        return {
            name: getattr(counts, name)
            for name in ("written", "dropped", "errors", "waiting", "waiting_bytes")
        }

    def _begin_reload(self) -> None:
        """SIGHUP: the outputs are opened anew, and signatures loaded while packets are read on."""
        if self._output is not None:
            self._output.reopen()
        if self._reading is not None or self._offered is not None:
            self._reload_again = True  # what is being read may be what the files were before
            return
        self._notifier.reloading()
        self._reading = Making(partial(read_offer, self._folders, self.desk.home_net, self._read_sources))

    def _go_on_reloading(self) -> None:
        """Offer the crew what has been read; judge by it, too, once all of the crew have changed over."""
        reading = self._reading
        if reading is not None and reading.over:
            self._reading = None
            if reading.found is None:
                self._end_reload(refused=reading.error)
            else:
                self._offered = reading.found
                self._crew.offer(reading.found)
        if self._offered is None:
            return
        try:
            if not self._crew.taken():
                return
        except NetminedetError as error:
            self._end_reload(refused=str(error))
            return
        self.desk.judge_by(self._offered.like)
        self._show_by(self._offered.sources)
        info = self.desk.signatures.info
        self._end_reload()
        loaded = sentence(
            "signatures loaded anew: {n}, version {version}", n=info.count, version=info.version
        )
        self._note(loaded)

    def _end_reload(self, refused: str | None = None) -> None:
        self._offered = None
        if refused is not None:
            told = sentence(
                "the new signatures are refused, the old ones stay in force: {reason}", reason=refused
            )
            self._note(told)
        self._notifier.say("READY=1")
        if self._reload_again:
            self._reload_again = False
            self._begin_reload()

    def _finish(self, reason: str) -> Outcome:
        self._enter(self._crew.finish())
        now = self._now()
        for told in self.desk.last_words(self._crew.now_ns()):
            self._tell_of(told)
        self._tell_withdrawn()
        if self._evidence is not None:
            self._evidence.add([], self.desk.announcer.known.__contains__)
        if self._saver is not None:
            self._saved(self._saver.finish())
        figures = self.desk.figures(self._output_figures(), new_interval=False)
        self._tell(self.desk.events.stop(now, reason, self.desk.uptime, figures))
        self._ear.tick(self.desk)
        if self._metrics is not None:
            self._metrics.close()
        complete = (self._output is None or self._output.close()) and not (
            self._saver is not None and self._saver.failed
        )
        if self._output is not None:
            for note in self._output.take_notes():
                self._ear.note(note)
            if self._output.counts.dropped:
                events = plural(self._output.counts.dropped, "event")
                self._ear.note(_("{events} could not be written").format(events=events))
        capture = figures["capture"]
        return Outcome(
            len(self.desk.announcer.known), capture["received"], capture["dropped"], complete, reason
        )


def _evidence_folder(options: WatchOptions) -> EvidenceFolder | None:
    if options.evidence is None:
        return None
    packets, size = options.evidence_packets, options.evidence_size
    return EvidenceFolder(options.evidence, packets, size, options.evidence_seconds)
