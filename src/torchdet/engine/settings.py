"""What the check of one file depends on beside its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePath

from torchdet.findings.card import RuleCard
from torchdet.findings.registry import (
    SelectorError,
    all_cards,
    matching_rules,
    selected_rules,
    triggered,
)
from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import Severity
from torchdet.model.file_kinds import CONFIGURATIONS, DOCUMENTS, STUB
from torchdet.patterns import Patterns, configured_patterns
from torchdet.reading.project import UNKNOWN_PROJECT, Project
from torchdet.reading.test_files import is_test_file


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """The rules that may fire, the configuration they read, and the file's importable name.

    ``noqa`` is whether ``# noqa`` comments count; flake8 does its own. ``project`` is asked about
    other files by the rules that need one; by default nothing is known of any. ``is_test`` is
    whether the file is a test. ``screened`` is whether files are looked at before LibCST parses
    them; reports do not depend on it.
    """

    rules: tuple[RuleCard, ...]
    config: LintConfig
    module_name: str = ""
    noqa: bool = True
    project: Project = UNKNOWN_PROJECT
    is_test: bool = False
    screened: bool = True

    def live_rules(self, data: bytes) -> tuple[RuleCard, ...]:
        """Those of ``rules`` that can fire in a file with the bytes ``data`` under the policy."""
        return triggered(_asked_under(self.config.policy, self.rules), data)

    def severity_of(self, rule: RuleCard) -> Severity:
        """How much a finding of ``rule`` matters in the file; a configured severity holds."""
        configured = dict(self.config.severity).get(rule.code)
        if configured is not None:
            return configured
        undecided = self.config.policy is Policy.UNDECIDED
        return rule.severity_at(test=self.is_test, undecided=undecided)


@lru_cache(maxsize=64)
def _asked_under(policy: Policy, rules: tuple[RuleCard, ...]) -> tuple[RuleCard, ...]:
    return tuple(rule for rule in rules if rule.is_asked_under(policy))


_FOR_CONFIGURATIONS = "configured-device"  # by its name, as its module brings all of the devices'
# How a module gets torch, and what its program draws, is not told by pieces of it.
_IN_STUBS = frozenset({"devices", "run", "state"})
_IN_DOCUMENTS = _IN_STUBS | {"operations"}


def settings_for(path: str, module_name: str, config: LintConfig) -> CheckSettings:
    """The settings for the file at ``path``, whose nearest configuration is ``config``.

    Raises ``SelectorError`` for a selector in ``config`` that means no rule.
    """
    rules = selected(config)
    ignored = _ignored_at(path, config)
    if ignored:
        rules = tuple(rule for rule in rules if rule.code not in ignored)
    in_configuration = path.endswith(CONFIGURATIONS)
    rules = tuple(rule for rule in rules if _can_fire(rule, in_configuration=in_configuration))
    if path.endswith((STUB, *DOCUMENTS)):
        families = _IN_STUBS if path.endswith(STUB) else _IN_DOCUMENTS
        rules = tuple(rule for rule in rules if rule.family in families)
    is_test = is_test_file(path, module_name, config)
    return CheckSettings(rules, config, module_name, is_test=is_test)


def _can_fire(rule: RuleCard, *, in_configuration: bool) -> bool:
    """Whether ``rule`` is one for configurations, or for code, as the file is."""
    return rule.family == "run" or (rule.name == _FOR_CONFIGURATIONS) is in_configuration


@lru_cache(maxsize=64)
def selected(config: LintConfig) -> tuple[RuleCard, ...]:
    """The rules that ``config`` selects, before any file has its say. Raises ``SelectorError``."""
    if config.select is None:
        return selected_rules((), config.ignore + config.extend_ignore, config.extend_select)
    wanted = config.select + config.extend_select
    return selected_rules(wanted, config.ignore + config.extend_ignore, ()) if wanted else ()


@lru_cache(maxsize=64)
def unfixable_codes(config: LintConfig) -> frozenset[str]:
    """The codes of the rules whose fixes ``config`` forbids. Raises ``SelectorError``.

    As with rules that are selected, the most specific selector decides.
    """
    allowed = ("ALL",) if config.fixable is None else config.fixable
    fixable = selected_rules(allowed, config.unfixable, ()) if allowed else ()
    return frozenset(card.code for card in all_cards()) - {card.code for card in fixable}


@dataclass(frozen=True, slots=True)
class _PerFile:
    """The codes that are ignored where ``patterns`` match; elsewhere, if ``inverted``."""

    patterns: Patterns
    inverted: bool
    codes: frozenset[str]


@lru_cache(maxsize=64)
def _per_file(config: LintConfig) -> tuple[_PerFile, ...]:
    return tuple(
        _PerFile(
            configured_patterns(config.root, (pattern.removeprefix("!"),)),
            pattern.startswith("!"),
            frozenset(rule.code for selector in selectors for rule in matching_rules(selector)),
        )
        for pattern, selectors in config.per_file_ignores
    )


def _ignored_at(path: str, config: LintConfig) -> frozenset[str]:
    ignored: set[str] = set()
    for entry in _per_file(config):
        if entry.patterns.match(path) is not entry.inverted:
            ignored |= entry.codes
    return frozenset(ignored)


def expand_severities(config: LintConfig, named: Iterable[str] = ()) -> LintConfig:
    """``config`` with the selectors of its severity overrides replaced by the codes they mean.

    Of two that mean the same rule the later one wins. A rule that one of the selectors ``named``
    means alone is asked for: it has its own severity, wherever its findings stand. Raises
    ``SelectorError``.
    """
    _check("severity", (selector for selector, _ in config.severity))
    asked_for = (rules[0] for rules in map(matching_rules, named) if len(rules) == 1)
    severities = {rule.code: rule.severity for rule in asked_for}
    severities |= {
        rule.code: severity
        for selector, severity in config.severity
        for rule in matching_rules(selector)
    }
    return replace(config, severity=tuple(sorted(severities.items(), key=lambda item: item[0])))


def check_selectors(config: LintConfig) -> None:
    """Raise ``SelectorError`` when a selector anywhere in ``config`` means no rule.

    The message names the key that holds it.
    """
    _check("select", config.select or ())
    _check("ignore", config.ignore)
    _check("extend-select", config.extend_select)
    _check("extend-ignore", config.extend_ignore)
    _check("fixable", config.fixable or ())
    _check("unfixable", config.unfixable)
    for pattern, selectors in config.per_file_ignores:
        _check(f"per-file-ignores: {pattern!r}", selectors)


def _check(key: str, selectors: Iterable[str]) -> None:
    try:
        for selector in selectors:
            matching_rules(selector)
    except SelectorError as error:
        raise SelectorError(f"{key}: {error}") from None


def module_name_of(path: PurePath, packages: tuple[str, ...]) -> str:
    """The dotted name of the module at ``path`` inside the nested ``packages`` that hold it.

    >>> module_name_of(PurePath("src/kit/train.py"), ("kit",))
    'kit.train'
    >>> module_name_of(PurePath("src/kit/__init__.py"), ("kit",))
    'kit'
    """
    names = packages if path.stem == "__init__" else (*packages, path.stem)
    return ".".join(names)
