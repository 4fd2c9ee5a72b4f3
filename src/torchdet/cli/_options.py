"""What was said on the command line, as data, and how it changes a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from torchdet.engine.settings import check_selectors, expand_severities, selected
from torchdet.findings.card import RuleCard
from torchdet.findings.registry import SelectorError, all_cards, matching_rules, selected_rules
from torchdet.model.config import CHOICES_OF_POLICY, LintConfig, Policy
from torchdet.model.diagnostic import Confidence

_Result = TypeVar("_Result")

_EVERYTHING = frozenset({"ALL", "DET"})


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """What the command line says about rules; empty, or None, where an option was not given."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    min_confidence: Confidence | None = None
    policy: Policy | None = None
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()

    def override(self, config: LintConfig) -> LintConfig:
        """``config`` with these options in force and its selectors checked and expanded.

        As with ruff, the command line has the last word: ``--select`` replaces what is configured
        (``ignore`` included), ``--extend-select`` and ``--ignore`` add to and take from the rules
        that the configuration selects. ``per-file-ignores`` always hold. A rule that is selected
        here, or configured by its code or name, keeps its severity in tests and without a policy.
        Raises ``SelectorError`` for a selector in ``config`` that means no rule.
        """
        check_selectors(config)
        configured = (*(config.select or ()), *config.extend_select) if not self.select else ()
        here = (rule for each in self._asked_for() for rule in matching_rules(each))
        named = (*configured, *(rule.code for rule in here))
        codes = tuple(rule.code for rule in self._rules(config))
        config = replace(config, select=codes, ignore=(), extend_select=(), extend_ignore=())
        if self.fixable is not None:
            config = replace(config, fixable=self.fixable)
        config = replace(config, unfixable=config.unfixable + self.unfixable)
        if self.min_confidence is not None:
            config = replace(config, min_confidence=self.min_confidence)
        if self.policy is not None:
            config = replace(config, policy=self.policy)
        return expand_severities(config, named)

    def _asked_for(self) -> list[str]:
        """The selectors that ask for something, and not for everything."""
        selectors = (*self.select, *self.extend_select)
        return [each for each in selectors if each.upper() not in _EVERYTHING]

    def _rules(self, config: LintConfig) -> tuple[RuleCard, ...]:
        if self.select:
            return selected_rules(self.select + self.extend_select, self.ignore, ())
        added = selected_rules(self.extend_select, self.ignore, ()) if self.extend_select else ()
        taken = {rule for selector in self.ignore for rule in matching_rules(selector)}
        kept = {rule for rule in selected(config) if rule not in taken}
        return tuple(rule for rule in all_cards() if rule in kept or rule in added)


def parse_selectors(
    _context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """A click callback: the selectors of an option that takes them separated by commas.

    Raises ``click.BadParameter`` for one that means no rule, before any file is looked at.
    """
    selectors = tuple(part.strip() for value in values for part in value.split(",") if part.strip())
    if values and not selectors:
        raise click.BadParameter("names no rule; try DET3 or hardcoded-device", param=parameter)
    try:
        for selector in selectors:
            matching_rules(selector)
    except SelectorError as error:
        raise click.BadParameter(str(error), param=parameter) from None
    return selectors


def complete_rules(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What a shell offers for the beginning of a rule's code or name."""
    return [
        CompletionItem(value, help=card.name)
        for card in all_cards()
        for value in (card.code, card.name)
        if value.lower().startswith(incomplete.lower())
    ]


def rule_options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command the options that select rules and findings; it gets them as ``rules``."""

    @click.option(
        "--select",
        callback=parse_selectors,
        shell_complete=complete_rules,
        multiple=True,
        help="Rules to run, by code, family (DET3) or name; replaces the configured ones.",
    )
    @click.option(
        "--ignore",
        "--extend-ignore",
        "ignore",
        callback=parse_selectors,
        shell_complete=complete_rules,
        multiple=True,
        help="Rules not to run.",
    )
    @click.option(
        "--extend-select",
        callback=parse_selectors,
        shell_complete=complete_rules,
        multiple=True,
        help="Rules to run as well.",
    )
    @click.option(
        "--fixable",
        callback=parse_selectors,
        shell_complete=complete_rules,
        multiple=True,
        help="Rules whose fixes may be applied; replaces the configured ones.",
    )
    @click.option(
        "--unfixable",
        callback=parse_selectors,
        shell_complete=complete_rules,
        multiple=True,
        help="Rules whose fixes are never applied.",
    )
    @click.option(
        "--min-confidence",
        type=click.Choice([confidence.value for confidence in Confidence]),
        help="Leave out findings that are less sure; replaces the configured one.",
    )
    @click.option(
        "--policy",
        type=click.Choice([policy.value for policy in CHOICES_OF_POLICY]),
        help="How modules get torch; overrides the configuration.",
    )
    @wraps(command)
    def with_rules(
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        extend_select: tuple[str, ...],
        fixable: tuple[str, ...],
        unfixable: tuple[str, ...],
        min_confidence: str | None,
        policy: str | None,
        **others: object,
    ) -> _Result:
        least = Confidence(min_confidence) if min_confidence is not None else None
        chosen = Policy(policy) if policy is not None else None
        options = RuleOptions(
            select, ignore, extend_select, least, chosen, fixable or None, unfixable
        )
        return command(rules=options, **others)

    return with_rules
