"""Imports of torch that only a project with a policy would change."""

from __future__ import annotations

from torchdet.model.diagnostic import Diagnostic, Severity

LABEL = "Raw imports of torch"
ADVICE = (
    "no policy chosen yet: torchdet init; --policy handle lists them, "
    "torchdet fix --migrate moves them"
)

_RULE = "raw-import"


def is_raw_import(diagnostic: Diagnostic) -> bool:
    """Whether ``diagnostic`` is one; where the rule was asked for by name it is a warning."""
    return diagnostic.name == _RULE and diagnostic.severity is Severity.INFO
