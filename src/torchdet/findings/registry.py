"""Discovery of the rules, selection by code, and the tables that a run dispatches by."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import torchdet.findings
from torchdet.findings.base import AttributeCheck, NodeCheck, ReferenceCheck, Rule
from torchdet.model.suggest import did_you_mean


class SelectorError(ValueError):
    """A code, prefix or name that means no rule. The message names the nearest valid one."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code. Each folder of a family below ``torchdet.findings`` holds one.

    Raises ``RuntimeError`` when two rules share a code or a name.
    """
    rules: dict[str, Rule] = {}
    for family in pkgutil.iter_modules(torchdet.findings.__path__, "torchdet.findings."):
        if family.ispkg:
            package = importlib.import_module(family.name)
            for found in pkgutil.iter_modules(package.__path__, f"{family.name}."):
                if found.ispkg:
                    rule: Rule = importlib.import_module(f"{found.name}.rule").RULE
                    clash = rules.setdefault(rule.code, rule)
                    if clash is not rule:
                        raise RuntimeError(f"{rule.code} is both {clash.module} and {rule.module}")
    return tuple(rules[code] for code in sorted(rules))


@cache
def _rules_by_name() -> Mapping[str, Rule]:
    return {rule.name: rule for rule in all_rules()}


def matching_rules(selector: str) -> tuple[Rule, ...]:
    """The rules that ``selector`` means: a code, the beginning of one, a name, or ``ALL``.

    Raises ``SelectorError`` when it means none.
    """
    if selector.upper() == "ALL":
        return all_rules()
    named = _rules_by_name().get(selector.lower())
    if named is not None:
        return (named,)
    code = selector.upper()
    matched = tuple(rule for rule in all_rules() if rule.code.startswith(code))
    if not matched or not code.startswith("DET"):
        known = [rule.code for rule in all_rules()] + list(_rules_by_name())
        raise SelectorError(f"unknown rule {selector!r}{did_you_mean(selector, known)}")
    return matched


def selected_rules(
    select: Iterable[str], ignore: Iterable[str], extend_select: Iterable[str]
) -> tuple[Rule, ...]:
    """The rules that run, by code.

    As in ruff, the most specific selector decides on each rule, and at equal length ``ignore``
    wins. Without ``select`` the rules that are on by default run; ``extend_select`` adds to it.
    Raises ``SelectorError`` for a selector that means no rule.
    """
    chosen: dict[str, tuple[int, bool]] = {
        rule.code: (0, True) for rule in all_rules() if rule.default and not tuple(select)
    }
    for selectors, wanted in (((*select, *extend_select), True), (tuple(ignore), False)):
        for selector in selectors:
            weight = _specificity(selector)
            for rule in matching_rules(selector):
                if weight >= chosen.get(rule.code, (0, False))[0]:
                    chosen[rule.code] = (weight, wanted)
    return tuple(rule for rule in all_rules() if chosen.get(rule.code, (0, False))[1])


def _specificity(selector: str) -> int:
    """How narrow a selector is: ``ALL``, then prefixes by their length, then a rule by name."""
    if selector.upper() == "ALL":
        return 1
    return len(selector) if selector.upper().startswith("DET") else len("DET000")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Which checks the live rules want called, for each thing that can be met in a file."""

    names: Mapping[str, tuple[tuple[Rule, ReferenceCheck], ...]]
    attributes: Mapping[str, tuple[tuple[Rule, AttributeCheck], ...]]
    nodes: Mapping[str, tuple[tuple[Rule, NodeCheck], ...]]


@cache
def dispatch_table(rules: tuple[Rule, ...]) -> Dispatch:
    """The table for ``rules``; made once for each set of rules that files trigger."""
    names: dict[str, tuple[tuple[Rule, ReferenceCheck], ...]] = {}
    attributes: dict[str, tuple[tuple[Rule, AttributeCheck], ...]] = {}
    nodes: dict[str, tuple[tuple[Rule, NodeCheck], ...]] = {}
    for rule in rules:
        for name, name_check in rule.names.items():
            names[name] = (*names.get(name, ()), (rule, name_check))
        for attribute, attribute_check in rule.attributes.items():
            attributes[attribute] = (*attributes.get(attribute, ()), (rule, attribute_check))
        for node_type, node_check in rule.nodes.items():
            nodes[node_type] = (*nodes.get(node_type, ()), (rule, node_check))
    return Dispatch(names, attributes, nodes)


def triggered(rules: tuple[Rule, ...], data: bytes) -> tuple[Rule, ...]:
    """Those of ``rules`` that can fire in a file with the bytes ``data``."""
    required = frozenset(word for word in _all_required(rules) if word in data)
    possible, triggers = _possible(rules, required)
    present = {trigger for trigger in triggers if trigger in data}
    return tuple(rule for rule in possible if not present.isdisjoint(rule.triggers))


@cache
def _all_required(rules: tuple[Rule, ...]) -> frozenset[bytes]:
    """What some of ``rules`` cannot do without."""
    return frozenset(rule.requires for rule in rules if rule.requires)


@cache
def _possible(
    rules: tuple[Rule, ...], required: frozenset[bytes]
) -> tuple[tuple[Rule, ...], tuple[bytes, ...]]:
    """Those of ``rules`` that need no more than ``required``, and their triggers, each once."""
    possible = tuple(rule for rule in rules if not rule.requires or rule.requires in required)
    return possible, tuple(dict.fromkeys(word for rule in possible for word in rule.triggers))
