"""The table behind the integer handles: positive, never reused, safe for threads and forks."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from torchdet.runtime.ffi.boundary import FfiError

Item = TypeVar("Item")

MAX_HANDLE = 2**63 - 1
"""Handles travel as signed 64-bit integers."""


class HandleTable(Generic[Item]):
    """Integer handles for objects that a host cannot hold itself.

    Handles count up from 1 and are never given out twice, so a handle kept after its release is
    rejected for ever instead of naming a younger object.

    Example:
        >>> table: HandleTable[str] = HandleTable()
        >>> handle = table.add("a tensor")
        >>> table.get(handle)
        'a tensor'
        >>> table.remove(handle)
        >>> table.get(handle)
        Traceback (most recent call last):
            ...
        torchdet.runtime.ffi.boundary.FfiError: handle 1 is not live: it was freed
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[int, Item] = {}
        self._next = 1
        if hasattr(os, "register_at_fork"):
            _call_after_fork(weakref.WeakMethod(self._renew_lock))

    def add(self, item: Item) -> int:
        """Keep ``item`` and return its new handle."""
        with self._lock:
            handle = self._next
            if handle > MAX_HANDLE:
                raise FfiError("all 64-bit handles of this process have been used")
            self._next = handle + 1
            self._items[handle] = item
        return handle

    def get(self, handle: object) -> Item:
        """Return the object of a live handle; raise ``FfiError`` for anything else."""
        key = _handle_number(handle)
        with self._lock:
            if key not in self._items:
                raise FfiError(self._why_not_live(key))
            return self._items[key]

    def remove(self, handle: object) -> None:
        """Release a live handle; raise ``FfiError`` for anything else, a second release too."""
        key = _handle_number(handle)
        with self._lock:
            if key not in self._items:
                raise FfiError(self._why_not_live(key))
            item = self._items.pop(key)
        # Outside the lock: the object's own finalizer may come back to this table.
        del item

    def __len__(self) -> int:
        with self._lock:
            return len(self._items)

    def _why_not_live(self, key: int) -> str:
        if 0 < key < self._next:
            return f"handle {key} is not live: it was freed"
        return f"handle {key} was never given out"

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()


def _handle_number(handle: object) -> int:
    # True == 1 and 1.0 == 1 would find handle 1 in a dict: only real integers name a tensor.
    if isinstance(handle, bool) or not hasattr(handle, "__index__"):
        raise FfiError(f"a handle is a positive integer, not {handle!r}")
    return int(handle.__index__())


def _call_after_fork(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    # Another thread of the parent may have held the lock at the fork; it does not exist here.
    def renew() -> None:
        alive = method()
        if alive is not None:
            alive()

    os.register_at_fork(after_in_child=renew)
