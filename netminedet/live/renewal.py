"""New signatures for a watch that goes on: made on a thread beside the packets, and handed to processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec import Struct

from netminedet.api import Network, Report, empty_report
from netminedet.errors import NetminedetError
from netminedet.pipeline import NewSignatures, new_signatures
from netminedet.signatures.cache import Prepared
from netminedet.signatures.loading import prepare_signatures, signature_set

if TYPE_CHECKING:
    from netminedet.whose.enrich import Sources

Made = TypeVar("Made")


class Making(Generic[Made]):
    """Something that a thread makes; ``found`` or ``error`` has what came of it once it is ``over``."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self.found: Made | None = None
        self.error: str | None = None
        self._make = make
        self._thread = threading.Thread(target=self._run, name="signatures", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.found = self._make()
        except NetminedetError as error:
            self.error = str(error)
        except Exception as error:  # the old ones must stay, whatever is wrong with the new ones
            self.error = f"{type(error).__name__}: {error}"

    @property
    def over(self) -> bool:
        return self.found is not None or self.error is not None


class Offer(Struct, frozen=True):
    """New signatures, the same as another process can be given them, and a report to judge by."""

    new: NewSignatures
    packed: bytes
    like: Report
    #: whose addresses are
    sources: Sources | None = None


def read_offer(
    folders: Sequence[Path],
    home_net: tuple[Network, ...],
    read_sources: Callable[[], Sources | None] = lambda: None,
) -> Offer:
    """The signatures and tables as the files are now.  Raises NetminedetError for what cannot be used."""
    prepared = prepare_signatures(folders)
    signatures = signature_set(prepared)
    like = empty_report(signatures, home_net, folders)
    like._tables()  # reads them
    return Offer(new_signatures(signatures), msgspec.msgpack.encode(prepared), like, read_sources())


def unpacked(packed: bytes) -> NewSignatures:
    """What another process has read."""
    return new_signatures(signature_set(msgspec.msgpack.decode(packed, type=Prepared)))
