"""Messages for syslog collectors, in the form of RFC 5424.

``<pri>1 time - netminedet - MSGID [structured data] text``.  The host name is left out (NIL):
a report does not say where it was made.  A message has at most ``MESSAGE_LIMIT`` octets,
which is what every receiver should take.
"""

from __future__ import annotations

from collections.abc import Mapping

from netminedet.report.text import printable
from netminedet.report.times import iso8601
from netminedet.suspects import Verdict

#: Octets that receivers should be able to take (RFC 5424, 6.1).
MESSAGE_LIMIT = 2048

#: Octets of one value, its escapes not counted; a reader of logs wants no more.
_VALUE_LIMIT = 128
#: Octets of one element of structured data.
_DATA_LIMIT = 1600
#: Facility local0.
_FACILITY = 16
_SEVERITY = {Verdict.CONFIRMED: 4, Verdict.PROBABLE: 5, Verdict.SUSPECTED: 6}
_BOM = b"\xef\xbb\xbf"


def header(verdict: Verdict, time_ns: int, message_id: str) -> str:
    """All that stands before the structured data, with the blank behind it."""
    priority = _FACILITY * 8 + _SEVERITY[verdict]
    return f"<{priority}>1 {timestamp(time_ns)} - netminedet - {message_id} "


def timestamp(time_ns: int) -> str:
    """A time as RFC 5424 has it: UTC, six digits of a second at most."""
    return iso8601(time_ns - time_ns % 1000).replace("+00:00", "Z")


def element(identifier: str, values: Mapping[str, str | int | None]) -> str:
    """One element of structured data, of at most ``_DATA_LIMIT`` octets: the last values give way.

    Values that are None or empty are left out.
    """
    shown = f"[{identifier}"
    for name, value in values.items():
        given = "" if value in (None, "") else f' {name}="{_value(str(value))}"'
        if len((shown + given).encode()) < _DATA_LIMIT:
            shown += given
    return f"{shown}]"


def message(head: str, data: str, text: str) -> bytes:
    """A whole message, its text cut where it would be too long; UTF-8 is marked as the RFC wants it."""
    begin = (head + data + " ").encode()
    shown = printable(text, MESSAGE_LIMIT)
    mark = b"" if shown.isascii() else _BOM
    return begin + mark + clipped(shown, max(0, MESSAGE_LIMIT - len(begin) - len(mark)))


def clipped(text: str, octets: int) -> bytes:
    """The beginning of a text in UTF-8, in whole characters."""
    return text.encode()[:octets].decode(errors="ignore").encode()


def _value(text: str) -> str:
    shown = clipped(printable(text, _VALUE_LIMIT), _VALUE_LIMIT).decode()
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
