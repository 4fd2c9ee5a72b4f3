"""What a rule is: a frozen value made of functions, and what those functions say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from torchdet.findings.card import RuleCard
from torchdet.findings.screen import Screen
from torchdet.model.diagnostic import Confidence
from torchdet.model.rule_info import RuleInfo

if TYPE_CHECKING:  # none of it is needed where no file has to be parsed
    from torchdet.edit.node_edit import NodeFix
    from torchdet.facts.lazy import cst
    from torchdet.reading.context import Context, Reference


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a migration leaves a finding, and what to do about it by hand.

    Both are one line without a full stop, code in backticks.
    """

    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding as a rule states it: by node. The engine makes the diagnostic out of it.

    ``subject`` is what the rule found out, for its codemod: a frozen value of the type that the
    codemod names, such as a ``FlagStatement``. Rules without a codemod have none.
    """

    node: cst.CSTNode
    message: str
    fix: NodeFix | None = None
    confidence: Confidence = Confidence.CERTAIN
    subject: object | None = None


# Strings, because evaluating them would import LibCST.
ReferenceCheck: TypeAlias = "Callable[[Reference, Context], Iterator[Draft]]"
NodeCheck: TypeAlias = "Callable[[cst.CSTNode, Context], Iterator[Draft]]"
AttributeCheck: TypeAlias = "Callable[[cst.Attribute, Context], Iterator[Draft]]"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rule(RuleCard):
    """One rule. Its folder's name is its name, its module's docstring its documentation.

    The checks are called for what they are keyed by: ``names`` by qualified name, wherever an
    expression means it; ``attributes`` by attribute name, on any object (``x.cuda``); ``nodes``
    by LibCST node type. A rule with ``nodes`` has a ``screen`` that tells from a file's outline
    whether they matter. ``stays`` says why a migration leaves the rule's findings; a rule with a
    ``codemod.py`` in its folder has none.

    >>> from torchdet.findings.state.default_dtype.rule import RULE
    >>> RULE.code, RULE.name
    ('DET202', 'default-dtype')
    """

    documentation: str
    names: Mapping[str, ReferenceCheck] = field(default_factory=dict)
    attributes: Mapping[str, AttributeCheck] = field(default_factory=dict)
    nodes: Mapping[str, NodeCheck] = field(default_factory=dict)
    screen: Screen = field(default_factory=Screen)
    stays: Grounds | None = None

    def __post_init__(self) -> None:
        for table in ("names", "attributes", "nodes"):
            object.__setattr__(self, table, MappingProxyType(dict(getattr(self, table))))

    def load(self) -> Rule:
        """Itself."""
        return self

    @property
    def summary(self) -> str:
        """The first line of the documentation, without the full stop."""
        return self.documentation.strip().partition("\n")[0].rstrip(".")

    @property
    def info(self) -> RuleInfo:
        """What is known of the rule, as plain data without its checks."""
        return RuleInfo(
            code=self.code,
            name=self.name,
            family=self.family,
            severity=self.severity,
            default=self.default,
            summary=self.summary,
            documentation=self.documentation.strip() + "\n",
        )
