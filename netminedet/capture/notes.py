"""Short lists of remarks that hostile input cannot make long, and names fit to be printed."""

from __future__ import annotations

#: Longest list of remarks on one input.
NOTES_LIMIT = 20


class Notes:
    """Remarks in ``texts``, at most ``NOTES_LIMIT``; the last one then counts those left out."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self._left_out = 0

    def add(self, text: str) -> None:
        """Append one remark, a line of text."""
        if len(self.texts) < NOTES_LIMIT - 1:
            self.texts.append(text)
            return
        self._left_out += 1
        del self.texts[NOTES_LIMIT - 1 :]
        self.texts.append(f"and {self._left_out} more")


def counted(number: int, thing: str) -> str:
    """ "1 packet", "2 packets"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def shown(path: str) -> str:
    """A path as a message shows it: one line, without characters a terminal would act on."""
    if path == "-":
        return "standard input"
    return path if path.isprintable() else ascii(path)[1:-1]
