"""What is known of a rule before its module is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.model.config import Policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity

if TYPE_CHECKING:
    from torchdet.findings.base import Rule


_CONSEQUENCES = {
    "devices": Consequence.TIED,
    "operations": Consequence.VARIES,
    "randomness": Consequence.VARIES,
}
_EASED_IN_TESTS = frozenset({"devices"})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RuleCard:
    """What decides whether a rule looks at a file. A `Rule` is a card, too.

    ``triggers`` are byte strings without one of which in the file the rule cannot fire, and it
    cannot fire without one of ``requires`` either, if there are any: common words such as ``load``
    only matter where ``torch`` is mentioned. ``default`` is whether it runs without being selected
    by name. ``module`` is ``__name__`` of the module that defines the rule. ``causes`` is given
    where the findings have another consequence than most of their family, ``eased_in_tests`` where
    they matter less in tests although most of their family don't. ``policies`` are those under
    which it is asked; all, where none is given.
    """

    code: str
    module: str
    severity: Severity
    triggers: tuple[bytes, ...]
    requires: tuple[bytes, ...] = ()
    default: bool = True
    causes: Consequence | None = None
    eased_in_tests: bool = False
    policies: tuple[Policy, ...] = ()

    @property
    def name(self) -> str:
        """The kebab-case name."""
        return self.module.split(".")[-2].replace("_", "-")

    @property
    def family(self) -> str:
        """The package of the rule: ``handle``, ``state``, ``devices``, ``run``."""
        return self.module.split(".")[-3]

    @property
    def consequence(self) -> Consequence:
        """What comes of leaving a finding as it is."""
        return self.causes or _CONSEQUENCES.get(self.family, Consequence.CHOICE)

    def is_asked_under(self, policy: Policy) -> bool:
        """Whether the rule means anything under ``policy``."""
        return not self.policies or policy in self.policies

    def severity_at(self, *, test: bool, undecided: bool) -> Severity:
        """How much a finding matters in a ``test``, and in a project ``undecided`` on a policy.

        A test may well be written for one device, and nobody has to take torch from a runtime
        that the project does not use.
        """
        eased = self.eased_in_tests or self.family in _EASED_IN_TESTS
        if (test and eased) or (undecided and self.family == "handle"):
            return Severity.INFO
        return self.severity

    def load(self) -> Rule:
        """The rule itself."""
        import importlib

        rule: Rule = importlib.import_module(self.module).RULE
        return rule
