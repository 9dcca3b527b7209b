"""The ledger of networks: which operator, place and unit a network belongs to (``--subnets``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range

from netminedet.errors import NetminedetError
from netminedet.holders import Unit
from netminedet.language import sentence
from netminedet.whose.csvtable import Row, Table, cell_text

#: The columns of a ledger, and the other names that they may have.
COLUMNS = {
    "cidr": ("network", "subnet", "prefix", "ip range", "网段", "地址段", "IP地址段", "IP段", "子网"),
    "operator": ("isp", "carrier", "运营商", "运营企业", "接入商"),
    "city": ("prefecture", "城市", "地市", "市", "所在市", "市州"),
    "county": ("district", "区县", "县区", "县", "县市区", "所在县"),
    "unit": ("organisation", "organization", "name", "单位", "单位名称", "使用单位", "使用单位名称"),
    "unit kind": ("unit type", "kind", "单位类型", "单位性质", "单位类别"),
    "contact": ("联系人", "联系方式", "联系电话", "联系人及电话"),
}
#: Networks that a ledger may hold.
MAX_NETWORKS = 1_000_000

_Network = IPv4Network | IPv6Network
_BITS = {4: 32, 6: 128}


class Subnets:
    """Networks and whose they are; the longest prefix wins.  Later files add to earlier ones.

    ``tell`` is given a line for what is odd and no error: a network that stands there twice.
    """

    def __init__(self, paths: Sequence[str], tell: Callable[[str], None]) -> None:
        """Raises NetminedetError with file and line for what is no network."""
        #: version and length of the prefix -> its bits -> (whose, where it is said)
        self._units: dict[tuple[int, int], dict[int, tuple[Unit, str]]] = {}
        self._count = 0
        self._tell = tell
        for path in paths:
            with Table(path, COLUMNS, ("cidr",)) as table:
                for row in table.rows():
                    if isinstance(row, NetminedetError):
                        raise row
                    self._add(row)
        self._lengths = sorted(self._units, reverse=True)

    def _add(self, row: Row) -> None:
        if not row.is_legible:
            raise NetminedetError(f"{row.where}: is not UTF-8; save the file as CSV in UTF-8")
        for network in _networks(row):
            unit = Unit(
                cidr=str(network),
                operator=cell_text(row["operator"]),
                city=cell_text(row["city"]),
                county=cell_text(row["county"]),
                unit=cell_text(row["unit"]),
                unit_kind=cell_text(row["unit kind"]),
                contact=cell_text(row["contact"]),
            )
            self._keep(network, unit, row)

    def _keep(self, network: _Network, unit: Unit, row: Row) -> None:
        alike = self._units.setdefault((network.version, network.prefixlen), {})
        bits = int(network.network_address) >> (_BITS[network.version] - network.prefixlen)
        there = alike.get(bits)
        if there is not None:
            places = {"where": row.where, "network": str(network), "first": there[1]}
            if there[0] == unit:
                again = sentence(
                    "{where}: {network} stands at {first} already, with the same; that one counts", **places
                )
            else:
                again = sentence(
                    "{where}: {network} stands at {first} already, with something else; that one counts",
                    **places,
                )
            self._tell(again)
            return
        if self._count >= MAX_NETWORKS:
            raise NetminedetError(f"{row.where}: more than {MAX_NETWORKS:,} networks; leave some out")
        alike[bits] = unit, row.where
        self._count += 1

    def lookup(self, address: str) -> Unit | None:
        """Whose an address is; None where no network holds it."""
        number, version = _number(address)
        for found in self._lengths:
            if found[0] == version:
                there = self._units[found].get(number >> (_BITS[version] - found[1]))
                if there is not None:
                    return there[0]
        return None


def _number(address: str) -> tuple[int, int]:
    """An address as a number, and its version; an IPv4 address within IPv6 as that."""
    found = ip_address(address)
    mapped = None if isinstance(found, IPv4Address) else found.ipv4_mapped
    return (int(mapped), 4) if mapped is not None else (int(found), found.version)


def _networks(row: Row) -> list[_Network]:
    """What the first column means: a network, an address, or a range of addresses."""
    text = row["cidr"]
    first, dash, last = text.replace("~", "-").partition("-")
    try:
        if not dash:
            return [ip_network(text)]
        ends = ip_address(first.strip()), ip_address(last.strip())
        found: Iterator[_Network] = summarize_address_range(*ends)
        return list(found)
    except (ValueError, TypeError):
        raise row.error("cidr", f"{text!r:.60} is no network{_meant(text)}") from None


def _meant(text: str) -> str:
    try:
        return f"; did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return "; write it like 10.0.0.0/8 or 2001:db8::/32, or as a range like 10.0.0.0-10.0.3.255"
