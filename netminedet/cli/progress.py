"""The progress bar of a scan, on stderr."""

from __future__ import annotations

from pathlib import PurePath
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from netminedet.language import _
from netminedet.report.columns import shorten
from netminedet.report.text import amount, printable, size

if TYPE_CHECKING:
    from netminedet import api

#: Seconds between two updates of the screen.
_INTERVAL = 0.1
_NAME_WIDTH = 18


class _Read(ProgressColumn):
    """Bytes, packets and rate so far."""

    max_refresh = None

    def render(self, task: Task) -> Text:
        packets, read, rate = (task.fields[name] for name in ("packets", "read", "rate"))
        words = _("{read} {packets} packets {rate}/s")
        return Text(words.format(read=size(read), packets=amount(packets), rate=size(rate)))


class ProgressBar:
    """Shows how far a scan is; call it with each `netminedet.api.Progress`.

    The bar is that of the input being read; bytes, packets and rate are those of the
    whole scan, summed up here, since a `Progress` counts within its input.
    """

    def __init__(self, console: Console) -> None:
        name = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
        bar = BarColumn(bar_width=None, table_column=Column(ratio=1))
        read = _Read(table_column=Column(no_wrap=True))
        self._progress = Progress(
            name, bar, read, TimeRemainingColumn(compact=True),
            console=console, auto_refresh=False, transient=True, expand=True,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None, packets=0, read=0, rate=0)
        self._started = monotonic()
        self._shown = 0.0
        self._input = -1
        self._last: api.Progress | None = None
        self._packets_done = self._bytes_done = 0

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, progress: api.Progress) -> None:
        before = self._last
        self._last = progress
        if before and before.inputs_done != progress.inputs_done:
            self._packets_done += before.packets
            self._bytes_done += before.bytes
        now = monotonic()
        if now - self._shown >= _INTERVAL:
            self._shown = now
            self._show(progress, now - self._started)

    def _show(self, progress: api.Progress, elapsed: float) -> None:
        if progress.inputs_done != self._input:
            self._input = progress.inputs_done
            self._progress.reset(self._task, total=progress.size)
        read = self._bytes_done + progress.bytes
        self._progress.update(
            self._task,
            description=self._name(progress),
            completed=progress.position,
            packets=self._packets_done + progress.packets,
            read=read,
            rate=int(read / max(elapsed, _INTERVAL)),
            refresh=True,
        )

    def _name(self, progress: api.Progress) -> str:
        name = shorten(printable(PurePath(progress.path).name), _NAME_WIDTH)
        if progress.inputs_total > 1:
            return f"{progress.inputs_done + 1}/{progress.inputs_total} {name}"
        return name
