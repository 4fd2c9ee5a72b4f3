"""Discovery of what answers for a rule's findings in a migration."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

from torchdet.findings.base import Grounds, Rule
from torchdet.findings.card import RuleCard
from torchdet.findings.codemod import Codemod
from torchdet.findings.registry import all_rules


@cache
def codemod_of(rule: Rule) -> Codemod[object] | None:
    """The codemod in the folder of ``rule``, if there is one: ``CODEMOD`` in its ``codemod.py``."""
    name = f"{rule.module.rpartition('.')[0]}.codemod"
    if find_spec(name) is None:
        return None
    codemod: Codemod[object] = importlib.import_module(name).CODEMOD
    return codemod


def answer_for(rule: Rule) -> Codemod[object] | Grounds:
    """What answers for the findings of ``rule``: its codemod, or why they stay.

    Raises ``RuntimeError`` when the rule has neither.
    """
    answer = codemod_of(rule) or rule.stays
    if answer is None:
        raise RuntimeError(f"{rule.module} has neither a codemod beside it nor `stays`")
    return answer


def all_answers() -> Mapping[Rule, Codemod[object] | Grounds]:
    """What answers for each rule that finds anything in code, by the rules' codes."""
    finding = [rule for rule in all_rules() if rule.names or rule.attributes or rule.nodes]
    return {rule: answer_for(rule) for rule in finding}


def is_surveyed(rule: RuleCard, only: str = "") -> bool:
    """Whether a migration that is about one family of rules ``only``, or all, asks ``rule``."""
    return not only or rule.family == only
