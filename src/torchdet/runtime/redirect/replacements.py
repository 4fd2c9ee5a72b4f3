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
    A user that is gone without having left (an interrupt can hit any instruction) is noticed by
    the next one that comes or goes.
    """

    def __init__(self, replacements: Callable[[], Sequence[Replacement]]) -> None:
        self._replacements = replacements
        # Weak references without a callback: one would swallow an interrupt that arrives in it.
        self._users: list[weakref.ref[_User]] = []
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

        def leave() -> None:
            self._leave(user)

        try:
            try:
                self._enter(user)
                yield
            finally:
                see_through(leave)
        finally:
            see_through(leave)  # an interrupt can hit the first step of the one above

    def _enter(self, user: _User) -> None:
        with self._lock:
            self._keep_only_others_than(user)
            self._users.append(weakref.ref(user))
            if len(self._users) == 1:
                self._install()

    def _leave(self, user: _User) -> None:
        with self._lock:
            self._keep_only_others_than(user)

    def _keep_only_others_than(self, user: _User) -> None:
        self._users = [each for each in self._users if each() not in (None, user)]
        if not self._users:
            self._restore()

    def _install(self) -> None:
        for each in self._replacements():
            original = _own(each.owner, each.name)
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
    now = _own(each.owner, each.name)
    if now is each.substitute and each.inherited:
        delattr(each.owner, each.name)
    elif now is each.substitute:
        setattr(each.owner, each.name, each.original)
    elif now is not each.original and not (now is _ABSENT and each.inherited):
        LOGGER.warning(
            "%s was replaced by somebody else while redirection was on; it is left so", each.name
        )


def _own(owner: object, name: str) -> object:
    # What a module is, is an attribute of it without a place in its dictionary.
    return type(owner) if name == "__class__" else vars(owner).get(name, _ABSENT)


_ABSENT = object()
