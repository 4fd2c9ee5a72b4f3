"""Replacing names of a module or class for a while, and putting back exactly what was there."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torchdet.runtime.events import LOGGER


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


class Installation:
    """Replacements that are in place while at least one user needs them.

    The names belong to the process, so users are counted under a lock: the first one installs,
    the last one restores. A name that somebody else has replaced meanwhile is left to them.
    """

    def __init__(self, replacements: Callable[[], Sequence[Replacement]]) -> None:
        self._replacements = replacements
        self._users = 0
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
        with self._lock:
            if self._users == 0:
                self._install()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._restore()

    def _install(self) -> None:
        try:
            for each in self._replacements():
                original = vars(each.owner).get(each.name, _ABSENT)
                inherited = original is _ABSENT and isinstance(each.owner, type)
                if inherited:
                    original = getattr(each.owner, each.name, _ABSENT)
                if original is _ABSENT:
                    continue  # an older or newer torch without this name
                substitute = each.make(original)
                setattr(each.owner, each.name, substitute)
                done = _Replaced(each.owner, each.name, original, inherited, substitute)
                self._replaced.append(done)
        except BaseException:
            self._restore()
            raise

    def _restore(self) -> None:
        while self._replaced:
            each = self._replaced.pop()
            mine = vars(each.owner).get(each.name) is each.substitute
            if mine and each.inherited:
                delattr(each.owner, each.name)
            elif mine:
                setattr(each.owner, each.name, each.original)
            else:
                LOGGER.warning(
                    "%s was replaced by somebody else while redirection was on; it is left so",
                    each.name,
                )


_ABSENT = object()
