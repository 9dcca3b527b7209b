"""What goes wrong as expected."""

from __future__ import annotations


class NetminedetError(Exception):
    """An expected failure with a one-line message saying what, where and how to mend it."""


class EvidenceError(NetminedetError):
    """The packets that prove suspects could not be written; ``report`` is what was found all the same."""

    def __init__(self, message: str, report: object) -> None:
        super().__init__(message)
        self.report = report
