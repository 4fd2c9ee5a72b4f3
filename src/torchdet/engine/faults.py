"""Errors of torchdet itself, as something to report instead of the end of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from torchdet.findings.base import Rule
from torchdet.model.diagnostic import Diagnostic, Severity
from torchdet.model.location import Span

if TYPE_CHECKING:
    import libcst as cst

_MOST_OF_A_RULE = 3


def internal_error(error: Exception) -> str:
    """What to report of an error that no input should cause: its kind and its place."""
    place = "unknown place"
    frame = error.__traceback__
    while frame is not None:  # iterative and lean: endless recursion leaves 100,000 frames
        place = f"{PurePath(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
        frame = frame.tb_next
    message = " ".join(str(error).split())[:200]
    return f"internal error: {type(error).__name__}: {message} ({place}); please report it"


def rule_failure(rule: Rule, reason: str, span: Span) -> Diagnostic:
    """The diagnostic that says why ``rule`` could not do its work at ``span``."""
    row = span.start.row
    return Diagnostic(rule.code, rule.name, Severity.ERROR, reason, span, row, failure=True)


@dataclass(frozen=True, slots=True, eq=False)
class RuleFault:
    """The first error of ``rule`` in a file: it was looking at ``node``."""

    rule: Rule
    node: cst.CSTNode
    reason: str


class RuleFaults:
    """The errors of rules in one file: each is about its rule, and about no other."""

    def __init__(self) -> None:
        self._first: dict[Rule, RuleFault] = {}
        self._counts: Counter[Rule] = Counter()

    def record(self, rule: Rule, node: cst.CSTNode, error: Exception) -> None:
        """Keep that ``rule`` raised ``error`` when it looked at ``node``."""
        self._counts[rule] += 1
        if rule not in self._first:
            self._first[rule] = RuleFault(rule, node, internal_error(error))

    def is_spent(self, rule: Rule) -> bool:
        """Whether ``rule`` failed so often that asking it again only costs time.

        Endless recursion takes a tenth of a second until it is stopped.
        """
        return self._counts[rule] >= _MOST_OF_A_RULE

    def __iter__(self) -> Iterator[RuleFault]:
        """The first fault of each rule."""
        return iter(self._first.values())

    def __bool__(self) -> bool:
        """Whether any rule failed."""
        return bool(self._first)

    def __contains__(self, rule: Rule) -> bool:
        """Whether ``rule`` failed."""
        return rule in self._first
