# mypy: allow-untyped-decorators, no-warn-return-any
"""Kernel: moves runs of bytes between buffers, whose bounds are checked once a run."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from netminedet import uncompiled as cython
if cython.compiled:
    from cython.cimports.libc.string import memmove


@cython.cfunc
@cython.nogil
@cython.exceptval(-1, check=False)
def move(
    to: cython.uchar[::1],
    to_at: cython.Py_ssize_t,
    source: cython.uchar[::1],
    at: cython.Py_ssize_t,
    length: cython.Py_ssize_t,
) -> cython.int:
    """Write ``length`` bytes of ``source``; the two may be one buffer, and the ranges may overlap.

    Raises IndexError where one of the ranges leaves its buffer.
    """
    if length <= 0:
        return 0
    if cython.compiled:
        if at < 0 or to_at < 0 or at + length > source.shape[0] or to_at + length > to.shape[0]:
            return source[source.shape[0]]  # raises IndexError, as any access out of bounds does
        memmove(cython.address(to[to_at]), cython.address(source[at]), length)
    else:
        to[to_at : to_at + length] = bytes(source[at : at + length])
    return 0
