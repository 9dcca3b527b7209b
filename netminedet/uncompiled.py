"""Stands in for the ``cython`` module where a kernel runs uncompiled and Cython is not installed.

Cython is a build requirement only.  A kernel starts with::

    try:
        import cython
    except ImportError:
        from netminedet import uncompiled as cython

The compiler takes ``import cython`` for itself; the interpreter, where nothing was
compiled, finds here types that mean nothing and decorators that do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

_F = TypeVar("_F")

compiled = False


class _Type:
    """A C type: may be subscripted (memory views) and called (conversions)."""

    def __getitem__(self, _item: object) -> _Type:
        return self

    def __call__(self, value: Any = 0) -> Any:
        return value


bint = char = uchar = short = ushort = int = uint = long = ulong = longlong = ulonglong = _Type()
Py_ssize_t = size_t = p_void = p_uchar = p_char = void = double = _Type()


def _unchanged(thing: _F) -> _F:
    return thing


cclass = cfunc = ccall = inline = final = _unchanged


def _with_arguments(*_args: object, **_kwargs: object) -> Callable[[_F], _F]:
    return _unchanged


exceptval = locals = returns = boundscheck = wraparound = initializedcheck = cdivision = _with_arguments


def declare(_type: object = None, value: Any = None, **_names: object) -> Any:
    """A typed variable: here, its value."""
    return value


def cast(_type: object, value: Any, **_options: object) -> Any:
    """A typed value: here, the value."""
    return value


class _NoGil:
    """``with cython.nogil:`` and ``@cython.nogil``."""

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def __call__(self, function: _F) -> _F:
        return function


nogil = _NoGil()
