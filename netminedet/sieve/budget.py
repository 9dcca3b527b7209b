# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: how much of one kind is handed on of a chunk of packets: a flood of it must cost little."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython


@cython.final
@cython.cclass
class Budget:
    """``most``: how many of a chunk are handed on; the others are counted in ``passed``."""

    # compiled, the attributes' types stand in budget.pxd
    def __init__(self, most: int) -> None:
        self.most = most
        self.left = 0
        self.passed = 0

    def begin(self) -> cython.int:
        """A new chunk of packets begins."""
        self.left = self.most
        return 0

    def allows(self) -> cython.int:
        """Whether one more is handed on."""
        if self.left > 0:
            self.left -= 1
            return 1
        self.passed += 1
        return 0

    def take_passed(self) -> int:
        """How many were not handed on since the last call."""
        passed = int(self.passed)
        self.passed = 0
        return passed
