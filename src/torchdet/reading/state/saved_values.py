"""Values that were read from the process's state, and so put it back where they are written."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant
from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


def restores(node: cst.BaseExpression, readers: Collection[str], facts: FileFacts) -> bool:
    """Whether the value of ``node`` was read through one of the qualified names ``readers``.

    ``previous = torch.get_default_dtype()`` makes ``previous`` such a value. A ``None`` that it
    holds until then does not count.
    """
    read = False
    for source in facts.flow.sources(node).every:
        if is_constant(source.node, "None") and not source.path:
            continue
        value = source.expression
        if value is None or not reads(value, readers, facts):
            return False
        read = True
    return read


def reads(node: cst.BaseExpression, readers: Collection[str], facts: FileFacts) -> bool:
    """Whether ``node`` is one of the qualified names ``readers``, or a call of one."""
    read = node.func if isinstance(node, cst.Call) else node
    names = facts.resolve(read).names
    return bool(names) and all(name in readers for name in names)
