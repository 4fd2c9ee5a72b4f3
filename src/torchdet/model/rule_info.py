"""What is known of a rule, without its code: what renderers and documentation need."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.model.diagnostic import Severity
from torchdet.model.documentation import rule_url


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule as plain data.

    ``summary`` is the first line of ``documentation``, without its full stop. ``documentation``
    is Markdown. ``default`` is whether the rule runs without being selected by name.
    """

    code: str
    name: str
    family: str
    severity: Severity
    default: bool
    summary: str
    documentation: str

    @property
    def url(self) -> str:
        """The rule's documentation page."""
        return rule_url(self.name)
