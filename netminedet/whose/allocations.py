"""The log of an address translator or a RADIUS server (``--subscribers``): who had an address and port when.

The questions are few and the log is long.  So the questions are kept, by address and time, and the log
passes by once: memory is bounded by the questions, whatever the size of the log.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from socket import AF_INET6, inet_ntop, inet_pton

from msgspec import Struct, field

from netminedet.errors import NetminedetError
from netminedet.holders import Attribution, Subscriber
from netminedet.language import N_, Sentence, sentence
from netminedet.whose.csvtable import Row, Table, cell_text
from netminedet.whose.moments import Stretch

#: The columns of a log, and the other names that they may have.
COLUMNS = {
    "public address": (
        "public ip", "address", "ip", "nat ip", "outside address", "framed ip address",
        "公网地址", "公网IP", "公网IP地址", "NAT后地址", "转换后地址", "IP地址",
    ),
    "port range": ("ports", "port block", "端口范围", "端口段", "端口块", "公网端口"),
    "port from": ("first port", "start port", "起始端口", "开始端口"),
    "port to": ("last port", "end port", "结束端口", "终止端口"),
    "protocol": ("proto", "协议", "协议类型"),
    "from": ("start", "start time", "begin", "开始时间", "起始时间", "上线时间", "分配时间"),
    "to": ("end", "end time", "结束时间", "终止时间", "下线时间", "释放时间"),
    "subscriber": (
        "account", "user", "user name", "username", "用户", "用户名", "账号", "用户账号",
        "宽带账号", "用户标识",
    ),
    "private address": (
        "private ip", "inside address", "私网地址", "私网IP", "内网地址", "内网IP", "NAT前地址", "转换前地址",
    ),
}  # fmt: skip
#: Different subscribers kept that a log names for one moment.
MAX_CANDIDATES = 8
#: Lines of a log that cannot be read, told one by one.
MAX_TOLD = 5

_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_ADDRESS = re.compile(r"\s*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)?\s*")
_PORTS = re.compile(r"(\d{1,5})(?:\s*[-~–:]\s*(\d{1,5}))?")
_ALL_PORTS = (0, 65_535)
_EVER = 1 << 63

#: What is asked: (address, port, "tcp" or "udp", moment in nanoseconds).
Question = tuple[str, int, str, int]


class _Asked(Struct):
    """One question, and what the log has said so far."""

    moment: int
    port: int
    protocol: str
    found: dict[Subscriber, str] = field(default_factory=dict)
    more: bool = False
    #: the log names the address at that moment, but with other ports
    other_ports: bool = False


class _Address(Struct):
    """The questions on one address, in the order of time."""

    asked: list[_Asked]
    moments: list[int]
    is_in_log: bool = False


class Allocations:
    """Answers questions out of logs that pass by."""

    def __init__(
        self, questions: Iterable[Question], error_ns: int, read_time: Callable[[str], Stretch]
    ) -> None:
        """``error_ns``: how far the clocks of log and capture may differ.  ``read_time``: see ``moments``."""
        self._error = error_ns
        self._read_time = read_time
        self._by_question: dict[Question, _Asked] = {}
        by_address: dict[str, list[_Asked]] = {}
        for question in sorted(set(questions)):
            address, port, protocol, moment = question
            one = self._by_question[question] = _Asked(moment, port, protocol)
            by_address.setdefault(address, []).append(one)
        self._addresses: dict[str, _Address] = {}
        for address, asked in by_address.items():
            asked.sort(key=lambda one: one.moment)
            self._addresses[address] = _Address(asked, [one.moment for one in asked])
        self.bad_lines = 0

    def read(self, path: str, tell: Callable[[str], None]) -> None:
        """Let one log pass by; lines that cannot be read are told and counted.  Raises NetminedetError."""
        before = self.bad_lines
        with _open(path) as table:
            columns = [column for column in ("public address", "private address") if table.has(column)]
            places = [table.place(column) for column in columns]
            for row in table.rows(lambda cells: not any(self._may_matter(cells[place]) for place in places)):
                try:
                    if isinstance(row, NetminedetError):
                        raise row
                    for column in columns:
                        self._pass(row, column)
                except NetminedetError as error:
                    self.bad_lines += 1
                    if self.bad_lines - before <= MAX_TOLD:
                        tell(error.args[0])
        if self.bad_lines - before > MAX_TOLD:
            tell(
                sentence(
                    "{log}: {count} lines could not be read, these among them",
                    log=table.shown,
                    count=f"{self.bad_lines - before:,}",
                )
            )

    def _may_matter(self, text: str) -> bool:
        """Whether an address may be one that is asked for, or is none at all, which is to be told."""
        return text in self._addresses or _IPV4.fullmatch(text) is None

    def _pass(self, row: Row, column: str) -> None:
        """One line, for the questions on the address in ``column``."""
        text = row[column]
        there = self._addresses.get(text)
        if there is None and ":" in text:
            there = self._addresses.get(_plain(text))
        if there is None:
            if not _ADDRESS.fullmatch(text):
                raise row.error(column, sentence("{text} is no address", text=f"{text!r:.60}"))
            return
        there.is_in_log = True
        first, last = self._stretch(row)
        begin = bisect_left(there.moments, first - self._error)
        end = bisect_right(there.moments, last + self._error)
        if begin == end:
            return
        # ports of the public side say nothing of what the private side used
        low, high = _ports(row) if column == "public address" else _ALL_PORTS
        protocol = row["protocol"].lower()
        subscriber = _subscriber(row)
        for one in there.asked[begin:end]:
            if low <= one.port <= high and protocol in ("", "*", "any", one.protocol, _NUMBERS[one.protocol]):
                _found(one, subscriber, row.where)
            else:
                one.other_ports = True

    def _stretch(self, row: Row) -> Stretch:
        """From when to when; without an end it goes on."""
        try:
            first, _ = self._read_time(row["from"])
        except ValueError as error:
            raise row.error("from", error.args[0]) from None
        if row["to"] in ("", "-"):
            return first, _EVER
        try:
            _, last = self._read_time(row["to"])
        except ValueError as error:
            raise row.error("to", error.args[0]) from None
        if last < first:
            before = sentence("{last} is before {first}", last=row["to"], first=row["from"])
            raise row.error("to", before)
        return first, last

    def answer(self, question: Question) -> Attribution:
        """Who it was; where that is not certain, why not."""
        one = self._by_question[question]
        found = tuple(sorted(one.found, key=lambda who: (who.name, who.private_ip or "")))
        entries = tuple(one.found[subscriber] for subscriber in found)
        if len(found) == 1:
            return Attribution("named", found, entries)
        if found:
            note = (
                N_("the log names more subscribers than these")
                if one.more
                else N_("the log names several subscribers")
            )
            return Attribution("ambiguous", found, entries, note)
        if one.other_ports:
            return Attribution("gap", note=N_("the log has the address at that time with other ports only"))
        if self._addresses[question[0]].is_in_log:
            return Attribution("gap", note=N_("the log has the address at other times only"))
        return Attribution("gap", note=N_("the log does not have the address"))


def check_log(path: str) -> None:
    """Raises NetminedetError for a file that is no log."""
    _open(path).close()


def _open(path: str) -> Table:
    table = Table(path, COLUMNS, ("from",))
    if not (table.has("public address") or table.has("private address")):
        table.close()
        raise NetminedetError(f"{table.shown}: no column 'public address' nor 'private address'")
    if not (table.has("subscriber") or table.has("private address")):
        table.close()
        raise NetminedetError(f"{table.shown}: no column 'subscriber' nor 'private address'")
    return table


_NUMBERS = {"tcp": "6", "udp": "17"}


def _found(one: _Asked, subscriber: Subscriber, where: str) -> None:
    if subscriber not in one.found and len(one.found) >= MAX_CANDIDATES:
        one.more = True
    else:
        one.found.setdefault(subscriber, where)


def _subscriber(row: Row) -> Subscriber:
    """Whom a line names."""
    if not row.is_legible:
        raise NetminedetError(f"{row.where}: is not UTF-8; save the file as CSV in UTF-8")
    private = row["private address"]
    name = cell_text(row["subscriber"])
    if not name and not private:
        raise row.error("subscriber", N_("is empty"))
    if private and not _ADDRESS.fullmatch(private):
        raise row.error("private address", sentence("{text} is no address", text=f"{private!r:.60}"))
    return Subscriber(name, _plain(private) if private else None)


def _ports(row: Row) -> tuple[int, int]:
    """The ports that a line is about; all of them where it names none."""
    text = row["port range"]
    if text in ("", "*", "-"):
        if not row["port from"]:
            return _ALL_PORTS
        text = f"{row['port from']}-{row['port to'] or row['port from']}"
    found = _PORTS.fullmatch(text)
    if found is None:
        raise row.error("port range", _no_range(text))
    low, high = int(found[1]), int(found[2] or found[1])
    if not low <= high <= _ALL_PORTS[1]:
        raise row.error("port range", _no_range(text))
    return low, high


def _plain(address: str) -> str:
    """An address as reports write it."""
    if ":" not in address:
        return address
    try:
        return inet_ntop(AF_INET6, inet_pton(AF_INET6, address))
    except OSError:
        return address


def _no_range(text: str) -> Sentence:
    return sentence("{text} is no range of ports; write it like 1024-2047", text=f"{text!r:.60}")
