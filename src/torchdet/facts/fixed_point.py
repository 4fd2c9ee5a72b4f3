"""What many nodes are, where what each is may depend on the others, in circles as well."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class FixedPoint(Generic[_Key, _Value]):
    """The least answers that agree with each other.

    Every answer begins as ``start``; it is worked out again when one that it asked for has changed,
    and only ever grows: ``join`` makes the new answer of the old one and the one found. The work
    is the number of questions, times how often an answer can grow.

    ``known`` keeps the answers. Every one in it is final when `of` returns.
    """

    def __init__(
        self,
        known: dict[_Key, _Value],
        start: _Value,
        join: Callable[[_Value, _Value], _Value],
    ) -> None:
        self._known = known
        self._start = start
        self._join = join
        self._pending: list[_Key] = []
        self._current: _Key | None = None
        self._askers: dict[_Key, dict[_Key, None]] = {}

    def of(self, key: _Key, evaluate: Callable[[_Key], _Value]) -> _Value:
        """The answer for ``key``.

        ``evaluate`` works out one answer and calls `ask` for those that it depends on. It is not
        kept: it usually belongs to the owner of this object, and runs collect no cycles.
        """
        self.ask(key)
        while self._pending:
            self._update(self._pending.pop(), evaluate)
        self._askers.clear()
        return self._known[key]

    def ask(self, key: _Key) -> _Value:
        """The answer for ``key`` as far as it is known; for use by ``evaluate``."""
        if self._current is not None:
            self._askers.setdefault(key, {})[self._current] = None
        if key not in self._known:
            self._known[key] = self._start
            self._pending.append(key)
        return self._known[key]

    def _update(self, key: _Key, evaluate: Callable[[_Key], _Value]) -> None:
        before = len(self._pending)
        self._current = key
        found = evaluate(key)
        self._current = None
        old = self._known[key]
        new = self._known[key] = self._join(old, found)
        if new != old:  # below the questions that are new: those are answered first
            self._pending[before:before] = self._askers.get(key, ())
