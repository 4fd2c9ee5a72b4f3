"""What the rules found in one file, and which of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import libcst as cst

from torchdet.engine.faults import RuleFaults
from torchdet.facts.parse import UnparseableError
from torchdet.findings.base import Draft, Rule
from torchdet.reading.context import Context

_Subject = TypeVar("_Subject")


class FoundDrafts:
    """The drafts of a file with the rules that made them, and the faults of rules."""

    def __init__(self) -> None:
        self.drafts: list[tuple[Rule, Draft]] = []
        self.faults = RuleFaults()

    def ask(
        self,
        rule: Rule,
        node: cst.CSTNode,
        check: Callable[[_Subject, Context], Iterator[Draft]],
        subject: _Subject,
        context: Context,
    ) -> None:
        """Add what ``check`` of ``rule`` says of ``subject``, which stands at ``node``.

        Raises ``UnparseableError`` for a tree that is too deep; whatever else ``check`` raises is
        a fault of ``rule``.
        """
        if rule in self.faults and self.faults.is_spent(rule):
            return
        try:
            for draft in check(subject, context):
                self.drafts.append((rule, draft))
        except UnparseableError:
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of one rule must not hide the others
            self.faults.record(rule, node, error)
