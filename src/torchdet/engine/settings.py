"""What the check of one file depends on beside its bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePath

from torchdet.engine.patterns import Patterns
from torchdet.model.config import LintConfig
from torchdet.rules.base import Rule
from torchdet.rules.registry import matching_rules, selected_rules


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """The rules that may fire, the configuration they read, and the file's importable name.

    ``noqa`` is whether ``# noqa`` comments count; flake8 does its own.
    """

    rules: tuple[Rule, ...]
    config: LintConfig
    module_name: str = ""
    noqa: bool = True


def settings_for(path: str, module_name: str, config: LintConfig) -> CheckSettings:
    """The settings for the file at ``path``, whose nearest configuration is ``config``.

    Raises ``SelectorError`` for a selector in ``config`` that means no rule.
    """
    rules = _selected(config)
    ignored = _ignored_at(path, config)
    if ignored:
        rules = tuple(rule for rule in rules if rule.code not in ignored)
    return CheckSettings(rules, config, module_name)


@lru_cache(maxsize=64)
def _selected(config: LintConfig) -> tuple[Rule, ...]:
    return selected_rules(config.select, config.ignore, config.extend_select)


@lru_cache(maxsize=64)
def _per_file(config: LintConfig) -> tuple[tuple[Patterns, frozenset[str]], ...]:
    return tuple(
        (
            Patterns(config.root, (pattern,)),
            frozenset(rule.code for selector in selectors for rule in matching_rules(selector)),
        )
        for pattern, selectors in config.per_file_ignores
    )


def _ignored_at(path: str, config: LintConfig) -> frozenset[str]:
    ignored: set[str] = set()
    for patterns, codes in _per_file(config):
        if patterns.match(path):
            ignored |= codes
    return frozenset(ignored)


def expand_severities(config: LintConfig) -> LintConfig:
    """``config`` with the selectors of its severity overrides replaced by the codes they mean.

    Of two that mean the same rule the later one wins. Raises ``SelectorError``.
    """
    severities = {
        rule.code: severity
        for selector, severity in config.severity
        for rule in matching_rules(selector)
    }
    return replace(config, severity=tuple(sorted(severities.items(), key=lambda item: item[0])))


def check_selectors(config: LintConfig) -> None:
    """Raise ``SelectorError`` when a selector anywhere in ``config`` means no rule."""
    _selected(config)
    _per_file(config)


def module_name_of(path: PurePath, packages: tuple[str, ...]) -> str:
    """The dotted name of the module at ``path`` inside the nested ``packages`` that hold it.

    >>> module_name_of(PurePath("src/kit/train.py"), ("kit",))
    'kit.train'
    >>> module_name_of(PurePath("src/kit/__init__.py"), ("kit",))
    'kit'
    """
    names = packages if path.stem == "__init__" else (*packages, path.stem)
    return ".".join(names)
