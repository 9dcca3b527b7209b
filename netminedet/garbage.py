"""Python's collector of cycles, kept from looking for what is not there.

What traffic and reports make has no cycles, and goes by its reference counts.  The collector
looks at all of it from time to time all the same: two thirds of the time that a report takes to
be read, and in a watch of fifty thousand hosts two seconds in which nobody reads the ring.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: Objects made, beyond those that went, until the collector looks at them in a command that goes seldom.
#: Cycles made by mistake would be given back all the same.
SELDOM = 50_000


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """For what makes a lot that stays."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def leave_alone() -> None:
    """From now on the collector looks only at what comes later."""
    gc.freeze()


def look_seldom() -> None:
    """For a command that ends with its work: the collector looks only at what comes later, and seldom."""
    leave_alone()
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
