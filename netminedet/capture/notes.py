"""Short lists of remarks that hostile input cannot make long, and names fit to be printed."""

from __future__ import annotations

from netminedet.language import Sentence, sentence

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
        self.texts.append(sentence("and {number} more", number=self._left_out))


def header_cut(path: str, form: str, there: int, needed: int) -> Sentence:
    """What is wrong with a capture of which not even the header is there."""
    return sentence(
        "{name}: the {form} header is cut short ({there} of {needed} bytes), so no packet is in it;"
        " copy or record it again",
        name=shown(path),
        form=form,
        there=there,
        needed=needed,
    )


def left_out(path: str, reason: str) -> Sentence:
    """Why something in a folder was not looked at."""
    return sentence("{name}: left out: {reason}", name=shown(path), reason=reason)


def shown(path: str) -> str:
    """A path as a message shows it: one line, without characters a terminal would act on."""
    if path == "-":
        return "standard input"
    return path if path.isprintable() else ascii(path)[1:-1]
