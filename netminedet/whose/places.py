"""Where an address is, by databases in MaxMind's format (``--geoip``), through the library ``maxminddb``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netminedet.errors import NetminedetError
from netminedet.holders import Place
from netminedet.report.text import printable


class Places:
    """Databases, of cities, countries or networks; what one does not know, the next may."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Raises NetminedetError where the library is missing or a file is no such database."""
        try:
            import maxminddb
        except ImportError:
            raise NetminedetError(
                "--geoip needs the package maxminddb; install it: pip install 'netminedet[geoip]'"
            ) from None
        self._readers = []
        for path in paths:
            try:
                self._readers.append(maxminddb.open_database(path))
            except OSError as error:
                raise NetminedetError(
                    f"{printable(path)}: cannot be read: {error.strerror or error}"
                ) from None
            except (maxminddb.InvalidDatabaseError, ValueError, UnicodeDecodeError):
                raise NetminedetError(f"{printable(path)}: is no database in MaxMind's format") from None
        self._damaged = (maxminddb.InvalidDatabaseError, ValueError, TypeError, IndexError)

    def lookup(self, address: str) -> Place | None:
        """What is known of an address; None where nothing is."""
        records = [self._record(reader, address) for reader in self._readers]
        country = _first(records, "country", "iso_code") or _first(records, "registered_country", "iso_code")
        region = _first(records, "subdivisions", 0, "names")
        city = _first(records, "city", "names")
        number = _first(records, "autonomous_system_number")
        network = _first(records, "autonomous_system_organization")
        place = Place(
            country=_text(country),
            region=_named(region),
            city=_named(city),
            asn=number if isinstance(number, int) and 0 < number < 1 << 32 else None,
            network=_text(network),
        )
        return None if place == Place() else place

    def _record(self, reader: Any, address: str) -> object:
        try:
            return reader.get(address)
        except self._damaged:
            return None  # damaged here, or for IPv4 only


def _first(records: Sequence[object], *path: str | int) -> object:
    """What the first record has at a path."""
    for record in records:
        for step in path:
            if isinstance(step, int):
                record = record[step] if isinstance(record, list) and len(record) > step else None
            else:
                record = record.get(step) if isinstance(record, Mapping) else None
        if record:
            return record
    return None


def _named(names: object) -> str:
    """A place's name: in Chinese where there is one, else in English."""
    if not isinstance(names, Mapping):
        return ""
    return _text(names.get("zh-CN") or names.get("en"))


def _text(value: object) -> str:
    return printable(value, 200) if isinstance(value, str) else ""
