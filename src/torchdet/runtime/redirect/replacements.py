"""Replacing names of a module or class for a while, and putting back exactly what was there."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torchdet.runtime.events import LOGGER
from torchdet.runtime.redirect.interrupts import see_through


@dataclass(frozen=True, slots=True)
class Replacement:
    """One name of a module or class, and what makes the value that stands in for it."""

    owner: object
    name: str
    make: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class _Replaced:
    owner: object
    name: str
    original: object
    inherited: bool
    substitute: object


class _User:
    """Somebody who needs the replacements; known by identity."""

    __slots__ = ("__weakref__",)


class Installation:
    """Replacements that are in place while at least one user needs them.

    The names belong to the process, so users are counted under a lock: the first one installs,
    the last one restores. A name that somebody else has replaced meanwhile is left to them.
    A user whose exit was itself interrupted is counted out when its frame goes.
    """

    def __init__(self, replacements: Callable[[], Sequence[Replacement]]) -> None:
        self._replacements = replacements
        self._users: set[int] = set()
        self._replaced: list[_Replaced] = []
        self.renew_lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew_lock)

    def renew_lock(self) -> None:
        """Replace a lock that another thread may have held when this process was forked."""
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the replacements in place for the block."""
        user = _User()
        leave = weakref.finalize(user, self._leave, id(user))
        try:
            self._enter(id(user))
            yield
        finally:
            leave()

    def _enter(self, user: int) -> None:
        with self._lock:
            if not self._users:
                self._restore()  # nothing, unless a restoration was interrupted
                self._users.add(user)
                self._install()
            self._users.add(user)

    def _leave(self, user: int) -> None:
        def count_out() -> None:
            with self._lock:
                self._users.discard(user)
                if not self._users:
                    self._restore()

        see_through(count_out)

    def _install(self) -> None:
        for each in self._replacements():
            original = vars(each.owner).get(each.name, _ABSENT)
            inherited = original is _ABSENT and isinstance(each.owner, type)
            if inherited:
                original = getattr(each.owner, each.name, _ABSENT)
            if original is _ABSENT:
                continue  # an older or newer torch without this name
            substitute = each.make(original)
            # Noted before it is done: what an interrupt leaves half done can be undone.
            done = _Replaced(each.owner, each.name, original, inherited, substitute)
            self._replaced.append(done)
            setattr(each.owner, each.name, substitute)

    def _restore(self) -> None:
        while self._replaced:
            _put_back(self._replaced[-1])
            self._replaced.pop()


def _put_back(each: _Replaced) -> None:
    now = vars(each.owner).get(each.name, _ABSENT)
    if now is each.substitute and each.inherited:
        delattr(each.owner, each.name)
    elif now is each.substitute:
        setattr(each.owner, each.name, each.original)
    elif now is not each.original and not (now is _ABSENT and each.inherited):
        LOGGER.warning(
            "%s was replaced by somebody else while redirection was on; it is left so", each.name
        )


_ABSENT = object()
