"""What runs in a program that is started without options, or to train on an accelerator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from torchdet.reading.randomness.options import GIVEN, Guard, Passed, Value

if TYPE_CHECKING:
    from torchdet.reading.randomness.survey import Block, Survey
    from torchdet.reading.randomness.tested_code import Under

_TRUE = re.compile(r"cuda|gpu|accelerator|distributed|(^|[._])(do_)?train(ing|er)?$|is_ma(in|ster)")
_FALSE = re.compile(r"(^|_)(no|disable|without|use_cpu|only_cpu|cpu_only)(_|$)")
_FIRST = re.compile(r"rank$|get_rank$")
_MEANT = re.compile(r"train|cuda|gpu|fit", re.IGNORECASE)


class DefaultOptions:
    """The values that the options have by default, in all modules of a program."""

    def __init__(self, surveys: Iterable[Survey]) -> None:
        self._values: dict[str, frozenset[Value]] = {}
        self._passed: dict[str, list[Passed]] = {}
        self._bare: set[str] = set()
        self._given: set[str] = set()
        self._sure: dict[Under, bool] = {}
        for found in surveys:
            for name, values in found.defaults.items():
                self._values[name] = self._values.get(name, frozenset()) | values
            self._bare |= found.bare
            self._given |= found.given
            for each in found.passed:
                self._passed.setdefault(each.function, []).append(each)

    def may_run(self, block: Block, guard: Guard | None) -> bool:
        """Whether the code of a block that a test of a seed guards may run."""
        if guard is None:
            return True
        values = self._values_of(block, guard.name)
        return values is None or any(map(guard.passes, values))

    def _values_of(self, block: Block, name: str) -> frozenset[Value] | None:
        """The values that a seed can have in a block; None where they cannot be told."""
        if name not in block.parameters:
            return self._values.get(name)
        own = frozenset({block.defaults[name]} if name in block.defaults else ())
        if block.is_command:
            return (self._values.get(name, frozenset()) | own) or None
        passed = self._passed.get(block.last_name, ())
        if not passed:
            is_bare = block.last_name in self._bare and block.last_name not in self._given
            return (own or None) if is_bare else None
        values: set[Value] = set()
        for each in passed:
            defaults = self._values.get(each.option) if each.option else {each.literal}
            if defaults is None:
                return None
            values |= defaults
        return frozenset(values)

    def surely_run(self, block: Block, under: Under) -> bool:
        """Whether the code of a block runs that needs ``under``, where the program trains.

        Not where a test asks for anything but an option with a known default, an accelerator, the
        first process, or whether to train.
        """
        way: list[Under] = []
        current: Under | None = under
        while current is not None and current not in self._sure:
            way.append(current)
            current = current.outer
        runs = current is None or self._sure[current]
        for each in reversed(way):
            runs = runs and all(self._surely_passes(block, guard) for guard in each.guards)
            self._sure[each] = runs
        return runs

    def _surely_passes(self, block: Block, guard: Guard) -> bool:
        if guard.is_about_seeds:
            return self.may_run(block, guard)
        meant = _meant_value(guard)
        if meant is not None:
            return guard.passes(meant)
        if guard.name in block.parameters and not block.is_command:
            return False
        values = self._values.get(guard.name, frozenset())
        return bool(values) and GIVEN not in values and all(map(guard.passes, values))


def _meant_value(guard: Guard) -> Value:
    """What is tested, in a program that trains on an accelerator; None where that tells nothing."""
    name = guard.name.lower()
    if _FIRST.search(name):
        return 0
    if isinstance(guard.literal, str) and _MEANT.search(guard.literal):
        return guard.literal
    if guard.compared is not None or not _TRUE.search(name):
        return None
    return _FALSE.search(name) is None
