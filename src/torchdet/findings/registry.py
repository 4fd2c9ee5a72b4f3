"""Discovery of the rules, selection by code, and the tables that a run dispatches by."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from torchdet.findings.base import AttributeCheck, NodeCheck, ReferenceCheck, Rule
from torchdet.findings.card import RuleCard
from torchdet.findings.kept_cards import keep_cards, kept_cards
from torchdet.model.suggest import did_you_mean


class SelectorError(ValueError):
    """A code, prefix or name that means no rule. The message names the nearest valid one."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code. Each folder of a family below ``torchdet.findings`` holds one.

    Raises ``RuntimeError`` when two rules share a code or a name.
    """
    import pkgutil

    import torchdet.findings

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
def all_cards() -> tuple[RuleCard, ...]:
    """The card of every rule, by code: as an earlier run kept them, else from the rules."""
    cards = kept_cards()
    if cards is None:
        cards = all_rules()
        keep_cards(cards)
    return cards


@cache
def _cards_by_name() -> Mapping[str, RuleCard]:
    return {card.name: card for card in all_cards()}


def matching_rules(selector: str) -> tuple[RuleCard, ...]:
    """The rules that ``selector`` means: a code, the beginning of one, a name, or ``ALL``.

    Raises ``SelectorError`` when it means none.
    """
    if selector.upper() == "ALL":
        return all_cards()
    named = _cards_by_name().get(selector.lower())
    if named is not None:
        return (named,)
    code = selector.upper()
    matched = tuple(card for card in all_cards() if card.code.startswith(code))
    if not matched or not code.startswith("DET"):
        known = [card.code for card in all_cards()] + list(_cards_by_name())
        raise SelectorError(f"unknown rule {selector!r}{did_you_mean(selector, known)}")
    return matched


def selected_rules(
    select: Iterable[str], ignore: Iterable[str], extend_select: Iterable[str]
) -> tuple[RuleCard, ...]:
    """The rules that run, by code.

    As in ruff, the most specific selector decides on each rule, and at equal length ``ignore``
    wins. Without ``select`` the rules that are on by default run; ``extend_select`` adds to it.
    Raises ``SelectorError`` for a selector that means no rule.
    """
    chosen: dict[str, tuple[int, bool]] = {
        card.code: (0, True) for card in all_cards() if card.default and not tuple(select)
    }
    for selectors, wanted in (((*select, *extend_select), True), (tuple(ignore), False)):
        for selector in selectors:
            weight = _specificity(selector)
            for card in matching_rules(selector):
                if weight >= chosen.get(card.code, (0, False))[0]:
                    chosen[card.code] = (weight, wanted)
    return tuple(card for card in all_cards() if chosen.get(card.code, (0, False))[1])


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


_WORD = re.compile(rb"\w+")


def triggered(rules: tuple[RuleCard, ...], data: bytes) -> tuple[RuleCard, ...]:
    """Those of ``rules`` that can fire in a file with the bytes ``data``."""
    # A word occurs in a file if it occurs in one of its words, and most words occur often.
    words = b"\n".join(set(_WORD.findall(data)))
    table = _trigger_table(rules)
    present = {trigger for trigger in table.words if trigger in words}
    present.update(trigger for trigger in table.others if trigger in data)
    return tuple(
        rule
        for rule in rules
        if not present.isdisjoint(rule.triggers)
        and (not rule.requires or not present.isdisjoint(rule.requires))
    )


@dataclass(frozen=True, slots=True)
class _TriggerTable:
    """What some rules look for: triggers that are parts of one word, and others."""

    words: tuple[bytes, ...]
    others: tuple[bytes, ...]


@cache
def _trigger_table(rules: tuple[RuleCard, ...]) -> _TriggerTable:
    every = dict.fromkeys(word for rule in rules for word in (*rule.triggers, *rule.requires))
    return _TriggerTable(
        tuple(word for word in every if _WORD.fullmatch(word)),
        tuple(word for word in every if not _WORD.fullmatch(word)),
    )
