"""What is known of a rule before its module is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.model.diagnostic import Severity

if TYPE_CHECKING:
    from torchdet.findings.base import Rule


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RuleCard:
    """What decides whether a rule looks at a file. A `Rule` is a card, too.

    ``triggers`` are byte strings without one of which in the file the rule cannot fire, and
    ``requires`` is one without which it cannot fire either: common words such as ``load`` only
    matter where ``torch`` is mentioned. ``default`` is whether it runs without being selected by
    name. ``module`` is ``__name__`` of the module that defines the rule.
    """

    code: str
    module: str
    severity: Severity
    triggers: tuple[bytes, ...]
    requires: bytes = b""
    default: bool = True

    @property
    def name(self) -> str:
        """The kebab-case name."""
        return self.module.split(".")[-2].replace("_", "-")

    @property
    def family(self) -> str:
        """The package of the rule: ``handle``, ``state``, ``devices``, ``run``."""
        return self.module.split(".")[-3]

    def load(self) -> Rule:
        """The rule itself."""
        import importlib

        rule: Rule = importlib.import_module(self.module).RULE
        return rule
