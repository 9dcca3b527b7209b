"""Puts pseudonyms in the place of people's addresses in the story of one host."""

from __future__ import annotations

from msgspec.structs import replace

from netminedet.report.anonymize import Anonymizer, anonymized_suspect
from netminedet.story import Line, Story
from netminedet.verdict.explain import Ruling


def anonymized_story(story: Story, key: bytes) -> Story:
    """The story with pseudonyms; raises NetminedetError as ``Anonymizer`` does."""
    hide = Anonymizer(key, story.report.home_net, story.report)
    ruling = story.ruling
    inputs = tuple(replace(info, path=hide.text(info.path)) for info in story.report.inputs)
    return replace(
        story,
        host=hide.address(story.host),
        report=replace(story.report, inputs=inputs),
        suspect=None if story.suspect is None else anonymized_suspect(story.suspect, hide),
        lines=tuple(_line(line, hide) for line in story.lines),
        ruling=None if ruling is None else _ruling(ruling, hide),
        seen=tuple(hide.text(text) for text in story.seen),
    )


def _line(line: Line, hide: Anonymizer) -> Line:
    details, where = hide.details(line.details), hide.where(line.where)
    return replace(line, where=where, details=details, excerpt=hide.text(line.excerpt))


def _ruling(ruling: Ruling, hide: Anonymizer) -> Ruling:
    why, higher, lower = (
        tuple(hide.text(text) for text in texts)
        for texts in (ruling.why, ruling.would_raise, ruling.would_lower)
    )
    return Ruling(why, higher, lower)
