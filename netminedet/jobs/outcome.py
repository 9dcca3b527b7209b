"""What the scan of one input comes to, and how one process gets it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from netminedet.capture.source import open_source
from netminedet.errors import NetminedetError
from netminedet.model import InputInfo
from netminedet.pipeline import Pipeline
from netminedet.sieve.packets import Part
from netminedet.verdict.findings import Findings

#: Makes the pipeline of an input, or of a part of it.
PipelineMaker = Callable[[str, Part | None], Pipeline]
#: Told of each step: position in the input, its size (None for a pipe), packets, bytes.
Step = Callable[[int, int | None, int, int], None]


class Outcome(Struct):
    """Of one input: what was read, what was counted on the way, and what was found."""

    info: InputInfo
    counters: dict[str, int]
    #: None of an input that could not be opened
    findings: Findings | None


class Sequential(Exception):
    """The input has to be read by one process."""


def read_counters(info: InputInfo) -> dict[str, int]:
    """What was read of an input, as counters."""
    return {"packets": info.packets, "bytes": info.bytes, "damaged_bytes_skipped": info.damaged_bytes}


def scan_input(path: str, make_pipeline: PipelineMaker, hash_inputs: bool, step: Step | None) -> Outcome:
    """What one process finds in one input."""
    try:
        source = open_source(path, hash_content=hash_inputs)
    except NetminedetError as error:
        return Outcome(InputInfo(path=path, complete=False, problems=[error.args[0]]), {}, None)
    pipeline, info = make_pipeline(path, None), source.info
    with source:
        for batch in source.batches():
            pipeline.feed(batch)
            if step is not None:
                step(source.position, source.size, info.packets, info.bytes)
    return Outcome(info, {**read_counters(info), **pipeline.finish()}, pipeline.findings)
